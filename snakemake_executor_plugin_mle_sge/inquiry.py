"""Asks the scheduler in a thread of its own, one question at a time, so that news from exit files never wait for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable

from snakemake_executor_plugin_mle_sge import gridengine
from snakemake_executor_plugin_mle_sge.gridengine import GridEngineError, TaskId
from snakemake_executor_plugin_mle_sge.watch import Look

__all__ = ["Inquiry"]

_FIRST_WAIT = 2.0
_SLOWER = 1.5


class Inquiry:
    """The one place from which qstat and qacct are called while tasks run.

    Parameters
    ----------
    longest_wait
        Seconds between two calls of qstat once nothing new happens; it begins with two seconds.
    complain
        Called with a sentence when the scheduler does not answer, once for every silence.
    """

    def __init__(self, longest_wait: float, complain: Callable[[str], None]) -> None:
        self._longest_wait = longest_wait
        self._complain = complain
        self._wait = min(_FIRST_WAIT, longest_wait)
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._is_silent = False
        self._accounts: dict[int, dict[int, dict[str, str]]] = {}
        self.look: Look | None = None

    def hurry(self) -> None:
        """Ask soon and often again: tasks were submitted, or one is missing."""
        self._wait = min(_FIRST_WAIT, self._longest_wait)
        self._due = min(self._due, time.monotonic() + self._wait)

    def ask_when_due(self, jobs: Iterable[int], accounts: Iterable[int]) -> None:
        """Start a round of questions unless one is going on or it is too early.

        Parameters
        ----------
        jobs
            The jobs that are ours: why a task of theirs is in error is asked too.
        accounts
            Jobs whose accounting is wanted.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        missing = [job for job in accounts if job not in self._accounts]
        if not missing and time.monotonic() < self._due:
            return
        self._thread = threading.Thread(target=self._ask, args=(set(jobs), missing), daemon=True)
        self._thread.start()

    def account(self, job: int, task: int) -> dict[str, str] | None:
        """Return what the accounting says of a task (empty: nothing), or None when it has not been asked yet."""
        return self._accounts[job].get(task, {}) if job in self._accounts else None

    def forget_accounts(self) -> None:
        """Ask again next time: the accounting grows."""
        self._accounts.clear()

    def _ask(self, jobs: set[int], accounts: list[int]) -> None:
        asked = time.monotonic()
        try:
            states = gridengine.states()
            reasons = self._reasons(states, jobs)
            self.look = Look(asked, states, reasons)
            self._is_silent = False
        except GridEngineError as error:
            if not self._is_silent:
                self._complain(f"The scheduler does not answer; tasks go on meanwhile. {error}")
            self._is_silent = True
        for job in accounts:
            self._accounts[job] = gridengine.accounts(job)
        self._due = time.monotonic() + self._wait
        self._wait = min(self._wait * _SLOWER, self._longest_wait)

    def _reasons(self, states: dict[TaskId, str], jobs: set[int]) -> dict[TaskId, str]:
        in_error = {job for (job, _), state in states.items() if "E" in state and job in jobs}
        found: dict[TaskId, str] = {}
        for job in in_error:
            # The job may be gone between the two questions.
            with contextlib.suppress(GridEngineError):
                found |= {(job, task): why for task, why in gridengine.error_reasons(job).items()}
        return found
