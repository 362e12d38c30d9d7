"""What a tick costs: one time and two metrics, saved at every tick, beside others who keep such a log.

python benchmarks/log.py [--ticks 1000 10000 100000] [--repeat 5] [--full]

Everyone logs the same numbers in a process of its own, which measures its loop and the file that it leaves. A bare
`os.write` of as many bytes is what a tick cannot be quicker than. Everyone runs in turn, several times, and the best
counts: microseconds only ever grow by what else the machine does. mle-logging, whose time grows with the square of the
ticks, is run for 1,000 and 2,000 and extrapolated; with --full it is run for 10,000 too, which takes 15 minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import environment_with, machine, print_table

# Each is given `n` and `file`, makes `log(tick)`, and may say which file is the one that grows.
OURS = """
from mle_toolbox import MLExperiment
mle = MLExperiment(
    config_fname=None, experiment_dir=file.parent / "runs", seed_id=0, train_config={},
    log_config={"time_to_track": ["t"], "what_to_track": ["a", "b"], "overwrite_experiment_dir": 1})
file = mle.seed_dir / "journal.bin"
def log(tick):
    mle.update_log({"t": tick}, {"a": tick * 0.5, "b": tick * 0.25}, save=True)
"""
JOURNAL = """
from mle_toolbox.log.journal import JournalWriter
journal = JournalWriter(file, ["t"], ["a", "b"])
def log(tick):
    journal.append({"t": tick}, {"a": tick * 0.5, "b": tick * 0.25}, True)
"""
BARE = """
descriptor, row = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND), bytes(3 + 3 * 8 + 4)
def log(tick):
    os.write(descriptor, row)
"""
JSONL = """
import json
out = open(file, "w")
def log(tick):
    out.write(json.dumps({"t": tick, "a": tick * 0.5, "b": tick * 0.25}) + "\\n")
    out.flush()
"""
TENSORBOARD = """
from tensorboardX import SummaryWriter
board = SummaryWriter(str(file))
def log(tick):
    board.add_scalar("a", tick * 0.5, tick)
    board.add_scalar("b", tick * 0.25, tick)
    board.flush()
"""
MLE_LOGGING = """
from mle_logging import MLELogger
logger = MLELogger(time_to_track=["t"], what_to_track=["a", "b"], experiment_dir=str(file), verbose=False)
def log(tick):
    logger.update({"t": tick}, {"a": tick * 0.5, "b": tick * 0.25}, save=True)
"""
# Every training script has numpy; a process of that size does everything a tenth slower, a bare os.write as well.
HARNESS = """
import os, sys, time, numpy
from pathlib import Path
n, file = int(sys.argv[1]), Path(sys.argv[2]) / "log"
{setup}
def all_ticks():
    begin = time.perf_counter()
    for tick in range(n):
        log(tick)
    return time.perf_counter() - begin
seconds = all_ticks()
files = [file] if file.is_file() else [each for each in file.rglob("*") if each.is_file()]
print(seconds, sum(each.stat().st_size for each in files))
sys.stdout.flush()
os._exit(0)
"""
BARE_NAME, OURS_NAME, PEER_NAME = "bare os.write of the same bytes", "mle-toolbox, update_log", "mle-logging 0.0.6"
QUICK = {
    BARE_NAME: BARE,
    "mle-toolbox, JournalWriter alone": JOURNAL,
    OURS_NAME: OURS,
    "JSONL, flushed": JSONL,
    "TensorBoard (tensorboardX), flushed": TENSORBOARD,
}
PEER_TICKS = (1000, 2000)
FULL_TICKS = 10_000


@dataclass(frozen=True)
class Logged:
    """What logging took: the loop alone, and the bytes in the file then."""

    seconds: float
    size: float
    extrapolated: bool = False


def main() -> None:
    """Measure everyone in turn and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--full", action="store_true", help=f"mle-logging for {FULL_TICKS} ticks as well: 15 minutes")
    parser.add_argument("--without-peer", action="store_true", help="leave out mle-logging")
    parser.add_argument("--folder", type=Path, help="where the logs are written; default: the system's temporary one")
    arguments = parser.parse_args()
    print(machine())
    peer = {} if arguments.without_peer else measure_peer(arguments.folder, full=arguments.full)
    for ticks in arguments.ticks:
        found = measure_quick(ticks, arguments.repeat, arguments.folder)
        if peer:
            found[PEER_NAME] = peer.get(ticks) or extrapolate(peer, ticks)
        show(ticks, found)


def measure_quick(ticks: int, repeat: int, folder: Path | None) -> dict[str, Logged]:
    """Run all but the slow one in turn, A B C A B C ..., and TensorBoard less often; the best of each."""
    seen: dict[str, list[Logged]] = {name: [] for name in QUICK}
    for turn in range(repeat):
        for name, setup in QUICK.items():
            if turn == 0 or setup != TENSORBOARD or ticks <= PEER_TICKS[-1]:
                seen[name].append(log_ticks(sys.executable, setup, ticks, folder))
    return {name: min(runs, key=lambda each: each.seconds) for name, runs in seen.items()}


def measure_peer(folder: Path | None, *, full: bool) -> dict[int, Logged]:
    """Run mle-logging once for each number of ticks; nothing when it cannot be installed."""
    python = environment_with("mle-logging", ["mle-logging==0.0.6"])
    if python is None:
        return {}
    ticks = (*PEER_TICKS, FULL_TICKS) if full else PEER_TICKS
    return {n: log_ticks(str(python), MLE_LOGGING, n, folder) for n in ticks}


def log_ticks(python: str, setup: str, ticks: int, folder: Path | None) -> Logged:
    """Log so many ticks in a fresh process and a fresh folder."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        command = [python, "-c", HARNESS.format(setup=setup), str(ticks), fresh]
        done = subprocess.run(command, capture_output=True, text=True, cwd=fresh, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{json.dumps(setup)} ended with {done.returncode}:\n{done.stderr}")
    seconds, size = done.stdout.split()[-2:]
    return Logged(float(seconds), int(size))


def extrapolate(known: Mapping[int, Logged], ticks: int) -> Logged:
    """Return c*N + d*N**2 for N ticks, through the two largest numbers of ticks that were measured."""
    n, m = sorted(known)[-2:]

    def at(first: float, second: float) -> float:
        square = (second / m - first / n) / (m - n)
        return (first / n - square * n) * ticks + square * ticks**2

    return Logged(at(known[n].seconds, known[m].seconds), at(known[n].size, known[m].size), extrapolated=True)


def show(ticks: int, found: Mapping[str, Logged]) -> None:
    """Print one table."""
    bare, ours = found[BARE_NAME], found[OURS_NAME]
    rows: list[Sequence[object]] = [
        (
            name + (" (extrapolated)" if each.extrapolated else ""),
            f"{1e6 * each.seconds / ticks:,.2f}",
            # Files do not grow as evenly as time does: extrapolated, one came out at twice what it really is.
            "-" if each.extrapolated else f"{each.size / 1000:,.0f}",
            f"{each.seconds / bare.seconds:,.2f}",
            f"{each.seconds / ours.seconds:,.2f}",
        )
        for name, each in found.items()
    ]
    print_table(f"{ticks:,} ticks", ("who", "µs a tick", "file, kB", "x os.write", "x update_log"), rows)


if __name__ == "__main__":
    main()
