"""Tasks of an experiment in the queue of a cluster that no driver waits for."""

from __future__ import annotations

from pathlib import Path

from mle_cluster.scheduler import SchedulerError
from mle_toolbox.cluster.tasks import (
    OpenTask,
    open_tasks,
    schedulers_in_words,
    submitter,
    tasks_in_queue,
    tasks_in_words,
)
from mle_toolbox.drive.lock import is_driven
from mle_toolbox.layout import ExperimentFolder

__all__ = ["unattended_tasks"]

_PATIENCE_SECONDS = 5.0


def unattended_tasks(folder: ExperimentFolder, project: Path) -> str | None:
    """Return a sentence on tasks that are queued or running without a driver; None when there are none.

    The scheduler is asked only when the records on disk name such tasks.
    """
    if is_driven(folder.driver) or submitter(project, folder.path) is not None:
        return None
    tasks = open_tasks(project, folder.path)
    if not tasks:
        return None
    try:
        in_queue: list[OpenTask] = list(tasks_in_queue(tasks, seconds=_PATIENCE_SECONDS))
    except SchedulerError as error:
        return (
            f"No driver waits for {tasks_in_words(tasks)} that may be in the queue of {schedulers_in_words(tasks)}, "
            f"which does not answer ({str(error).rstrip('.')})."
        )
    if not in_queue:
        return None
    return (
        f"No driver waits for {tasks_in_words(in_queue)} in the queue of {schedulers_in_words(in_queue)}. `mle run` "
        "continues with them, `mle stop` deletes them."
    )
