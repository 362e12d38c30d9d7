"""What an experiment is doing while `mle run` drives it: how far each seed run is, and the time left.

Reads the journals of what runs and the record of each seed run that ends, once. What Snakemake says of the jobs comes
from the tally of its events.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mle_toolbox.drive.time_left import Estimate, SeenRun, TimeLeft
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.log.journal_end import JournalEnd, LastTick
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status
from mle_toolbox.snakemake_side.job_events import Tally

__all__ = ["Progress", "ProgressReader", "RunningSeed", "seconds_taken"]

_Run = tuple[str, int]

# Finished seed runs of earlier calls that are read for each configuration: enough to know what one takes.
_SAMPLE = 3
# A look may take this share of the time: on a slow shared disk, hundreds of journals are looked at less often.
_SHARE = 0.05
_LOOK_EVERY_SECONDS = 1.0
# Between two seed runs a core is idle for a moment, so what counts is the most that ran in the last looks.
_LOOKS = 10


@dataclass(frozen=True)
class RunningSeed:
    """A seed run that is running."""

    configuration: str
    seed: int
    seconds: float
    """Since it was started."""
    tick: int
    """The number of its last tick; 0: none yet."""
    n_ticks: tuple[int, bool] | None
    """How many it will have, as far as others tell, and whether they all had so many."""
    values: Mapping[str, float]
    """The last value of each time and metric."""
    left: float | None
    """Seconds, where something is known."""


@dataclass(frozen=True)
class Progress:
    """What runs now."""

    running: tuple[RunningSeed, ...] = ()
    queued: int = 0
    """Seed runs that a cluster has accepted and not yet started."""
    left: float | None = None
    """Seconds until the last seed run ends, where something is known."""


@dataclass
class _Followed:
    """A seed run that Snakemake has started: its journal, and what is known of it once it writes there."""

    began: float
    end: JournalEnd
    record: RunRecord | None = None
    last: LastTick | None = None
    values: dict[str, float] = field(default_factory=dict)


class ProgressReader:
    """Reads how far the seed runs are that a tally lists as running.

    Parameters
    ----------
    folder
        The results folder.
    is_local
        Whether a job that was started is running; on a cluster it may be queued.
    """

    def __init__(self, folder: ExperimentFolder, *, is_local: bool) -> None:
        self._folder = folder
        self._is_local = is_local
        self._followed: dict[_Run, _Followed] = {}
        self._ended: dict[_Run, SeenRun] = {}
        self._sampled: set[str] = set()
        self._time_left = TimeLeft()
        self._n_running: deque[int] = deque(maxlen=_LOOKS)
        self._seen, self._next = Progress(), 0.0

    def look(self, tally: Tally) -> Progress:
        """Return what runs now; the files are read about once a second."""
        begin = time.monotonic()
        if begin < self._next:
            return self._seen
        self._seen = self._look(tally)
        took = time.monotonic() - begin
        self._next = begin + max(_LOOK_EVERY_SECONDS, took / _SHARE)
        return self._seen

    def _look(self, tally: Tally) -> Progress:
        self._note_ends(tally)
        now = time.time()
        running: dict[_Run, tuple[SeenRun, _Followed]] = {}
        for run in tally.running.values():
            followed = self._follow(run, tally.began.get(run, now))
            self._read(followed)
            if self._is_local or followed.record is not None:
                running[run] = _seen(run, followed, now, is_local=self._is_local), followed
        for run in self._followed.keys() - set(tally.running.values()):
            del self._followed[run]
        self._n_running.append(len(running))
        estimate = self._estimate(tally, {run: seen for run, (seen, _) in running.items()})
        return Progress(
            tuple(
                RunningSeed(
                    *run,
                    seen.seconds,
                    seen.ticks,
                    estimate.ticks.get(run[0]),
                    followed.values,
                    estimate.of_runs.get(run),
                )
                for run, (seen, followed) in running.items()
            ),
            len(tally.running) - len(running),
            estimate.seconds,
        )

    def _estimate(self, tally: Tally, running: Mapping[_Run, SeenRun]) -> Estimate:
        over = self._ended.keys() | running.keys() | tally.failed
        waiting = [SeenRun(*run, "waiting") for run in tally.due if run not in over]
        if not running and not waiting:
            return Estimate(0.0, {}, {})
        self._sample(tally, {run[0] for run in running} | {run.configuration for run in waiting})
        estimate = self._time_left.look([*self._ended.values(), *running.values(), *waiting], max(self._n_running) or 1)
        # An earlier Snakemake that is followed has not said what is still to come.
        return estimate if tally.due else Estimate(None, estimate.of_runs, estimate.ticks)

    def _follow(self, run: _Run, began: float) -> _Followed:
        followed = self._followed.get(run)
        if followed is None or followed.began != began:
            followed = self._followed[run] = _Followed(began, JournalEnd(self._folder.seed_run(*run).journal))
        return followed

    def _read(self, followed: _Followed) -> None:
        path = followed.end.path
        try:
            # The journal of an earlier attempt does not count.
            if followed.record is None and path.stat().st_mtime < followed.began - 1 and not is_locked(path):
                return
        except OSError:
            return
        if followed.last is None:
            # Until the first tick it may still be that of the attempt before.
            followed.record = read_run_record(SeedFolder(path.parent))
        followed.last = followed.end.look() or followed.last
        if followed.last is not None:
            followed.values |= followed.last.values

    def _note_ends(self, tally: Tally) -> None:
        for run in tally.took.keys() - self._ended.keys():
            record = read_run_record(self._folder.seed_run(*run))
            if record is not None and (taken := seconds_taken(record)) is not None:
                seconds = tally.took[run] if self._is_local else taken
                self._ended[run] = _ended(run, record, seconds)
            else:
                self._ended[run] = SeenRun(*run, "ended", tally.took[run])

    def _sample(self, tally: Tally, names: set[str]) -> None:
        """Read some finished seed runs of earlier calls, once for each configuration of which more are to come."""
        due = {}
        if names - self._sampled:
            due = dict.fromkeys(tally.due)
        for name in names - self._sampled:
            self._sampled.add(name)
            on_disk = ((name, seed) for seed in self._folder.configuration(name).seeds_on_disk())
            finished = (run for run in on_disk if run not in due and run not in self._ended)
            for run, _ in zip(finished, range(_SAMPLE), strict=False):
                folder = self._folder.seed_run(*run)
                record = read_run_record(folder)
                if record is not None and run_status(folder, record) == "done":
                    taken = seconds_taken(record)
                    if taken is not None:
                        self._ended[run] = _ended(run, record, taken)


def seconds_taken(record: RunRecord) -> float | None:
    """Return how long the last attempt of a seed run took, or None where its record does not say."""
    if record.start is None or record.end is None:
        return None
    try:
        return max((datetime.fromisoformat(record.end) - datetime.fromisoformat(record.start)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _ended(run: _Run, record: RunRecord, seconds: float) -> SeenRun:
    return SeenRun(*run, "ended", seconds, record.ticks or 0, record.resumed_from_tick or 0)


def _seen(run: _Run, followed: _Followed, now: float, *, is_local: bool) -> SeenRun:
    record, began = followed.record, followed.began
    if not is_local and record is not None and record.start is not None:
        began = datetime.fromisoformat(record.start).timestamp()
    ticks = followed.last.number if followed.last is not None else 0
    resumed_from = record.resumed_from_tick if record is not None else None
    return SeenRun(*run, "running", max(now - began, 0.0), ticks, resumed_from or 0)
