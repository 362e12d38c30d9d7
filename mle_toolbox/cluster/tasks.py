"""The tasks of an experiment that are still open according to the executor's records, and their state.

The files on disk say which tasks have started and ended; the scheduler is only asked whether they are still queued.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_cluster.array_folder import ArrayFolder
from mle_cluster.lock import holder_of
from mle_cluster.records import array_folders, deletable, records_folders
from mle_cluster.scheduler import Scheduler, TaskId, TaskState, in_queue
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.text import count

__all__ = [
    "OpenTask",
    "Submitter",
    "delete_tasks",
    "give_up",
    "open_tasks",
    "schedulers_in_words",
    "submitter",
    "tasks_in_queue",
    "tasks_in_words",
]

# Every look is a question to the scheduler, and a task may be given a minute.
_LOOK_SECONDS = 0.3
_SLOWER = 1.3
_SLOWEST_LOOK_SECONDS = 3.0


@dataclass(frozen=True)
class OpenTask:
    """One task without an exit file whose end no driver has recorded."""

    array: ArrayFolder
    number: int

    @property
    def scheduler_id(self) -> TaskId:
        """Job and task number; job 0 when unknown."""
        return self.array.job_id or 0, self.array.scheduler_task(self.number)

    @property
    def has_started(self) -> bool:
        """Whether it has started on some machine."""
        return self.array.started(self.number) is not None


@dataclass(frozen=True)
class Submitter:
    """The Snakemake that submits jobs of an experiment now."""

    pid: int
    host: str
    since: str
    scheduler: str
    lock: Path

    @property
    def lives(self) -> bool:
        """Whether it still holds its lock."""
        return is_locked(self.lock)


def open_tasks(project: Path, results: Path, *, given_up: bool = False) -> list[OpenTask]:
    """Find the open tasks of one experiment.

    Parameters
    ----------
    project
        The project folder.
    results
        The results folder: a project folder may hold several experiments.
    given_up
        Include arrays that were given up: their tasks end at once when they start, but some may be running already.
    """
    # Resolving a path asks the file system, and thousands of tasks share a few folders.
    lies_in_results = functools.cache(lambda folder: _lies_in(project / folder, results))
    return [
        OpenTask(array, number)
        for array in array_folders(*records_folders(project))
        if (given_up or not array.is_cancelled) and not array.is_copy
        for number in _open_numbers(array)
        if lies_in_results(Path(array.tasks[number - 1].output).parent.parent)
    ]


def tasks_in_queue(tasks: Sequence[OpenTask], *, seconds: float) -> dict[OpenTask, TaskState]:
    """Ask each scheduler once; return the state of every task that is still in the queue.

    Raises
    ------
    SchedulerError
        When one of them cannot be asked.
    """
    found: dict[OpenTask, TaskState] = {}
    for scheduler, members in _by_scheduler(tasks):
        states = scheduler.states(seconds=seconds)
        for array in {task.array.path: task.array for task in members}.values():
            # The driver died while submitting: the array can still be found by its output folder.
            if array.job_id is None and (job_id := scheduler.find_array(array.path)) is not None:
                array.set_job_id(job_id)
        there = in_queue(states)
        found |= {task: states[task.scheduler_id] for task in members if task.scheduler_id in there}
    return found


def delete_tasks(tasks: Sequence[OpenTask], *, seconds: float) -> list[OpenTask]:
    """Delete tasks, wait until they are gone, and record that they are over.

    Each scheduler is called once for all of its tasks.

    Parameters
    ----------
    tasks
        Tasks that are in the queue.
    seconds
        How long to wait; a running task may be given time to save what it has before it is killed.

    Returns
    -------
    list of OpenTask
        Those that are still in the queue.

    Raises
    ------
    SchedulerError
        When a scheduler does not answer.
    """
    for scheduler, members in _by_scheduler(tasks):
        arrays = {each[0].scheduler_id[0]: each for each in _by_array(members)}
        numbers = {
            job: None if _is_whole(each) else sorted({task.scheduler_id[1] for task in each})
            for job, each in arrays.items()
        }
        scheduler.delete(deletable(scheduler, numbers, {job: each[0].array.path for job, each in arrays.items()}))
    end, wait = time.monotonic() + seconds, _LOOK_SECONDS
    while (left := list(tasks_in_queue(tasks, seconds=seconds))) and time.monotonic() < end:
        time.sleep(wait)
        wait = min(wait * _SLOWER, _SLOWEST_LOOK_SECONDS)
    # Tasks that the deletion has missed end at once when they start.
    give_up(tasks)
    for task in tasks:
        if task.array.exit(task.number) is None:
            task.array.mark_done([task.number])
    return left


def give_up(tasks: Sequence[OpenTask]) -> None:
    """Make tasks that start from now on end at once, unless their array also holds tasks of another experiment."""
    for members in _by_array(tasks):
        if _is_whole(members):
            members[0].array.cancel()


def _by_scheduler(tasks: Sequence[OpenTask]) -> list[tuple[Scheduler, list[OpenTask]]]:
    found: dict[str, tuple[Scheduler, list[OpenTask]]] = {}
    for task in tasks:
        scheduler = task.array.scheduler
        found.setdefault(scheduler.executor, (scheduler, []))[1].append(task)
    return list(found.values())


def _by_array(tasks: Sequence[OpenTask]) -> list[list[OpenTask]]:
    found: dict[Path, list[OpenTask]] = {}
    for task in tasks:
        found.setdefault(task.array.path, []).append(task)
    return list(found.values())


def _is_whole(members: Sequence[OpenTask]) -> bool:
    """Whether these are all the open tasks of their array."""
    return set(_open_numbers(members[0].array)) <= {task.number for task in members}


def tasks_in_words(tasks: Sequence[OpenTask]) -> str:
    """Return ``12 tasks (job 7: 4 running, 8 queued)``."""
    by_job: dict[str, list[OpenTask]] = {}
    for task in tasks:
        by_job.setdefault(str(task.array.job_id or "of unknown number"), []).append(task)
    parts = []
    for job, members in by_job.items():
        running = sum(task.has_started for task in members)
        counts = [f"{running} running"] if running else []
        counts += [f"{len(members) - running} queued"] if running < len(members) else []
        parts.append(f"job {job}: {', '.join(counts)}")
    return f"{count(len(tasks), 'task')} ({'; '.join(parts)})"


def schedulers_in_words(tasks: Sequence[OpenTask]) -> str:
    """Return the names of the schedulers to which tasks were submitted."""
    return " and ".join(dict.fromkeys(task.array.scheduler_name for task in tasks))


def submitter(project: Path, results: Path) -> Submitter | None:
    """Return the Snakemake that waits for open tasks of an experiment, or None when none does."""
    arrays = {task.array.driver: task.array for task in open_tasks(project, results)}
    for path, array in sorted(arrays.items()):
        holder = holder_of(path)
        if holder is not None and is_locked(path):
            return Submitter(holder.pid, holder.host, holder.since, array.scheduler_name, path)
    return None


def _open_numbers(array: ArrayFolder) -> list[int]:
    over = array.done() | array.ended()
    return [number for number in range(1, len(array.tasks) + 1) if number not in over]


def _lies_in(folder: Path, results: Path) -> bool:
    # Records of an earlier version do not name a task's output, so this is the project folder: better one task too many
    # than one too few.
    folder, results = folder.resolve(), results.resolve()
    return folder.is_relative_to(results) or results.is_relative_to(folder)
