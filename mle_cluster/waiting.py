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

__all__ = ["Later", "WaitingArrays"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Later:
    """Why an array waits; empty if only because others wait.

    ``at_most``: so many of its tasks may be accepted already. ``may_be_there``: the scheduler may have accepted it
    without saying so.
    """

    why: str
    at_most: int | None = None
    may_be_there: bool = False


@dataclass(eq=False)
class _Waiting:
    array: ArrayFolder
    command: Callable[[ArrayFolder, int], list[str]]
    may_be_there: bool


@dataclass
class WaitingArrays:
    """Arrays in the order of their submission.

    A site may limit how many tasks a user has in the queue without saying how many are left. So half of what was
    refused is tried, twice what was accepted, and what is left of an array waits as a whole.
    """

    # Arrays are added and given up in Snakemake's main thread and submitted in the watching one. No command of the
    # scheduler is called under the lock: it may hang, and Ctrl-C must not.

    scheduler: Scheduler
    say: Callable[[str], None]
    warn: Callable[[str], None]
    refusals: dict[Path, str] = field(default_factory=dict)
    """The scheduler's messages on arrays that it will never accept."""
    _waiting: list[_Waiting] = field(default_factory=list)
    _size: int | None = None
    """How many tasks are tried at once; None is all of an array."""
    _due: float = 0.0
    _wait: float = _FIRST_WAIT
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_waiting(self) -> bool:
        """Whether any array waits."""
        return bool(self._waiting)

    def add(self, array: ArrayFolder, command: Callable[[ArrayFolder, int], list[str]], later: Later) -> None:
        """Add an array; ``command`` returns the command line that submits the first tasks of a folder."""
        with self._lock:
            if not self._waiting:
                n_tasks = len(array.tasks)
                wait = "1 task waits and is" if n_tasks == 1 else f"{n_tasks} tasks wait and are"
                self.warn(f"{later.why} {wait} submitted later.")
                self._wait = _FIRST_WAIT
                self._due = time.monotonic() + (0 if later.at_most else self._wait)
                self._size = later.at_most
            self._waiting.append(_Waiting(array, command, later.may_be_there))

    def submit_when_due(self) -> list[tuple[ArrayFolder, ArrayFolder | None]]:
        """Try again in order; return the arrays that were accepted, and where the rest of each waits."""
        taken: list[tuple[ArrayFolder, ArrayFolder | None]] = []
        is_searching = self._wait == _FIRST_WAIT
        while self._waiting and time.monotonic() >= self._due:
            with self._lock:
                first = self._waiting[0] if self._waiting else None
            if first is None:
                break
            size = self._size
            if not self._try(first):
                # Nothing has been accepted yet: look for the number that is. Later, one try a round is enough.
                if is_searching and not taken and self._size != size:
                    continue
                self._wait = min(self._wait * _SLOWER, _LONGEST_WAIT)
                self._due = time.monotonic() + self._wait
                break
            rest = self._rest_of(first)
            # Ctrl-C may have come during the command: what was accepted meanwhile has to be deleted.
            if self._is_given_up(first, rest):
                if first.array.job_id is not None:
                    with contextlib.suppress(SchedulerError):  # a task that starts all the same ends at once
                        self.scheduler.delete({first.array.job_id: None})
                if rest is not None:
                    _forget(rest)
            elif first.array.job_id is not None:
                self._say_taken(first.array)
                taken.append((first.array, rest))
                self._wait = _FIRST_WAIT
        return taken

    def give_up(self) -> None:
        """Forget all of them; tasks of theirs that start all the same end at once."""
        with self._lock:
            for each in self._waiting:
                _forget(each.array)
            self._waiting.clear()

    def _rest_of(self, settled: _Waiting) -> ArrayFolder | None:
        """Return a folder with the tasks of an accepted array that were not tried with it, if there are any."""
        array, size = settled.array, self._size
        if array.job_id is None or size is None:
            return None
        self._size = 2 * size
        return array.cut(size) if size < len(array.tasks) else None

    def _is_given_up(self, settled: _Waiting, rest: ArrayFolder | None) -> bool:
        """Put the rest of a settled array into its place, and return whether it had been given up."""
        with self._lock:
            if settled not in self._waiting:
                return True
            place = self._waiting.index(settled)
            self._waiting[place : place + 1] = (
                [] if rest is None else [_Waiting(rest, settled.command, may_be_there=False)]
            )
            return False

    def _say_taken(self, array: ArrayFolder) -> None:
        n_tasks = len(array.tasks)
        count = "1 task that had" if n_tasks == 1 else f"{n_tasks} tasks that had"
        self.say(f"Submitted job {array.job_id} with {count} waited.")

    def _try(self, waiting: _Waiting) -> bool:
        """Submit one array; return whether it is settled, that is accepted or refused for good."""
        array = waiting.array
        size = min(self._size or len(array.tasks), len(array.tasks))
        try:
            if waiting.may_be_there:
                # Only an answer shows that it is not there; a second submission would run everything twice.
                job_id = self.scheduler.find_array(array.path)
                if job_id is not None:
                    array.set_job_id(job_id)
                    return True
                waiting.may_be_there = False
            self.scheduler.submit(waiting.command(array, size), array.path / "submitted")
        except SchedulerSilentError:
            waiting.may_be_there = True
            return False
        except SchedulerError as error:
            refusal = self.scheduler.refusal(str(error), size)
            if refusal.at_most is not None:
                self._size = refusal.at_most
            if refusal.kind != "final":
                return False
            self.refusals[array.path] = str(error)
            array.cancel()
        return True


def _forget(array: ArrayFolder) -> None:
    array.cancel()
    array.mark_done(range(1, len(array.tasks) + 1))
