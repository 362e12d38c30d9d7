"""What a finished log and a merged one cost: 100 seeds x 10,000 ticks x 10 metrics, beside plain h5py.

    python benchmarks/merge.py [--seeds 100] [--ticks 10000] [--metrics 10] [--repeat 5] [--configurations 1 2 4]

Plain h5py writes the same arrays, which it is given in memory; it reads nothing, checks nothing and makes nothing
durable. A row with fsync shows what the disk takes, and a row of merging the seeds with plain h5py, reading included,
compares like with like. Closing reads the journal, checks every row and waits for the disk five times; merging reads
and checks the log of every seed. Our files are neither compressed nor chunked, which are h5py's defaults as well, so
one comparison is both. Above 2 is less than half of the speed. Everyone runs in turn; medians.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import child_environment, machine, measure, median, print_table

# All are given `folder`, `configurations`, `seeds`, `ticks` and `metrics`.
BEGIN = """
import os, resource, sys, time
from pathlib import Path
folder, (configurations, seeds, ticks, metrics) = Path(sys.argv[1]), map(int, sys.argv[2:6])
import h5py, numpy as np
from mle_toolbox.layout import ConfigurationFolder
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.merge import merge_configurations, merge_seeds
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log
names = [f"m{number}" for number in range(metrics)]
all_folders = [ConfigurationFolder(folder / f"c{number}") for number in range(configurations)]
def plain(path, arrays, durable=False):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
    if durable:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    path.unlink()
def timed(call):
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall
"""
# One seed run is logged; the other seeds get copies of its journal and, for merging, of its log.
PREPARE = """
import shutil
rows = np.random.default_rng(0).normal(size=(ticks, metrics)).tolist()
first = folder / "journal.bin"
writer = JournalWriter(first, ["t"], names, {"seed": 0})
for tick, row in enumerate(rows):
    writer.append({"t": tick}, dict(zip(names, row)), False)
writer.close()
data = read_journal(first)
for each in all_folders:
    for seed in range(seeds):
        run = each.seed(seed)
        run.path.mkdir(parents=True)
        write_log(run.log, data)
"""
CLOSE = """
import json, shutil
data = read_journal(folder / "journal.bin")
took = [], [], []
for seed in range(seeds):
    run = ConfigurationFolder(folder / "closing").seed(seed)
    run.path.mkdir(parents=True)
    shutil.copy(folder / "journal.bin", run.journal)
    took[0].append(timed(lambda: (prepare_log(run, {}, ticks), commit_log(run, RunRecord()))))
    took[1].append(timed(lambda: plain(run.path / "plain.h5", data.columns)))
    took[2].append(timed(lambda: plain(run.path / "plain.h5", data.columns, durable=True)))
shutil.rmtree(folder / "closing")
print(json.dumps([list(map(sum, zip(*each))) for each in took]))
"""
# A process does one of these: whoever is second in a process finds memory that is at hand.
MERGE = """
import json
who, logs = int(sys.argv[6]), {seed: all_folders[0].seed(seed).log for seed in range(seeds)}
def read_and_write():
    parts = []
    for path in logs.values():
        with h5py.File(path) as file:
            parts.append({name: file[name][()] for name in ("t", *names)})
    plain(folder / "plain.h5", {name: np.stack([each[name] for each in parts]) for name in parts[0]}, True)
if who in (1, 2):
    merged = {name: np.stack([values] * seeds) for name, values in read_log(logs[0]).columns.items()}
print(json.dumps(timed([
    lambda: merge_seeds(logs, all_folders[0].log),
    lambda: plain(folder / "plain.h5", merged),
    lambda: plain(folder / "plain.h5", merged, durable=True),
    read_and_write,
][who])))
"""
MERGE_ALL = """
for each in all_folders:
    merge_seeds({seed: each.seed(seed).log for seed in range(seeds)}, each.log)
merge_configurations({each.path.name: each.log for each in all_folders}, folder / "results.h5")
"""
Size = tuple[int, int, int, int]
Took = tuple[float, float]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--configurations", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--folder", type=Path, help="where the files are written; default: the system's temporary one")
    arguments = parser.parse_args()
    print(machine())
    one = (1, arguments.seeds, arguments.ticks, arguments.metrics)
    show_speed(one, arguments.repeat, arguments.folder)
    show_memory(one, arguments.configurations, arguments.folder)


def show_speed(size: Size, repeat: int, parent: Path | None) -> None:
    """Time closing and merging, and plain h5py beside each in the same process."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        run(PREPARE, folder, size)
        closed = [json.loads(run(CLOSE, folder, size)) for _ in range(repeat)]
        merged = [[json.loads(run(MERGE, folder, size, who)) for who in range(len(WHO))] for _ in range(repeat)]
    rows = [*rows_of("close: journal to log.h5, all seeds", closed), *rows_of("merge: all log.h5 to one", merged)]
    _, seeds, ticks, metrics = size
    title = f"{seeds} seeds x {ticks:,} ticks x {metrics} metrics, {8e-6 * seeds * ticks * (metrics + 1):.0f} MB"
    print_table(title, ("", "CPU s", "wall s", "x h5py, CPU", "x h5py, wall"), rows)


WHO = (
    "mle-toolbox",
    "plain h5py, the same arrays",
    "plain h5py, then fsync",
    "plain h5py that reads the logs, then fsync",
)


def rows_of(words: str, answers: Sequence[Sequence[Took]]) -> list[Sequence[object]]:
    """Return a row for each who did it, from what they took in each turn."""
    took = {who: middle([each[i] for each in answers]) for i, who in enumerate(WHO[: len(answers[0])])}
    cpu, wall = took[WHO[1]]
    return [
        (f"{words}, {who}", f"{own[0]:.2f}", f"{own[1]:.2f}", f"{own[0] / cpu:.2f}", f"{own[1] / wall:.2f}")
        for who, own in took.items()
    ]


def show_memory(size: Size, numbers: Sequence[int], parent: Path | None) -> None:
    """Merge ever more configurations; the peak of memory, beside the imports alone, must not grow."""
    rows: list[Sequence[object]] = []
    for number in numbers:
        many = (number, *size[1:])
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            run(PREPARE, folder, many)
            command = command_of(MERGE_ALL, folder, many)
            usage, nothing = measure(command), measure(command_of("", folder, many))
        rows.append(
            (number, f"{usage.peak_mb - nothing.peak_mb:.0f}", f"{nothing.peak_mb:.0f}", f"{usage.cpu_seconds:.1f}")
        )
    header = ("configurations", "peak above the imports, MB", "imports alone, MB", "CPU s")
    print_table("Merging all seeds of all configurations, then those into results.h5", header, rows)


def run(code: str, folder: str, size: Size, *more: int) -> str:
    """Run one of the programs above and return what it prints."""
    done = subprocess.run(
        command_of(code, folder, size, *more), env=child_environment(), stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode()


def command_of(code: str, folder: str, size: Size, *more: int) -> list[str]:
    """Return the command line of one of the programs above."""
    return [sys.executable, "-c", BEGIN + code, os.fspath(folder), *map(str, (*size, *more))]


def middle(times: Sequence[Took]) -> Took:
    """Return the medians of CPU and of wall seconds."""
    return median([cpu for cpu, _ in times]), median([wall for _, wall in times])


if __name__ == "__main__":
    main()
