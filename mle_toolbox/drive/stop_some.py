"""Stop some seed runs of an experiment while its driver goes on with the others.

Those that have not begun get a mark, at which their jobs end before they begin; those that run are told to end, as by
Ctrl-C; and tasks in the queue of a cluster are deleted. The next `mle run` removes the marks.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from mle_cluster.scheduler import SchedulerError
from mle_toolbox.cluster.tasks import OpenTask, delete_tasks, open_tasks, tasks_in_queue, tasks_in_words
from mle_toolbox.drive.lock import current_holder, is_alive, is_driven
from mle_toolbox.drive.processes import end_processes, launchers_below
from mle_toolbox.drive.status import SeedRunStatus, read_status
from mle_toolbox.drive.stop import Stopped
from mle_toolbox.drive.stopped import note_stopped
from mle_toolbox.layout import SEED_PREFIX, ExperimentFolder, SeedFolder, run_of
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status, write_run_record
from mle_toolbox.text import count

__all__ = ["stop_seed_runs"]

_SCHEDULER_SECONDS = 15.0
_LEAVING_SECONDS = 120.0
_NOT_BEGUN = "stopped before it began (`mle stop`)."


def stop_seed_runs(
    folder: ExperimentFolder,
    project: Path,
    chosen: Collection[tuple[str, int]],
    *,
    patience: float,
    say: Callable[[str], None],
) -> Stopped:
    """Stop some seed runs, here and in the queue of a cluster.

    Parameters
    ----------
    folder, project
        The results folder, and the project folder, absolute.
    chosen
        Configurations and seeds; those that have ended are left as they are.
    patience
        Seconds for which a script may go on after it was told to end; then it is killed.
    say
        Called with a sentence before each step.
    """
    stopped = Stopped()
    runs = [run for run in read_status(folder).runs if (run.configuration, run.seed) in chosen]
    tasks = [task for task in open_tasks(project, folder.path) if _run_of_task(task) in chosen]
    if not (is_driven(folder.driver) or tasks or any(run.status == "running" for run in runs)):
        return stopped
    here = _launchers(folder, runs)
    open_runs = [run for run in runs if run.status in ("waiting", "running", "failed", "stopped", "died", "outdated")]
    for run in open_runs:
        # Before anything ends: a failed job may be retried at once.
        run.folder.path.mkdir(parents=True, exist_ok=True)
        run.folder.stop.touch()
        if run.status == "waiting" and (run.configuration, run.seed) not in here:
            write_run_record(run.folder, _not_begun(run))
    _delete(tasks, say, stopped)
    if here:
        say(f"Stopping {count(len(here), 'seed run')} on this machine ...")
        end_processes([*here.values()], lambda: sum(map(is_alive, here.values())), patience)
    for run in runs:
        record = run.record
        if run.status != "running" or (run.configuration, run.seed) in here or record is None:
            continue
        if record.scheduler is None and record.host != platform.node():
            stopped.left.append(
                f"{run.configuration} seed {run.seed} runs on {record.host} (process {record.pid}). Type there: "
                f"mle stop {folder.path} {run.configuration} {run.seed}"
            )
    for run in open_runs:
        # Its launcher was ended before the script had made a record.
        if (run.configuration, run.seed) in here and read_run_record(run.folder) is None:
            write_run_record(run.folder, _not_begun(run))
    note_stopped(open_runs)
    stopped.seed_runs = sum(run_status(run.folder) in ("stopped", "died") for run in open_runs)
    return stopped


def _launchers(folder: ExperimentFolder, runs: Sequence[SeedRunStatus]) -> dict[tuple[str, int], int]:
    """Return the launchers of these seed runs on this machine, including runs that have no record yet."""
    wanted = {(run.configuration, run.seed) for run in runs}
    found: dict[tuple[str, int], int] = {}
    holder = current_holder(folder.driver)
    if holder is not None and holder.snakemake is not None and holder.host == platform.node():
        found = {run: pid for run, pid in launchers_below(holder.snakemake).items() if run in wanted}
    for run in runs:
        record = run.record
        if run.status == "running" and record is not None and record.launcher and record.host == platform.node():
            found.setdefault((run.configuration, run.seed), record.launcher)
    return {run: pid for run, pid in found.items() if is_alive(pid)}


def _delete(tasks: Sequence[OpenTask], say: Callable[[str], None], stopped: Stopped) -> None:
    try:
        in_queue = list(tasks_in_queue(tasks, seconds=_SCHEDULER_SECONDS)) if tasks else []
        if in_queue:
            say(f"Deleting {tasks_in_words(in_queue)} ...")
            left = delete_tasks(in_queue, seconds=_LEAVING_SECONDS)
            stopped.tasks = len(in_queue) - len(left)
    except SchedulerError as error:
        stopped.left.append(
            f"The scheduler does not answer ({str(error).rstrip('.')}). Tasks that have not started will end as soon "
            "as they start."
        )


def _run_of_task(task: OpenTask) -> tuple[str, int] | None:
    """Return the configuration and seed of a task; None if it is not a seed run."""
    output = Path(task.array.tasks[task.number - 1].output)
    return run_of(SeedFolder(output.parent)) if output.parent.name.startswith(SEED_PREFIX) else None


def _not_begun(run: SeedRunStatus) -> RunRecord:
    record = read_run_record(run.folder) or RunRecord(configuration=run.configuration, seed=run.seed)
    return record._replace(status="stopped", reason=_NOT_BEGUN, ticks=0)
