"""What an experiment costs of which nothing is to be done: every command beside `snakemake -n` of the same folder.

python benchmarks/finished.py [--sizes 10x100 50x100 100x100] [--repeat 1]

The seed runs are made by a script in this process, with record, log and mark as a run leaves them; the first `mle run`
merges them and is not counted. Each is a process of its own, imports included.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from drive import write_project
from measure import machine, measure, medians, print_table

from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log

STAMP = "2026-01-02T03:04:05+00:00"


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["10x100", "50x100", "100x100"], help="configurations x seeds")
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many turns")
    parser.add_argument("--quick", action="store_true", help="leave out the report")
    arguments = parser.parse_args()
    print(machine())
    for size in arguments.sizes:
        configurations, seeds = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), configurations, seeds, arguments.repeat, with_report=not arguments.quick)


def compare(project: Path, configurations: int, seeds: int, repeat: int, *, with_report: bool) -> None:
    """Print what the commands take in the folder of a finished experiment."""
    write_project(project, configurations, seeds)
    make_runs(load_plan(project / "exp.yaml"))
    mle = [sys.executable, "-m", "mle_toolbox"]
    run = [*mle, "run", "exp.yaml", "--cores", "2"]
    began = time.perf_counter()
    measure(run, project)
    print(f"{configurations} x {seeds}: merged and reported in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    commands = {
        "mle run": run,
        "snakemake -n": [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--rerun-triggers", "mtime"],
        "mle run --dry-run": [*run, "--dry-run"],
        "mle status": [*mle, "status"],
        "mle results": [*mle, "results"],
        **({"mle report": [*mle, "report"]} if with_report else {}),
    }
    found = medians({name: partial(measure, command, project) for name, command in commands.items()}, repeat)
    base = found["snakemake -n"]
    rows = [
        (
            name,
            f"{each.wall_seconds:.1f}",
            f"{each.cpu_seconds:.1f}",
            f"{each.cpu_seconds / base.cpu_seconds:.2f}",
            f"{each.peak_mb:.0f}",
        )
        for name, each in found.items()
    ]
    title = f"{configurations * seeds:,} seed runs ({configurations} x {seeds}) of which nothing is to be done"
    print_table(title, ("command", "wall s", "CPU s", "x snakemake -n", "peak MB"), rows)


def make_runs(plan: Plan) -> None:
    """Write all seed runs of an experiment as if they had run."""
    experiment = ExperimentFolder(plan.experiment_path)
    for configuration in plan.configurations:
        name, identity = configuration.name, plan.identity(configuration.name)
        for seed in plan.seeds:
            run = experiment.seed_run(name, seed)
            run.path.mkdir(parents=True)
            about = {"configuration": name, "seed": seed, "identity": identity}
            writer = JournalWriter(run.journal, ["t"], ["x"], about)
            writer.append({"t": 0}, {"x": 1 + seed / 7 + len(name)}, True)
            writer.close()
            command = ["python", "train.py", "-config", f"{name}.json", "-seed", str(seed), "-exp_dir", "experiments"]
            record = RunRecord(
                configuration=name,
                seed=seed,
                host="node7",
                pid=4711,
                command=command,
                start=STAMP,
                end=STAMP,
                ticks=1,
                identity=identity,
                config_sha256=configuration.digest,
                packages={"mle_toolbox": "1.0.0", "numpy": "2.4.6"},
            )
            prepare_log(run, about, 1)
            commit_log(run, record._replace(status="done"))
            run.done.touch()


if __name__ == "__main__":
    main()
