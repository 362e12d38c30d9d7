"""What driving costs: time for each trivial seed run, beside bare Snakemake and xargs.

python benchmarks/drive.py [--runs 100 1000 5000] [--cores 2] [--repeat 1] [--quick]

Everyone runs the same script with the same arguments; it logs one tick. "Snakemake, our flags" has the flags of our
local profile and a one-line rule; what is above it is the price of the launcher, the second output, the log's checks,
the merge, the table and `mle run` itself. CPU seconds are those of the whole tree of processes: on a machine that does
other things as well they are the fairer measure.
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

from measure import Usage, machine, measure, medians, print_table

SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"t": 0}, {"x": 1.0}, save=True)
"""
CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}}
BARE = """\
rule all:
    input:
        expand("bare/c/seed_{{seed}}/log.h5", seed=range({runs})),


rule train:
    input:
        "c.json",
        "train.py",
    output:
        "bare/c/seed_{{seed}}/log.h5",
    shell:
        "{python} train.py -config c.json -seed {{wildcards.seed}} -exp_dir bare > /dev/null 2>&1"
"""
OUR_FLAGS = [
    *("--keep-going", "--rerun-incomplete", "--rerun-triggers", "mtime", "params", "input"),
    *("--scheduler", "greedy", "--scheduler-subsample", "100"),
]


BASELINE = "Snakemake, our flags"


def main() -> None:
    """Measure each number of runs in a fresh folder, everyone in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many turns")
    parser.add_argument("--quick", action="store_true", help="leave out Snakemake's default scheduler, and xargs")
    arguments = parser.parse_args()
    print(machine())
    for runs in arguments.runs:
        compare(runs, arguments.cores, arguments.repeat, quick=arguments.quick)


def compare(runs: int, cores: int, repeat: int, *, quick: bool) -> None:
    """Print one table."""
    again: dict[str, float] = {}
    everyone = candidates(runs, cores, again, quick=quick)
    found = medians(everyone, repeat)
    base = found[BASELINE]
    rows = [
        (
            name,
            f"{usage.wall_seconds:.1f}",
            f"{1000 * usage.wall_seconds / runs:.0f}",
            f"{usage.wall_seconds / base.wall_seconds:.2f}",
            f"{usage.cpu_seconds:.1f}",
            f"{usage.cpu_seconds / base.cpu_seconds:.2f}",
            f"{again[name]:.1f}" if name in again else "-",
        )
        for name, usage in found.items()
    ]
    header = ("who", "wall s", "ms a seed run", f"x {BASELINE}", "CPU s", f"x {BASELINE}", "nothing to do, s")
    print_table(f"{runs:,} seed runs on {cores} cores", header, rows)


def candidates(runs: int, cores: int, again: dict[str, float], *, quick: bool) -> dict[str, Callable[[], Usage]]:
    """Return everyone who is measured; each notes in ``again`` how long it took where there was nothing to do."""
    python = sys.executable
    snakemake = [python, "-m", "snakemake", "--cores", str(cores), "--quiet", "progress"]
    timespan = ["--max-jobs-per-timespan", "100000/1s" if runs < 500 else "100000/5s"]
    loop = f"seq 0 {runs - 1} | xargs -P{cores} -I@ {python} train.py -config c.json -seed @ -exp_dir loop"
    found: dict[str, list[str]] = {
        "mle run": [python, "-m", "mle_toolbox", "run", "exp.yaml", "--cores", str(cores)],
        BASELINE: [*snakemake, "--snakefile", "bare.smk", *OUR_FLAGS, *timespan],
    }
    if not quick:
        found["Snakemake, its defaults"] = [*snakemake, "--snakefile", "bare.smk"]
        found[f"xargs -P{cores}"] = ["sh", "-c", loop]
    return {name: partial(run_twice, name, command, runs, again) for name, command in found.items()}


def run_twice(name: str, command: list[str], runs: int, again: dict[str, float]) -> Usage:
    """Run a command in a fresh project, and again where that does nothing; return what the first call took."""
    project = Path(tempfile.mkdtemp())
    try:
        write_project(project, runs)
        first = measure(command, project)
        if command[0] != "sh":
            again[name] = measure(command, project).wall_seconds
    finally:
        shutil.rmtree(project)
    return first


def write_project(project: Path, runs: int) -> None:
    """Write one configuration, its script and both Snakefiles."""
    (project / "c.json").write_text(json.dumps(CONFIGURATION))
    (project / "train.py").write_text(SCRIPT)
    (project / "bare.smk").write_text(BARE.format(runs=runs, python=sys.executable))
    experiment = {
        "meta_job_args": {
            "project_name": "drive",
            "job_type": "multiple-experiments",
            "base_train_fname": "train.py",
            "experiment_dir": "experiments/",
        },
        "multi_experiment_args": {"config_fnames": ["c.json"], "num_seeds": runs},
        "single_job_args": {"num_logical_cores": 1},
    }
    (project / "exp.yaml").write_text(json.dumps(experiment))


if __name__ == "__main__":
    main()
