"""Whether seed runs go to Grid Engine or stay on this machine, and why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.text import listed
from snakemake_executor_plugin_mle_sge.gridengine import GridEngineError
from snakemake_executor_plugin_mle_sge.queues import QueueInstance, named, queue_instances, queue_names, states_in_words

__all__ = ["Place", "detect_place"]

_PATIENCE_SECONDS = 5.0
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """A profile, and the sentence that says why; None when the user asked for it."""

    profile: str
    why: str | None = None


def detect_place(queue: str | None, asked_by: str = "the experiment file") -> Place:
    """Find out where seed runs can go, in a few seconds at most.

    Parameters
    ----------
    queue
        The queue that seed runs ask for; None: the scheduler chooses one.
    asked_by
        Who asks for the queue, for the message.

    Raises
    ------
    UsageError
        When Grid Engine answers and has no such queue: a slip of the pen must not fill a login node with seed runs.
    """
    if shutil.which("qsub") is None:
        return _here("No Grid Engine here (qsub is not on PATH)")
    try:
        instances = queue_instances(_PATIENCE_SECONDS)
    except GridEngineError as error:
        return _here(f"qsub is there, but the scheduler does not answer ({_plain(error)})")
    candidates = named(instances, queue) if queue is not None else instances
    if queue is not None and instances and not candidates:
        raise UsageError(_no_such_queue(queue, asked_by, queue_names(instances)))
    open_queues = queue_names(each for each in candidates if each.accepts_jobs)
    if not open_queues:
        return _here(f"Grid Engine answers, but no queue accepts jobs{_hindrance(candidates)}")
    plural = len(open_queues) > 1
    return Place(
        "sge",
        f"Grid Engine answers and {'queues' if plural else 'queue'} {listed(open_queues, _NAMES_SHOWN)} "
        f"{'accept' if plural else 'accepts'} jobs: running there (--profile local runs here).",
    )


def _here(why: str) -> Place:
    return Place("local", f"{why}: running on this machine.")


def _hindrance(instances: Sequence[QueueInstance]) -> str:
    names = queue_names(instances)
    if not names:
        return " of yours"
    parts = [f"{name} is {states_in_words(each for each in instances if each.queue == name)}" for name in names]
    more = f"; {len(parts) - _NAMES_SHOWN} more" if len(parts) > _NAMES_SHOWN else ""
    return f" ({'; '.join(parts[:_NAMES_SHOWN])}{more})"


def _no_such_queue(queue: str, asked_by: str, known: Sequence[str]) -> str:
    return (
        f"{asked_by} asks for queue {queue!r}, which this Grid Engine does not have or does not let you use."
        f"{did_you_mean(queue, known)} There are: {', '.join(known)}. (--profile local runs on this machine.)"
    )


def _plain(error: GridEngineError) -> str:
    """Return the first of a command's complaints, without its name and the end of the sentence."""
    said = str(error).partition(": ")[2] or str(error)
    # What could not be sent because of it is a second line of the same complaint.
    return re.split(r" (?:error: )?unable to ", said.removeprefix("error: "), maxsplit=1)[0].rstrip(".")
