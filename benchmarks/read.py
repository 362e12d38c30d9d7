"""What reading costs: `mle_toolbox.load` and `mle status`, finished experiments and running ones.

    python benchmarks/read.py [--sizes 10 30 100] [--ticks 100] [--repeat 3]

A size n is n configurations x n seeds, each of one time and two metrics. "Finished" is what `mle run` leaves; in "half
running" every other seed run has a journal that another process holds, and nothing is merged. Medians. File operations
are system calls on files and descriptors as strace counts them, those of a program that only imports subtracted; opened
files and folders are counted by Python itself (``sys.addaudithook``), without those of h5py. Both must be constant for
each seed run.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from measure import child_environment, machine, measure, medians, print_table

from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.hdf5 import write_log
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.merge import merge_configurations, merge_seeds
from mle_toolbox.log.run_record import RunRecord

START = "2030-01-01T00:00:00+00:00"
LOAD = """
import sys, h5py
import mle_toolbox.results
if {work}:
    experiment = mle_toolbox.load(sys.argv[1])
    assert all(run.n_ticks for configuration in experiment.values() for run in configuration.runs)
"""
STATUS = """
import sys
import mle_toolbox.cli.status
from mle_toolbox.cli import main
if {work}:
    main(["status", sys.argv[1]])
"""
PROGRAMS = {"mle_toolbox.load": LOAD, "mle status": STATUS}
OPENED = """
import atexit, os, sys
opened = 0
def note(event, arguments):
    global opened
    if event in ("open", "os.scandir", "os.listdir") and str(arguments[0]).startswith(sys.argv[1]):
        opened += 1
sys.addaudithook(note)
atexit.register(lambda: print(opened, file=sys.stderr))
"""
# Holds the journals that are named on stdin until stdin is closed.
HOLDER = """
import sys
from pathlib import Path
from mle_toolbox.log.held_file import hold
held = [hold(Path(line.rstrip("\\n"))) for line in iter(sys.stdin.readline, "\\n")]
print("held", flush=True)
sys.stdin.read()
"""


def main() -> None:
    """Print a table for each state of the experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files are written; default: the system's temporary one")
    arguments = parser.parse_args()
    print(machine())
    if shutil.which("strace") is None:
        print("strace is not installed; its column is left out.")
    rows: dict[str, list[Sequence[object]]] = {name: [] for name in PROGRAMS}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            experiment = ExperimentFolder(Path(folder) / "experiments")
            write_experiment(experiment, size, arguments.ticks)
            for name, row in rows_of(experiment, size, arguments.repeat, "finished").items():
                rows[name].append(row)
            with half_running(experiment, size, arguments.ticks):
                for name, row in rows_of(experiment, size, arguments.repeat, "half running").items():
                    rows[name].append(row)
    header = ("experiment", "CPU s", "wall s", "ms a seed run, CPU", "peak MB", "files opened a seed run", "strace")
    for name in PROGRAMS:
        print_table(f"{name} (strace: file operations a seed run)", header, rows[name])


def rows_of(experiment: ExperimentFolder, size: int, repeat: int, state: str) -> dict[str, Sequence[object]]:
    """Measure each program; return a row of the table for each."""
    path, runs = str(experiment.path), size * size
    commands = {
        (name, work): [sys.executable, "-c", program.format(work=work), path]
        for name, program in PROGRAMS.items()
        for work in (True, False)
    }
    usages = medians({str(key): partial(measure, command) for key, command in commands.items()}, repeat)
    rows: dict[str, Sequence[object]] = {}
    for name, program in PROGRAMS.items():
        usage, nothing = usages[str((name, True))], usages[str((name, False))]
        calls = [file_operations(commands[name, work]) for work in (True, False)]
        rows[name] = (
            f"{size} x {size}, {state}",
            f"{usage.cpu_seconds:.2f}",
            f"{usage.wall_seconds:.2f}",
            f"{1000 * (usage.cpu_seconds - nothing.cpu_seconds) / runs:.2f}",
            f"{usage.peak_mb:.0f}",
            f"{files_opened(program.format(work=True), path) / runs:.1f}",
            "-" if calls[0] is None or calls[1] is None else f"{(calls[0] - calls[1]) / runs:.1f}",
        )
    return rows


