"""Run an experiment: hold its lock, start Snakemake, follow it, stop it cleanly when asked to."""

from __future__ import annotations

import signal
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mle_toolbox.drive.earlier import EarlierSnakemake, remember_plan
from mle_toolbox.drive.leftovers import clear_leftovers
from mle_toolbox.drive.lock import driver_lock
from mle_toolbox.drive.progress import EventFile, Tally
from mle_toolbox.drive.snakemake_command import (
    RunOptions,
    snakemake_command,
    start_snakemake,
    stop_snakemake,
)
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import read_experiment_record, write_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.seed_run.code_store import snapshot_variables

__all__ = ["RunOutcome", "run_experiment"]

_LOOK_EVERY_SECONDS = 0.1
_ORDERLY = (0, 1)


@dataclass(frozen=True)
class RunOutcome:
    """What became of Snakemake; which seed runs are done is read from the results folder."""

    exit_status: int
    interrupted: bool
    tally: Tally
    log: Path


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
        When another driver runs this experiment. The Snakemake of a driver that was killed is no other driver: it is
        followed to its end first, or ended when it was started for something else.
    """
    folder = ExperimentFolder(plan.experiment_path).driver
    events, log, started = folder / "events.jsonl", folder / "snakemake.log", folder / "started"
    earlier = EarlierSnakemake(folder, plan, events, watch)
    with driver_lock(folder, while_waiting=earlier.attend) as lock:
        is_left_over = started.exists()
        # Before the leftovers are cleared: what a seed run without a driver finishes from here on is known by its time.
        started.touch()
        if is_left_over:
            clear_leftovers(plan)
        events.write_bytes(b"")
        remember_plan(folder, plan)
        command = snakemake_command(plan, snakefile, options)
        command += ["--logger", "mle", "--logger-mle-events", str(events)]
        follower = _Follower(EventFile(events), Tally(total=len(plan.seed_runs)), watch)
        with log.open("wb") as output, _termination_as_interrupt():
            variables = {STARTED_VARIABLE: str(started.stat().st_mtime_ns), **snapshot_variables(plan, warnings.warn)}
            process = start_snakemake(command, plan.project_dir, output, lock.descriptor, variables)
            lock.sign(snakemake=process.pid)
            interrupted = _follow(process, follower)
        # Interrupted, Snakemake leaves marks of incompleteness also on what was just finished.
        if not interrupted and process.returncode in _ORDERLY:
            started.unlink(missing_ok=True)
        _mend_record(plan, ended_well=process.returncode == 0)
    return RunOutcome(process.returncode, interrupted, follower.tally, log)


def _mend_record(plan: Plan, *, ended_well: bool) -> None:
    """Write ``experiment.json`` where it is missing or damaged: Snakemake writes it only when it has jobs to start."""
    try:
        due = ended_well and read_experiment_record(ExperimentFolder(plan.experiment_path)) is None
    except ResultsError:
        due = True
    if due:
        write_experiment_record(plan)


@dataclass(frozen=True)
class _Follower:
    """Counts what is new in the events, and tells whoever watches."""

    events: EventFile
    tally: Tally
    watch: Callable[[Tally], None]

    def look(self) -> None:
        for event in self.events.new_events():
            self.tally.count(event)
        self.watch(self.tally)


def _follow(process: subprocess.Popen[bytes], follower: _Follower) -> bool:
    """Look at the events until Snakemake ends; return whether it was interrupted."""
    try:
        while process.poll() is None:
            follower.look()
            time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        stop_snakemake(process)
        return True
    finally:
        follower.look()
    return False


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Treat `kill` and a closed terminal like Ctrl-C, so that no seed run is left behind; nohup stays nohup."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
