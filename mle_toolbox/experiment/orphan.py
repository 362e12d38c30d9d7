"""Seed runs that another launcher does, or has just done: they are waited for, and what they have done is not repeated.

Such runs go on when their driver was killed. The next Snakemake may have decided what to run before they ended, and it
removes the mark ``.done`` of a finished run before it starts a job for it.

Standard library only, and quick to import: the launcher of every seed run looks here first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.log.run_record import RunRecord, read_run_record
from mle_toolbox.seed_run.identity import identity_of_run

__all__ = [
    "STARTED_VARIABLE",
    "is_done_meanwhile",
    "is_done_with",
    "orphan_of",
    "wait_for_orphan",
    "wanted_identity",
]

STARTED_VARIABLE = "MLE_DRIVER_STARTED"
"""Time of a file that `mle run` has made just before it started Snakemake, in nanoseconds."""

_LOOK_EVERY_SECONDS = 0.2
# From the end of a script until its launcher has put the log in place, milliseconds pass. One that was killed as well
# never does.
_LOOKS_FOR_THE_LAUNCHER = 25


def orphan_of(folder: SeedFolder) -> RunRecord | None:
    """Return the record of a run that another launcher has started here and that still goes on, or None.

    A run that somebody started by hand is none: it refuses a second one with its own words.
    """
    record = read_run_record(folder)
    launched = record is not None and record.status == "running" and record.launcher is not None
    return record if launched and is_locked(folder.journal) else None


def wait_for_orphan(folder: SeedFolder) -> None:
    """Return when the run is over and its launcher, if there is one, has spoken the last word."""
    while is_locked(folder.journal):
        time.sleep(_LOOK_EVERY_SECONDS)
    for _ in range(_LOOKS_FOR_THE_LAUNCHER):
        record = read_run_record(folder)
        if record is None or record.status != "running":
            return
        time.sleep(_LOOK_EVERY_SECONDS)


def is_done_meanwhile(folder: SeedFolder, identity: Callable[[], str]) -> bool:
    """Tell whether the run that is wanted has been finished since `mle run` was started.

    A Snakemake that was typed by hand gives 0 for that time, unless it was told to make things again: what was finished
    at any time stays.
    """
    try:
        started = int(os.environ.get(STARTED_VARIABLE, ""))
        # The time of the log is that of its preparation, before its run was known to have ended well.
        finished = folder.run_record.stat().st_mtime_ns
    except (ValueError, OSError):
        return False
    return finished >= started and is_done_with(folder, identity())


def is_done_with(folder: SeedFolder, identity: str) -> bool:
    """Tell whether the newest run is finished, and was made with this identity."""
    record = read_run_record(folder)
    return (
        record is not None
        and record.status == "done"
        and identity_of_run(folder, record) == identity
        and folder.log.exists()
        and not folder.journal.exists()
    )


def wanted_identity(configuration: Path, extra_arguments: Sequence[str]) -> str:
    """Return the identity of a run with this configuration, as it was when it was asked for, and these arguments."""
    from mle_toolbox.experiment.run_configuration import read_configuration_file

    return identity_of(read_configuration_file(configuration), extra_arguments)
