"""Arrays that are submitted later: the scheduler is silent, or the user has as many jobs as he may."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mle_cluster.grid_engine import commands
from mle_cluster.grid_engine.commands import GridEngineError, SchedulerSilentError
from mle_cluster.records import ArrayFolder

__all__ = ["WaitingArrays", "is_for_later", "most_tasks"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
_LONGEST_WAIT = 30.0
_TOO_MANY_JOBS = re.compile(r"only \d+ jobs are allowed per", re.IGNORECASE)
_TOO_MANY_TASKS = re.compile(r"more than (\d+) tasks", re.IGNORECASE)


def is_for_later(refusal: str) -> bool:
    """Tell whether the same qsub will be taken once other jobs have ended (max_u_jobs, max_jobs)."""
    return _TOO_MANY_JOBS.search(refusal) is not None


def most_tasks(refusal: str) -> int | None:
    """Return how many tasks an array may have (max_aj_tasks), when it was refused for having more."""
    found = _TOO_MANY_TASKS.search(refusal)
    return max(int(found.group(1)), 1) if found else None


@dataclass(eq=False)
class _Waiting:
    array: ArrayFolder
    qsub: list[str]
    may_be_there: bool
    """Whether the scheduler may have taken it without saying so."""


@dataclass
class WaitingArrays:
    """Arrays in the order in which they are to be submitted.

    Added to and given up in Snakemake's main thread, submitted in the one that watches. No command of the scheduler is
    called under the lock: it may hang, and Ctrl-C must not.
    """

    say: Callable[[str], None]
    warn: Callable[[str], None]
    refusals: dict[Path, str] = field(default_factory=dict)
    """What the scheduler said of arrays that it will not take later either."""
    _waiting: list[_Waiting] = field(default_factory=list)
    _due: float = 0.0
    _wait: float = _FIRST_WAIT
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_refused(self, array: ArrayFolder, qsub: list[str], refusal: str) -> None:
        """Take an array that was refused for now."""
        self._add(_Waiting(array, qsub, may_be_there=False), f"The site takes no more jobs now ({refusal}).")

    def add_unanswered(self, array: ArrayFolder, qsub: list[str], error: str) -> None:
        """Take an array for which qsub got no answer: the scheduler may have it all the same."""
        self._add(_Waiting(array, qsub, may_be_there=True), f"The scheduler does not answer ({error.rstrip('.')}).")

    def _add(self, new: _Waiting, why: str) -> None:
        with self._lock:
            if not self._waiting:
                n_tasks = len(new.array.tasks)
                wait = "1 task waits and is" if n_tasks == 1 else f"{n_tasks} tasks wait and are"
                self.warn(f"{why} {wait} submitted later.")
                self._wait = _FIRST_WAIT
                self._due = time.monotonic() + self._wait
            self._waiting.append(new)

    def submit_when_due(self) -> list[ArrayFolder]:
        """Try again, the first one first; return what was taken."""
        taken: list[ArrayFolder] = []
        while self._waiting and time.monotonic() >= self._due:
            with self._lock:
                first = self._waiting[0] if self._waiting else None
            if first is None:
                break
            if not _try(first, self.refusals):
                self._wait = min(self._wait * _SLOWER, _LONGEST_WAIT)
                self._due = time.monotonic() + self._wait
                break
            if self._is_given_up(first):
                _delete(first.array)
            elif first.array.job_id is not None:
                self._say_taken(first.array)
                taken.append(first.array)
                self._wait = _FIRST_WAIT
        return taken

    def give_up(self) -> None:
        """Forget all of them; their tasks end at once should they come to start."""
        with self._lock:
            for each in self._waiting:
                each.array.cancel()
                each.array.mark_done(range(1, len(each.array.tasks) + 1))
            self._waiting.clear()

    def _is_given_up(self, settled: _Waiting) -> bool:
        """Take what is settled from the list, and tell whether it had been taken from there already."""
        with self._lock:
            if settled not in self._waiting:
                return True
            self._waiting.remove(settled)
            return False

    def _say_taken(self, array: ArrayFolder) -> None:
        n_tasks = len(array.tasks)
        count = "1 task that had" if n_tasks == 1 else f"{n_tasks} tasks that had"
        self.say(f"Submitted job {array.job_id} with {count} waited.")


def _try(waiting: _Waiting, refusals: dict[Path, str]) -> bool:
    """Submit one array; whether it is settled, taken or refused for good."""
    try:
        if waiting.may_be_there and _is_there(waiting.array):
            return True
        gridengine.submit(waiting.qsub, waiting.array.path / "submitted")
    except SchedulerSilentError:
        waiting.may_be_there = True
        return False
    except GridEngineError as error:
        if is_for_later(str(error)):
            return False
        refusals[waiting.array.path] = str(error)
        waiting.array.cancel()
    return True


def _is_there(array: ArrayFolder) -> bool:
    """Look for an array whose qsub seems to have failed; the scheduler must have answered before the next qsub."""
    job_id = gridengine.find_array(array.path)
    if job_id is None:
        return False
    array.set_job_id(job_id)
    return True


def _delete(array: ArrayFolder) -> None:
    if array.job_id is not None:
        with contextlib.suppress(GridEngineError):  # a task that starts all the same ends at once
            gridengine.delete({array.job_id: None})
