"""One driver at a time for an experiment.

The lock is held for as long as either `mle run` or its Snakemake lives, and the system frees it when both are gone,
however they died. So a driver that gets it knows that no earlier Snakemake of ours is left.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from mle_toolbox.errors import FolderInUseError
from mle_toolbox.text import moment

__all__ = ["DriverLock", "Holder", "current_holder", "driver_lock", "is_alive", "is_driven"]

_LOOK_EVERY_SECONDS = 0.1
_READINGS = 10
_READ_AGAIN_SECONDS = 0.01


@dataclass(frozen=True)
class Holder:
    """The processes that drive an experiment: `mle run` and, once started, its Snakemake."""

    host: str
    pid: int
    since: str
    snakemake: int | None = None

    @property
    def when(self) -> str:
        """When it began, in the zone of this machine."""
        try:
            return moment(datetime.fromisoformat(self.since))
        except (ValueError, TypeError):  # another program may have written it
            return self.since

    @property
    def is_orphaned(self) -> bool:
        """Whether `mle run` is gone from this machine; as the lock is held, its Snakemake is still running."""
        # A process number is only meaningful on its own machine.
        return self.host == platform.node() and not is_alive(self.pid)


class DriverLock:
    """The lock while it is held; ``descriptor`` is what Snakemake inherits."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def sign(self, snakemake: int | None = None) -> None:
        """Write the holder into the lock file, for other drivers that find it locked."""
        holder = Holder(platform.node(), os.getpid(), _now(), snakemake)
        content = json.dumps(asdict(holder)).encode()
        # Another process may read at any moment, so the file is never empty: it is overwritten, padded with blanks, and
        # then cut. Half a write is no JSON, and is read again.
        os.pwrite(self.descriptor, content.ljust(os.fstat(self.descriptor).st_size), 0)
        os.ftruncate(self.descriptor, len(content))


@contextmanager
def driver_lock(folder: Path, while_waiting: Callable[[Holder], None]) -> Iterator[DriverLock]:
    """Hold the lock of an experiment.

    Parameters
    ----------
    folder
        The driver's folder in the results folder.
    while_waiting
        Called ten times a second while the Snakemake of a killed driver is still running.

    Raises
    ------
    FolderInUseError
        When another driver holds the lock: says who, where and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lock"
    # Closed in every other child: only Snakemake may keep the lock (pass_fds in start_snakemake).
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        while not _try_lock(descriptor):
            holder = _read_holder(path)
            if holder is None or not holder.is_orphaned:
                raise FolderInUseError(_in_use(folder.parent, holder))
            _wait(holder, while_waiting)
        lock = DriverLock(descriptor)
        lock.sign()
        yield lock
        # Emptied, not removed: another driver may have opened the file already, and two would lock two files.
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def is_driven(folder: Path) -> bool:
    """Whether a driver, or the Snakemake that it has left, holds the lock of an experiment."""
    try:
        # Writable if possible: NFS turns flock into a POSIX lock, and an exclusive one needs that (flock(2)).
        writable = os.access(folder / "lock", os.W_OK)
        descriptor = os.open(folder / "lock", (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def current_holder(folder: Path) -> Holder | None:
    """Return the holder of the lock of an experiment; None when it is free, or its holder unknown."""
    return _read_holder(folder / "lock") if is_driven(folder) else None


def _wait(holder: Holder, while_waiting: Callable[[Holder], None]) -> None:
    try:
        while_waiting(holder)
        time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        # Ctrl-C is meant for the seed runs, which are in the process group of the Snakemake that is left.
        if holder.snakemake is not None and is_alive(holder.snakemake):
            os.killpg(holder.snakemake, signal.SIGINT)
        raise


def _try_lock(descriptor: int) -> bool:
    # flock and not lockf: it belongs to the open file, which Snakemake inherits; a POSIX lock ends with its process.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(path: Path) -> Holder | None:
    for _ in range(_READINGS):
        try:
            return Holder(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            # It may just be being written.
            time.sleep(_READ_AGAIN_SECONDS)
    return None


def _in_use(results: Path, holder: Holder | None) -> str:
    who = f"by process {holder.pid} on {holder.host} since {holder.when}" if holder else "by another process"
    return (
        f"{results}: this experiment is already being run {who}. Nothing has changed "
        "since. `mle attach` follows it, `mle stop` stops it."
    )


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number on this machine that has not ended."""
    # Imported late: commands that look at no process need not pay for it.
    import psutil

    try:
        # An ended process stays a zombie until its parent waits for it, which in containers without an init none does.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _now() -> str:
    return datetime.now(UTC).astimezone().isoformat(sep=" ", timespec="seconds")
