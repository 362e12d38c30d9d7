"""The executor: submits jobs to a scheduler as array tasks, learns how they end, and finds them after a restart.

- Jobs with the same request are submitted together, as one array (submission.py).
- A task writes its own exit file (task.sh), which is authoritative. The scheduler is asked about all tasks at once, and
  the answer only matters for tasks without an exit file (watching.py, watch.py, inquiry.py).
- Submissions are recorded on disk (records.py); a restarted driver attaches to them (attaching.py).

Snakemake calls ``run_jobs``, ``handle_job_…`` and ``cancel`` in its main thread and ``check_active_jobs`` in another.
"""

from __future__ import annotations

import asyncio
import shlex
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import IO, Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

from mle_cluster.array_folder import ArrayFolder
from mle_cluster.attaching import Attaching
from mle_cluster.inquiry import Inquiry
from mle_cluster.leftover_tasks import LeftoverTasks
from mle_cluster.lock import hold_lock, holder_of
from mle_cluster.packing import jobs_per_task, request_for_all
from mle_cluster.records import lock_name, records_folders, remove_old_arrays
from mle_cluster.scheduler import Scheduler, SchedulerError, TaskId, in_queue
from mle_cluster.settings import refuse
from mle_cluster.submission import Submission
from mle_cluster.tasks import Task
from mle_cluster.watch import Sighting
from mle_cluster.watching import Verdict, Watching
from mle_toolbox import installed_first
from mle_toolbox.snakemake_side.pause import WITHDRAWN, is_paused

__all__ = ["ClusterExecutor", "common_settings"]

common_settings = CommonSettings(
    non_local_exec=True,
    # Records, commands and exit files of tasks are in the project folder, so nodes have to share it.
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=True,
    auto_deploy_default_storage_provider=False,
    # Looking for exit files does not bother the scheduler, so the first look may come at once.
    init_seconds_before_status_checks=0,
)

# Seconds between two looks for exit files: few after a change, then more by this factor, up to poll_seconds.
_QUICKEST_LOOK = 0.2
_SLOWER = 1.3
_SLOWEST_LOOK = 3.0
# How long Ctrl-C waits for deleted tasks to leave the queue, so that the next call does not find them there. A script
# that handles the scheduler's notice may take a minute to save a checkpoint.
_LEAVING_SECONDS = 90.0
_SAY_AFTER_SECONDS = 5.0
_LOG_LINES = 8
_LOG_BYTES = 4096


