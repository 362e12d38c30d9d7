"""Several jobs in one task of an array, one after another: short jobs cost less than what starts a task.

Only the scheduler sees the task. For Snakemake each job stays a job, with a command, a start, an end and a record of
its own (array_folder.py), so one that fails takes nothing with it, and a restarted driver finds each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["HOLDS_LIMITS", "jobs_per_task", "request_for_all"]

HOLDS_LIMITS = "export MLE_HOLDS_LIMITS=1"
"""Set where several jobs share a task: the scheduler knows only the limits of all of them together."""
_RESOURCE = "seeds_per_job"
_MINUTES_BETWEEN = 1


def jobs_per_task(resources: Mapping[str, Any]) -> int:
    """Return how many jobs with these resources go into one task."""
    return max(1, int(resources.get(_RESOURCE) or 1))


def request_for_all(resources: Mapping[str, Any], per_task: int) -> Mapping[str, Any]:
    """Return the resources of a task with so many jobs: time for all of them, everything else as for one."""
    minutes = resources.get("runtime")
    if per_task == 1 or not minutes:
        return resources
    # A job that is stopped at its own limit may take half a minute to end.
    return {**dict(resources.items()), "runtime": (int(minutes) + _MINUTES_BETWEEN) * per_task}
