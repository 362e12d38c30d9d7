"""A file for the HDF5 library to write to, whose errors the library never sees.

HDF5 crashes the process (a segmentation fault when the file is closed) when the disk is full. So this file keeps the
first error to itself, discards everything written after it, and ``raise_error`` raises it once the library is done.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CarefulFile"]


class CarefulFile(io.FileIO):
    """A new file; an existing one is replaced."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def raise_error(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            # A new one, with the name: errors of write() on a descriptor carry none.
            raise OSError(self._error.errno, self._error.strerror, str(self.name))

    def write(self, block: Any) -> int:
        """Write all of ``block``, or after an error pretend to."""
        view = memoryview(block).cast("B")
        end = self.tell() + len(view)
        self._unless_failed(lambda: self._write_all(view))
        # After a failed write too, so that the library finds the position that it expects.
        self.seek(end)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Change the size, or after an error pretend to."""
        size = self.tell() if size is None else size
        self._unless_failed(lambda: super(CarefulFile, self).truncate(size))
        return size

    def readinto(self, block: Any) -> int:
        """Read; what was never written reads as zeros."""
        # What an earlier write discarded is missing, and the library must not see an error here either.
        view = memoryview(block).cast("B")
        view[:] = bytes(len(view))
        n_read = 0
        while n_read < len(view) and (n := super().readinto(view[n_read:])):
            n_read += n
        return len(view)

    def _write_all(self, view: memoryview) -> None:
        # An unbuffered write may write less than it is given, without an error.
        n_written = 0
        while n_written < len(view):
            n_written += super().write(view[n_written:])

    def _unless_failed(self, action: Callable[[], object]) -> None:
        if self._error is None:
            try:
                action()
            except OSError as error:
                self._error = error
