"""Stop an experiment: its driver, its tasks in the queue of a cluster, and seed runs that are left on this machine.

The driver first, since it deletes its own tasks with one command and records that. Whatever has no driver is stopped
here.
"""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mle_cluster.known import scheduler_of_executor
from mle_cluster.scheduler import SchedulerError
from mle_toolbox.cluster.tasks import (
    OpenTask,
    delete_tasks,
    give_up,
    open_tasks,
    schedulers_in_words,
    submitter,
    tasks_in_queue,
    tasks_in_words,
)
from mle_toolbox.drive.lock import current_holder, is_alive
from mle_toolbox.drive.processes import Driver, driver_of_lock, driver_of_submissions, drivers_by_hand, end_processes
from mle_toolbox.drive.processing import ProcessingStatus, note_stopped_processing
from mle_toolbox.drive.status import SeedRunStatus, read_status
from mle_toolbox.drive.stopped import note_stopped
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import run_status
from mle_toolbox.seed_run.processing_record import ProcessingRecord
from mle_toolbox.text import count as number_of

__all__ = ["Stopped", "stop_experiment"]

_Id = tuple[Path, int]

_SCHEDULER_SECONDS = 15.0
# A running task may get a notice, often a minute, before it is killed.
_LEAVING_SECONDS = 120.0


