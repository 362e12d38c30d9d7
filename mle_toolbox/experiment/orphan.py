"""A seed run that goes on although its driver was killed: it is waited for, and what it has done is not done again.

Standard library only: the launcher of every seed run looks here first.
"""

from __future__ import annotations

import time
from pathlib import Path

from mle_toolbox.experiment_file.json_file import content_digest, read_json
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.lock import is_locked
from mle_toolbox.log.run_record import RunRecord, read_run_record

__all__ = ["orphan_has_done", "orphan_of", "wait_for_orphan"]

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


def orphan_has_done(folder: SeedFolder, configuration: Path) -> bool:
    """Tell whether the run that was waited for has finished the log that is wanted now."""
    record = read_run_record(folder)
    return (
        folder.log.exists()
        and folder.done.exists()
        and record is not None
        and record.status == "done"
        and record.config_sha256 == content_digest(read_json(configuration))
    )
