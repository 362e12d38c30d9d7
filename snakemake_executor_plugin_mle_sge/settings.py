"""What a site can set about Grid Engine, as `mle-sge-…` keys of a profile.

(No `from __future__ import annotations` here: Snakemake reads the field types.)
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

__all__ = ["ExecutorSettings", "check_settings", "mistakes"]


def _key(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]  # the interface has no types
    """Settings of the executor; every one is a plain profile key."""

    parallel_environment: str = _key(
        "smp",
        "Parallel environment that gives a job several cores of one machine (qsub -pe); `qconf -spl` lists those of "
        "the site, and its allocation rule must be $pe_slots. Only asked for by jobs with more than one thread.",
    )
    queue: str = _key("", "Queue for jobs that name none themselves (qsub -q). Empty: the scheduler chooses.")
    project: str = _key("", "Project that is charged (qsub -P). Empty: none.")
    memory_resource: str = _key(
        "",
        "Name under which the site takes memory requests, for example mem_free, m_mem_free or h_vmem (JAX and torch "
        "reserve huge virtual memory: h_vmem may kill them). Empty: memory is not asked for.",
    )
    memory_per: str = _key("slot", "Whether the site counts memory per `slot` (most do) or per `job`.")
    time_resource: str = _key(
        "h_rt", "Name under which the site takes the longest running time. Empty: it is not asked for."
    )
    notice_seconds: float = _key(
        300.0,
        "How long before its time limit a job is told, by the soft limit s_rt; never earlier than at 9/10 of its time, "
        "and not at all where that is under 15 minutes, since the hard limit would hold too late. A job is also told "
        "before it is deleted or suspended (qsub -notify). 0: neither is asked for.",
    )
    gpu_resource: str = _key("gpu", "Name under which the site takes the number of GPUs.")
    qsub_options: str = _key("", "Further options for every qsub, for example `-l os=linux -R y`.")
    array_size: int = _key(1000, "Most tasks in one array job; sites limit it (max_aj_tasks in `qconf -sconf`).")
    tasks_at_once: int = _key(0, "Most tasks of one array that run at a time (qsub -tc). 0: no limit.")
    poll_seconds: float = _key(3.0, "Longest time between two looks for finished tasks; costs no scheduler command.")
    query_seconds: float = _key(30.0, "Longest time between two calls of qstat; one call asks about all tasks.")
    patience_seconds: float = _key(
        60.0,
        "How long a task may be gone from qstat without having written how it ended before this counts as a failure; "
        "and how long a restarted driver waits for a scheduler that is silent. Raise it for slow shared disks.",
    )
    clean_environment: bool = _key(
        False, "Start jobs in a fresh login shell instead of with the environment of this one."
    )
    nested: bool = _key(
        False,
        "Start a Snakemake in every task, also for plain shell rules, which otherwise run directly. About 1.5 s of "
        "CPU a task.",
    )


def check_settings(settings: ExecutorSettings) -> None:
    """Refuse values with which no job could be submitted.

    Raises
    ------
    WorkflowError
        With one line for every mistake.
    """
    found = [f"mle-sge-{name.replace('_', '-')}: {sentence}" for name, sentence in mistakes(settings)]
    if found:
        raise WorkflowError("\n".join(found))


def mistakes(settings: ExecutorSettings) -> Iterator[tuple[str, str]]:
    """Yield every setting with which no job could be submitted, and what is wrong with it."""
    if settings.memory_per not in ("slot", "job"):
        yield "memory_per", f"expected slot or job, found {settings.memory_per!r}."
    if settings.array_size < 1:
        yield "array_size", f"expected a number of tasks from 1 on, found {settings.array_size}."
    if settings.tasks_at_once < 0:
        yield "tasks_at_once", f"expected a number of tasks, or 0 for no limit, found {settings.tasks_at_once}."
    for name in ("poll_seconds", "query_seconds", "patience_seconds"):
        if getattr(settings, name) <= 0:
            yield name, f"expected seconds above 0, found {getattr(settings, name)}."
    if settings.notice_seconds < 0:
        yield "notice_seconds", f"expected seconds, or 0 for no notice, found {settings.notice_seconds}."
    for name in ("parallel_environment", "queue", "project", "memory_resource", "time_resource", "gpu_resource"):
        # A path is what Snakemake makes of an empty text in a profile.
        if re.search(r"[\s=/]", getattr(settings, name)):
            yield name, f"expected one name, found {getattr(settings, name)!r}."
    try:
        words = shlex.split(settings.qsub_options)
    except ValueError as error:
        yield "qsub_options", f"the quotes do not match ({error}): {settings.qsub_options!r}."
        return
    for word in sorted(_OURS.intersection(words)):
        yield "qsub_options", f"{word} is set by the plugin itself and cannot be given."


# What the plugin relies on: the array, where output goes, and that a task is not started twice.
_OURS = frozenset({"-t", "-tc", "-terse", "-sync", "-o", "-e", "-j", "-S", "-wd", "-cwd", "-r", "-b", "-N"})
