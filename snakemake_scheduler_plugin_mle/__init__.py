"""Snakemake scheduler plugin: jobs start in the order of their priority, as many as there is room for.

Snakemake's own schedulers look for the combination of jobs that is worth most, among a random sample where many are
ready; `rules/train.smk` gives every seed run its place in a queue instead. What is new since the last call is sorted
in, so that a call costs little however many are waiting. Snakemake finds it by the prefix of its name and imports it at
every call. (No `from __future__ import annotations`, as in the logger plugin.)
"""

import heapq
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from snakemake_interface_scheduler_plugins.base import SchedulerBase

__all__ = ["Scheduler"]

# Without one of these nothing can start, however many jobs wait.
_NEEDED_BY_ALL = ("_cores", "_nodes", "_job_count")


class Scheduler(SchedulerBase):  # type: ignore[misc]  # the interface has no types
    """Starts jobs in the order of their priority."""

    def __post_init__(self) -> None:
        self._queue: list[tuple[float, int, Any]] = []
        self._queued: set[Any] = set()
        self._arrivals = count()

    def select_jobs(
        self,
        selectable_jobs: Sequence[Any],
        remaining_jobs: Sequence[Any],
        available_resources: Mapping[str, int | str],
        input_sizes: dict[Any, int],
    ) -> Sequence[Any]:
        """Return the first jobs of the queue that fit together.

        A job that does not fit lets smaller ones behind it pass, as Snakemake's schedulers do.
        """
        selectable = set(selectable_jobs)
        for job in selectable - self._queued:
            heapq.heappush(self._queue, (-job.priority, next(self._arrivals), job))
            self._queued.add(job)
        free = {name: amount for name, amount in available_resources.items() if isinstance(amount, int)}
        selected, too_large = [], []
        while self._queue and all(free.get(name, 1) > 0 for name in _NEEDED_BY_ALL):
            entry = heapq.heappop(self._queue)
            job = entry[-1]
            if job not in selectable:  # it was cancelled, or belongs to a plan that has been replaced
                self._queued.discard(job)
                continue
            wanted = {name: job.scheduler_resources.get(name, 0) for name in free}
            if any(amount > free[name] for name, amount in wanted.items()):
                too_large.append(entry)
                continue
            free = {name: free[name] - amount for name, amount in wanted.items()}
            self._queued.discard(job)
            selected.append(job)
        for entry in too_large:
            heapq.heappush(self._queue, entry)
        return selected
