"""Seed runs that another launcher executes or has just finished: they are awaited and not repeated.

Such runs outlive a killed driver. The next Snakemake may have planned its jobs before they ended, and it removes the
marker ``.done`` of a finished run before it starts a job for it.

Standard library only, and quick to import: the launcher of every seed run checks this first.
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
"""When `mle run` started Snakemake, in nanoseconds, by the clock of the file system."""

_LOOK_EVERY_SECONDS = 0.2
# A launcher publishes the log within milliseconds after its script ends. One that was killed never does.
_LOOKS_FOR_THE_LAUNCHER = 25


def orphan_of(folder: SeedFolder) -> RunRecord | None:
    """Return the record of a run that another launcher started here and that is still running, or None.

    A run started by hand does not count: MLExperiment reports that the folder is in use.
    """
    record = read_run_record(folder)
    launched = record is not None and record.status == "running" and record.launcher is not None
    return record if launched and is_locked(folder.journal) else None


def wait_for_orphan(folder: SeedFolder) -> None:
    """Return when the run is over and its launcher, if it is still alive, has written the final record."""
    while is_locked(folder.journal):
        time.sleep(_LOOK_EVERY_SECONDS)
    for _ in range(_LOOKS_FOR_THE_LAUNCHER):
        record = read_run_record(folder)
        if record is None or record.status != "running":
            return
        time.sleep(_LOOK_EVERY_SECONDS)


def is_done_meanwhile(folder: SeedFolder, identity: Callable[[], str]) -> bool:
    """Return whether the requested run has been finished since `mle run` was started.

    A Snakemake started by hand sets that time to 0, unless it was told to rerun jobs: then anything finished counts.
    """
    try:
        started = int(os.environ.get(STARTED_VARIABLE, ""))
        # Not the time of the log, which is that of its preparation, before the run was known to have ended well.
        finished = folder.run_record.stat().st_mtime_ns
    except (ValueError, OSError):
        return False
    return finished >= started and is_done_with(folder, identity())


def is_done_with(folder: SeedFolder, identity: str) -> bool:
    """Return whether the latest run is finished and has this identity."""
    record = read_run_record(folder)
    return (
        record is not None
        and record.status == "done"
        and identity_of_run(folder, record) == identity
        and folder.log.exists()
        and not folder.journal.exists()
    )


def wanted_identity(configuration: Path, extra_arguments: Sequence[str]) -> str:
    """Return the identity of a run with this configuration, as of the start of the experiment, and these arguments."""
    from mle_toolbox.experiment.run_configuration import read_configuration_file

    return identity_of(read_configuration_file(configuration), extra_arguments)
