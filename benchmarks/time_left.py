"""The time left that `mle run` shows, beside rich's estimate, over simulated and recorded experiments.

python benchmarks/time_left.py [--repeat 20] [--looks 100] [--results FOLDER ...]

An experiment is a list of seed runs, each with the times of its ticks, dealt to slots in their order. It is replayed:
at each look both estimates see what could be seen then, and the truth is known. The error of a look is the difference
from the true time left, in percent of it. The table has the median over all looks from a tenth of the work to 95 % of
it, after which the last seconds make any error large in percent, and what nine tenths of the errors are below. rich
knows how many seed runs have ended, as its bar does. Looks at which one says nothing are left out of its errors; "says
it" is the share of the others.

`--results` replays seed runs that really ran: of each, the start and end of its record and the times of its ticks,
where its log tracks `time_elapsed`.
"""

from __future__ import annotations

import argparse
import heapq
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path

from measure import median, print_table
from rich.progress import Progress, TaskID

from mle_toolbox.drive.time_left import SeenRun, TimeLeft
from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.run_record import read_run_record

LOOK_AT_MOST_EVERY = 1.0  # as `mle run` does


@dataclass(frozen=True)
class Trace:
    """A seed run: when its ticks came and when it ended, in seconds after its start."""

    configuration: str
    seed: int
    ticks: Sequence[float]
    end: float


@dataclass(frozen=True)
class Placed:
    """A trace and when it started."""

    trace: Trace
    start: float

    def seen(self, now: float) -> SeenRun:
        """Return what can be seen of it now."""
        trace, seconds = self.trace, now - self.start
        if seconds < 0:
            return SeenRun(trace.configuration, trace.seed, "waiting")
        if seconds >= trace.end:
            return SeenRun(trace.configuration, trace.seed, "ended", trace.end, len(trace.ticks))
        return SeenRun(trace.configuration, trace.seed, "running", seconds, bisect_right(trace.ticks, seconds))


def main() -> None:
    """Replay each kind of experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20, help="experiments of each kind")
    parser.add_argument("--looks", type=int, default=100, help="looks at each experiment that count")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--results", type=Path, nargs="*", default=[], help="results folders to replay")
    arguments = parser.parse_args()
    rows = []
    for name, make in KINDS.items():
        experiments = [make(random.Random(seed)) for seed in range(arguments.repeat)]
        rows.append((name, *errors(experiments, arguments.slots, arguments.looks)))
    for folder in arguments.results:
        rows.append((f"recorded: {folder.name}", *errors([recorded(folder)], arguments.slots, arguments.looks)))
    columns = ("median error %", "of nine tenths", "says it")
    header = ("seed runs", *(f"{who}: {each}" for who in ("mle run", "rich") for each in columns))
    print_table(f"Time left, {arguments.slots} slots, after a tenth of the work", header, rows)


def errors(experiments: Sequence[Sequence[Trace]], slots: int, looks: int) -> tuple[str, ...]:
    """Return the columns of one row."""
    found = [look for traces in experiments for look in replay(place(traces, slots), slots, looks)]
    return *_column([(truth, ours) for truth, ours, _ in found]), *_column([(truth, rich) for truth, _, rich in found])


def _column(looks: Sequence[tuple[float, float | None]]) -> tuple[str, str, str]:
    wrong = sorted(abs(each - truth) / truth for truth, each in looks if each is not None)
    if not wrong:
        return "-", "-", "0 %"
    said = len(wrong) / len(looks)
    return f"{100 * median(wrong):.1f}", f"{100 * wrong[9 * len(wrong) // 10]:.0f}", f"{100 * said:.0f} %"


def place(traces: Sequence[Trace], slots: int) -> list[Placed]:
    """Start each as soon as a slot is free, in their order."""
    free = [0.0] * slots
    placed = []
    for trace in traces:
        start = heapq.heappop(free)
        placed.append(Placed(trace, start))
        heapq.heappush(free, start + trace.end)
    return placed


def replay(placed: Sequence[Placed], slots: int, looks: int) -> list[tuple[float, float | None, float | None]]:
    """Return for each look that counts the true time left, our estimate and rich's."""
    end = max(each.start + each.trace.end for each in placed)
    work = sum(each.trace.end for each in placed)
    clock = Clock()
    bar = Progress(get_time=clock, disable=True)
    task = bar.add_task("", total=len(placed))
    estimate, found, n_ended, next_counted = TimeLeft(), [], 0, 0.0
    for now in clock.ticks(end, min(LOOK_AT_MOST_EVERY, end / looks / 4)):
        ended = sum(each.start + each.trace.end <= now for each in placed)
        # rich learns from advances, one for each seed run that ends.
        if ended > n_ended:
            bar.update(task, completed=ended)
            n_ended = ended
        done = sum(min(max(now - each.start, 0.0), each.trace.end) for each in placed) / work
        if now < next_counted and done < 0.1:
            continue
        left = estimate.look([each.seen(now) for each in placed], slots).seconds if now >= next_counted else None
        if now >= next_counted:
            next_counted = now + end / looks
            if 0.1 <= done <= 0.95:
                found.append((end - now, left, rich_left(bar, task)))
    return found


