"""What `mle watch` shows, from files alone: the seed runs, their progress, and curves with intervals over seeds.

Knows nothing of the terminal. Each look reads only what is new, so it can be repeated every second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.drive.pace import Look, Pace
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.drive.status_reader import StatusReader
from mle_toolbox.log.journal_end import LastTick
from mle_toolbox.statistics import Band, align, band
from mle_toolbox.watch.watched_run import WatchedRun, names_of

__all__ = ["ORDERS", "CurveOverSeeds", "Row", "View"]

_Run = tuple[str, int]

ORDERS = ("as in the file", "state", "value", "time left")
"""How rows can be sorted."""

_STATES = ("running", "failed", "died", "stopped", "outdated", "waiting", "done")
_SECONDS_FOR_LOGS = 0.3
_MOST_POINTS = 300


@dataclass(frozen=True)
class Row:
    """One seed run on the screen."""

    run: SeedRunStatus
    n_ticks: int
    expected: int | None
    rate: float | None
    left: float | None
    value: float | None
    """The last value of the chosen metric."""
    silent: float | None = None

    @property
    def key(self) -> _Run:
        """Configuration and seed."""
        return self.run.configuration, self.run.seed


@dataclass(frozen=True)
class CurveOverSeeds:
    """The chosen metric of one configuration over time."""

    configuration: str
    band: Band
    n_seeds: int
    n_running: int


class View:
    """The state of an experiment, renewed by `look`.

    Parameters
    ----------
    read
        Reads the status of the experiment.
    sources
        Files that decide which seed runs there are.
    """

    def __init__(self, read: Callable[[], ExperimentStatus], sources: Sequence[Path]) -> None:
        self._reader = StatusReader(read, sources)
        self._runs: dict[_Run, WatchedRun] = {}
        self._pace = Pace(self._last_tick)
        self._curves: dict[tuple[str, str], tuple[tuple[int, ...], CurveOverSeeds | None]] = {}
        self.status: ExperimentStatus
        self.now = Look()
        self.metrics: tuple[str, ...] = ()
        self.unread = 0
        """How many logs of seed runs that have ended are still to be read."""

    def look(self) -> None:
        """Read what is new; of logs of ended seed runs only as many as take a moment."""
        self.status = self._reader.look()
        self.now = self._pace.look(self.status)
        self._read_logs()
        self.metrics = names_of(self._runs.values())

    def _last_tick(self, run: SeedRunStatus) -> LastTick | None:
        return self._watched(run).look()

    def _watched(self, run: SeedRunStatus) -> WatchedRun:
        key = run.configuration, run.seed
        if key not in self._runs:
            self._runs[key] = WatchedRun(run)
        return self._runs[key]

    def _read_logs(self) -> None:
        end = time.monotonic() + _SECONDS_FOR_LOGS
        self.unread = 0
        for run in self.status.runs:
            if run.status in ("running", "waiting", "outdated"):
                continue
            watched = self._watched(run)
            if watched.is_read(run):
                continue
            if time.monotonic() < end:
                watched.read_ended(run)
            else:
                self.unread += 1

    def rows(self, metric: str | None, order: str, wanted: str) -> list[Row]:
        """Return the seed runs whose name, host or state contains a text, in one of `ORDERS`."""
        rows = [self._row(run, metric) for run in self.status.runs if _fits(run, wanted.casefold())]
        if order == "state":
            rows.sort(key=lambda row: _STATES.index(row.run.status) if row.run.status in _STATES else 9)
        elif order == "value":
            rows.sort(key=lambda row: (row.value is None, row.value != row.value, row.value or 0.0))
        elif order == "time left":
            rows.sort(key=lambda row: (row.left is None, row.left or 0.0))
        return rows

    def _row(self, run: SeedRunStatus, metric: str | None) -> Row:
        key = run.configuration, run.seed
        watched, going = self._runs.get(key), self.now.going.get(key)
        value = watched.value(metric) if watched is not None and metric is not None else None
        if going is not None:
            rate = watched.rate if watched is not None else None
            return Row(run, going.n_ticks, going.expected, rate, going.left, value, going.silent)
        n_ticks = (run.record.ticks if run.record is not None else None) or 0
        if not n_ticks and watched is not None:
            n_ticks = watched.n_ticks
        return Row(run, n_ticks, None, None, None, value)

    def curves(self, metric: str, names: Sequence[str]) -> list[CurveOverSeeds]:
        """Return the mean over seeds with its interval, for each of the configurations that has logged the metric.

        Seed runs that are done or running count: those that failed or were stopped are never averaged with them.
        """
        found = (self._curve(metric, name) for name in names)
        return [each for each in found if each is not None]

    def _curve(self, metric: str, name: str) -> CurveOverSeeds | None:
        runs = [run for run in self.status.of(name) if run.status in ("done", "running")]
        watched = [each for run in runs if (each := self._runs.get((name, run.seed))) is not None]
        versions = tuple(each.version for each in watched)
        known = self._curves.get((metric, name))
        if known is not None and known[0] == versions:
            return known[1]
        found = (each.series(metric) for each in watched)
        series = [each for each in found if each is not None and len(each[0])]
        curve = None
        if series:
            times, values = align([time for time, _ in series], [value for _, value in series], max_points=_MOST_POINTS)
            n_running = sum(run.status == "running" for run in runs)
            curve = CurveOverSeeds(name, band(values, times), len(series), n_running)
        self._curves[metric, name] = versions, curve
        return curve


def _fits(run: SeedRunStatus, wanted: str) -> bool:
    if not wanted:
        return True
    host = run.record.host if run.record is not None else None
    return wanted in f"{run.configuration} seed {run.seed} {run.status} {host or ''}".casefold()
