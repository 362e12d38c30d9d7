"""Who writes to a file: POSIX record locks, and a register of the ones that this process holds.

The system frees such a lock when its process dies, however it dies; forked children (data loaders) do not inherit it,
and it works on network file systems. It has two traps. Locks of one process never conflict with each other, and closing
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

# Descriptors below the usual limit (1024) and above what a script has open, never the same for two files in turn.
_HIGH = itertools.cycle(range(600, 1000))
# What lockf answers on file systems that are mounted without locks.
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


class HeldFile:
    """A file that this process has open and locked; ``descriptor`` is -1 after that."""

    def __init__(self, path: Path, descriptor: int, key: _Key) -> None:
        self.path = path
        self.descriptor = descriptor
        self.key = key
        # Threads of a script may all log: 0.2 us a tick. Reentrant, because a signal handler that interrupts a write
        # may log or close as well.
        self.guard = threading.RLock()
        """Held by a thread of this process while it changes the file."""
        self.forked = False
        """Whether this is the copy in a forked child: its parent holds the lock, not the child."""
        self.lost = False
        """Whether the script has closed the descriptor (``os.closerange``, a daemon) and with it freed the lock."""

    def is_open(self) -> bool:
        """Return whether the descriptor still belongs to the file; ask before anything is done with it."""
        # Once a script has closed it (os.closerange, a daemon), the number may be another file's, which a row, a
        # truncation or a close would hit.
        if self.descriptor >= 0 and not _is_file(self.descriptor, self.key):
            self.lost, self.descriptor = True, -1
            _held.pop(self.key, None)
        return self.descriptor >= 0

    def release(self) -> None:
        """Close the file, which frees the lock; further calls do nothing."""
        with _guard:
            if self.is_open():
                _held.pop(self.key, None)
                # First -1, then close: a signal handler in between must not use a number that may be reused.
                descriptor, self.descriptor = self.descriptor, -1
                os.close(descriptor)


_guard = threading.Lock()
_held: dict[_Key, HeldFile] = {}


def hold(path: Path) -> HeldFile:
    """Open a file for reading and writing, create it if it is missing, and lock it. Its content is not changed.

    Raises
    ------
    BlockingIOError
        When another process, or another writer in this one, holds the file.
    """
    with _guard:
        while True:
            if _key(path) in _held:
                raise BlockingIOError(errno.EAGAIN, "held by this process", str(path))
            descriptor = _moved_high(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
            try:
                _lock(descriptor, path)
                opened = _key(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            # A run that ends well unlinks its journal: the lock may be on a file that no longer has a name. Try again
            # then.
            if opened is not None and opened == _key(path):
                _held[opened] = HeldFile(path, descriptor, opened)
                return _held[opened]
            os.close(descriptor)


def is_held_here(path: Path) -> bool:
    """Return whether this process holds the file."""
    with _guard:
        return _key(path) in _held


def is_locked(path: Path | str) -> bool:
    """Return whether some process, this one included, holds the file; a missing file is not held.

    If that cannot be known (no locks on this file system, no permission) the answer is True: then there is no reason to
    doubt a run record that says "running".
    """
    with _guard:
        if _held and _key(path) in _held:
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
    """Return the content of a file without losing a lock that this process may hold on it."""
    with _guard:
        held = _held.get(_key(path) or (-1, -1))
        if held is None or not held.is_open():
            return path.read_bytes()
        # pread, because the writer relies on the position of the descriptor.
        content = bytearray()
        size = os.fstat(held.descriptor).st_size
        while block := os.pread(held.descriptor, size - len(content), len(content)):
            content += block
        return bytes(content)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # POSIX allows either of the two for a lock that somebody else holds.
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


def _moved_high(descriptor: int) -> int:
    """Return the same file under a high descriptor if possible. Call it before locking: closing frees the lock."""
    # A file gets the lowest free number. If a script closes a low one of ours, the next file that it opens gets it.
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_HIGH))
    except OSError:
        return descriptor
    os.close(descriptor)
    return moved


def _held_elsewhere(descriptor: int) -> bool:
    # Asked, not tried: a reader that takes the lock for a moment would turn a starting run away. Python has no function
    # for the question, so this is struct flock as Linux lays it out, or else as macOS and the BSDs do.
    layout = "hhqqi0q" if sys.platform.startswith("linux") else "qqihh0q"
    linux = layout[0] == "h"
    question = (fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0) if linux else (0, 0, 0, fcntl.F_RDLCK, os.SEEK_SET)
    answer = struct.unpack(layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(layout, *question)))
    return bool(answer[0 if linux else 3] != fcntl.F_UNLCK)


def _key(file: Path | str | int) -> _Key | None:
    try:
        status = os.stat(file)  # noqa: PTH116 (of a descriptor as well)
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
    # A child has the descriptors but not the locks. Closing its copies frees nothing of the parent's.
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
