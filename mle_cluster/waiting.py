"""Arrays that are submitted later, because the scheduler does not answer or the user has reached a limit.

Their folders are written already. The watching thread tries again, between its looks at tasks that are running. If the
driver dies meanwhile, it leaves a record without a job number, which is not found in the queue, so the next driver
cancels it and submits its jobs again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mle_cluster.records import ArrayFolder
from mle_cluster.scheduler import Scheduler, SchedulerError, SchedulerSilentError

__all__ = ["WaitingArrays"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
_LONGEST_WAIT = 30.0


@dataclass(eq=False)
class _Waiting:
    array: ArrayFolder
    command: list[str]
    may_be_there: bool
    """Whether the scheduler may have taken it without saying so."""


@dataclass
class WaitingArrays:
    """Arrays in the order of their submission."""

    # Arrays are added and given up in Snakemake's main thread and submitted in the watching one. No command of the
    # scheduler is called under the lock: it may hang, and Ctrl-C must not.

    scheduler: Scheduler
    say: Callable[[str], None]
    warn: Callable[[str], None]
    refusals: dict[Path, str] = field(default_factory=dict)
    """The scheduler's messages on arrays that it will never accept."""
    _waiting: list[_Waiting] = field(default_factory=list)
    _due: float = 0.0
    _wait: float = _FIRST_WAIT
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_refused(self, array: ArrayFolder, command: list[str], refusal: str) -> None:
        """Add an array that was refused for now."""
        self._add(_Waiting(array, command, may_be_there=False), f"The site takes no more jobs now ({refusal}).")

    def add_unanswered(self, array: ArrayFolder, command: list[str], error: str) -> None:
        """Add an array without an answer; the scheduler may have accepted it all the same."""
        self._add(_Waiting(array, command, may_be_there=True), f"The scheduler does not answer ({error.rstrip('.')}).")

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
        """Try again in order; return the arrays that were accepted."""
        taken: list[ArrayFolder] = []
        while self._waiting and time.monotonic() >= self._due:
            with self._lock:
                first = self._waiting[0] if self._waiting else None
            if first is None:
                break
            if not self._try(first):
                self._wait = min(self._wait * _SLOWER, _LONGEST_WAIT)
                self._due = time.monotonic() + self._wait
                break
            # Ctrl-C may have come during the command: what was accepted meanwhile has to be deleted.
            if self._is_given_up(first):
                if first.array.job_id is not None:
                    with contextlib.suppress(SchedulerError):  # a task that starts all the same ends at once
                        self.scheduler.delete({first.array.job_id: None})
            elif first.array.job_id is not None:
                self._say_taken(first.array)
                taken.append(first.array)
                self._wait = _FIRST_WAIT
        return taken

    def give_up(self) -> None:
        """Forget all of them; tasks of theirs that start all the same end at once."""
        with self._lock:
            for each in self._waiting:
                each.array.cancel()
                each.array.mark_done(range(1, len(each.array.tasks) + 1))
            self._waiting.clear()

    def _is_given_up(self, settled: _Waiting) -> bool:
        """Remove a settled array from the list, and return whether it had been given up."""
        with self._lock:
            if settled not in self._waiting:
                return True
            self._waiting.remove(settled)
            return False

    def _say_taken(self, array: ArrayFolder) -> None:
        n_tasks = len(array.tasks)
        count = "1 task that had" if n_tasks == 1 else f"{n_tasks} tasks that had"
        self.say(f"Submitted job {array.job_id} with {count} waited.")

    def _try(self, waiting: _Waiting) -> bool:
        """Submit one array; return whether it is settled, that is accepted or refused for good."""
        array = waiting.array
        try:
            if waiting.may_be_there:
                # Only an answer shows that it is not there; a second submission would run everything twice.
                job_id = self.scheduler.find_array(array.path)
                if job_id is not None:
                    array.set_job_id(job_id)
                    return True
            self.scheduler.submit(waiting.command, array.path / "submitted")
        except SchedulerSilentError:
            waiting.may_be_there = True
            return False
        except SchedulerError as error:
            if self.scheduler.refusal(str(error), len(array.tasks)).kind == "later":
                return False
            self.refusals[array.path] = str(error)
            array.cancel()
        return True
