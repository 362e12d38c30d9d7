"""Asks the scheduler, in a thread of its own and one question at a time, so that the driver never waits for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass

from mle_cluster.scheduler import ASK_FOR_LESS, Kind, Look, Obstacle, Scheduler, SchedulerError, TaskId, TaskState

__all__ = ["Inquiry"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
_NEXT_ACCOUNT = 1.5
_SLOWEST_ACCOUNT = 6.0
# In rounds at the slowest rate: after this long, the scheduler is asked whether any machine can run a waiting job.
_WAITED_ROUNDS = 2


@dataclass(frozen=True)
class _Accounts:
    """The accounting of a job; ``found`` is None when it cannot be read at all. ``wait``: before it is read again."""

    asked: float
    found: Mapping[int, Mapping[str, str]] | None
    wait: float = _NEXT_ACCOUNT


class Inquiry:
    """The only place that asks the scheduler while tasks run.

    Parameters
    ----------
    scheduler
        The scheduler.
    longest_wait
        Seconds between two lists of all tasks while nothing happens; the first wait is two seconds.
    complain
        Called with a sentence when the scheduler does not answer, once per outage, and when a job cannot start, once
        per job.
    """

    def __init__(self, scheduler: Scheduler, longest_wait: float, complain: Callable[[str], None]) -> None:
        self._scheduler = scheduler
        self._longest_wait = longest_wait
        self._complain = complain
        self._wait = min(_FIRST_WAIT, longest_wait)
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._is_silent = False
        self._accounts: dict[int, _Accounts] = {}
        self._waiting_since: dict[int, float] = {}
        self._asked_why: set[int] = set()
        self._said: set[int] = set()
        self.look: Look | None = None
        self.was_silent = False
        """Whether the scheduler has failed to answer at some time."""

    def hurry(self) -> None:
        """Poll soon and often: tasks were submitted, or one is missing."""
        self._wait = min(_FIRST_WAIT, self._longest_wait)
        self._due = min(self._due, time.monotonic() + self._wait)

    def ask_when_due(
        self, jobs: Mapping[int, str | None], accounts: Iterable[TaskId], lifeless: Collection[TaskId] = ()
    ) -> None:
        """Start a round of questions unless one is running or it is too early.

        Parameters
        ----------
        jobs
            Our jobs, and the queue of each; for tasks of theirs that are in error, the reason is asked too.
        accounts
            Tasks whose accounting is wanted.
        lifeless
            Tasks that run by the last list, and do not show it: whether they do is asked with the next one.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        missing = sorted({job for job, task in accounts if self._may_be_found(job, task)})
        is_due = time.monotonic() >= self._due
        if not missing and not is_due:
            return
        self._thread = threading.Thread(target=self._ask, args=(dict(jobs), missing, is_due, lifeless), daemon=True)
        self._thread.start()

    def account(self, task: TaskId, ended: float, *, has_started: bool) -> Mapping[str, str] | None:
        """Return the accounting of a task, or None when it may still come.

        Parameters
        ----------
        task
            Job and task number.
        ended
            When its end was noticed, by the monotonic clock. Some time later, an empty answer is final.
        has_started
            Whether it has run at all: a task that was deleted in the queue has no account.
        """
        accounts = self._accounts.get(task[0])
        if accounts is None:
            return None
        if accounts.found is None:
            return {}
        found = accounts.found.get(task[1])
        is_final = not has_started or accounts.asked - ended >= self._scheduler.account_seconds
        return {} if found is None and is_final else found

    def _may_be_found(self, job: int, task: int) -> bool:
        accounts = self._accounts.get(job)
        if accounts is None:
            return True
        is_wanting = accounts.found is not None and task not in accounts.found
        return is_wanting and time.monotonic() - accounts.asked >= accounts.wait

    def _ask(
        self, jobs: Mapping[int, str | None], accounts: list[int], is_due: bool, lifeless: Collection[TaskId]
    ) -> None:
        if is_due:
            self._ask_for_states(jobs, lifeless)
            self._due = time.monotonic() + self._wait
            self._wait = min(self._wait * _SLOWER, self._longest_wait)
        for job in accounts:
            asked = time.monotonic()
            earlier = self._accounts.get(job)
            wait = _NEXT_ACCOUNT if earlier is None else min(2 * earlier.wait, _SLOWEST_ACCOUNT)
            self._accounts[job] = _Accounts(asked, self._scheduler.accounts(job), wait)

    def _ask_for_states(self, jobs: Mapping[int, str | None], lifeless: Collection[TaskId]) -> None:
        asked = time.monotonic()
        try:
            states = self._scheduler.states()
            waiting = _only_waiting(states, jobs)
            long_ago = self._waits_for_long(waiting.keys(), asked)
            obstacles = self._scheduler.obstacles(waiting, jobs, long_ago)
            absent = self._absent(states, lifeless)
            self.look = Look(asked, states, self._reasons(states, jobs.keys()), obstacles, absent)
            self._is_silent = False
        except SchedulerError as error:
            if not self._is_silent:
                self._complain(f"The scheduler does not answer; tasks go on meanwhile. {error}")
            self._is_silent = self.was_silent = True
            return
        for job, obstacle in obstacles.items():
            # Only a message, not a failure: the site may change while the job waits. Closed queues are reported for the
            # tasks, each time they close (watching.py).
            if obstacle.kind != "closed" and job not in self._said:
                self._said.add(job)
                self._complain(_cannot_start(job, obstacle))
        if long_ago is not None and long_ago not in _closed(obstacles):
            self._asked_why.add(long_ago)

    def _reasons(self, states: Mapping[TaskId, TaskState], jobs: Set[int]) -> dict[TaskId, str]:
        stuck = {job for (job, _), state in states.items() if state.kind is Kind.STUCK and job in jobs}
        found: dict[TaskId, str] = {}
        for job in stuck:
            # The job may have left between the two questions.
            with contextlib.suppress(SchedulerError):
                found |= {(job, task): why for task, why in self._scheduler.stuck_reasons(job).items()}
        return found

    def _absent(self, states: Mapping[TaskId, TaskState], lifeless: Collection[TaskId]) -> set[TaskId]:
        asked: dict[int, list[int]] = {}
        for job, number in lifeless:
            if (job, number) in states and states[job, number].kind is Kind.RUNNING:
                asked.setdefault(job, []).append(number)
        found: set[TaskId] = set()
        for job, numbers in asked.items():
            with contextlib.suppress(SchedulerError):  # unknown; the next listing raises the same question
                found |= {(job, number) for number in self._scheduler.absent(job, numbers)}
        return found

    def _waits_for_long(self, waiting: Set[int], now: float) -> int | None:
        """Return a job that has waited for long and was not asked about yet; one per round, each job once."""
        self._waiting_since = {job: self._waiting_since.get(job, now) for job in waiting}
        long_ago = now - _WAITED_ROUNDS * self._longest_wait
        due = {job for job, since in self._waiting_since.items() if since <= long_ago} - self._asked_why
        return min(due - _closed(self.look.obstacles if self.look is not None else {}), default=None)


def _closed(obstacles: Mapping[int, Obstacle]) -> set[int]:
    return {job for job, obstacle in obstacles.items() if obstacle.kind == "closed"}


def _only_waiting(states: Mapping[TaskId, TaskState], jobs: Mapping[int, str | None]) -> dict[int, list[TaskState]]:
    """Return the states of our jobs all of whose tasks wait."""
    found: dict[int, list[TaskState]] = {}
    moving = {job for (job, _), state in states.items() if state.kind is not Kind.WAITING}
    for (job, _), state in states.items():
        if job in jobs and job not in moving:
            found.setdefault(job, []).append(state)
    return found


def _cannot_start(job: int, obstacle: Obstacle) -> str:
    if obstacle.kind == "never":
        return f"Job {job} can never start here: {obstacle.reason}. End it with `mle stop`, then {ASK_FOR_LESS}."
    return (
        f"Job {job} waits for what no machine has now: {obstacle.reason}. If none ever has so much, end it with "
        f"`mle stop`, then {ASK_FOR_LESS}."
    )
