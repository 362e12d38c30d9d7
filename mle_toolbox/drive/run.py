"""Run an experiment: hold its lock, start Snakemake, follow it, stop it cleanly when asked to."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mle_toolbox.drive.lock import clear_stale_snakemake_lock, hold_driver_lock
from mle_toolbox.drive.progress import EventFile, Tally
from mle_toolbox.drive.snakemake_command import (
    RunOptions,
    snakemake_command,
    start_snakemake,
    stop_snakemake,
)
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

__all__ = ["RunOutcome", "run_experiment"]

_LOOK_EVERY_SECONDS = 0.1


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
        When another driver runs this experiment.
    """
    folder = ExperimentFolder(plan.experiment_path).driver
    with hold_driver_lock(folder) as lock:
        clear_stale_snakemake_lock(plan, folder)
        events, log = folder / "events.jsonl", folder / "snakemake.log"
        events.write_bytes(b"")
        started = folder / "started"
        started.touch()
        command = snakemake_command(plan, snakefile, options)
        command += ["--logger", "mle", "--logger-mle-events", str(events)]
        tally = Tally(total=len(plan.seed_runs))
        with log.open("wb") as output, _termination_as_interrupt():
            process = start_snakemake(command, plan.project_dir, output, lock)
            interrupted = _follow(process, EventFile(events), tally, watch)
        started.unlink(missing_ok=True)
    return RunOutcome(process.returncode, interrupted, tally, log)


def _follow(process: subprocess.Popen[bytes], events: EventFile, tally: Tally, watch: Callable[[Tally], None]) -> bool:
    """Count events until Snakemake ends; return whether it was interrupted."""
    try:
        while process.poll() is None:
            _count_new(events, tally, watch)
            time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        stop_snakemake(process)
        return True
    finally:
        _count_new(events, tally, watch)
    return False


def _count_new(events: EventFile, tally: Tally, watch: Callable[[Tally], None]) -> None:
    for event in events.new_events():
        tally.count(event)
    watch(tally)


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
