"""How far running seed runs are, and how long they still take: from files alone.

For looks from another terminal or machine, whether or not a driver is alive. `mle run` itself knows more.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.drive.time_left import SeenRun, TimeLeft
from mle_toolbox.log.journal_end import JournalEnd, LastTick
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.seed_run.silence import silent_seconds

__all__ = ["Going", "Look", "Pace", "started_at"]

_Run = tuple[str, int]


@dataclass(frozen=True)
class Going:
    """How far one running seed run is."""

    n_ticks: int
    expected: int | None
    """How many ticks it will have, if that is known from others."""
    is_sure: bool
    """Whether all that have ended had so many."""
    seconds: float | None
    """Since this attempt began; None: not recorded."""
    left: float | None
    """Seconds, if something is known."""
    values: Mapping[str, float]
    """The numbers of its last tick, by name."""
    silent: float | None = None
    """For how many seconds it has been silent, if that is longer than usual."""


@dataclass(frozen=True)
class Look:
    """Everything that is running at one moment."""

    going: Mapping[_Run, Going] = field(default_factory=dict)
    left: float | None = None
    """Seconds until the last seed run ends that is running or will be started, if something is known."""


class Pace:
    """Looks at the seed runs of an experiment, once or repeatedly; later looks estimate their pace better.

    Parameters
    ----------
    last_tick
        Returns the last tick of a seed run that is running; by default its journal is asked.
    """

    def __init__(self, last_tick: Callable[[SeedRunStatus], LastTick | None] | None = None) -> None:
        self._time_left = TimeLeft()
        self._ends: dict[_Run, JournalEnd] = {}
        self._last_tick = last_tick if last_tick is not None else self._of_journal

    def look(self, status: ExperimentStatus) -> Look:
        """Look at what is running; journals are read only at their end."""
        running = [run for run in status.runs if run.status == "running"]
        if not running:
            self._ends.clear()
            return Look()
        now = time.time()
        seen, going = [], {}
        for run in status.runs:
            if run.status == "running":
                going[run.configuration, run.seed] = found = self._look_at(run, now)
                seen.append(_seen(run, "running", found.seconds or 0.0, found.n_ticks))
            elif run.status == "done" and run.record is not None and run.record.ticks:
                taken = _taken(run.record)
                if taken is not None:
                    seen.append(_seen(run, "ended", taken, run.record.ticks))
            elif run.status == "waiting" and status.holder is not None:
                seen.append(_seen(run, "waiting"))
        estimate = self._time_left.look(seen)
        for key, found in going.items():
            expected, is_sure = estimate.ticks.get(key[0]) or (None, False)
            if expected is not None and found.n_ticks > expected:
                # It is longer than those before it: the script has changed, or stops when it has learned enough.
                expected, is_sure = None, False
            going[key] = replace(found, expected=expected, is_sure=is_sure, left=estimate.of_runs.get(key))
        return Look(going, estimate.seconds)

    def _look_at(self, run: SeedRunStatus, now: float) -> Going:
        last = self._last_tick(run)
        began = started_at(run.record)
        seconds = max(0.0, now - began) if began is not None else None
        n_ticks = last.number if last is not None else 0
        silent = None
        if began is not None and n_ticks:
            with contextlib.suppress(OSError):
                # Of this attempt only: ticks kept from an earlier one took none of its time.
                n_own = n_ticks - (run.record.resumed_from_tick or 0) if run.record is not None else n_ticks
                silent = silent_seconds(began, run.folder.journal.stat().st_mtime, n_own, now)
        return Going(n_ticks, None, False, seconds, None, last.values if last is not None else {}, silent)

    def _of_journal(self, run: SeedRunStatus) -> LastTick | None:
        key = run.configuration, run.seed
        if key not in self._ends:
            self._ends[key] = JournalEnd(run.folder.journal)
        return self._ends[key].look()


def started_at(record: RunRecord | None) -> float | None:
    """Return when the attempt of a record began, in seconds of the epoch; None where that is not recorded."""
    if record is None or record.start is None:
        return None
    try:
        return datetime.fromisoformat(record.start).timestamp()
    except ValueError:
        return None


def _seen(run: SeedRunStatus, state: str, seconds: float = 0.0, ticks: int = 0) -> SeenRun:
    before = (run.record.resumed_from_tick if run.record is not None else None) or 0
    return SeenRun(run.configuration, run.seed, state, seconds, ticks, before if state != "waiting" else 0)  # type: ignore[arg-type]


def _taken(record: RunRecord) -> float | None:
    began = started_at(record)
    if began is None or record.end is None:
        return None
    try:
        return max(0.0, datetime.fromisoformat(record.end).timestamp() - began)
    except ValueError:
        return None
