"""Status and log of a seed run, whether it is finished, running or broken."""

from __future__ import annotations

from dataclasses import dataclass

from mle_toolbox.errors import ResultsError
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status

__all__ = ["SeedLog", "read_seed_log"]

# A run may start, end and start again while it is read; after that the answer is what was found last.
_TRIES = 3


@dataclass(frozen=True)
class SeedLog:
    """One seed run; ``data`` is None if there is nothing readable."""

    status: RunStatus
    record: RunRecord | None
    data: LogData | None
    damage: str | None


def read_seed_log(folder: SeedFolder) -> SeedLog:
    """Read the newest attempt of a seed run: the finished log if it is done, else the journal. Never raises.

    ``damage`` is a sentence if part of it cannot be read.
    """
    for _ in range(_TRIES - 1):
        status = run_status(folder)
        try:
            return _read(folder, status)
        except FileNotFoundError:
            pass  # it ended well after run_status looked, and the journal is gone
    status = run_status(folder)
    try:
        return _read(folder, status)
    except FileNotFoundError:
        return SeedLog(status, read_run_record(folder), None, None)


# Without this, a json.py beside an analysis made load() report intact logs as unreadable.
@with_installed_modules
def _read(folder: SeedFolder, status: RunStatus) -> SeedLog:
    record = read_run_record(folder)
    unreadable = None
    if record is None and folder.run_record.exists():
        unreadable = f"{folder.run_record} cannot be read."
    try:
        if status == "done":
            from mle_toolbox.log.hdf5 import read_log

            data = read_log(folder.log)
        else:
            data = read_journal(folder.journal)
    except FileNotFoundError:
        raise
    except (ResultsError, OSError) as error:
        return SeedLog(status, record, None, str(error))
    return SeedLog(status, record, data, data.damage or unreadable)
