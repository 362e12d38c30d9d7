"""What driving costs: time for each trivial seed run, beside bare Snakemake, GNU parallel, Hydra with joblib and xargs.

python benchmarks/drive.py [--runs 100 1000 10000] [--seeds 100] [--cores 2] [--repeat 1] [--who "mle run" ...]

Everyone runs the same script with the same arguments, each seed run in a process of its own; it logs one tick.
"Snakemake, our flags" has the flags of our local profile and a one-line rule; what is above it is the price of the
launcher, the second output, the log's checks, the merges, the table, the report and `mle run` itself. The peers start
processes and do no more. CPU seconds are those of the whole tree of processes: on a machine that does other things as
well they are the fairer measure. Peak memory is that of the largest single process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measure import Usage, environment_with, machine, measure, medians, print_table

SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"t": 0}, {"x": 1.0}, save=True)
"""
BARE = """\
rule all:
    input:
        expand("bare/c{{c}}/seed_{{seed}}/log.h5", c=range({configurations}), seed=range({seeds})),


rule train:
    input:
        "c{{c}}.json",
        "train.py",
    output:
        "bare/c{{c}}/seed_{{seed}}/log.h5",
    shell:
        "{python} train.py -config {{input[0]}} -seed {{wildcards.seed}} -exp_dir bare > /dev/null 2>&1"
"""
HYDRA = """\
import subprocess

import hydra


@hydra.main(version_base=None)
def main(values):
    command = ["{python}", "train.py", "-config", f"c{{values.c}}.json", "-seed", str(values.seed), "-exp_dir", "hydra"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


main()
"""
OUR_FLAGS = [
    *("--keep-going", "--rerun-incomplete", "--rerun-triggers", "mtime", "params", "input"),
    *("--scheduler", "greedy", "--scheduler-subsample", "100"),
]


OURS = "mle run"
BASELINE = "Snakemake, our flags"
DEFAULTS = "Snakemake, its defaults"
PARALLEL = "GNU parallel"
HYDRA_JOBLIB = "Hydra, joblib launcher"
XARGS = "xargs"
EVERYONE = (OURS, BASELINE, DEFAULTS, PARALLEL, HYDRA_JOBLIB, XARGS)


