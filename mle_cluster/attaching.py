"""Finds the tasks of an earlier call that are queued, running, or ended unseen, so that nothing runs twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError

from mle_cluster import command
from mle_cluster.array_folder import ArrayFolder, TaskRecord
from mle_cluster.lock import holder_of, is_held
from mle_cluster.records import array_folders, deletable
from mle_cluster.scheduler import Kind, Scheduler, SchedulerError, TaskId, TaskState, in_queue

__all__ = ["Attaching"]

Found = tuple[ArrayFolder, int]

_LOOK_SECONDS = 0.5
_SLOWER = 1.3
_SLOWEST_LOOK_SECONDS = 3.0
# An exit file that was written before we asked may take this long to appear on a slow shared disk.
_LATE_EXIT_SECONDS = 5.0
# A deleted task may have a minute to save a checkpoint.
_LEAVING_SECONDS = 90.0


class Attaching:
    """The open tasks of earlier calls.

    Parameters
    ----------
    scheduler
        The scheduler to which the executor submits.
    drivers
        The locks that the executor holds, one in each folder of records. Arrays whose lock another process holds are
        not ours: that driver may be submitting them at this moment.
    patience
        Seconds to wait for a scheduler that does not answer, and for deleted tasks to leave.
    say
        Called with messages for the user.

    Raises
    ------
    WorkflowError
        When there are open tasks and the scheduler cannot be asked about them.
    """

    def __init__(
        self, scheduler: Scheduler, drivers: Sequence[Path], patience: float, say: Callable[[str], None]
    ) -> None:
        self._scheduler = scheduler
        self._driver = drivers[0].name
        self._patience = patience
        self._say = say
        self._open: dict[str, list[Found]] = {}
        self._states: Mapping[TaskId, TaskState] = {}
        self._elsewhere: dict[str, Path] = {}
        """The locks of other drivers, by the claims of their tasks, which jobs of ours might make too."""
        self._in_another_queue: dict[str, ArrayFolder] = {}
        roots = [lock.parent for lock in drivers]
        arrays = [array for array in array_folders(*roots) if not array.is_cancelled]
        # A process that opens and closes a file loses its POSIX locks on it, so our own are never asked about.
        is_elsewhere = {lock: lock not in drivers and is_held(lock) for lock in {array.driver for array in arrays}}
        folders = []
        for array in arrays:
            is_ours = array.executor == self._scheduler.executor
            if is_ours and not is_elsewhere[array.driver]:
                folders.append(array)
            for number, record in _open_tasks(array):
                if is_elsewhere[array.driver]:
                    self._elsewhere[record.claim] = array.driver
                elif is_ours:
                    self._open.setdefault(record.claim, []).append((array, number))
                elif number not in array.ended():
                    self._in_another_queue[record.claim] = array
        if self._open:
            self._ask(folders)
        # One deadline for all, so that a thousand lost tasks are not waited for one after the other.
        self._late_until = time.monotonic() + min(patience, _LATE_EXIT_SECONDS)

    def find(self, job: Any) -> Found | None:
        """Return the task that makes what ``job`` would make, or None when it has to be submitted.

        Useless tasks (of other inputs, failed, or lost) are closed, and deleted if necessary, before None is returned,
        so that no two tasks ever write the same files.

        Raises
        ------
        WorkflowError
            When another driver makes the same, or a task in the queue of another scheduler does.
        """
        if not (self._open or self._elsewhere or self._in_another_queue):
            return None
        record = command.describe(job)
        if (lock := self._elsewhere.get(record.claim)) is not None:
            raise WorkflowError(
                f"Another Snakemake makes the same ({record.label}): "
                f"{holder_of(lock) or 'a process that left no name'}. Wait for it, or stop it with "
                "Ctrl-C."
            )
        if (array := self._in_another_queue.get(record.claim)) is not None:
            raise WorkflowError(
                f"A task of an earlier call that makes the same ({record.label}) may still be in the queue of another "
                f"scheduler, that of the executor {array.executor} ({array.path}). So that nothing runs twice, it is "
                "not submitted here. Go on with the profile of that executor, or end it with `mle stop`."
            )
        candidates = self._open.pop(record.claim, [])
        useful = [each for each in candidates if self._is_useful(each, job, record)]
        kept = useful[-1] if useful else None
        self._drop([each for each in candidates if each is not kept])
        if kept is not None:
            kept[0].set_driver(self._driver)
        return kept

    def _is_useful(self, found: Found, job: Any, record: TaskRecord) -> bool:
        folder, number = found
        if folder.tasks[number - 1].digest != record.digest or not command.is_fresh(job, folder.written):
            return False
        state = self._states.get((folder.job_id or 0, folder.scheduler_task(number)))
        # The state is older than this look at the exit file: a task that ended in between has its file by now, or soon.
        is_gone = state is None or state.kind is Kind.OVER
        outcome = folder.exit(number) or (self._late_exit(found) if is_gone else None)
        if outcome is not None:
            return outcome.status == 0 and all(Path(name).exists() for name in job.output)
        return state is not None and state.kind not in (Kind.STUCK, Kind.LEAVING, Kind.OVER)

    def _late_exit(self, found: Found) -> Any:
        folder, number = found
        if folder.started(number) is None:
            return folder.exit(number)
        while (outcome := folder.exit(number)) is None and time.monotonic() < self._late_until:
            time.sleep(_LOOK_SECONDS)
        return outcome

    def _drop(self, tasks: list[Found]) -> None:
        alive: dict[int, list[int]] = {}
        arrays = {folder.job_id: folder.path for folder, _ in tasks if folder.job_id is not None}
        present = in_queue(self._states)
        for folder, number in tasks:
            task = folder.scheduler_task(number)
            is_alive = folder.job_id and (folder.job_id, task) in present and folder.exit(number) is None
            if folder.job_id and is_alive and task not in alive.setdefault(folder.job_id, []):
                alive[folder.job_id].append(task)
        ours = deletable(self._scheduler, alive, arrays)
        alive = {job: numbers for job, numbers in alive.items() if job in ours}
        if alive:
            gone = [(job, number) for job, numbers in alive.items() for number in numbers]
            names = " ".join(self._scheduler.task_name(job, number) for job, number in gone)
            self._say(f"Deleting tasks of an earlier call whose inputs have changed: {names}")
            self._scheduler.delete(alive)
            self._wait_until_gone(set(gone))
        for folder, number in tasks:
            folder.mark_done([number])

    def _wait_until_gone(self, tasks: set[TaskId]) -> None:
        end, wait = time.monotonic() + max(self._patience, _LEAVING_SECONDS), _LOOK_SECONDS
        while tasks & in_queue(self._scheduler.states()):
            if time.monotonic() > end:
                raise WorkflowError(
                    f"Tasks of an earlier call do not leave the queue after {self._scheduler.deleting}: "
                    f"{' '.join(self._scheduler.task_name(*task) for task in sorted(tasks))}. Look at them with "
                    f"{self._scheduler.listing}; an administrator can remove them with "
                    f"{self._scheduler.deleting_by_force}."
                )
            time.sleep(wait)
            wait = min(wait * _SLOWER, _SLOWEST_LOOK_SECONDS)

    def _ask(self, folders: list[ArrayFolder]) -> None:
        end = time.monotonic() + self._patience
        while True:
            try:
                self._recover_ids(folders)
                self._states = self._scheduler.states()
            except SchedulerError as error:
                if time.monotonic() > end:
                    raise WorkflowError(
                        f"Tasks of an earlier call may still be there, and the scheduler cannot be asked: {error} "
                        "Try again later; nothing was submitted."
                    ) from None
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def _recover_ids(self, folders: list[ArrayFolder]) -> None:
        """Find the ids of arrays whose driver died while submitting; the others are cancelled."""
        for folder in folders:
            if folder.job_id is not None or len(folder.done()) >= len(folder.tasks):
                continue
            job_id = self._scheduler.find_array(folder.path)
            if job_id is None:
                # The scheduler may have been slow, not refused: tasks that appear after this end at once.
                folder.cancel()
            else:
                folder.set_job_id(job_id)


def _open_tasks(array: ArrayFolder) -> Iterator[tuple[int, TaskRecord]]:
    done = array.done()
    return ((number, record) for number, record in enumerate(array.tasks, start=1) if number not in done)
