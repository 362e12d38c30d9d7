"""Tasks that have ended and that the scheduler lists as if they had never started.

A scheduler that is killed may have lost the start of a task, and waits for it, or holds it back, for ever.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from mle_cluster.records import deletable
from mle_cluster.scheduler import Kind, Look, Scheduler, SchedulerError, TaskId

__all__ = ["LeftoverTasks"]

_NOT_STARTED = (Kind.WAITING, Kind.HELD, Kind.STUCK)


class LeftoverTasks:
    """Deletes such tasks of one driver.

    Parameters
    ----------
    scheduler
        The scheduler.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._ended: dict[TaskId, tuple[Path, float]] = {}
        self._seen = 0.0

    def add(self, task: TaskId, array: Path) -> None:
        """Note that a task has ended, by its exit file; ``array`` is its folder."""
        self._ended[task] = (array, time.monotonic())

    def delete(self, look: Look) -> None:
        """Delete those that an answer of the scheduler lists, if it was asked after their end."""
        if look.asked <= self._seen:
            return
        self._seen = look.asked
        found: dict[int, list[int]] = {}
        arrays: dict[int, Path] = {}
        for task, state in look.states.items():
            array, ended = self._ended.get(task, (None, look.asked))
            if array is not None and state.kind in _NOT_STARTED and ended < look.asked:
                found.setdefault(task[0], []).append(task[1])
                arrays[task[0]] = array
        with contextlib.suppress(SchedulerError):  # they are in the next answer again
            if tasks := deletable(self._scheduler, found, arrays):
                self._scheduler.delete(tasks)

    def delete_the_last(self) -> None:
        """Ask once more, after the end of all tasks."""
        asked = time.monotonic()
        with contextlib.suppress(SchedulerError):
            self.delete(Look(asked, self._scheduler.states()))
