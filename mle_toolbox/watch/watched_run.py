"""The numbers of one seed run, as many as a screen can show; of a running one only what is new is read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.drive.status import SeedRunStatus
from mle_toolbox.log.journal_end import LastTick
from mle_toolbox.log.journal_tail import JournalTail, Ticks
from mle_toolbox.log.seed_log import read_seed_log

__all__ = ["WatchedRun", "names_of"]

Floats = NDArray[np.float64]

# A screen has a few hundred columns. With more points every second one is left out, again and again.
_MOST_POINTS = 2000
# The rate is that of the last looks, about a quarter of a minute.
_LOOKS = 12


class WatchedRun:
    """Follows one seed run: the journal while it runs, and once its log when it has ended."""

    def __init__(self, run: SeedRunStatus) -> None:
        self._tail = JournalTail(run.folder.journal)
        self._looks: deque[tuple[float, int]] = deque(maxlen=_LOOKS)
        self.version = 0
        """Grows whenever there are other numbers."""
        self._forget()

    def _forget(self) -> None:
        self.n_ticks = 0
        """How many ticks have been read."""
        self._series: dict[str, _Series] = {}
        self._last: dict[str, float] = {}
        self._ended_as: tuple[str, str | None] | None = None
        self._looks.clear()
        self.version += 1

    @property
    def metric_names(self) -> Iterable[str]:
        """The metrics that have been measured."""
        return self._series

    def look(self) -> LastTick | None:
        """Read what a running seed run has appended; return its last tick."""
        if self._ended_as is not None:  # it runs again
            self._forget()
        again, ticks = self._tail.read()
        if again:
            self._forget()
        for each in ticks:
            self._add(each)
        self._looks.append((time.monotonic(), self.n_ticks))
        return LastTick(self.n_ticks, self._last) if self.n_ticks else None

    def read_ended(self, run: SeedRunStatus) -> None:
        """Read the log of a seed run that has ended."""
        self._forget()
        self._ended_as = _end_of(run)
        data = read_seed_log(run.folder).data
        if data is not None and data.n_ticks:
            numbers = {name: column.astype(np.float64) for name, column in data.columns.items() if column.ndim == 1}
            self._add(Ticks(data.time_names, data.metric_names, data.n_ticks, numbers, data.absent))

    def is_read(self, run: SeedRunStatus) -> bool:
        """Whether the log of a seed run that has ended has been read."""
        return self._ended_as == _end_of(run)

    @property
    def rate(self) -> float | None:
        """Ticks a second over the last looks; None while nothing is known."""
        if len(self._looks) < 2:
            return None
        (since, before), (now, after) = self._looks[0], self._looks[-1]
        return (after - before) / (now - since) if now > since and after > before else None

    def value(self, metric: str) -> float | None:
        """Return the last value of a metric; None if it was not measured yet."""
        return self._last.get(metric)

    def series(self, metric: str) -> tuple[Floats, Floats] | None:
        """Return times and values of a metric where it was measured, each of shape (T,).

        The time is the first time variable, or the number of the tick.
        """
        return self._series[metric].joined() if metric in self._series else None

    def _add(self, ticks: Ticks) -> None:
        numbers: Floats = np.arange(self.n_ticks, self.n_ticks + ticks.n_ticks, dtype=np.float64)
        times = ticks.columns[ticks.time_names[0]] if ticks.time_names else numbers
        self.n_ticks += ticks.n_ticks
        self.version += 1
        for name in ticks.columns:
            gaps = ticks.absent.get(name)
            values = ticks.columns[name] if gaps is None else ticks.columns[name][~gaps]
            if not len(values):
                continue
            self._last[name] = float(values[-1])
            if name in ticks.metric_names:
                at = times if gaps is None else times[~gaps]
                there = np.isfinite(at)
                self._series.setdefault(name, _Series()).add(at[there], values[there])


class _Series:
    """Points of one curve, evenly thinned when there are too many."""

    def __init__(self) -> None:
        self._times: list[Floats] = []
        self._values: list[Floats] = []
        self._n = 0
        self._every = 1

    def add(self, times: Floats, values: Floats) -> None:
        start = -self._n % self._every
        self._n += len(values)
        self._times.append(times[start :: self._every])
        self._values.append(values[start :: self._every])
        while sum(map(len, self._values)) > _MOST_POINTS:
            kept_times, kept_values = self.joined()
            self._every *= 2
            self._times, self._values = [kept_times[::2].copy()], [kept_values[::2].copy()]

    def joined(self) -> tuple[Floats, Floats]:
        if len(self._values) > 1:
            self._times, self._values = [np.concatenate(self._times)], [np.concatenate(self._values)]
        return self._times[0], self._values[0]


def _end_of(run: SeedRunStatus) -> tuple[str, str | None]:
    return run.status, run.record.start if run.record is not None else None


def names_of(runs: Iterable[WatchedRun]) -> tuple[str, ...]:
    """Return the metrics of all seed runs, in the order in which they are tracked."""
    return tuple(dict.fromkeys(name for run in runs for name in run.metric_names))
