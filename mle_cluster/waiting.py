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

from mle_cluster.array_folder import ArrayFolder
from mle_cluster.scheduler import Scheduler, SchedulerError, SchedulerSilentError

__all__ = ["Later", "WaitingArrays"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
_LONGEST_WAIT = 30.0
# The search for a limit ends when it is known to an eighth. It is worth submitting when a quarter of it is free.
_PRECISION = 8
_WORTH_IT = 4


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
    tried: int | None
    """How many of its tasks the scheduler may have accepted without saying so."""


@dataclass
class WaitingArrays:
    """Arrays in the order of their submission.

    A site may limit how many tasks a user has in the queue without saying how many. The number is found by bisection:
    ``_most`` tasks were accepted, ``_too_many`` refused. From then on as many are submitted as have ended, which the
    driver knows without asking; the rest of an array waits as a whole. Jobs of other programs count towards the same
    limit, so now and then more tasks are tried.
    """

    # Arrays are added and given up in Snakemake's main thread and submitted in the watching one. No command of the
    # scheduler is called under the lock: it may hang, and Ctrl-C must not.

    scheduler: Scheduler
    say: Callable[[str], None]
    warn: Callable[[str], None]
    refusals: dict[Path, str] = field(default_factory=dict)
    """The scheduler's messages on arrays that it will never accept."""
    _waiting: list[_Waiting] = field(default_factory=list)
    _open: int = 0
    """Tasks of this driver that are in the queue."""
    _most: int = 0
    _too_many: int | None = None
    """None: no limit of this kind is known."""
    _is_doubted: bool = False
    """Whether what was accepted once has been refused: tasks that have just ended may be counted for some seconds."""
    _refused: int = 0
    """How many tasks were refused before the first look."""
    _due: float = 0.0
    _try_more: float = 0.0
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
                n_tasks = array.size
                wait = "1 task waits and is" if n_tasks == 1 else f"{n_tasks} tasks wait and are"
                self.warn(f"{later.why} {wait} submitted later.")
                self._wait = _FIRST_WAIT
                self._due = time.monotonic() + (0 if later.at_most else self._wait)
                self._most, self._too_many, self._is_doubted = 0, None, False
                self._refused = n_tasks if later.at_most else 0
                self._try_more = time.monotonic() + _LONGEST_WAIT
            self._waiting.append(_Waiting(array, command, array.size if later.may_be_there else None))

    def submit_when_due(self, n_open: int) -> list[tuple[ArrayFolder, ArrayFolder | None]]:
        """Try again in order; return the arrays that were accepted, and where the rest of each waits.

        ``n_open`` tasks of this driver are in the queue now.
        """
        taken: list[tuple[ArrayFolder, ArrayFolder | None]] = []
        self._open = n_open
        if self._refused:
            self._too_many, self._refused = n_open + self._refused, 0
        while self._waiting and time.monotonic() >= self._due:
            with self._lock:
                first = self._waiting[0] if self._waiting else None
            if first is None:
                break
            size = first.tried or self._size(first.array.size)
            if size == 0:
                self._due = time.monotonic() + _FIRST_WAIT
                break
            if not self._try(first, size):
                continue
            rest = self._rest_of(first, size)
            # Ctrl-C may have come during the command: what was accepted meanwhile has to be deleted.
            if self._is_given_up(first, rest):
                if first.array.job_id is not None:
                    with contextlib.suppress(SchedulerError):  # should a task start after all, it exits at once
                        self.scheduler.delete({first.array.job_id: None})
                if rest is not None:
                    _forget(rest)
            elif first.array.job_id is not None:
                self._say_taken(first.array)
                taken.append((first.array, rest))
        return taken

    def _size(self, n_tasks: int) -> int:
        """Return how many of ``n_tasks`` to try now."""
        if self._too_many is None:
            return n_tasks
        free = max(self._most - self._open, 0)
        if time.monotonic() >= self._try_more:
            return min(free + max(self._most // 2, 1), n_tasks)
        if free > 0:
            return min(free, n_tasks) if free >= min(n_tasks, self._most // _WORTH_IT) else 0
        accepted = max(self._most, self._open)
        if self._too_many - accepted > max(self._too_many // _PRECISION, 1):
            return min((accepted + self._too_many) // 2 - self._open, n_tasks)
        return 0

    def _learn(self, size: int, *, is_accepted: bool) -> None:
        """Record whether the site accepted ``size`` more tasks."""
        total = self._open + size
        if is_accepted:
            self._open, self._most, self._is_doubted = total, max(self._most, total), False
            self._wait = _FIRST_WAIT
            if self._too_many is not None:
                self._too_many = max(self._too_many, total + 1)
            return
        is_surprise = total <= self._most
        if is_surprise and not self._is_doubted:
            self._is_doubted = True
            self._wait_longer()
            return
        self._most = self._open if is_surprise else self._most
        self._too_many, self._is_doubted = total, False
        if size == 1:
            self._wait_longer()
        # While tasks of our own are in the queue, their end is what makes room.
        self._try_more = time.monotonic() + (_LONGEST_WAIT if self._most else self._wait)

    def _wait_longer(self) -> None:
        self._wait = min(self._wait * _SLOWER, _LONGEST_WAIT)
        self._due = time.monotonic() + self._wait

    def give_up(self) -> None:
        """Give up all waiting arrays; should tasks of theirs start after all, they exit at once."""
        with self._lock:
            for each in self._waiting:
                _forget(each.array)
            self._waiting.clear()

    def _rest_of(self, settled: _Waiting, size: int) -> ArrayFolder | None:
        """Return a folder with the tasks of an accepted array that were not tried with it, if there are any."""
        array = settled.array
        return array.cut(size) if array.job_id is not None and size < array.size else None

    def _is_given_up(self, settled: _Waiting, rest: ArrayFolder | None) -> bool:
        """Replace a settled array by its rest, and return whether it had been given up."""
        with self._lock:
            if settled not in self._waiting:
                return True
            place = self._waiting.index(settled)
            self._waiting[place : place + 1] = [] if rest is None else [_Waiting(rest, settled.command, tried=None)]
            return False

    def _say_taken(self, array: ArrayFolder) -> None:
        n_tasks = array.size
        count = "1 task that had" if n_tasks == 1 else f"{n_tasks} tasks that had"
        self.say(f"Submitted job {array.job_id} with {count} waited.")

    def _try(self, waiting: _Waiting, size: int) -> bool:
        """Submit the first tasks of an array; return whether it is settled, that is accepted or refused for good."""
        array = waiting.array
        try:
            # Only an answer shows that it is not there; a second submission would run everything twice.
            job_id = None if waiting.tried is None else self.scheduler.find_array(array.path)
            if job_id is not None:
                array.set_job_id(job_id)
            else:
                waiting.tried = size
                self.scheduler.submit(waiting.command(array, size), array.path / "submitted")
        except SchedulerSilentError:
            self._wait_longer()
            return False
        except SchedulerError as error:
            waiting.tried = None
            refusal = self.scheduler.refusal(str(error), size)
            if refusal.kind != "final":
                # Where the site counts jobs, this says nothing about tasks.
                if refusal.at_most is None and self._too_many is None:
                    self._wait_longer()
                else:
                    self._learn(size, is_accepted=False)
                return False
            self.refusals[array.path] = str(error)
            array.cancel()
            return True
        self._learn(size, is_accepted=True)
        return True


def _forget(array: ArrayFolder) -> None:
    array.cancel()
    array.mark_done(range(1, len(array.tasks) + 1))