class ClusterExecutor(RemoteExecutor):  # type: ignore[misc]  # the interface has no types
    """Runs jobs on a cluster; a plugin derives its executor from this and names the scheduler."""

    scheduler: Scheduler

    # Not in __post_init__: Snakemake's base class starts the watching thread before that. An error in the thread would
    # end it in silence, as there is no scheduler of jobs yet to be told, and the jobs would never end.
    _look_again = _QUICKEST_LOOK

    def __post_init__(self) -> None:
        """Take the folder of records for this driver."""
        # Not workdir_init: the Snakefile may have gone to another folder since (`workdir:`).
        settings, project = self.executor_settings, Path.cwd()
        refuse(self.scheduler.executor, settings.mistakes())
        if self.workflow.remote_execution_settings.immediate_submit:
            raise WorkflowError(
                f"The executor {self.scheduler.executor} waits for its jobs; --immediate-submit is not possible."
            )
        if trouble := self.scheduler.trouble_with_folder(project.absolute()):
            raise WorkflowError(trouble)
        roots = [each.absolute() for each in records_folders(project)]
        _make_writable(roots[0])
        self._nested_folder = roots[0] / "nested" / time.strftime("%Y%m%d-%H%M%S")
        name = lock_name(Path(self.workflow.main_snakefile), project)
        # The first is the one whose folder new records go into.
        self._drivers = [root / name for root in roots]
        self._lock_files = [_hold(lock) for lock in self._drivers]
        for root in roots:
            remove_old_arrays(root)
        self._tasks: dict[tuple[Path, int], Task] = {}
        self._tasks_lock = threading.Lock()
        self._task_of_job: dict[Any, Task] = {}
        self._inquiry = Inquiry(self.scheduler, settings.query_seconds, self.logger.warning)
        self._attaching: Attaching | None = None
        self._watching = Watching(self.scheduler, self._inquiry, settings.patience_seconds, self.logger.warning)
        self._submission = Submission(self, self._drivers[0])
        self._leftovers = LeftoverTasks(self.scheduler)

    # -- submitting -----------------------------------------------------------------------------------------------

    def run_jobs(self, jobs: list[Any]) -> None:
        """Attach to tasks that are submitted already, and submit the rest together."""
        for job in jobs:
            self.run_job_pre(job)
        # A scheduler starts the tasks of an array in the order of their numbers.
        new = [job for job in sorted(jobs, key=lambda job: -job.priority) if not self._attach(job)]
        self._submission.submit(new, taken=self._taken, refused=self._refused)

    def run_job(self, job: Any) -> None:
        """Submit a single job."""
        self.run_jobs([job])

    def _attach(self, job: Any) -> bool:
        # With the first job, not at the start, so that a workflow with nothing to do does not query the scheduler.
        if self._attaching is None:
            self._attaching = Attaching(
                self.scheduler, self._drivers, self.executor_settings.patience_seconds, self.logger.info
            )
        found = self._attaching.find(job)
        if found is None:
            return False
        array, number = found
        name = self.scheduler.task_name(array.job_id or 0, number)
        self.logger.info(f"Job {job.jobid} is task {name} of an earlier call: waiting for that one.")
        self._taken(job, array, number)
        return True

    def _taken(self, job: Any, array: ArrayFolder, number: int) -> None:
        task = Task(array, number, self.scheduler.limits_of(self.options(job)))
        with self._tasks_lock:
            self._tasks[array.path, number] = task
        self._task_of_job[job] = task
        self._look_again = _QUICKEST_LOOK
        self._inquiry.hurry()
        external = self.scheduler.task_name(*task.scheduler_id) if task.is_submitted else None
        self.report_job_submission(SubmittedJobInfo(job, external_jobid=external, aux={"task": task}))

    def options(self, job: Any) -> tuple[str, ...]:
        """Return the request of a job as options of the scheduler."""
        resources = request_for_all(job.resources, jobs_per_task(job.resources))
        return self.scheduler.options(self.executor_settings, job.name, job.threads, resources)

    def _refused(self, job: Any, message: str) -> None:
        # The blank, because Snakemake appends its own sentence.
        self.report_job_error(SubmittedJobInfo(job), msg=f"{message} ")

    @property
    def tmpdir(self) -> str:
        """The folder for lists of files of nested Snakemakes; they have to outlive the driver."""
        self._nested_folder.mkdir(parents=True, exist_ok=True)
        return str(self._nested_folder)

    def get_python_executable(self) -> str:
        """Return the beginning of the command that starts a nested Snakemake."""
        # With installed modules first: a queue.py of the project would be imported instead of the standard library's.
        python = super().get_python_executable()
        return shlex.join([str(python), "-P", installed_first.__file__])

    def get_job_exec_prefix(self, job: Any) -> str:
        """Nothing: the scheduler starts tasks in the project folder."""
        return ""

    # -- watching -------------------------------------------------------------------------------------------------

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        """Report the jobs that ended; give back those that have not."""
        if not active_jobs:
            return
        tasks: list[Task] = [info.aux["task"] for info in active_jobs]
        withdrawn = self._withdraw(tasks) if is_paused() else set()
        # One listing of the folder for all of its tasks: on NFS, each exit file would cost a request of its own.
        ended = {path: ArrayFolder(path).ended() for path in {task.array.path for task in tasks}}
        # Of the scheduler's tasks, some of which run several of ours.
        is_open = {
            task.scheduler_id for task in tasks if task.is_submitted and task.number not in ended[task.array.path]
        }
        n_open = len(is_open)
        for array, rest in self._submission.submit_waiting(n_open) if not is_paused() else ():
            self._note_submission(array, rest)
            self._inquiry.hurry()
            if rest is not None:
                ended[rest.path] = set()
        self._watching.ask(tasks)
        waited_for = []
        for info, task in zip(active_jobs, tasks, strict=True):
            if (task.array.path, task.number) in withdrawn:
                self.report_job_error(info, msg=f"{WITHDRAWN}. ")
                continue
            verdict = self._judge(task, ended[task.array.path])
            if verdict is None:
                waited_for.append(task)
                yield info
                continue
            self._look_again = _QUICKEST_LOOK
            if ended[task.array.path].issuperset(task.array.in_one_task_with(task.number)):
                self._leftovers.add(task.scheduler_id, task.array.path)
            if verdict.reason is None:
                self.report_job_success(info)
            else:
                log = task.array.log(task.number)
                reason = f"{verdict.reason}{_end_of_log(log)} "
                self.report_job_error(info, msg=reason, aux_logs=[str(log)] if log.exists() else [])
        self._watching.say_unusual(waited_for)
        if self._inquiry.look is not None:
            self._leftovers.delete(self._inquiry.look)

    def _withdraw(self, tasks: Sequence[Task]) -> set[tuple[Path, int]]:
        """Withdraw the tasks that have not started, also from the queue; return which they are."""
        self._submission.give_up_waiting()
        submitted = [task for task in tasks if task.is_submitted]
        taken = [task for task in submitted if task.array.started(task.number) is None]
        taken = [task for task in taken if task.array.withdraw(task.number)]
        # A task of the scheduler that has begun to run several of ours stays; it skips those that are withdrawn.
        numbers: dict[int, list[int]] = {}
        for job, number in dict.fromkeys(task.scheduler_id for task in taken if not task.array.has_begun(task.number)):
            numbers.setdefault(job, []).append(number)
        if numbers:
            self.logger.info(f"Paused: {len(taken)} queued tasks are deleted.")
            try:
                self.scheduler.delete(numbers)
            except SchedulerError as error:
                # They exit as soon as they start.
                self.logger.warning(f"Queued tasks could not be deleted: {error}")
        never = [task for task in tasks if not task.is_submitted]
        return {(task.array.path, task.number) for task in [*taken, *never]}

    def _note_submission(self, array: ArrayFolder, rest: ArrayFolder | None) -> None:
        """Assign tasks that were left out when a waiting array was submitted to the folder where they wait now."""
        with self._tasks_lock:
            for task in [task for task in self._tasks.values() if task.array is array]:
                if rest is not None and task.number > len(array.tasks):
                    del self._tasks[array.path, task.number]
                    task.array, task.number = rest, task.number - len(array.tasks)
                    self._tasks[rest.path, task.number] = task
                # The scheduler knows it only from now on, so earlier answers must not count it as lost.
                task.sighting = Sighting(since=time.monotonic())

    def _judge(self, task: Task, ended: set[int]) -> Verdict | None:
        if not task.is_submitted:
            refusal = self._submission.refusal(task.array)
            return None if refusal is None else Verdict(refusal)
        return self._watching.judge(task, task.array.exit(task.number) if task.number in ended else None)

    async def sleep(self) -> None:
        """Wait until the next look: briefly after a change, longer and longer without one."""
        wait = self._look_again
        end = time.monotonic() + wait
        while self.wait and time.monotonic() < end and self._look_again >= wait:
            await asyncio.sleep(0.1)
        if self._look_again >= wait:
            self._look_again = min(wait * _SLOWER, self.executor_settings.poll_seconds)

    # -- the end --------------------------------------------------------------------------------------------------

    # A record is closed after Snakemake has noted the end of its job: a crash in between would repeat a finished one.
    def handle_job_success(self, job: Any) -> None:
        """Close the record of a job once Snakemake has checked its outputs and noted that."""
        self._close(job, keep_folder=False)

    def handle_job_error(self, job: Any) -> None:
        """Close the record of a job once Snakemake has cleaned up after it; its log is kept for a week."""
        self._close(job, keep_folder=True)

    def _close(self, job: Any, *, keep_folder: bool) -> None:
        task = self._task_of_job.pop(job, None)
        if task is None:
            return
        task.array.mark_done([task.number])
        with self._tasks_lock:
            self._tasks.pop((task.array.path, task.number), None)
        if keep_folder:
            # Keeps the folder when its last task is done, for the logs; remove_old_arrays removes it after a week.
            (task.array.path / "failed").touch()
        elif len(task.array.done()) >= len(task.array.tasks) and not (task.array.path / "failed").exists():
            task.array.remove()

    def cancel_jobs(self, active_jobs: Sequence[SubmittedJobInfo]) -> None:
        """Delete all tasks that this driver waits for, with one command, and wait until they are gone."""
        self._submission.give_up_waiting()
        with self._tasks_lock:
            tasks = [
                task for task in self._tasks.values() if task.is_submitted and task.array.exit(task.number) is None
            ]
        if not tasks:
            return
        numbers: dict[ArrayFolder, list[int]] = {}
        by_path: dict[Path, ArrayFolder] = {}
        for task in tasks:
            array = by_path.setdefault(task.array.path, task.array)
            numbers.setdefault(array, []).append(task.number)
        try:
            self.scheduler.delete({array.job_id or 0: _all_or_some(array, which) for array, which in numbers.items()})
        except SchedulerError as error:
            jobs = " ".join(str(array.job_id) for array in numbers)
            later = f"{self.scheduler.deleting} {jobs}"
            self.logger.warning(f"The tasks could not be deleted: {error} Do it later with: {later}")
            return
        for array, which in numbers.items():
            if _all_or_some(array, which) is None:
                array.cancel()
            array.mark_done(which)
        self._wait_until_gone({task.scheduler_id for task in tasks})

    def _wait_until_gone(self, tasks: set[TaskId]) -> None:
        begin, wait = time.monotonic(), _QUICKEST_LOOK
        is_said = False
        while (waited := time.monotonic() - begin) < _LEAVING_SECONDS:
            try:
                left = tasks & in_queue(self.scheduler.states())
            except SchedulerError:
                return
            if not left:
                return
            if waited > _SAY_AFTER_SECONDS and not is_said:
                is_said = True
                self.logger.info(
                    f"Waiting for {len(left)} deleted tasks to leave the queue: they may save what they have."
                )
            time.sleep(wait)
            wait = min(wait * _SLOWER, _SLOWEST_LOOK)

    def shutdown(self) -> None:
        """End the watching thread."""
        # The base class would also remove `tmpdir`, whose files queued nested Snakemakes still need.
        with self.lock:
            self.wait = False
        self.wait_thread.join()
        if self._inquiry.was_silent:
            self._leftovers.delete_the_last()


def _hold(lock: Path) -> IO[str]:
    file = hold_lock(lock)
    if file is None:
        raise WorkflowError(
            f"Another Snakemake submits jobs of this Snakefile: {holder_of(lock) or 'a process that left no name'}. "
            "Wait for it, or stop it with Ctrl-C."
        )
    return file


def _make_writable(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise WorkflowError(
            f"Nothing can be written into {root}, where the records of jobs lie: {error.strerror}. Move it out of the "
            "way, or give yourself the right to write there."
        ) from None


def _end_of_log(log: Path) -> str:
    """Return the last lines of a task's own log, outside those of its rule: they say why it could not be started."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    shown = "".join(f"\n  {line}" for line in lines[-_LOG_LINES:])
    return f"\nThe end of its log {log}:{shown}\n" if shown else ""


def _all_or_some(array: ArrayFolder, numbers: list[int]) -> list[int] | None:
    """Return None, for the whole job, unless that would delete tasks of another driver."""
    open_tasks = set(range(1, len(array.tasks) + 1)) - array.done() - array.ended()
    return None if open_tasks <= set(numbers) else sorted({array.scheduler_task(number) for number in numbers})