def files_opened(program: str, path: str) -> int:
    """Return how many files and folders below ``path`` a program opens through Python."""
    command = [sys.executable, "-c", OPENED + program, path]
    done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1])


def file_operations(command: Sequence[str]) -> int | None:
    """Return how many system calls on files and descriptors a command makes; None without strace."""
    if shutil.which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile("r") as counted:
        traced = ["strace", "-f", "-c", "-S", "calls", "-e", "trace=%file,%desc", "-o", counted.name, *command]
        subprocess.run(traced, env=child_environment(), stdout=subprocess.DEVNULL, check=True)
        calls = [line.split() for line in counted if line.split()[-1:] != ["total"]]
    # share of time, seconds, µs a call, calls, errors if there are any, name
    return sum(int(words[3]) for words in calls if len(words) > 4 and words[3].isdecimal())


def write_experiment(experiment: ExperimentFolder, size: int, ticks: int) -> None:
    """Write a finished experiment, its merged logs included."""
    experiment.path.mkdir(parents=True)
    names, seeds = names_of(size), list(range(size))
    content = {"seeds": seeds, "configurations": [{"name": name} for name in names], "experiment_file": "../exp.yaml"}
    experiment.record.write_text(json.dumps({"format": 1, **content, "script": "train.py", "job": {}}))
    write_journal(experiment.path / "journal.bin", ticks)
    write_log(experiment.path / "log.h5", read_journal(experiment.path / "journal.bin"))
    for name in names:
        runs = [experiment.seed_run(name, seed) for seed in seeds]
        for seed, run in zip(seeds, runs, strict=True):
            run.path.mkdir(parents=True)
            write_record(run, name, seed, "done")
            shutil.copy(experiment.path / "log.h5", run.log)
        folder = experiment.configuration(name)
        merge_seeds({seed: run.log for seed, run in zip(seeds, runs, strict=True)}, folder.log)
    merge_configurations({name: experiment.configuration(name).log for name in names}, experiment.results)


@contextmanager
def half_running(experiment: ExperimentFolder, size: int, ticks: int) -> Iterator[None]:
    """Turn every other seed run of a finished experiment into one that another process is doing."""
    held = []
    for name in names_of(size):
        experiment.configuration(name).log.unlink()
        for seed in range(0, size, 2):
            run = experiment.seed_run(name, seed)
            run.log.unlink()
            write_record(run, name, seed, "running")
            shutil.copy(experiment.path / "journal.bin", run.journal)
            held.append(str(run.journal))
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("".join(f"{path}\n" for path in held) + "\n")
    holder.stdin.flush()
    if not holder.stdout.readline():
        raise SystemExit(f"A process cannot hold {len(held)} files open here (`ulimit -n`). Choose smaller sizes.")
    try:
        yield
    finally:
        holder.communicate()


def names_of(size: int) -> list[str]:
    """Return the names of the configurations."""
    return [f"c{number:03d}" for number in range(size)]


def write_journal(path: Path, ticks: int) -> None:
    """Write the journal that all seed runs get."""
    writer = JournalWriter(path, ["t"], ["a", "b"], {"start": START, "attempt": 1})
    for tick in range(ticks):
        writer.append({"t": tick}, {"a": tick * 0.5, "b": tick * 0.25}, False)
    writer.close()


def write_record(run: SeedFolder, name: str, seed: int, status: str) -> None:
    """Write run.json, without waiting for the disk ten thousand times."""
    record = RunRecord(status=status, configuration=name, seed=seed, start=START, attempt=1)
    run.run_record.write_text(json.dumps(record.to_json()))


if __name__ == "__main__":
    main()
