"""Asks the scheduler, in a thread of its own and never twice at a time: the driver must not stand still for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from mle_cluster.grid_engine import commands
from mle_cluster.grid_engine.commands import GridEngineError, TaskId
from mle_cluster.grid_engine.queues import named, queue_instances, states_in_words
from mle_cluster.grid_engine.verification import ASK_FOR_LESS, Obstacle, obstacle_of
from mle_cluster.watch import Look

__all__ = ["Inquiry"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5
# The master writes accounts every 15 s; what is not there some seconds later will not come any more.
_ACCOUNTING_SECONDS = 20.0
_NEXT_ACCOUNT = 1.5
_QUEUE_SECONDS = 10.0
# In slow rounds of qstat: a job that has waited for so long is asked about, in case that no machine can run it.
_WAITED_ROUNDS = 2


@dataclass(frozen=True)
class _Accounts:
    """What qacct has said of a job; None where it cannot be read at all."""

    asked: float
    found: Mapping[int, Mapping[str, str]] | None


class Inquiry:
    """The one place from which qstat, qalter and qacct are called while tasks run.

    Parameters
    ----------
    longest_wait
        Seconds between two calls of qstat once nothing new happens; it begins with two seconds.
    complain
        Called with a sentence when the scheduler does not answer, once for every silence, and when a job cannot start,
        once for every job.
    """

    def __init__(self, longest_wait: float, complain: Callable[[str], None]) -> None:
        self._longest_wait = longest_wait
        self._complain = complain
        self._wait = min(_FIRST_WAIT, longest_wait)
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._is_silent = False
        self._accounts: dict[int, _Accounts] = {}
        self._waiting_since: dict[int, float] = {}
        self._asked_why: set[int] = set()
        self.look: Look | None = None

    def hurry(self) -> None:
        """Ask soon and often again: tasks were submitted, or one is missing."""
        self._wait = min(_FIRST_WAIT, self._longest_wait)
        self._due = min(self._due, time.monotonic() + self._wait)

    def ask_when_due(self, jobs: Mapping[int, str | None], accounts: Iterable[TaskId]) -> None:
        """Start a round of questions unless one is going on or it is too early.

        Parameters
        ----------
        jobs
            The jobs that are ours, and the queue that each asks for: why a task of theirs is in error is asked too.
        accounts
            Tasks whose accounting is wanted.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        missing = sorted({job for job, task in accounts if self._may_be_found(job, task)})
        is_due = time.monotonic() >= self._due
        if not missing and not is_due:
            return
        self._thread = threading.Thread(target=self._ask, args=(dict(jobs), missing, is_due), daemon=True)
        self._thread.start()

    def account(self, task: TaskId, ended: float, *, has_started: bool) -> Mapping[str, str] | None:
        """Return what the accounting says of a task, or None when that may still come.

        Parameters
        ----------
        task
            Job and task number.
        ended
            When its end was noticed, by the monotonic clock. Some time later, nothing (an empty answer) is the answer.
        has_started
            Whether it has run at all: what was deleted in the queue has no account.
        """
        accounts = self._accounts.get(task[0])
        if accounts is None:
            return None
        if accounts.found is None:
            return {}
        found = accounts.found.get(task[1])
        is_final = not has_started or accounts.asked - ended >= _ACCOUNTING_SECONDS
        return {} if found is None and is_final else found

    def _may_be_found(self, job: int, task: int) -> bool:
        accounts = self._accounts.get(job)
        if accounts is None:
            return True
        is_wanting = accounts.found is not None and task not in accounts.found
        return is_wanting and time.monotonic() - accounts.asked >= _NEXT_ACCOUNT

    def _ask(self, jobs: Mapping[int, str | None], accounts: list[int], is_due: bool) -> None:
        if is_due:
            self._ask_for_states(jobs)
            self._due = time.monotonic() + self._wait
            self._wait = min(self._wait * _SLOWER, self._longest_wait)
        for job in accounts:
            asked = time.monotonic()
            self._accounts[job] = _Accounts(asked, gridengine.accounts(job))

    def _ask_for_states(self, jobs: Mapping[int, str | None]) -> None:
        asked = time.monotonic()
        try:
            states = gridengine.states()
            moving = {job for (job, _), state in states.items() if state != "qw"}
            waiting = {job for job, _ in states if job in jobs} - moving
            closed = self._closed(waiting, jobs)
            self.look = Look(asked, states, self._reasons(states, set(jobs)), closed)
            self._is_silent = False
            self._ask_why(waiting, closed.keys(), asked)
        except GridEngineError as error:
            if not self._is_silent:
                self._complain(f"The scheduler does not answer; tasks go on meanwhile. {error}")
            self._is_silent = True

    def _reasons(self, states: Mapping[TaskId, str], jobs: set[int]) -> dict[TaskId, str]:
        in_error = {job for (job, _), state in states.items() if "E" in state and job in jobs}
        found: dict[TaskId, str] = {}
        for job in in_error:
            # The job may be gone between the two questions.
            with contextlib.suppress(GridEngineError):
                found |= {(job, task): why for task, why in gridengine.error_reasons(job).items()}
        return found

    def _ask_why(self, waiting: Set[int], closed: Set[int], now: float) -> None:
        """Say why a job cannot start that has waited for long; one job a round, and each of them once."""
        self._waiting_since = {job: self._waiting_since.get(job, now) for job in waiting}
        long_ago = now - _WAITED_ROUNDS * self._longest_wait
        due = {job for job, since in self._waiting_since.items() if since <= long_ago} - self._asked_why - closed
        if not due:
            return
        job = min(due)
        self._asked_why.add(job)
        # The job may be gone between the questions.
        with contextlib.suppress(GridEngineError):
            if (obstacle := obstacle_of(job, seconds=_QUEUE_SECONDS)) is not None:
                self._complain(_cannot_start(job, obstacle))

    def _closed(self, waiting: Set[int], jobs: Mapping[int, str | None]) -> dict[int, str]:
        """Return why no queue takes the jobs of which every task waits, where that is so."""
        if not waiting:
            return {}
        try:
            instances = queue_instances(_QUEUE_SECONDS)
        except GridEngineError:
            return {}
        found = {}
        for job in waiting:
            meant = named(instances, jobs[job] or "*")
            if meant and not any(each.accepts_jobs for each in meant):
                found[job] = f"{', '.join(sorted({each.queue for each in meant}))}: {states_in_words(meant)}"
        return found


def _cannot_start(job: int, obstacle: Obstacle) -> str:
    if obstacle.is_lasting:
        return f"Job {job} can never start here: {obstacle.reason}. End it with `mle stop`, then {ASK_FOR_LESS}."
    return (
        f"Job {job} waits for what no machine has now: {obstacle.reason}. If none ever has so much, end it with "
        f"`mle stop`, then {ASK_FOR_LESS}."
    )
