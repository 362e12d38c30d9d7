"""Run an experiment: hold its lock, start Snakemake, follow it, and stop it cleanly on request."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.drive.earlier import EarlierSnakemake, remember_plan
from mle_toolbox.drive.final_steps import after_choices, next_step_of_final, runs_of_final
from mle_toolbox.drive.finished import collect_what_finished
from mle_toolbox.drive.follower import Follower, LookRuns, follow, termination_as_interrupt
from mle_toolbox.drive.gpus import check_gpus, gpus_here
from mle_toolbox.drive.lock import driver_lock
from mle_toolbox.drive.pausing import Pausing
from mle_toolbox.drive.processing import note_stopped_processing
from mle_toolbox.drive.settle import code_check, forget_merged, note_merged, settle
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.drive.stopped import note_stopped
from mle_toolbox.drive.untouched import note_untouched, untouched
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.looks_reader import as_of_now
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.experiment_file.search_reader import asked_since
from mle_toolbox.experiment_record import note_purpose, read_experiment_record, write_experiment_record
from mle_toolbox.layout import ExperimentFolder, SeedFolder, run_of
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.snakemake_side import pause
from mle_toolbox.snakemake_side.assumptions import ENDED_ORDERLY
from mle_toolbox.snakemake_side.job_events import EventFile, Tally
from mle_toolbox.snakemake_side.leftovers import clear_leftovers
from mle_toolbox.snakemake_side.profile_files import read_profile
from mle_toolbox.snakemake_side.snakemake_command import (
    CHOSEN_VARIABLE,
    FINAL_VARIABLE,
    ORDER_VARIABLE,
    UNTOUCHED_VARIABLE,
    RunOptions,
    event_options,
    snakemake_command,
    start_snakemake,
)

__all__ = ["EVENTS", "RunOutcome", "run_experiment"]

EVENTS = "events.jsonl"
"""The file in the driver's folder to which Snakemake's events are written."""

_CHOSEN = "chosen.json"
# Entries of experiment.json that it has only where the experiment file says something of them.
_MAY_BE_ABSENT = {*STAGES, "display_names", "looks", "metrics", "task"}


@dataclass(frozen=True)
class RunOutcome:
    """How Snakemake ended; which seed runs are done is read from the results folder."""

    exit_status: int
    interrupted: bool
    tally: Tally
    log: Path
    collected: bool = False
    """Whether there are results of what has finished, although some seed runs failed or were not wanted."""
    wanted: int | None = None
    """How many seed runs were wanted, where the user has chosen some."""


def run_experiment(
    plan: Plan, snakefile: Path, options: RunOptions, watch: Callable[[Tally], None], pausing: Pausing | None = None
) -> RunOutcome:
    """Run Snakemake on an experiment until it ends or is interrupted.

    Parameters
    ----------
    plan
        The experiment.
    snakefile
        Its Snakefile.
    options
        Profile, cores and further Snakemake arguments.
    watch
        Called about ten times a second with the state so far.
    pausing
        Decides whether no more seed runs are to be started.

    Raises
    ------
    FolderInUseError
        When another driver runs this experiment. The remaining Snakemake of a killed driver does not count: it is
        followed to its end first, or killed when it was started for another plan.
    UsageError
        When jobs ask for more GPUs than this machine has, as far as that is known before Snakemake starts.
    """
    _refuse_missing_gpus(plan, options.profile)
    folder = ExperimentFolder(plan.experiment_path).driver
    events, log, started = folder / EVENTS, folder / "snakemake.log", folder / "started"

    look_runs = None if plan.looks is None or options.is_partial else LookRuns(plan, folder)

    def look(tally: Tally) -> None:
        if look_runs is not None:
            look_runs.look(tally)
        watch(tally)
        if pausing is not None:
            pausing.look(tally)

    earlier = EarlierSnakemake(folder, plan, events, look)
    with driver_lock(folder, while_waiting=earlier.attend) as lock:
        # A Snakemake that was waited for has held looks.
        plan = as_of_now(plan)
        is_left_over = started.exists()
        # Before the leftovers are cleared: a seed run without a driver that finishes later is recognised by its time.
        started.touch()
        if is_left_over:
            clear_leftovers(plan.project_dir, plan.experiment_dir)
        if pausing is not None and pausing.cause is not None:
            # The seed runs of an earlier Snakemake failed; those of this one would fail as well.
            return RunOutcome(1, False, earlier.tally, log)
        pause.forget(events)
        # By an earlier Snakemake that was followed to its end.
        plan = asked_since(plan)
        tally = Tally(total=len(plan.seed_runs) + sum(runs_of_final(plan)), after=after_choices(plan))
        settled = settle(plan, is_current=code_check(plan), rerun=options.rerun, chosen=options.chosen)
        to_run = [*settled.due, *settled.running]
        wanted = to_run if options.is_partial else None
        if wanted is not None:
            tally.total = len(wanted)
        tally.said += [(sentence, False) for sentence in settled.sentences]
        tally.due = _in_order(settled.due, options.order)
        if options.purpose is not None:
            note_purpose(ExperimentFolder(plan.experiment_path), options.purpose)
        _renew_record(plan, options.purpose)
        # Only now: an earlier Snakemake has been followed by the old events until it ended.
        failed_before = 0 if options.is_partial else settled.failed_before
        events.write_text(json.dumps({"event": "failed before", "number": failed_before}) + "\n", encoding="utf-8")
        remember_plan(folder, plan)
        command = [*snakemake_command(plan.project_dir, snakefile, options), *event_options(events)]
        follower = Follower(EventFile(events), tally, look, plan)
        with log.open("wb") as output, termination_as_interrupt():
            variables = {STARTED_VARIABLE: str(started.stat().st_mtime_ns), ORDER_VARIABLE: options.order}
            variables |= snapshot_variables(plan, warnings.warn)
            (folder / _CHOSEN).unlink(missing_ok=True)
            if wanted is not None:
                variables[CHOSEN_VARIABLE] = str(_note_chosen(folder, wanted))
            elif not options.snakemake_arguments:
                # The user's own may ask for more than what is due.
                variables[UNTOUCHED_VARIABLE] = str(note_untouched(folder, untouched(plan, to_run)))
            steps = set[object]()
            while True:
                process = start_snakemake(command, plan.project_dir, output, lock.descriptor, variables)
                lock.sign(snakemake=process.pid)
                stopped = follow(process, follower)
                is_over = stopped is not None or options.is_partial or process.returncode == 0
                if is_over or (pausing is not None and pausing.cause is not None):
                    break
                step = next_step_of_final(plan)
                if step is None or step in steps:
                    break
                steps.add(step)
                # A failed seed run of the search would hold up its final for ever, and one of a finalist the winner.
                target = "final_of_what_finished"
                command = [*snakemake_command(plan.project_dir, snakefile, options, target), *event_options(events)]
                variables[FINAL_VARIABLE] = "1"
        interrupted = stopped is not None
        if stopped is not None:
            runs = [run for run in read_plan_status(plan).runs if (run.configuration, run.seed) in stopped]
            note_stopped(runs, since=started.stat().st_mtime)
            note_stopped_processing(read_plan_status(plan).processing, since=started.stat().st_mtime)
        # An interrupted Snakemake marks outputs as incomplete that were just finished; the next call clears them.
        if not interrupted and process.returncode in ENDED_ORDERLY:
            started.unlink(missing_ok=True)
        if plan.looks is not None:
            # Looks that were held meanwhile give some configurations more seeds.
            plan = as_of_now(plan)
            if process.returncode == 0 and not options.is_partial:
                note_merged(plan)
        _restore_record(plan, ended_well=process.returncode == 0)
        # Snakemake only makes results of complete configurations.
        is_left_out = options.is_partial or (plan.search is not None and bool(follower.tally.failed))
        # Snakemake itself goes on behind a failed seed run where the search learns.
        is_complete = plan.learns and process.returncode == 0 and not options.is_partial
        collected = (
            is_left_out and not interrupted and not is_complete and _collect(plan, is_partial=options.is_partial)
        )
    return RunOutcome(
        process.returncode, interrupted, follower.tally, log, collected, None if wanted is None else len(wanted)
    )


def _note_chosen(folder: Path, wanted: Iterable[SeedFolder]) -> Path:
    """Write, into the driver's folder, the list of the seed runs that the workflow has to make."""
    path = folder / _CHOSEN
    path.write_text(json.dumps([run_of(each) for each in wanted]), encoding="utf-8")
    return path


