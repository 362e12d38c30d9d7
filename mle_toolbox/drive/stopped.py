"""Seed runs that were killed so hard that neither they nor their launchers could record it.

A scheduler that gives no notice kills at once, and a third Ctrl-C does too. The record that is left says `running`, and
the run would count as dead of unknown causes; the process that had it killed knows better.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable

from mle_toolbox.drive.status import SeedRunStatus
from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.experiment.stop_notice import stopped_in_words
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.run_record import read_run_record, run_status, write_run_record

__all__ = ["note_stopped"]


def note_stopped(runs: Iterable[SeedRunStatus], since: float = 0.0) -> None:
    """Record of each seed run that is dead now that it was stopped.

    Parameters
    ----------
    runs
        Seed runs of which those that ran were stopped.
    since
        When stopping began, in seconds of the epoch: runs that had died before did so for other reasons.
    """
    for run in runs:
        with contextlib.suppress(OSError):
            if run_status(run.folder) == "died" and run.folder.run_record.stat().st_mtime >= since:
                _note(run)


def _note(run: SeedRunStatus) -> None:
    record = read_run_record(run.folder)
    if record is None:
        return
    try:
        n_ticks = read_journal(run.folder.journal).n_ticks
    except (MLEToolboxError, OSError):
        n_ticks = 0
    words = stopped_in_words(signal.SIGKILL, n_ticks, has_checkpoint=run.folder.checkpoint.exists())
    write_run_record(run.folder, record._replace(status="stopped", reason=words, ticks=n_ticks))
