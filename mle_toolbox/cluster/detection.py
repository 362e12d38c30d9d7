"""Whether seed runs go to a cluster or stay on this machine, and why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from mle_cluster.scheduler import Queue, Scheduler, SchedulerError
from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.text import listed

__all__ = ["Place", "choose_among", "detect_place"]

_PATIENCE_SECONDS = 5.0
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """A profile, and the sentence that says why it was chosen; None when the user named it.

    ``may_run_here`` is False where the sentence tells why nothing may run on this machine unless the user says so.
    """

    profile: str
    why: str | None = None
    may_run_here: bool = True


def choose_among(schedulers: Sequence[Scheduler], queue_of: Callable[[Scheduler], tuple[str | None, str]]) -> Place:
    """Ask all schedulers at once, and return the first place on one of them, or that on this machine.

    Parameters
    ----------
    schedulers
        The preferred one first.
    queue_of
        Returns the queue that seed runs request there, and which file names it.

    Raises
    ------
    UsageError
        When none can take the seed runs, and one of them lacks the queue, or does not answer and has this machine as
        its login node, most likely.
    """

    def ask(scheduler: Scheduler) -> Place | UsageError:
        try:
            return detect_place(scheduler, *queue_of(scheduler))
        except UsageError as error:
            return error

    with ThreadPoolExecutor(len(schedulers)) as pool:
        found = list(pool.map(ask, schedulers))
    clusters = [
        (scheduler, each)
        for scheduler, each in zip(schedulers, found, strict=True)
        if isinstance(each, Place) and each.profile != "local"
    ]
    if clusters:
        (first, place), *others = clusters
        if not others:
            return place
        also = listed([each.name for each, _ in others])
        ways = ", ".join(f"--profile {each.profile} runs on {each.name}" for each, _ in others)
        return replace(
            place, why=f"{first.name} and {also} both answer: running on {first.name} ({ways}, --profile local here)."
        )
    for each in found:
        if isinstance(each, UsageError):
            raise each
    places = [each for each in found if isinstance(each, Place)]
    for place in places:
        if not place.may_run_here:
            raise UsageError(
                f"{place.why}: nothing was started, because this is probably its login node. --cores 4 runs here on "
                "four cores, --profile local on all of them; within a job of the cluster that is the way."
            )
    installed = [each for each, of in zip(places, schedulers, strict=True) if shutil.which(of.submitting) is not None]
    if installed:
        return installed[0]
    names, commands = zip(*((each.name, each.submitting) for each in schedulers), strict=True)
    neither = f"neither {' nor '.join(commands)} is" if len(commands) > 1 else f"{commands[0]} is not"
    return _here(f"No {' or '.join(names)} here ({neither} on PATH)")


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
        why = f"{scheduler.submitting} is there, but the scheduler does not answer ({_plain(error)})"
        return _silent(scheduler, why)
    word = scheduler.queue_setting
    if queues.known and queues.unknown:
        unknown = queues.unknown[0]
        raise UsageError(
            f"{asked_by} asks for {word} {unknown!r}, which this {scheduler.name} does not have or does not let you "
            f"use.{did_you_mean(unknown, queues.known)} There are: {', '.join(queues.known)}. (--profile local runs on "
            "this machine.)"
        )
    open_queues = [each.name for each in queues.meant if each.accepts_jobs]
    if not open_queues:
        return _silent(scheduler, f"{scheduler.name} answers, but no {word} accepts jobs{_hindrance(queues.meant)}")
    plural = len(open_queues) > 1
    return Place(
        scheduler.profile,
        f"{scheduler.name} answers and {word}{'s' if plural else ''} {listed(open_queues, _NAMES_SHOWN)} "
        f"{'accept' if plural else 'accepts'} jobs: running there (--profile local runs here).",
    )


def _silent(scheduler: Scheduler, why: str) -> Place:
    return _here(why) if scheduler.local_if_silent else Place("local", why, may_run_here=False)


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
