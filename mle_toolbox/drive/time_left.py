"""How long an experiment still takes: each seed run that is running, and all of it.

Knows only what it is told of the seed runs at each look, and no files. What a seed run will take is what those of the
same configuration took that have ended; how far it is, is the number of its ticks beside theirs. As long as no seed run
of the experiment has ended, nothing is known, and it says nothing.
"""

# Several things make the obvious estimate, elapsed time divided by the share that is done, wrong by a factor:
# - Time before the first tick (loading data, compiling) is no work in proportion to ticks. So the pace of a run is
#   measured between ticks, from the first look that saw one.
# - Under early stopping the first runs to end are the short ones. So a run that has come further than some others is
#   compared with the rest of them only, and what is running counts in the mean of its configuration.
# - The last seed runs do not fill all slots. So the runs that wait are dealt to the slots one after another.

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

__all__ = ["Estimate", "SeenRun", "TimeLeft"]

_Key = tuple[str, int]

# A run that is already longer than all before it is expected to need this share more.
_FURTHER = 0.1


@dataclass(frozen=True)
class SeenRun:
    """A seed run as it is at one look.

    ``seconds`` is how long this attempt has been running, or how long it took; ``ticks`` counts all of the run's ticks,
    including those before ``resumed_from``, which earlier attempts made. A failed run that is not tried again is left
    out.
    """

    configuration: str
    seed: int
    state: Literal["waiting", "running", "ended"]
    seconds: float = 0.0
    ticks: int = 0
    resumed_from: int = 0


@dataclass(frozen=True)
class Estimate:
    """The time left, in seconds."""

    seconds: float | None
    """Until the last seed run ends; None while nothing is known."""
    of_runs: Mapping[_Key, float]
    """The same of each seed run that is running; empty while nothing is known."""
    ticks: Mapping[str, tuple[int, bool]]
    """How many ticks a seed run of a configuration has, and whether all that have ended had so many."""


@dataclass
class _Pace:
    """The first tick of a running seed run that was seen, and the last: its count, and the seconds until then."""

    first: tuple[int, float]
    last: tuple[int, float]

    @property
    def seconds_a_tick(self) -> float | None:
        n_ticks = self.last[0] - self.first[0]
        return (self.last[1] - self.first[1]) / n_ticks if n_ticks else None


class _Lengths:
    """Numbers of which those beyond a value can be averaged quickly: there may be thousands of runs."""

    def __init__(self, values: Iterable[float]) -> None:
        self.values = sorted(values)
        self._sums = [0.0, *accumulate(self.values)]

    def rest(self, so_far: float) -> float:
        """Return how much is left, on average, of those that are longer than ``so_far``."""
        at = bisect_right(self.values, so_far)
        n_longer = len(self.values) - at
        return (self._sums[-1] - self._sums[at]) / n_longer - so_far if n_longer else _FURTHER * so_far


@dataclass(frozen=True)
class _Ended:
    """Seed runs that have ended: how many ticks they had, what they took in all, and what between ticks."""

    ticks: _Lengths
    seconds: _Lengths
    seconds_a_tick: float | None

    @classmethod
    def together(cls, parts: Collection[_Ended]) -> _Ended:
        """Return the runs of several configurations."""
        paces = [each.seconds_a_tick for each in parts if each.seconds_a_tick is not None]
        return cls(
            _Lengths(ticks for each in parts for ticks in each.ticks.values),
            _Lengths(seconds for each in parts for seconds in each.seconds.values),
            _mean(paces) if paces else None,
        )


