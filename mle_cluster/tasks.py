"""One task that the driver waits for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mle_cluster.array_folder import ArrayFolder
from mle_cluster.scheduler import Limits, TaskId
from mle_cluster.watch import Sighting

__all__ = ["Task", "named"]

_NAMED = 3


@dataclass
class Task:
    """One task of an array, and its state as last seen.

    The array has no job number yet while the site accepts no more jobs of this user.
    """

    array: ArrayFolder
    number: int
    limits: Limits
    sighting: Sighting = field(default_factory=lambda: Sighting(since=time.monotonic()))
    said: str | None = None
    ended_since: float | None = None
    wants_account: bool = False
    has_begun: bool = False

    @property
    def is_submitted(self) -> bool:
        """Whether the scheduler has it, or had it."""
        return self.array.job_id is not None

    @property
    def scheduler_id(self) -> TaskId:
        """Job and task number; job 0 when there is none."""
        return self.array.job_id or 0, self.array.scheduler_task(self.number)

    def is_lifeless(self, seconds: float) -> bool:
        """Whether the scheduler has listed it as running for so long, and its shell has not begun."""
        since = self.sighting.running_since
        if self.has_begun or since is None or time.monotonic() - since < seconds:
            return False
        self.has_begun = self.array.has_begun(self.number)
        return not self.has_begun

    @property
    def name(self) -> str:
        """The task as users of the scheduler write it, and what it does."""
        label = self.array.tasks[self.number - 1].label
        if not self.is_submitted:
            return f"The task ({label})"
        return f"Task {self.array.scheduler.task_name(*self.scheduler_id)} ({label})"


def named(tasks: list[Task]) -> str:
    """Return the names of a few tasks, and how many more there are, as the beginning of a sentence."""
    # A thousand tasks that are held back make one line, not a thousand.
    if len(tasks) <= _NAMED:
        return ", ".join(task.name for task in tasks)
    return f"{', '.join(task.name for task in tasks[: _NAMED - 1])} and {len(tasks) - _NAMED + 1} more tasks"
