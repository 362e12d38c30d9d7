"""The end of a journal: how many ticks a running seed run has, and the numbers of the last one.

Reads a header and one row, however long the journal is, so that hundreds of running seed runs can be looked at every
second.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.held_file import is_held_here, read_bytes
from mle_toolbox.log.journal_format import (
    ABSENT,
    BOOL,
    FLOAT,
    INT,
    MAGIC,
    UINT,
    Header,
    decode_header,
    is_whole_row,
    read_segments,
)

__all__ = ["JournalEnd", "LastTick"]

_BLOCK = 1 << 16
_FORMATS = {FLOAT: "<d", INT: "<q", BOOL: "<q", UINT: "<Q"}


@dataclass(frozen=True)
class LastTick:
    """The last whole tick: its number, from 1, and its values; arrays and what it did not measure are left out."""

    number: int
    values: dict[str, float]


class JournalEnd:
    """Looks at the end of one journal, as often as it is asked.

    Parameters
    ----------
    path
        ``journal.bin`` of a seed folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Where the last segment starts: behind others where an attempt was continued or metrics were added.
        self._start = 0

    def look(self) -> LastTick | None:
        """Return the last whole tick; None when there is none, or no journal that can be read."""
        # Closing a descriptor of a file that this process writes would free its lock.
        if is_held_here(self.path):
            return self._of_whole_file(read_bytes(self.path))
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return self._of_last_row(descriptor) or self._of_whole_file(self.path.read_bytes())
        except (OSError, ResultsError):
            return None
        finally:
            os.close(descriptor)

    def _of_last_row(self, descriptor: int) -> LastTick | None:
        """Return what the last row says if it belongs to the segment that was the last one until now."""
        size, start = os.fstat(descriptor).st_size, self._start
        head = os.pread(descriptor, _BLOCK, start)
        # Rewound behind this segment, the file has other bytes there.
        header = decode_header(head, self.path) if head.startswith(MAGIC) else None
        if header is None:
            return None
        begin = start + header.size
        n_rows = (size - begin) // header.row_size
        if n_rows < 1:
            return None
        row = os.pread(descriptor, header.row_size, begin + (n_rows - 1) * header.row_size)
        return _tick(row, header, n_rows) if is_whole_row(row, header, n_rows - 1) else None

    def _of_whole_file(self, data: bytes) -> LastTick | None:
        """Find the last segment, where another one follows or a row is being written."""
        segments = read_segments(data, self.path)
        self._start = segments[-2].end if len(segments) > 1 else 0
        rows = [each for each in segments if each.n_rows]
        if not rows:
            return None
        header, end = rows[-1].header, rows[-1].end
        return _tick(data[end - header.row_size : end], header, rows[-1].n_rows)


def _tick(row: bytes, header: Header, n_rows: int) -> LastTick:
    values: dict[str, float] = {}
    offset = len(header.shapes)
    for tag, name, shape, count in zip(row, header.names, header.shapes, header.counts, strict=False):
        if tag != ABSENT and not shape:
            values[name] = struct.unpack_from(_FORMATS[tag], row, offset)[0]
        offset += 8 * count
    return LastTick(header.first_tick + n_rows, values)
