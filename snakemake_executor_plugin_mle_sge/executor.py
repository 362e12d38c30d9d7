"""The executor: hands jobs to Grid Engine as array tasks, learns how they end, and finds them again after a restart.

- Jobs that ask the scheduler for the same are submitted together, as one array (submission.py).
- A task writes its own exit file (task.sh); that is the truth. One qstat asks about all tasks; it only matters for
  tasks that wrote none (watch.py, inquiry.py).
- What was submitted lies on disk (records.py); a restarted driver attaches to it (attaching.py).

Snakemake calls ``run_jobs``, ``handle_job_…`` and ``cancel`` in its main thread and ``check_active_jobs`` in another.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

from snakemake_executor_plugin_mle_sge import gridengine
from snakemake_executor_plugin_mle_sge.attaching import Attaching
from snakemake_executor_plugin_mle_sge.inquiry import Inquiry
from snakemake_executor_plugin_mle_sge.lock import hold_lock
from snakemake_executor_plugin_mle_sge.records import ArrayFolder, Exit, remove_old_arrays
from snakemake_executor_plugin_mle_sge.settings import check_settings
from snakemake_executor_plugin_mle_sge.submission import Submission
from snakemake_executor_plugin_mle_sge.watch import Clues, Sighting, explain_loss, state_in_words

__all__ = ["Executor", "common_settings"]

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=True,
    auto_deploy_default_storage_provider=False,
    init_seconds_before_status_checks=0,
)

_QUICKEST_LOOK = 0.2
_SLOWER = 1.3
# How long Ctrl-C waits for deleted tasks to leave the queue, so that the next call meets none of them.
_LEAVING_SECONDS = 30.0


@dataclass
class Task:
    """One task that this driver waits for."""

    array: ArrayFolder
    number: int
    time_limit: float | None
    sighting: Sighting = field(default_factory=lambda: Sighting(since=time.monotonic()))
    said: str | None = None

    @property
    def scheduler_id(self) -> tuple[int, int]:
        """Job and task number."""
        return self.array.job_id or 0, self.number

    @property
    def name(self) -> str:
        """The task as users of the scheduler write it, and what it does."""
        return f"Task {self.array.job_id}.{self.number} ({self.array.tasks[self.number - 1].label})"


class Executor(RemoteExecutor):  # type: ignore[misc]  # the interface has no types
    """Runs jobs on a Grid Engine cluster."""

    def __post_init__(self) -> None:
        """Take the folder of records for this driver."""
        settings = self.workflow.executor_settings
        check_settings(settings)
        if self.workflow.remote_execution_settings.immediate_submit:
            raise WorkflowError("The executor mle-sge waits for its jobs; --immediate-submit is not possible.")
        self._settings = settings
        self._root = (Path(self.workflow.workdir_init) / ".snakemake" / "mle_sge").absolute()
        self._root.mkdir(parents=True, exist_ok=True)
        self._nested_folder = self._root / "nested" / time.strftime("%Y%m%d-%H%M%S")
        self._lock_file = hold_lock(self._root / "driver.lock")
        remove_old_arrays(self._root)
        self._tasks: dict[tuple[Path, int], Task] = {}
        self._tasks_lock = threading.Lock()
        self._task_of_job: dict[Any, Task] = {}
        self._look_again = _QUICKEST_LOOK
        self._inquiry = Inquiry(settings.query_seconds, self.logger.warning)
        self._attaching: Attaching | None = None
        self._submission = Submission(self, self._root)

    # -- submitting -----------------------------------------------------------------------------------------------

    def run_jobs(self, jobs: list[Any]) -> None:
        """Attach to what is submitted already and submit the rest, together."""
        for job in jobs:
            self.run_job_pre(job)
        new = [job for job in jobs if not self._attach(job)]
        self._submission.submit(new, taken=self._taken, refused=self._refused)

    def run_job(self, job: Any) -> None:
        """Submit a single job."""
        self.run_jobs([job])

    def _attach(self, job: Any) -> bool:
        if self._attaching is None:
            self._attaching = Attaching(self._root, self._settings.patience_seconds, self.logger.info)
        found = self._attaching.find(job)
        if found is None:
            return False
        array, number = found
        self.logger.info(f"Job {job.jobid} is task {array.job_id}.{number} of an earlier call: waiting for that one.")
        self._taken(job, array, number)
        return True

    def _taken(self, job: Any, array: ArrayFolder, number: int) -> None:
        task = Task(array, number, _time_limit(job))
        with self._tasks_lock:
            self._tasks[array.path, number] = task
        self._task_of_job[job] = task
        self._look_again = _QUICKEST_LOOK
        self._inquiry.hurry()
        external = f"{array.job_id}.{number}"
        self.report_job_submission(SubmittedJobInfo(job, external_jobid=external, aux={"task": task}))

    def _refused(self, job: Any, message: str) -> None:
        self.report_job_error(SubmittedJobInfo(job), msg=f"{message} ")

    @property
    def tmpdir(self) -> str:
        """Where lists of files for nested Snakemakes lie: they have to outlive the driver."""
        self._nested_folder.mkdir(parents=True, exist_ok=True)
        return str(self._nested_folder)

    def get_job_exec_prefix(self, job: Any) -> str:
        """Nothing: qsub is told the folder."""
        return ""

    # -- watching -------------------------------------------------------------------------------------------------

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        """Report the jobs that ended; give back those that have not."""
        if not active_jobs:
            return
        tasks: list[Task] = [info.aux["task"] for info in active_jobs]
        ended = {path: ArrayFolder(path).ended() for path in {task.array.path for task in tasks}}
        self._inquiry.ask_when_due({task.scheduler_id[0] for task in tasks}, self._wanted_accounts(tasks))
        for info, task in zip(active_jobs, tasks, strict=True):
            outcome = task.array.exit(task.number) if task.number in ended[task.array.path] else None
            reason = self._why_lost(task) if outcome is None else _why_failed(task, outcome)
            if outcome is None and reason is None:
                yield info
                continue
            self._look_again = _QUICKEST_LOOK
            if reason is None:
                self.report_job_success(info)
            else:
                log = task.array.log(task.number)
                self.report_job_error(info, msg=f"{reason} ", aux_logs=[str(log)] if log.exists() else [])

    def _wanted_accounts(self, tasks: Iterable[Task]) -> set[int]:
        now, patience = time.monotonic(), self._settings.patience_seconds
        return {task.scheduler_id[0] for task in tasks if task.sighting.is_lost(now, patience)}

    def _why_lost(self, task: Task) -> str | None:
        """Return why a task without an exit file has failed, or None when it is still to be waited for."""
        look = self._inquiry.look
        if look is None:
            return None
        sighting = task.sighting
        was_missing = sighting.missed
        sighting.see(look, task.scheduler_id)
        if sighting.missed and not was_missing:
            self._inquiry.hurry()
        if sighting.is_in_error:
            why = look.reasons.get(task.scheduler_id, "the scheduler gives no reason; see qstat -j")
            self._remove_from_queue(task)
            return f"{task.name} cannot be started (state {sighting.state}): {why}."
        self._say_if_unusual(task)
        if not sighting.is_lost(time.monotonic(), self._settings.patience_seconds):
            return None
        account = self._inquiry.account(*task.scheduler_id)
        # The last word: the exit file may have appeared since the folder was listed.
        if account is None or task.array.exit(task.number) is not None:
            return None
        return f"{task.name} {explain_loss(self._clues(task, account))}"

    def _clues(self, task: Task, account: dict[str, str]) -> Clues:
        started = task.array.started(task.number)
        gone = task.sighting.gone_since
        ran = time.time() - (time.monotonic() - gone) - started[1] if started and gone is not None else None
        return Clues(started, ran, task.time_limit, account)

    def _say_if_unusual(self, task: Task) -> None:
        words = state_in_words(task.sighting.state or "")
        if words and words != task.said:
            self.logger.warning(f"{task.name} {words}.")
        task.said = words

    def _remove_from_queue(self, task: Task) -> None:
        try:
            gridengine.delete({task.scheduler_id[0]: [task.number]})
        except gridengine.GridEngineError as error:
            self.logger.warning(f"{task.name} could not be deleted: {error}")

    async def sleep(self) -> None:
        """Wait until the next look: short after news, longer and longer without."""
        wait = getattr(self, "_look_again", _QUICKEST_LOOK)
        end = time.monotonic() + wait
        while self.wait and time.monotonic() < end and getattr(self, "_look_again", wait) >= wait:
            await asyncio.sleep(0.1)
        if hasattr(self, "_settings") and self._look_again >= wait:
            self._look_again = min(wait * _SLOWER, self._settings.poll_seconds)

    # -- the end --------------------------------------------------------------------------------------------------

    def handle_job_success(self, job: Any) -> None:
        """Close the record of a job once Snakemake has checked its outputs and written that down."""
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
            (task.array.path / "failed").touch()
        elif len(task.array.done()) >= len(task.array.tasks) and not (task.array.path / "failed").exists():
            task.array.remove()

    def cancel_jobs(self, active_jobs: Sequence[SubmittedJobInfo]) -> None:
        """Delete all tasks that this driver waits for, with one qdel, and wait until they are gone."""
        with self._tasks_lock:
            tasks = [task for task in self._tasks.values() if task.array.exit(task.number) is None]
        if not tasks:
            return
        numbers: dict[ArrayFolder, list[int]] = {}
        by_path: dict[Path, ArrayFolder] = {}
        for task in tasks:
            array = by_path.setdefault(task.array.path, task.array)
            numbers.setdefault(array, []).append(task.number)
        try:
            gridengine.delete({array.job_id or 0: _all_or_some(array, which) for array, which in numbers.items()})
        except gridengine.GridEngineError as error:
            jobs = " ".join(str(array.job_id) for array in numbers)
            self.logger.warning(f"The tasks could not be deleted: {error} Do it later with: qdel {jobs}")
            return
        for array, which in numbers.items():
            if _all_or_some(array, which) is None:
                array.cancel()
            array.mark_done(which)
        _wait_until_gone({task.scheduler_id for task in tasks})

    def shutdown(self) -> None:
        """End the watching thread; nested Snakemakes that are queued keep their files."""
        with self.lock:
            self.wait = False
        self.wait_thread.join()


def _why_failed(task: Task, outcome: Exit) -> str | None:
    """Return how a task failed by its own account, or None when it did not."""
    if outcome.status == 0:
        return None
    signal = f" (signal {outcome.status - 128})" if outcome.status > 128 else ""
    return f"{task.name} ended on {outcome.host} with exit status {outcome.status}{signal}."


def _all_or_some(array: ArrayFolder, numbers: list[int]) -> list[int] | None:
    """Return None, for the whole job, when no other driver's task would be deleted with it."""
    open_tasks = set(range(1, len(array.tasks) + 1)) - array.done() - array.ended()
    return None if open_tasks <= set(numbers) else numbers


def _wait_until_gone(tasks: set[tuple[int, int]]) -> None:
    end = time.monotonic() + _LEAVING_SECONDS
    while time.monotonic() < end:
        try:
            if not tasks & set(gridengine.states()):
                return
        except gridengine.GridEngineError:
            return
        time.sleep(0.3)


def _time_limit(job: Any) -> float | None:
    """Return the longest running time in seconds that a job has asked for, or None."""
    asked = re.search(r"\bh_rt=(\d+)\b", str(job.resources.get("qsub_options") or ""))
    if asked:
        return float(asked.group(1))
    minutes = job.resources.get("runtime")
    return float(minutes) * 60 if isinstance(minutes, int | float) else None