def _refuse_missing_gpus(plan: Plan, profile: str) -> None:
    executor = read_profile(profile, plan.project_dir).keys.get("executor")
    if executor in (None, "local") and any(job.gpus for job in (plan.job, *(each.job for each in plan.processing))):
        check_gpus(plan, gpus_here(os.environ))


def _in_order(due: Iterable[SeedFolder], order: str) -> tuple[tuple[str, int], ...]:
    """Return the seed runs that are due in the order in which they start."""
    runs = list(map(run_of, due))
    return tuple(sorted(runs, key=lambda run: run[1]) if order == "seeds" else runs)


def _collect(plan: Plan, *, is_partial: bool) -> bool:
    """Make the results of what has finished; whether there are any."""
    folder = ExperimentFolder(plan.experiment_path)
    if not folder.record.exists():
        return False
    trouble = collect_what_finished(folder)
    if is_partial and not plan.learns:
        # Some of what is merged may lack seeds that were there before. A search merges its trials as they are complete.
        forget_merged(folder)
    if trouble is not None:
        warnings.warn(trouble, stacklevel=2)
    return trouble is None


def _renew_record(plan: Plan, purpose: str | None) -> None:
    """Make ``experiment.json`` describe the plan for which the results folder was just settled.

    If there is none, nothing has been started yet, and Snakemake writes it with its first job.
    """
    with contextlib.suppress(ResultsError):
        record = read_experiment_record(ExperimentFolder(plan.experiment_path))
        wanted = json.loads(json.dumps(plan.to_json())) | ({} if purpose is None else {"purpose": purpose})
        of_other_plan = _MAY_BE_ABSENT & (record or {}).keys() - wanted.keys()
        if record is not None and (of_other_plan or any(record.get(key) != value for key, value in wanted.items())):
            write_experiment_record(plan)


def _restore_record(plan: Plan, *, ended_well: bool) -> None:
    """Write ``experiment.json`` if it is missing or damaged: Snakemake writes it only when it has jobs to start."""
    try:
        due = ended_well and read_experiment_record(ExperimentFolder(plan.experiment_path)) is None
    except ResultsError:
        due = True
    if due:
        write_experiment_record(plan)
