"""Who writes to a file: POSIX record locks, and a register of those that this process holds.

Such a lock is freed by the system when its process dies, however it dies, is not inherited by forked children and
works on network file systems. It has two traps. Locks of one process never conflict with each other, and closing
*any* descriptor of a file frees the process's lock on it. Hence the register: a file that this process holds is
refused to a second writer, is never opened again for reading (``read_bytes`` goes through the descriptor that is
open), and is never tested by opening it.

Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import struct
import sys
import threading
import warnings
from pathlib import Path

__all__ = ["HeldFile", "hold", "is_held_here", "is_locked", "read_bytes"]

_Key = tuple[int, int]

_HIGH = itertools.cycle(range(600, 1000))
"""Numbers below the usual limit (1024) and above what a script has open, never the same for two files in turn."""
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


class HeldFile:
    """A file that this process has open and locked; ``descriptor`` is -1 once that is over."""

    def __init__(self, path: Path, descriptor: int, key: _Key) -> None:
        self.path = path
        self.descriptor = descriptor
        self.key = key
        self.guard = threading.RLock()
        """Held by a thread of this process while it changes the file; again by a signal handler that interrupts it."""
        self.forked = False
        """Whether this is the copy that a forked child got: its parent holds the lock, not it."""
        self.lost = False
        """Whether the script has closed the descriptor (``os.closerange``, a daemon) and with it freed the lock."""

    def is_open(self) -> bool:
        """Tell whether the descriptor still is that of the file; ask before anything is done with it.

        Once closed, the number may be another file's.
        """
        if self.descriptor >= 0 and not _is_file(self.descriptor, self.key):
            self.lost, self.descriptor = True, -1
            _held.pop(self.key, None)
        return self.descriptor >= 0

    def release(self) -> None:
        """Close the file, which frees the lock; further calls do nothing."""
        with _guard:
            if self.is_open():
                _held.pop(self.key, None)
                descriptor, self.descriptor = self.descriptor, -1
                os.close(descriptor)


_guard = threading.Lock()
_held: dict[_Key, HeldFile] = {}


def hold(path: Path) -> HeldFile:
    """Open a file for reading and writing, make it when it is missing, and lock it. Nothing in it is changed.

    Raises
    ------
    BlockingIOError
        When another process, or another writer in this one, holds the file.
    """
    with _guard:
        while True:
            if _key(path) in _held:
                raise BlockingIOError(errno.EAGAIN, "held by this process", str(path))
            descriptor = _out_of_the_way(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
            try:
                _lock(descriptor, path)
                opened = _key(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            # A run that ends well unlinks its journal: the lock may be on a file that has no name any more.
            if opened is not None and opened == _key(path):
                _held[opened] = HeldFile(path, descriptor, opened)
                return _held[opened]
            os.close(descriptor)


def is_held_here(path: Path) -> bool:
    """Tell whether this process holds the file."""
    with _guard:
        return _key(path) in _held


def is_locked(path: Path) -> bool:
    """Tell whether some process, this one included, holds the file; a missing file is not held.

    Where that cannot be known (no locks on this file system, no permission) the answer is True: what the run record
    says cannot be doubted then.
    """
    with _guard:
        if _key(path) in _held:
            return True
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except PermissionError:
            return True
        try:
            return _held_elsewhere(descriptor)
        except OSError as error:
            if error.errno in _NO_LOCKS_HERE:
                return True
            raise
        finally:
            os.close(descriptor)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file without giving up a lock that this process may hold on it."""
    with _guard:
        held = _held.get(_key(path) or (-1, -1))
        if held is None or not held.is_open():
            return path.read_bytes()
        content = bytearray()
        size = os.fstat(held.descriptor).st_size
        while block := os.pread(held.descriptor, size - len(content), len(content)):
            content += block
        return bytes(content)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise BlockingIOError(errno.EAGAIN, "held by another process", str(path)) from None
        if error.errno not in _NO_LOCKS_HERE:
            raise
        warnings.warn(
            f"{path}: this file system has no locks ({error.strerror}), so nothing prevents a second run of the same "
            "seed in this folder.",
            RuntimeWarning,
            stacklevel=4,
        )


def _out_of_the_way(descriptor: int) -> int:
    """Return the same file under a high number, where there may be one; to be done before it is locked.

    A number that a script closes is that of the next file which it opens, if it is among the lowest.
    """
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_HIGH))
    except OSError:
        return descriptor
    os.close(descriptor)
    return moved


def _held_elsewhere(descriptor: int) -> bool:
    # Asked, not tried: a reader that takes the lock for a moment would turn a starting run away.
    layout = "hhqqi0q" if sys.platform.startswith("linux") else "qqihh0q"
    linux = layout[0] == "h"
    question = (fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0) if linux else (0, 0, 0, fcntl.F_RDLCK, os.SEEK_SET)
    answer = struct.unpack(layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(layout, *question)))
    return bool(answer[0 if linux else 3] != fcntl.F_UNLCK)


def _key(file: Path | int) -> _Key | None:
    try:
        status = os.fstat(file) if isinstance(file, int) else file.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _is_file(descriptor: int, key: _Key) -> bool:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == key


def _forget_in_child() -> None:
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        held.forked, held.guard = True, threading.RLock()  # another thread may have held it
        descriptor, held.descriptor = held.descriptor, -1
        if _is_file(descriptor, held.key):
            with contextlib.suppress(OSError):
                os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
