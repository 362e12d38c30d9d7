"""Whether seed runs go to a cluster or stay on this machine, and why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from mle_cluster.scheduler import Queue, Scheduler, SchedulerError
from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.text import listed

__all__ = ["Place", "detect_place"]

_PATIENCE_SECONDS = 5.0
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """A profile, and the sentence that says why it was chosen; None when the user named it."""

    profile: str
    why: str | None = None


def detect_place(scheduler: Scheduler, queue: str | None, asked_by: str = "the experiment file") -> Place:
    """Find out where seed runs can execute, within a few seconds.

    Parameters
    ----------
    scheduler
        Where they go if possible.
    queue
        The queue that seed runs request, or several with commas between them; None: the scheduler chooses one.
    asked_by
        Which file names the queue, for the message.

    Raises
    ------
    UsageError
        When the scheduler answers and has no such queue: a typo must not fill a login node with seed runs.
    """
    if shutil.which(scheduler.submitting) is None:
        return _here(f"No {scheduler.name} here ({scheduler.submitting} is not on PATH)")
    try:
        queues = scheduler.queues(queue, seconds=_PATIENCE_SECONDS)
    except SchedulerError as error:
        return _here(f"{scheduler.submitting} is there, but the scheduler does not answer ({_plain(error)})")
    if queues.known and queues.unknown:
        unknown = queues.unknown[0]
        raise UsageError(
            f"{asked_by} asks for queue {unknown!r}, which this {scheduler.name} does not have or does not let you use."
            f"{did_you_mean(unknown, queues.known)} There are: {', '.join(queues.known)}. (--profile local runs on "
            "this machine.)"
        )
    open_queues = [each.name for each in queues.meant if each.accepts_jobs]
    if not open_queues:
        return _here(f"{scheduler.name} answers, but no queue accepts jobs{_hindrance(queues.meant)}")
    plural = len(open_queues) > 1
    return Place(
        scheduler.profile,
        f"{scheduler.name} answers and {'queues' if plural else 'queue'} {listed(open_queues, _NAMES_SHOWN)} "
        f"{'accept' if plural else 'accepts'} jobs: running there (--profile local runs here).",
    )


def _here(why: str) -> Place:
    return Place("local", f"{why}: running on this machine.")


def _hindrance(queues: Sequence[Queue]) -> str:
    if not queues:
        return " of yours"
    parts = [f"{each.name} is {each.hindrance}" for each in queues]
    more = f"; {len(parts) - _NAMES_SHOWN} more" if len(parts) > _NAMES_SHOWN else ""
    return f" ({'; '.join(parts[:_NAMES_SHOWN])}{more})"


def _plain(error: SchedulerError) -> str:
    """Return the first complaint of a command, without the command's name and the full stop."""
    said = str(error).partition(": ")[2] or str(error)
    # A second line names what could not be sent for the same reason.
    return re.split(r" (?:error: )?unable to ", said.removeprefix("error: "), maxsplit=1)[0].rstrip(".")
