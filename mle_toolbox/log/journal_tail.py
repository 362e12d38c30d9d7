"""Follow a journal that grows, reading only what was appended. The format is in journal_format.py.

For curves of many running seed runs, drawn again and again. Where only the last tick is wanted, journal_end.py is
enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.journal_format import (
    MAGIC,
    Header,
    Segment,
    count_whole_rows,
    decode_header,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["JournalTail", "Ticks"]

# Read at a time, so that a first look at hundreds of long journals needs little memory.
_PIECE = 1 << 22


@dataclass(frozen=True)
class Ticks:
    """Ticks that follow each other in a journal.

    ``columns`` has one array of shape (T,) for each variable that is one number a tick, float64; ``absent``, for those
    that were measured at some ticks only, is True where they were not. A variable that was added later is missing in
    earlier ticks.
    """

    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    n_ticks: int
    columns: Mapping[str, NDArray[np.float64]]
    absent: Mapping[str, NDArray[np.bool_]]


class JournalTail:
    """Reads a journal piece by piece, as it grows.

    Never raises: a journal that is missing or cannot be read has no ticks. Not for the process that writes the journal:
    closing a descriptor of it would free its lock.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.n_ticks = 0
        """Whole ticks read so far."""
        self._known: tuple[int, ...] = ()
        self._forget()

    def _forget(self) -> None:
        self.n_ticks = 0
        self._inode = self._end = self._n_rows = 0
        self._header: Header | None = None
        self._last = b""

    def read(self) -> tuple[bool, list[Ticks]]:
        """Return the ticks since the last look, and first whether the run began again: then earlier ones are void."""
        try:
            state = os.stat(self.path)  # noqa: PTH116 (asked a thousand times a second)
        except OSError:
            return False, []
        known = state.st_ino, state.st_size, state.st_mtime_ns
        if known == self._known:
            return False, []
        self._known = known
        try:
            with self.path.open("rb", buffering=0) as file:
                again = bool(self._end) and not self._goes_on(file.fileno())
                if again:
                    self._forget()
                self._inode = os.fstat(file.fileno()).st_ino
                return again, list(self._new(file.fileno()))
        except (OSError, ResultsError, ValueError):
            return False, []

    def _goes_on(self, descriptor: int) -> bool:
        """Return whether the file still begins with what was read: an attempt may start over in the same file."""
        state = os.fstat(descriptor)
        if state.st_ino != self._inode or state.st_size < self._end:
            return False
        return os.pread(descriptor, len(self._last), self._end - len(self._last)) == self._last

    def _new(self, descriptor: int) -> Iterator[Ticks]:
        while data := os.pread(descriptor, _PIECE, self._end):
            taken, ticks = self._take(data)
            if not taken and len(data) == _PIECE:  # a header or a row that is larger than the piece
                taken, ticks = self._take(data + os.pread(descriptor, 1 << 30, self._end + len(data)))
            if ticks is not None:
                yield ticks
            if not taken:
                return

    def _take(self, data: bytes) -> tuple[int, Ticks | None]:
        """Take a header or the rows at the start of ``data``; return how many bytes, and the ticks of the rows."""
        if self._header is not None and not data.startswith(MAGIC):
            place = replace(self._header, size=0, checksum=self._header.checksum + self._n_rows)
            n_rows = count_whole_rows(data, place)
            if n_rows:
                end = n_rows * place.row_size
                self._n_rows, self.n_ticks = self._n_rows + n_rows, self.n_ticks + n_rows
                self._end, self._last = self._end + end, data[end - place.row_size : end]
                return end, _ticks(data, Segment(place, n_rows))
            return 0, None
        header = decode_header(data, self.path)
        if header is None or header.first_tick != self.n_ticks:
            return 0, None
        self._header, self._n_rows = header, 0
        self._end, self._last = self._end + header.size, data[: header.size]
        return header.size, None


def _ticks(data: bytes, segment: Segment) -> Ticks:
    # Late, because it imports numpy, and a screen is to be there before that.
    from mle_toolbox.log.journal_reader import numbers_of

    header = segment.header
    return Ticks(header.time_names, header.metric_names, segment.n_rows, *numbers_of(data, segment))
