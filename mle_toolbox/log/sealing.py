"""Turns a journal into a finished log, in two steps that can be interrupted and repeated.

``prepare_log`` and ``prepare_record`` run in the process that logged, once everything is written. The process that
knows how the run ended, its launcher, then publishes their files (``commit_log``, publish.py): only a parent can see
the exit status of ``sys.exit(3)``, ``os._exit`` or a signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.errors import FolderInUseError, ResultsError
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.log.held_file import HeldFile, hold, is_held_here
from mle_toolbox.log.publish import publish
from mle_toolbox.log.run_record import RunRecord, write_record

__all__ = ["commit_log", "discard_prepared", "prepare_log", "prepare_record"]


def prepare_log(folder: SeedFolder, attributes: Mapping[str, Any], n_ticks: int | None = None) -> None:
    """Write the journal as ``log.h5.ready``, durably; the journal stays.

    Parameters
    ----------
    folder
        The folder of the seed run. Its ``JournalWriter`` has been closed, or at least flushed.
    attributes
        Provenance; added to the attributes of the journal, and takes precedence.
    n_ticks
        How many ticks the run has logged, so that a journal with another number is refused.

    Raises
    ------
    ResultsError
        When the journal is missing or damaged: a run with missing ticks did not end well.
    """
    # Late, like h5py in the next line: training scripts import this module at their start.
    import dataclasses

    from mle_toolbox.log.hdf5 import write_log
    from mle_toolbox.log.journal import read_journal

    try:
        data = read_journal(folder.journal)
    except FileNotFoundError:
        raise ResultsError(f"{folder.path}: there is no journal to make the log from.") from None
    if data.damage is not None:
        raise ResultsError(f"{data.damage} The log is incomplete, so the run is not finished.")
    if n_ticks is not None and n_ticks != data.n_ticks:
        raise ResultsError(
            f"{folder.journal} has {data.n_ticks} ticks, this run has logged {n_ticks}. "
            "The log is incomplete, so the run is not finished."
        )
    complete = dataclasses.replace(data, attributes={**data.attributes, **attributes})
    replace_file(folder.ready_log, lambda path: write_log(path, complete), wait_for_name=False)


def prepare_record(folder: SeedFolder, record: RunRecord) -> None:
    """Write the record of a run that ended well as ``run.json.ready``, durably."""
    write_record(folder.ready_record, record._replace(status="done"), wait_for_name=False)


def discard_prepared(folder: SeedFolder) -> None:
    """Remove the prepared files, if there are any."""
    folder.ready_log.unlink(missing_ok=True)
    folder.ready_record.unlink(missing_ok=True)


def commit_log(folder: SeedFolder, record: RunRecord) -> None:
    """Make ``log.h5.ready`` the finished log, record the run as done, remove journal and checkpoint.

    Parameters
    ----------
    folder
        The folder of the seed run.
    record
        Its final record; the status is set to ``done`` here.

    Raises
    ------
    ResultsError
        When there is neither a prepared nor a finished log.
    FolderInUseError
        When another run has started in this folder in the meantime.
    """
    lock = _hold_journal(folder)
    try:
        # A finished log without a prepared one is an earlier call that was interrupted.
        if not folder.ready_log.exists() and not folder.log.exists():
            raise ResultsError(f"{folder.path}: there is no log to finish, {folder.ready_log.name} is missing.")
        prepare_record(folder, record)
        publish(str(folder.path))
    finally:
        if lock is not None:
            lock.release()


def _hold_journal(folder: SeedFolder) -> HeldFile | None:
    # Somebody may have started the same seed again since the script ended.
    if not folder.journal.exists() or is_held_here(folder.journal):
        return None
    try:
        return hold(folder.journal)
    except BlockingIOError:
        raise FolderInUseError(
            f"{folder.path}: another run of this seed has started, so this log is not published."
        ) from None