def main() -> None:
    """Measure each number of runs in a fresh folder, everyone in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seeds", type=int, default=100, help="seed runs of each configuration, if there are so many")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many turns")
    parser.add_argument("--quick", action="store_true", help=f"only {OURS} and {BASELINE}")
    parser.add_argument("--who", nargs="+", choices=EVERYONE, default=EVERYONE, metavar="WHO", help=", ".join(EVERYONE))
    arguments = parser.parse_args()
    who = (OURS, BASELINE) if arguments.quick else arguments.who
    print(machine())
    for runs in arguments.runs:
        compare(runs, min(arguments.seeds, runs), arguments.cores, arguments.repeat, who)


def compare(runs: int, seeds: int, cores: int, repeat: int, who: tuple[str, ...]) -> None:
    """Print what it took to run everything, and what it takes in the finished folder."""
    again: dict[str, Usage] = {}
    found = medians(candidates(runs // seeds, seeds, cores, again, who), repeat)
    runs = runs // seeds * seeds
    base = found.get(BASELINE) or next(iter(found.values()))
    against = BASELINE if BASELINE in found else next(iter(found))
    rows = [
        (
            name,
            f"{usage.wall_seconds:.1f}",
            f"{1000 * usage.wall_seconds / runs:.0f}",
            f"{usage.wall_seconds / base.wall_seconds:.2f}",
            f"{usage.cpu_seconds:.1f}",
            f"{1000 * usage.cpu_seconds / runs:.0f}",
            f"{usage.cpu_seconds / base.cpu_seconds:.2f}",
            f"{usage.peak_mb:.0f}",
        )
        for name, usage in found.items()
    ]
    header = ("who", "wall s", "ms a seed run", f"x {against}", "CPU s", "CPU ms a seed run", f"x {against}", "peak MB")
    print_table(f"{runs:,} seed runs ({runs // seeds} x {seeds}) on {cores} cores", header, rows)
    rows = [
        (name, f"{each.wall_seconds:.1f}", f"{each.cpu_seconds:.1f}", f"{each.peak_mb:.0f}")
        for name, each in again.items()
    ]
    if rows:
        print_table(f"{runs:,} seed runs that are done", ("command", "wall s", "CPU s", "peak MB"), rows)


def candidates(
    configurations: int, seeds: int, cores: int, again: dict[str, Usage], who: tuple[str, ...]
) -> dict[str, Callable[[], Usage]]:
    """Return everyone who is measured; ``again`` gets what commands take in the folder of those that have run."""
    python = sys.executable
    snakemake = [python, "-m", "snakemake", "--cores", str(cores), "--quiet", "progress"]
    timespan = ["--max-jobs-per-timespan", "100000/1s" if configurations * seeds < 500 else "100000/5s"]
    bare = [*snakemake, "--snakefile", "bare.smk"]
    loop = (
        f'for c in $(seq 0 {configurations - 1}); do seq -f "-config c$c.json -seed %.0f" 0 {seeds - 1}; done'
        f" | xargs -P{cores} -L1 {python} train.py -exp_dir loop"
    )
    of_parallel = f"train.py -config c{{1}}.json -seed {{2}} -exp_dir parallel ::: $(seq 0 {configurations - 1})"
    of_parallel += f" ::: $(seq 0 {seeds - 1})"
    sweep = ["-m", "hydra/launcher=joblib", f"hydra.launcher.n_jobs={cores}", f"+c=range(0,{configurations})"]
    mle = [python, "-m", "mle_toolbox"]
    commands: dict[str, list[str]] = {
        OURS: [*mle, "run", "exp.yaml", "--cores", str(cores)],
        BASELINE: [*bare, *OUR_FLAGS, *timespan],
        DEFAULTS: bare,
        PARALLEL: ["sh", "-c", f"parallel --will-cite -j{cores} {python} {of_parallel}"],
        XARGS: ["sh", "-c", loop],
    }
    # In the folder in which it has run: what one types there later.
    later = {
        OURS: {
            "mle run": commands[OURS],
            "snakemake -n": [python, "-m", "snakemake", "-n", "--quiet", "all"],
            "mle status": [*mle, "status"],
            "mle results": [*mle, "results"],
            "mle report": [*mle, "report"],
        },
        BASELINE: {f"{BASELINE}, bare rule": commands[BASELINE], "snakemake -n, bare rule": [*bare, *OUR_FLAGS, "-n"]},
    }
    if PARALLEL in who and shutil.which("parallel") is None:
        print("GNU parallel is not installed and is left out.")
        del commands[PARALLEL]
    if HYDRA_JOBLIB in who:
        peer = environment_with("hydra", ["hydra-core==1.3.2", "hydra-joblib-launcher==1.2.0"])
        if peer is not None:
            commands[HYDRA_JOBLIB] = [str(peer), "hydra_app.py", *sweep, f"+seed=range(0,{seeds})"]
    chosen = [name for name in who if name in commands]
    return {
        name: partial(run_each, commands[name], later.get(name, {}), configurations, seeds, again) for name in chosen
    }


def run_each(
    command: list[str], later: dict[str, list[str]], configurations: int, seeds: int, again: dict[str, Usage]
) -> Usage:
    """Run a command in a fresh project, then others in the same folder; return what the first one took."""
    project = Path(tempfile.mkdtemp())
    try:
        write_project(project, configurations, seeds)
        first = measure(command, project)
        again |= {name: measure(other, project) for name, other in later.items()}
    finally:
        shutil.rmtree(project)
    return first


def write_project(project: Path, configurations: int, seeds: int) -> None:
    """Write the configurations, their script, and what the peers need."""
    names = [f"c{number}.json" for number in range(configurations)]
    for number, name in enumerate(names):
        content = {"number": number}
        log = {"time_to_track": ["t"], "what_to_track": ["x"]}
        (project / name).write_text(json.dumps({"train_config": content, "log_config": log}))
    (project / "train.py").write_text(SCRIPT)
    bare = BARE.format(configurations=configurations, seeds=seeds, python=sys.executable)
    (project / "bare.smk").write_text(bare)
    (project / "hydra_app.py").write_text(HYDRA.format(python=sys.executable))
    experiment = {
        "meta_job_args": {
            "project_name": "drive",
            "job_type": "multiple-experiments",
            "base_train_fname": "train.py",
            "experiment_dir": "experiments/",
        },
        "multi_experiment_args": {"config_fnames": names, "num_seeds": seeds},
        "single_job_args": {"num_logical_cores": 1},
    }
    (project / "exp.yaml").write_text(json.dumps(experiment))


if __name__ == "__main__":
    main()
