"""The last step of a seed run that ended well: the prepared files get their final names.

Imports next to nothing, because every seed run waits for it; hence paths are strings.
"""

from __future__ import annotations

import os
import time

from mle_toolbox.layout import CHECKPOINT, DONE, JOURNAL, LOG, READY_LOG, READY_RECORD, RUN_RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["bound_times_by_now", "publish", "sync_folder"]


def publish(folder: str) -> None:
    """Make the prepared log and record those of the seed run, durably; remove journal and checkpoint.

    May be interrupted anywhere, and repeated.

    Parameters
    ----------
    folder
        The folder of the seed run. Its journal is locked, by the caller or by nobody.

    Raises
    ------
    FileNotFoundError
        When there is neither a prepared nor a finished log, or no prepared record.
    """
    log, record = f"{folder}/{LOG}", f"{folder}/{READY_RECORD}"
    # Its time is to be that of the end: readers that look for newly finished runs go by it.
    os.utime(record)
    # Before the log has its name: Snakemake takes a log without this mark for unfinished and runs the seed again.
    os.close(os.open(f"{folder}/{DONE}", os.O_WRONLY | os.O_CREAT, 0o666))
    try:
        os.replace(f"{folder}/{READY_LOG}", log)
    except FileNotFoundError:
        os.stat(log)  # an earlier call, which was interrupted, did this step
    os.replace(record, f"{folder}/{RUN_RECORD}")
    # Only once both names are on the disk may the journal, the other copy of the ticks, be removed.
    sync_folder(folder)
    for name in (CHECKPOINT, JOURNAL):
        try:
            os.unlink(f"{folder}/{name}")
        except FileNotFoundError:
            pass


def bound_times_by_now(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Set files with a time in the future to the present; those that cannot be changed are left as they are.

    Call it for the inputs of a job before the job ends: after a clock was set back, or when another machine's is ahead,
    Snakemake finds new outputs older than their inputs and deletes them, which may be the work of hours.
    """
    for path in paths:
        try:
            if os.stat(path).st_mtime_ns > time.time_ns():
                os.utime(path)
        except OSError:
            pass


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Make new and changed names in a folder durable, where the file system can."""
    # Some network file systems refuse fsync on a folder; they keep the order of renames themselves.
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