class Clock:
    """The time of a replay."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time now."""
        return self.now

    def ticks(self, end: float, step: float) -> Iterator[float]:
        """Yield times from one step to the end."""
        count = int(end / step)
        for number in range(1, count):
            self.now = number * step
            yield self.now


def rich_left(bar: Progress, task: TaskID) -> float | None:
    """Return what the default column of rich would show."""
    return next(each for each in bar.tasks if each.id == task).time_remaining


def recorded(folder: Path) -> list[Trace]:
    """Return the seed runs of a results folder in the order of their starts."""
    found = []
    for path in sorted(folder.glob("*/seed_*")):
        run = ExperimentFolder(folder).seed_run(path.parent.name, int(path.name.removeprefix("seed_")))
        record = read_run_record(run)
        if record is None or record.start is None or record.end is None or not run.log.exists():
            continue
        start = datetime.fromisoformat(record.start)
        seconds = (datetime.fromisoformat(record.end) - start).total_seconds()
        try:
            columns = read_log(run.log).columns
        except MLEToolboxError:
            continue
        times = [float(each) for each in columns["time_elapsed"]] if "time_elapsed" in columns else []
        found.append((start, Trace(path.parent.name, record.seed or 0, times, max(seconds, *times, 1.0))))
    return [trace for _, trace in sorted(found, key=lambda each: each[0])]


def by_seed(make: Callable[[str, int], Trace], n_configurations: int, n_seeds: int) -> list[Trace]:
    """Return all seed runs, seed 0 of every configuration first."""
    return [make(f"c{number}", seed) for seed in range(n_seeds) for number in range(n_configurations)]


def steady(
    random: random.Random, start: float, tick: float, n_ticks: int, noise: float = 0.02
) -> tuple[list[float], float]:
    """Return the times of ticks of about equal length after a start."""
    lengths = [tick * max(0.05, random.gauss(1, noise)) for _ in range(n_ticks)]
    times = list(accumulate(lengths, initial=start))[1:]
    return times, times[-1] + 0.1 * tick


def constant(random: random.Random) -> list[Trace]:
    """Make four configurations that take the same."""
    return by_seed(lambda name, seed: Trace(name, seed, *steady(random, 1, 1, 36)), 4, 8)


def unlike(random: random.Random) -> list[Trace]:
    """Make eight configurations of which some take ten times as long as others."""
    ticks = {f"c{number}": 10 ** random.uniform(-0.5, 0.5) for number in range(8)}
    return by_seed(lambda name, seed: Trace(name, seed, *steady(random, 1, ticks[name], 40)), 8, 10)


def unlike_one_by_one(random: random.Random) -> list[Trace]:
    """Make the same with all seeds of a configuration before the next: of those to come nothing can be known."""
    return sorted(unlike(random), key=lambda trace: trace.configuration)


def slow_start(random: random.Random) -> list[Trace]:
    """Make runs of which half passes before the first tick."""
    return by_seed(lambda name, seed: Trace(name, seed, *steady(random, 60 * random.uniform(0.8, 1.2), 2, 30)), 4, 8)


def early_stopping(random: random.Random) -> list[Trace]:
    """Make runs that end after 20 to 100 ticks."""

    def make(name: str, seed: int) -> Trace:
        return Trace(name, seed, *steady(random, 1, 1, random.randint(20, 100)))

    return by_seed(make, 4, 12)


def noisy(random: random.Random) -> list[Trace]:
    """Make runs of a shared machine: each has a pace of its own, and its ticks vary as well."""

    def make(name: str, seed: int) -> Trace:
        return Trace(name, seed, *steady(random, 2, random.lognormvariate(0, 0.3), 50, noise=0.4))

    return by_seed(make, 4, 10)


def few_ticks(random: random.Random) -> list[Trace]:
    """Make runs of five long epochs, one tick each."""
    return by_seed(lambda name, seed: Trace(name, seed, *steady(random, 10, 60, 5, noise=0.1)), 4, 6)


def short(random: random.Random) -> list[Trace]:
    """Make runs of three seconds, for which rich's estimate is made."""
    return by_seed(lambda name, seed: Trace(name, seed, *steady(random, 0.5, 0.1, 25)), 10, 20)


KINDS: dict[str, Callable[[random.Random], list[Trace]]] = {
    "alike": constant,
    "unlike configurations": unlike,
    "unlike, one configuration after the other": unlike_one_by_one,
    "a slow start": slow_start,
    "early stopping": early_stopping,
    "a noisy machine": noisy,
    "few ticks": few_ticks,
    "short ones": short,
}


if __name__ == "__main__":
    main()
