"""What driving costs: wall time per trivial seed run, beside bare Snakemake and xargs.

python benchmarks/drive.py [--runs 100 1000] [--cores 2]

Everyone runs the same script with the same arguments; it logs one tick. "Snakemake, our flags" has the flags of our
local profile and a one-line rule; what is above it is the price of the launcher, the log's checks and `mle run`.
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

from measure import Usage, machine, measure, print_table

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


def main() -> None:
    """Measure each number of runs once, in a fresh folder, everyone in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--without-defaults", action="store_true", help="leave out Snakemake's default scheduler")
    arguments = parser.parse_args()
    print(machine())
    for runs in arguments.runs:
        rows = []
        for name, run in candidates(runs, arguments.cores, defaults=not arguments.without_defaults).items():
            first, second = run()
            rows.append((name, f"{first.wall_seconds:.1f}", f"{1000 * first.wall_seconds / runs:.0f}", second))
        print_table(
            f"{runs} seed runs on {arguments.cores} cores",
            ("who", "wall s", "ms a seed run", "nothing to do, s"),
            rows,
        )


def candidates(runs: int, cores: int, *, defaults: bool) -> dict[str, Callable[[], tuple[Usage, str]]]:
    """Return everyone who is measured."""
    python = sys.executable
    snakemake = [python, "-m", "snakemake", "--cores", str(cores), "--quiet", "progress"]
    timespan = ["--max-jobs-per-timespan", "100000/1s" if runs < 500 else "100000/5s"]
    loop = f"seq 0 {runs - 1} | xargs -P{cores} -I@ {python} train.py -config c.json -seed @ -exp_dir loop"
    found: dict[str, list[str]] = {
        "mle run": [python, "-m", "mle_toolbox", "run", "exp.yaml", "--cores", str(cores)],
        "Snakemake, our flags": [*snakemake, "--snakefile", "bare.smk", *OUR_FLAGS, *timespan],
    }
    if defaults:
        found["Snakemake, its defaults"] = [*snakemake, "--snakefile", "bare.smk"]
    found[f"xargs -P{cores}"] = ["sh", "-c", loop]
    return {name: partial(run_twice, command, runs) for name, command in found.items()}


def run_twice(command: list[str], runs: int) -> tuple[Usage, str]:
    """Run a command in a fresh project, and again where that does nothing; returns the first and the time again."""
    project = Path(tempfile.mkdtemp())
    try:
        write_project(project, runs)
        first = measure(command, project)
        again = "-" if command[0] == "sh" else f"{measure(command, project).wall_seconds:.1f}"
    finally:
        shutil.rmtree(project)
    return first, again


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
