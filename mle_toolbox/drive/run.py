"""Run an experiment: hold its lock, start Snakemake, follow it, and stop it cleanly on request."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mle_toolbox.drive.earlier import EarlierSnakemake, remember_plan
from mle_toolbox.drive.finished import collect_what_finished
from mle_toolbox.drive.lock import driver_lock, is_driven
from mle_toolbox.drive.processing import note_stopped_processing
from mle_toolbox.drive.settle import code_check, settle
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.drive.stopped import note_stopped
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.experiment_record import note_purpose, read_experiment_record, write_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.snakemake_side.assumptions import ENDED_ORDERLY
from mle_toolbox.snakemake_side.job_events import EventFile, Tally
from mle_toolbox.snakemake_side.leftovers import clear_leftovers
from mle_toolbox.snakemake_side.snakemake_command import (
    RunOptions,
    dry_run_options,
    environment_for,
    event_options,
    snakemake_command,
    start_snakemake,
    stop_snakemake,
)

__all__ = ["RunOutcome", "dry_run", "run_experiment"]

_LOOK_EVERY_SECONDS = 0.1
# Within this time a second signal counts as an echo of the first.
_ECHO_SECONDS = 0.5


@dataclass(frozen=True)
class RunOutcome:
    """How Snakemake ended; which seed runs are done is read from the results folder."""

    exit_status: int
    interrupted: bool
    tally: Tally
    log: Path
    collected: bool = False
    """Whether there are results of what has finished, although some of it failed."""


def run_experiment(plan: Plan, snakefile: Path, options: RunOptions, watch: Callable[[Tally], None]) -> RunOutcome:
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

    Raises
    ------
    FolderInUseError
        When another driver runs this experiment. The remaining Snakemake of a killed driver does not count: it is
        followed to its end first, or killed when it was started for another plan.
    """
    folder = ExperimentFolder(plan.experiment_path).driver
    events, log, started = folder / "events.jsonl", folder / "snakemake.log", folder / "started"
    earlier = EarlierSnakemake(folder, plan, events, watch)
    with driver_lock(folder, while_waiting=earlier.attend) as lock:
        is_left_over = started.exists()
        # Before the leftovers are cleared: a seed run without a driver that finishes later is recognised by its time.
        started.touch()
        if is_left_over:
            clear_leftovers(plan.project_dir, plan.experiment_dir)
        tally = Tally(total=len(plan.seed_runs))
        settled = settle(plan, is_current=code_check(plan), rerun_older_code=options.rerun_older_code)
        tally.said += [(sentence, False) for sentence in settled.sentences]
        if options.purpose is not None:
            note_purpose(ExperimentFolder(plan.experiment_path), options.purpose)
        _renew_record(plan, options.purpose)
        # Only now: an earlier Snakemake has been followed by the old events until it ended.
        events.write_bytes(b"")
        remember_plan(folder, plan)
        command = [*snakemake_command(plan.project_dir, snakefile, options), *event_options(events)]
        follower = _Follower(EventFile(events), tally, watch)
        with log.open("wb") as output, _termination_as_interrupt():
            variables = {STARTED_VARIABLE: str(started.stat().st_mtime_ns), **snapshot_variables(plan, warnings.warn)}
            process = start_snakemake(command, plan.project_dir, output, lock.descriptor, variables)
            lock.sign(snakemake=process.pid)
            stopped = _follow(process, follower)
        interrupted = stopped is not None
        if stopped is not None:
            runs = [run for run in read_plan_status(plan).runs if (run.configuration, run.seed) in stopped]
            note_stopped(runs, since=started.stat().st_mtime)
            note_stopped_processing(read_plan_status(plan).processing, since=started.stat().st_mtime)
        # An interrupted Snakemake marks outputs as incomplete that were just finished; the next call clears them.
        if not interrupted and process.returncode in ENDED_ORDERLY:
            started.unlink(missing_ok=True)
        _restore_record(plan, ended_well=process.returncode == 0)
        is_partial = plan.search is not None and not interrupted and bool(follower.tally.failed)
        collected = is_partial and _collect(plan)
    return RunOutcome(process.returncode, interrupted, follower.tally, log, collected)


def _collect(plan: Plan) -> bool:
    """Make the results of what has finished; whether there are any."""
    folder = ExperimentFolder(plan.experiment_path)
    if not folder.record.exists():
        return False
    trouble = collect_what_finished(folder)
    if trouble is not None:
        warnings.warn(trouble, stacklevel=2)
    return trouble is None


def dry_run(plan: Plan, snakefile: Path, options: RunOptions, say: Callable[[str], None]) -> int:
    """Have Snakemake print the jobs that would run; return its exit status. Nothing is moved or started.

    Snakemake is told what `settle` would change: finished runs that lie elsewhere are left out, and those that would be
    set aside are forced.
    """
    driver = ExperimentFolder(plan.experiment_path).driver
    if (driver / "started").exists() and not is_driven(driver):
        # Else runs that finished just before an interruption would count as due.
        clear_leftovers(plan.project_dir, plan.experiment_dir)
    settled = settle(plan, is_current=code_check(plan), rerun_older_code=options.rerun_older_code, only_look=True)
    for sentence in settled.sentences:
        say(sentence)
    experiment = ExperimentFolder(plan.experiment_path)
    again = {run.log for run in settled.put_aside if run not in settled.found}
    again |= {experiment.configuration(run.path.parent.name).log for run in settled.found}
    forced = [(plan.experiment_dir / path.relative_to(experiment.path)).as_posix() for path in again if path.exists()]
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json" if settled.found else None
        if found is not None:
            found.write_text(json.dumps([[run.path.parent.name, run.path.name] for run in settled.found]))
        command = [*snakemake_command(plan.project_dir, snakefile, options), *dry_run_options(forced, found)]
        environment = environment_for(plan.project_dir)
        return subprocess.run(command, cwd=plan.project_dir, env=environment, check=False).returncode


def _renew_record(plan: Plan, purpose: str | None) -> None:
    """Make ``experiment.json`` describe the plan for which the results folder was just settled.

    If there is none, nothing has been started yet, and Snakemake writes it with its first job.
    """
    with contextlib.suppress(ResultsError):
        record = read_experiment_record(ExperimentFolder(plan.experiment_path))
        wanted = json.loads(json.dumps(plan.to_json())) | ({} if purpose is None else {"purpose": purpose})
        of_other_plan = {*STAGES} & (record or {}).keys() - wanted.keys()
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


@dataclass(frozen=True)
class _Follower:
    """Counts new events and passes on the result."""

    events: EventFile
    tally: Tally
    watch: Callable[[Tally], None]

    def look(self) -> None:
        for event in self.events.new_events():
            self.tally.count(event)
        self.watch(self.tally)


def _follow(process: subprocess.Popen[bytes], follower: _Follower) -> set[tuple[str, int]] | None:
    """Follow the events until Snakemake ends; if interrupted, return the seed runs that were running then."""
    try:
        while process.poll() is None:
            follower.look()
            time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        running = set(follower.tally.running.values())
        stop_snakemake(process)
        return running
    finally:
        # The last events are written between the last look and the end.
        follower.look()
    return None


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Treat `kill` and a closed terminal like Ctrl-C, so that no seed run is left behind; nohup stays nohup."""
    last = -_ECHO_SECONDS

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # A second signal is harsher, so one that comes twice at the same moment counts once: `timeout` signals its
        # command and then its group, and a shell that loses its terminal signals its jobs just before the system does.
        nonlocal last
        now = time.monotonic()
        if now - last >= _ECHO_SECONDS:
            last = now
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
