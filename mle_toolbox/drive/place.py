"""Choose where an experiment runs, so that nothing runs twice: a queued task does not know what happens here.

The place that the user names, else the one where tasks of an earlier run still are, else a cluster that answers within
seconds. Running anywhere else than tasks that may still be queued is refused, also when the queue cannot be asked.
Running tasks are safe anyway, because each holds the lock of its journal. Records that were copied with the project are
ignored.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from mle_cluster.known import scheduler_of_executor, schedulers
from mle_cluster.scheduler import Scheduler, SchedulerError
from mle_toolbox.cluster.detection import Place, choose_among, detect_place
from mle_toolbox.cluster.tasks import (
    OpenTask,
    open_tasks,
    schedulers_in_words,
    submitter,
    tasks_in_queue,
    tasks_in_words,
)
from mle_toolbox.drive.lock import is_driven
from mle_toolbox.errors import FolderInUseError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record, run_status
from mle_toolbox.search_final import all_runs
from mle_toolbox.snakemake_side.profile_files import read_profile

__all__ = ["PROFILE_VARIABLE", "choose_place", "left_here"]

PROFILE_VARIABLE = "MLE_PROFILE"
# Longer than the detection of a cluster waits: without an answer here the run is refused.
_PATIENCE_SECONDS = 10.0


def choose_place(plan: Plan, profile: str | None, cores: int | None) -> Place:
    """Return the profile to run with, and why.

    Parameters
    ----------
    plan
        The experiment.
    profile
        The profile that the user names; None: that of MLE_PROFILE, else the one that is detected.
    cores
        How many cores of this machine may be used; a number means this machine.

    Raises
    ------
    FolderInUseError
        When tasks of an earlier run are, or may be, in the queue of a cluster, and this run would not wait for them;
        or a Snakemake that was typed by hand waits for them.
    UsageError
        When the experiment names a queue that does not exist; or when this machine seems to be the login node of a
        scheduler that cannot be used, and nobody said that seed runs may execute here.
    """
    place = _chosen(plan, profile, cores)
    _check_queues_of_processing(plan, place)
    return place


def _chosen(plan: Plan, profile: str | None, cores: int | None) -> Place:
    place = _asked_for(profile, cores)
    if place is not None:
        if scheduler_of_executor(read_profile(place.profile, plan.project_dir).keys.get("executor")) is not None:
            _refuse_a_snakemake_by_hand(plan)
        else:
            _refuse_what_is_in_the_queue(plan)
        return place
    _refuse_a_snakemake_by_hand(plan)
    tasks = open_tasks(plan.project_dir, plan.experiment_path)
    if tasks:
        in_queue = _in_queue(plan, tasks)
        # Before any detection: anywhere else, these tasks would run a second time.
        if in_queue:
            scheduler = in_queue[0].array.scheduler
            return Place(
                scheduler.profile,
                f"{tasks_in_words(in_queue)} of an earlier run {_are(in_queue)} in the queue of {scheduler.name}: "
                "continuing with them there (`mle stop` deletes them).",
            )
    place = _found(plan)
    if place.profile == "local":
        _refuse_another_snakemake(plan)
    return place


def left_here(plan: Plan) -> list[str]:
    """Name the seed runs of a killed driver that still run outside of any scheduler.

    Their jobs wait for them wherever they start, so nothing runs twice; the user should know why they wait.
    """
    # The file is there only after a driver that did not end by itself; else no record has to be read.
    if not (ExperimentFolder(plan.experiment_path).driver / "started").exists():
        return []
    found = []
    for name, seed in all_runs(plan):
        folder = ExperimentFolder(plan.experiment_path).seed_run(name, seed)
        record = read_run_record(folder)
        # A task of an array is found by the executor's own records.
        if record is None or record.status != "running" or "task" in (record.scheduler or {}):
            continue
        if record.launcher is not None and run_status(folder) == "running":
            found.append(f"{name} seed {seed} (process {record.pid} on {record.host})")
    return found


def _check_queues_of_processing(plan: Plan, place: Place) -> None:
    """Refuse queues that do not exist, also where the user named the profile.

    The scheduler would refuse them as well, but those of the post-processing only after the last seed run.
    """
    scheduler = scheduler_of_executor(read_profile(place.profile, plan.project_dir).keys.get("executor"))
    for each in plan.processing:
        if scheduler is not None and each.job.queue not in (None, plan.job.queue):
            detect_place(scheduler, each.job.queue, f"{plan.experiment_file.name}, {each.stage}_args,")


def _asked_for(profile: str | None, cores: int | None) -> Place | None:
    if profile is not None:
        return Place(profile)
    if default := os.environ.get(PROFILE_VARIABLE):
        return Place(default, f"Profile {default}, because {PROFILE_VARIABLE} says so.")
    if cores is not None:
        elsewhere = ", ".join(f"--profile {each.profile} runs on {each.name}" for each in schedulers())
        return Place("local", f"--cores applies to this machine: running here ({elsewhere}).")
    return None


def _found(plan: Plan) -> Place:
    def queue_of(scheduler: Scheduler) -> tuple[str | None, str]:
        if plan.job.queue is not None:
            return plan.job.queue, plan.experiment_file.name
        profile = f"profiles/{scheduler.profile}"
        return read_profile(scheduler.profile, plan.project_dir).setting(scheduler.queue_setting) or None, profile

    return choose_among(schedulers(), queue_of)


def _refuse_what_is_in_the_queue(plan: Plan) -> None:
    _refuse_another_snakemake(plan)
    tasks = open_tasks(plan.project_dir, plan.experiment_path)
    in_queue = _in_queue(plan, tasks) if tasks else []
    if in_queue:
        name, scheduler = shlex.join(plan.words), in_queue[0].array.scheduler
        raise FolderInUseError(
            f"{plan.experiment_path}: {tasks_in_words(in_queue)} of an earlier run {_are(in_queue)} in the queue of "
            f"{scheduler.name}. If they also ran here, they would run twice. `mle run {name} --profile "
            f"{scheduler.profile}` "
            f"continues with them, `mle stop {name}` deletes them."
        )


def _refuse_a_snakemake_by_hand(plan: Plan) -> None:
    # The Snakemake of `mle run` holds our lock as well; driver_lock refuses it, or follows it if its `mle run` is dead.
    if not is_driven(ExperimentFolder(plan.experiment_path).driver):
        _refuse_another_snakemake(plan)


def _refuse_another_snakemake(plan: Plan) -> None:
    other = submitter(plan.project_dir, plan.experiment_path)
    if other is not None:
        raise FolderInUseError(
            f"{plan.experiment_path}: a Snakemake runs this experiment on {other.scheduler}: process {other.pid} on "
            f"{other.host} since {other.since}. Wait for it, or stop it with `mle stop {shlex.join(plan.words)}`."
        )


def _in_queue(plan: Plan, tasks: Sequence[OpenTask]) -> list[OpenTask]:
    try:
        return list(tasks_in_queue(tasks, seconds=_PATIENCE_SECONDS))
    except SchedulerError as error:
        raise FolderInUseError(
            f"{plan.experiment_path}: {tasks_in_words(tasks)} of an earlier run may still be in the queue of "
            f"{schedulers_in_words(tasks)}, which does not answer ({str(error).rstrip('.')}). Nothing was started, so "
            "that none of them runs twice. Try again later or on the submit host; or drop them with `mle stop "
            f"{shlex.join(plan.words)}`."
        ) from None


def _are(tasks: Sequence[OpenTask]) -> str:
    return "is" if len(tasks) == 1 else "are"
