"""Judges the tasks that a driver waits for: still open, done, or failed and why; reports unusual states once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mle_cluster.array_folder import Exit
from mle_cluster.inquiry import Inquiry
from mle_cluster.records import deletable
from mle_cluster.scheduler import Clues, Kind, Scheduler, SchedulerError
from mle_cluster.tasks import Task, named
from mle_cluster.watch import state_in_words

__all__ = ["Verdict", "Watching"]


_LIFELESS_PATIENCES = 3
_LIFELESS_SECONDS = 30.0


@dataclass(frozen=True)
class Verdict:
    """A task is over; ``reason`` says why it failed, if it did."""

    reason: str | None = None


class Watching:
    """Watches tasks.

    Parameters
    ----------
    scheduler
        The scheduler.
    inquiry
        Asks it.
    patience
        Seconds for which a task may be gone from the queue without an exit file.
    warn
        Called with messages for the user.
    """

    def __init__(self, scheduler: Scheduler, inquiry: Inquiry, patience: float, warn: Callable[[str], None]) -> None:
        self._scheduler = scheduler
        self._inquiry = inquiry
        self._patience = patience
        self._warn = warn

    def ask(self, tasks: Sequence[Task]) -> None:
        """Ask the scheduler about tasks, if it is time."""
        submitted = [task for task in tasks if task.is_submitted]
        wanted = [task.scheduler_id for task in submitted if task.wants_account]
        lifeless = [task.scheduler_id for task in submitted if self._is_lifeless(task)]
        self._inquiry.ask_when_due({task.scheduler_id[0]: task.limits.queue for task in submitted}, wanted, lifeless)

    def judge(self, task: Task, outcome: Exit | None) -> Verdict | None:
        """Return the end of a task, or None while it is still open.

        Parameters
        ----------
        task
            A task that was submitted.
        outcome
            Its exit file, if there is one.
        """
        if outcome is None:
            return self._without_exit(task)
        if outcome.status == 0:
            return Verdict()
        if outcome.status not in self._scheduler.notice_statuses:
            return Verdict(_why_failed(task, outcome))
        # Perhaps killed by the scheduler, whose signal does not say why; the accounting does, some seconds later.
        if task.ended_since is None:
            task.ended_since = time.monotonic()
            self._inquiry.hurry()
        if self._inquiry.look is not None:
            task.sighting.see(self._inquiry.look, task.scheduler_id)
        return self._explained(task, outcome, task.ended_since)

    def say_unusual(self, tasks: Sequence[Task]) -> None:
        """Report once why tasks do not move, those with the same reason together."""
        new: dict[str, list[Task]] = {}
        for task in tasks:
            words = self._unusual(task)
            if words and words != task.said:
                new.setdefault(words, []).append(task)
            task.said = words
        for words, members in new.items():
            self._warn(f"{named(members)} {'is' if len(members) == 1 else 'are'} {words}.")

    def _unusual(self, task: Task) -> str | None:
        state, look = task.sighting.state, self._inquiry.look
        if state is None or look is None:
            return None
        obstacle = look.obstacles.get(task.scheduler_id[0])
        if state.kind is Kind.WAITING and obstacle is not None and obstacle.kind == "closed":
            return f"waiting for a queue that accepts jobs ({obstacle.reason})"
        return state_in_words(state)

    def _without_exit(self, task: Task) -> Verdict | None:
        look = self._inquiry.look
        if look is None:
            return None
        sighting = task.sighting
        was_missing = sighting.missed
        sighting.see(look, task.scheduler_id)
        if sighting.missed and not was_missing:
            self._inquiry.hurry()
        if sighting.state is not None and sighting.state.kind is Kind.STUCK:
            why = look.reasons.get(task.scheduler_id) or sighting.state.reason or "the scheduler gives no reason"
            self._remove_from_queue(task)
            return Verdict(f"{task.name} cannot be started (state {sighting.state.code}): {why}.")
        if task.scheduler_id in look.absent and self._is_lifeless(task):
            self._remove_from_queue(task)
            return Verdict(
                f"{task.name} has never begun, although {self._scheduler.name} lists it as running: its node does not "
                "have it. It was deleted."
            )
        if sighting.gone_since is None:
            return None
        if not sighting.is_lost(time.monotonic(), self._patience) and not self._was_cut_off(task, sighting.gone_since):
            return None
        verdict = self._explained(task, None, sighting.gone_since)
        # Look once more: the exit file may have appeared since the folder was listed.
        return verdict if task.array.exit(task.number) is None else None

    def _is_lifeless(self, task: Task) -> bool:
        # A prolog on the node may take minutes, and a shared folder another one until its files are visible here.
        return task.is_lifeless(max(_LIFELESS_PATIENCES * self._patience, _LIFELESS_SECONDS))

    def _was_cut_off(self, task: Task, ended: float) -> bool:
        """Whether its shell was killed too, so that no exit file will come."""
        sighting = task.sighting
        # The folder was listed before the scheduler answered.
        if not sighting.seems_gone or task.array.exit(task.number) is not None:
            return False
        known = self._scheduler.was_cut_off(sighting.end, None)
        if known is None:
            account = self._inquiry.account(task.scheduler_id, ended, has_started=True)
            task.wants_account = account is None
            known = account is not None and self._scheduler.was_cut_off(sighting.end, account)
        return bool(known)

    def _explained(self, task: Task, outcome: Exit | None, ended: float) -> Verdict | None:
        """Return why a task was killed, once the accounting is known."""
        started = task.array.started(task.number)
        account = self._inquiry.account(task.scheduler_id, ended, has_started=started is not None)
        task.wants_account = account is None
        if account is None or (not account and self._may_be_listed(task, ended)):
            return None
        if outcome is None and self._scheduler.ended_well(account):
            # Its exit file never appeared. Snakemake looks for the outputs in any case.
            return Verdict()
        if outcome is not None:
            ran: float | None = outcome.end - outcome.begin
        else:
            ran = time.time() - (time.monotonic() - ended) - started[1] if started else None
        status = None if outcome is None else outcome.status
        clues = Clues(started, ran, task.limits, account, status, task.sighting.end)
        return Verdict(f"{task.name} {self._scheduler.explain(clues)}")

    def _may_be_listed(self, task: Task, ended: float) -> bool:
        """Whether the scheduler's list may still say how a task without accounting ended."""
        sighting = task.sighting
        is_known = sighting.last_look > ended and sighting.state is None
        return not is_known and time.monotonic() - ended < self._patience

    def _remove_from_queue(self, task: Task) -> None:
        job = task.scheduler_id[0]
        try:
            self._scheduler.delete(deletable(self._scheduler, {job: [task.scheduler_id[1]]}, {job: task.array.path}))
        except SchedulerError as error:
            self._warn(f"{task.name} could not be deleted: {error}")


def _why_failed(task: Task, outcome: Exit) -> str:
    number = outcome.status - 128
    end = f" (signal {number})" if number > 0 else ""
    # A script that runs out of memory fails with its own error, which rarely names the limit.
    limit = f" It could have no more memory than {task.limits.memory}." if task.limits.memory else ""
    return f"{task.name} ended on {outcome.host} with exit status {outcome.status}{end}.{limit}"