@dataclass
class TimeLeft:
    """Estimates, from one look at the seed runs to the next.

    A single look is enough for an estimate; later ones improve it, because the pace of a run is seen between them.
    """

    _paces: dict[_Key, _Pace] = field(default_factory=dict)

    def look(self, runs: Sequence[SeenRun], slots: int | None = None) -> Estimate:
        """Return what is left now.

        Parameters
        ----------
        runs
            All seed runs of the experiment, those that wait in the order in which they will start.
        slots
            How many run at a time; None: as many as are running now.
        """
        ended: dict[str, list[SeenRun]] = {}
        running = [run for run in runs if run.state == "running"]
        for run in runs:
            if run.state == "ended":
                ended.setdefault(run.configuration, []).append(run)
        for run in running:
            self._see(run)
        if not ended:
            return Estimate(None, {}, {})
        starts = self._starts(runs)
        alike = {name: self._of(members, starts.get(name, 0.0)) for name, members in ended.items()}
        others = _Ended.together(alike.values())
        left = {(run.configuration, run.seed): self._left(run, alike, others) for run in running}
        takes = _durations(running, left, alike)
        usual = _mean(takes.values())
        waiting = [takes.get(run.configuration, usual) for run in runs if run.state == "waiting"]
        return Estimate(_until_all_end([*left.values()], waiting, slots), left, _ticks(runs, alike, others))

    def _see(self, run: SeenRun) -> None:
        key, at = (run.configuration, run.seed), (run.ticks, run.seconds)
        pace = self._paces.get(key)
        # Fewer ticks or seconds than before: another attempt.
        if pace is not None and (run.ticks < pace.last[0] or run.seconds < pace.last[1]):
            pace = None
            del self._paces[key]
        if run.ticks <= run.resumed_from:
            return
        if pace is None:
            self._paces[key] = _Pace(at, at)
        elif run.ticks > pace.last[0]:
            pace.last = at

    def _starts(self, runs: Iterable[SeenRun]) -> dict[str, float]:
        """Return the seconds before the first tick, for each configuration of which the pace of a run was seen."""
        found: dict[str, list[float]] = {}
        for run in runs:
            pace = self._paces.get((run.configuration, run.seed))
            if pace is not None and (own := pace.seconds_a_tick) is not None:
                ticks, seconds = pace.first
                found.setdefault(run.configuration, []).append(max(seconds - own * (ticks - run.resumed_from), 0.0))
        return {name: _mean(seconds) for name, seconds in found.items()}

    def _of(self, runs: Sequence[SeenRun], start: float) -> _Ended:
        paces = []
        for run in runs:
            made = run.ticks - run.resumed_from
            pace = self._paces.get((run.configuration, run.seed))
            own = pace.seconds_a_tick if pace is not None else None
            if made > 0:
                paces.append(own if own is not None else max(run.seconds - start, 0.0) / made)
        return _Ended(
            _Lengths(run.ticks for run in runs), _Lengths(map(_in_all, runs)), _mean(paces) if paces else None
        )

    def _left(self, run: SeenRun, alike: Mapping[str, _Ended], others: _Ended) -> float:
        before = alike.get(run.configuration, others)
        pace = self._paces.get((run.configuration, run.seed))
        usual = before.seconds_a_tick
        if pace is None or usual is None:
            # Before its first tick there is only the time to go by.
            return before.seconds.rest(run.seconds)
        ticks_left = before.ticks.rest(run.ticks)
        own = pace.seconds_a_tick
        if own is None:
            own = run.seconds / (run.ticks - run.resumed_from)
        # The more of it is done, the more its own pace counts. That of another configuration counts for nothing.
        own_share = run.ticks / (run.ticks + ticks_left) if run.configuration in alike else 1.0
        since_tick = run.seconds - pace.last[1]
        seconds = ticks_left * (own_share * own + (1 - own_share) * usual)
        # With few ticks, much of the next one may be over.
        return max(seconds - since_tick, _FURTHER * seconds)


def _in_all(run: SeenRun) -> float:
    """Return the seconds of a seed run that ended, as if it had been made in one go."""
    made = run.ticks - run.resumed_from
    return run.seconds * run.ticks / made if run.resumed_from and made > 0 else run.seconds


def _durations(running: Iterable[SeenRun], left: Mapping[_Key, float], alike: Mapping[str, _Ended]) -> dict[str, float]:
    """Return what a whole seed run takes, for each configuration of which one has ended or is running."""
    found = {name: list(each.seconds.values) for name, each in alike.items()}
    for run in running:
        if not run.resumed_from:
            found.setdefault(run.configuration, []).append(run.seconds + left[run.configuration, run.seed])
    return {name: _mean(seconds) for name, seconds in found.items()}


def _ticks(runs: Iterable[SeenRun], alike: Mapping[str, _Ended], others: _Ended) -> dict[str, tuple[int, bool]]:
    """Return how many ticks seed runs have; of a configuration without an end, only if all others agree.

    And only if it has not come that far: a trial of a higher rung begins where one of the rung below has ended.
    """
    reached: dict[str, int] = {}
    for run in runs:
        reached[run.configuration] = max(run.ticks, reached.get(run.configuration, 0))
    known = {}
    for name, ticks in reached.items():
        values = alike.get(name, others).ticks.values
        is_one = values[0] == values[-1]
        if name in alike or (is_one and ticks < values[0]):
            known[name] = round(_mean(values)), is_one
    return known


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)


def _until_all_end(running: Sequence[float], waiting: Iterable[float], slots: int | None) -> float:
    """Return when the last run ends if each slot takes the next one that waits as soon as it is free."""
    free = [*running, *[0.0] * ((slots or 1) - len(running))]
    heapq.heapify(free)
    for seconds in waiting:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)