@dataclass
class Stopped:
    """What was stopped, and what could not be; each entry of ``left`` is a sentence that says what to do."""

    drivers: int = 0
    tasks: int = 0
    seed_runs: int = 0
    processing: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to stop."""
        return not (self.drivers or self.tasks or self.seed_runs or self.processing or self.left)


def stop_experiment(folder: ExperimentFolder, project: Path, *, patience: float, say: Callable[[str], None]) -> Stopped:
    """Stop everything of one experiment, wherever it was started, as far as it can be reached from here.

    Parameters
    ----------
    folder
        The results folder.
    project
        The project folder, absolute.
    patience
        Seconds after which a driver that does not stop is asked more firmly.
    say
        Called with a sentence before each step.
    """
    stopped = Stopped()
    here_and_there = _running(folder)
    running = [run for run in here_and_there if not _is_task(run)]
    processing = _running_processing(folder)
    queued = _by_id(_queued(open_tasks(project, folder.path, given_up=True)))
    driven = _stop_drivers(folder, project, running, patience, say, stopped)
    if driven and stopped.left:
        # A driver that is still alive, perhaps on another machine, would restart what is stopped here.
        return stopped
    left = _delete_tasks(open_tasks(project, folder.path, given_up=True), say, stopped)
    stopped.tasks = sum(not _came_to_its_end(task) for each, task in queued.items() if each not in left)
    _end_orphans(folder, say, stopped)
    note_stopped(here_and_there)
    note_stopped_processing(processing)
    stopped.seed_runs = sum(run_status(run.folder) not in ("running", "done") for run in running)
    return stopped


def _stop_drivers(
    folder: ExperimentFolder,
    project: Path,
    running: Sequence[SeedRunStatus],
    patience: float,
    say: Callable[[str], None],
    stopped: Stopped,
) -> bool:
    drivers = _drivers(folder, project, running)
    for driver in drivers:
        if driver.host != platform.node():
            stopped.left.append(
                f"{driver.what} (process {driver.pid}) runs this experiment on {driver.host}. Stop it there, or from "
                f"here: {_from_here(driver.host, project, folder)}"
            )
            continue
        say(f"Stopping {driver.what} (process {driver.pid}) ...")
        try:
            ended = driver.stop(patience, say)
        except PermissionError:
            stopped.left.append(f"{driver.what} (process {driver.pid}) belongs to another user, who has to stop it.")
            continue
        if ended:
            stopped.drivers += 1
        else:
            stopped.left.append(f"{driver.what} (process {driver.pid}) did not end.")
    return bool(drivers)


def _drivers(folder: ExperimentFolder, project: Path, running: Sequence[SeedRunStatus]) -> list[Driver]:
    found = []
    holder = current_holder(folder.driver)
    if holder is not None:
        found.append(driver_of_lock(folder.driver, holder))
    other = submitter(project, folder.path)
    # The Snakemake of `mle run` holds this lock too; without a driver of ours it was started by hand.
    if other is not None and holder is None:
        found.append(driver_of_submissions(project, folder.path, other))
    # Without either lock only its seed runs lead to a Snakemake that was started by hand: it is their ancestor.
    launchers = [run.record.launcher for run in running if run.record and run.record.host == platform.node()]
    launchers += [each.launcher for each in _processing_here(folder)]
    if not found:
        found += drivers_by_hand([each for each in launchers if each is not None])
    return found


def _delete_tasks(tasks: Sequence[OpenTask], say: Callable[[str], None], stopped: Stopped) -> set[_Id]:
    """Delete tasks that are in the queue; return those that are still there."""
    try:
        in_queue = list(tasks_in_queue(tasks, seconds=_SCHEDULER_SECONDS))
        if not in_queue:
            return set()
        say(f"Deleting {tasks_in_words(in_queue)} ...")
        left = delete_tasks(in_queue, seconds=_LEAVING_SECONDS)
    except SchedulerError as error:
        # The only thing that works without the scheduler: a mark on disk that makes tasks exit as they start.
        give_up([task for task in tasks if not task.array.is_cancelled])
        started = [task for task in tasks if task.has_started]
        running = f" {tasks_in_words(started)} had started and may still run." if started else ""
        stopped.left.append(
            f"{schedulers_in_words(tasks)} does not answer ({str(error).rstrip('.')}). Tasks that have not started "
            f"will end as soon as they start.{running} Run the same command again when it answers."
        )
        return set(_by_id(tasks))
    if left:
        scheduler = left[0].array.scheduler
        stopped.left.append(
            f"{tasks_in_words(left)} did not leave the queue after {scheduler.deleting}; `{scheduler.listing}` shows "
            f"them, and an administrator can remove them with {scheduler.deleting_by_force}."
        )
    return set(_by_id(left))


def _queued(tasks: Sequence[OpenTask]) -> Sequence[OpenTask]:
    """Return the tasks in the queue; all open tasks when the scheduler does not answer."""
    try:
        return list(tasks_in_queue(tasks, seconds=_SCHEDULER_SECONDS))
    except SchedulerError:
        return tasks


def _end_orphans(folder: ExperimentFolder, say: Callable[[str], None], stopped: Stopped) -> None:
    """End the seed runs that have lost their driver; those started by hand are left alone."""
    here: list[SeedRunStatus] = []
    for run in _running(folder):
        record = run.record
        name = f"{run.configuration} seed {run.seed}"
        if record is None or record.pid is None or _is_task(run):
            continue
        if record.launcher is None:
            stopped.left.append(f"{name} was started by hand (process {record.pid} on {record.host}): left alone.")
        elif record.host != platform.node():
            command = _from_here(record.host or "", Path.cwd(), folder)
            stopped.left.append(f"{name} runs on {record.host} (process {record.pid}). Stop it from here: {command}")
        else:
            here.append(run)
    if processing := [each.launcher for each in _processing_here(folder)]:
        say("Stopping the pre-processing or post-processing that an earlier driver left here ...")
        end_processes(processing, lambda: sum(map(is_alive, processing)))
        stopped.processing += sum(not is_alive(each) for each in processing)
    if here:
        count = number_of(len(here), "seed run")
        say(f"Stopping {count} that an earlier driver left here ...")
        launchers = [run.record.launcher or 0 for run in here if run.record]
        # Wait for the launchers first: each records how its script ended, a moment later.
        end_processes(launchers, lambda: _still(folder, here) + sum(map(is_alive, filter(None, launchers))))
        end_processes([run.record.pid or 0 for run in here if run.record], lambda: _still(folder, here))
        if left := _still(folder, here):
            stopped.left.append(f"{left} of them {'does' if left == 1 else 'do'} not end.")


def _still(folder: ExperimentFolder, runs: Sequence[SeedRunStatus]) -> int:
    names = {(run.configuration, run.seed) for run in _running(folder)}
    return sum((run.configuration, run.seed) in names for run in runs)


def _running(folder: ExperimentFolder) -> list[SeedRunStatus]:
    try:
        return [run for run in read_status(folder).runs if run.status == "running"]
    except ResultsError:
        # The driver has just started, or there is none.
        return []


def _running_processing(folder: ExperimentFolder) -> list[ProcessingStatus]:
    try:
        return [each for each in read_status(folder).processing if each.status == "running"]
    except ResultsError:
        return []


def _processing_here(folder: ExperimentFolder) -> list[ProcessingRecord]:
    """Return the pre-processing or post-processing that runs on this machine."""
    records = [each.record for each in _running_processing(folder) if each.record is not None]
    return [each for each in records if each.host == platform.node() and is_alive(each.launcher)]


def _is_task(run: SeedRunStatus) -> bool:
    """Whether a seed run is a task of an array; one in an interactive job has a job number, but no task number."""
    return run.record is not None and "task" in (run.record.scheduler or {})


def _came_to_its_end(task: OpenTask) -> bool:
    """Whether a task finished by itself while its driver was being stopped."""
    # The driver removes the records of arrays that succeeded.
    outcome = task.array.exit(task.number)
    if outcome is None:
        return not task.array.path.exists()
    # A script that handles the scheduler's notice exits with our status, any other is killed by the signal.
    scheduler = scheduler_of_executor(task.array.executor)
    return outcome.status not in {STOPPED_STATUS, *(scheduler.notice_statuses if scheduler is not None else ())}


def _by_id(tasks: Iterable[OpenTask]) -> dict[_Id, OpenTask]:
    return {(task.array.path, task.number): task for task in tasks}


def _from_here(host: str, project: Path, folder: ExperimentFolder) -> str:
    # By its full path: a shell that ssh starts has no activated environment.
    mle = Path(sys.executable).with_name("mle")
    return shlex.join(["ssh", host, f"cd {shlex.quote(str(project))} && {mle} stop {shlex.quote(str(folder.path))}"])
