"""The layout of ``journal.bin``: a header that describes itself, then rows of one width.

Header: magic, the length of what follows as uint32, JSON (``format``, ``time``, ``metrics``, ``shapes``,
``attributes``, ``first_tick``, ``remarks``), its crc32. Row: one tag byte for each column, then the columns'
values of 8 bytes each (an array column has one tag and as many values as its shape says), then a crc32. All numbers are
little-endian. A metric that was not measured at a tick has the tag ``ABSENT`` there, and zeros for values.

After the rows another header may follow, with rows of its own: a segment. A new one starts where a metric that was
never measured before turns out to be an array, where metrics are added (behind those of earlier segments), and where an
attempt continues after the ticks of an earlier one. So existing rows are never rewritten, and a kill at any moment
leaves a prefix of them.

The checksum of a row starts from the header's checksum plus the row's index in its segment, so that a row in the wrong
place, or from another journal, is detected as well. Standard library only.
"""

from __future__ import annotations

import itertools
import json
import operator
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from mle_toolbox.errors import UPGRADE, ResultsError

__all__ = [
    "ABSENT",
    "BOOL",
    "FLOAT",
    "INT",
    "MAGIC",
    "UINT",
    "Header",
    "Segment",
    "count_whole_rows",
    "decode_header",
    "is_whole_row",
    "may_continue",
    "read_segments",
]

MAGIC = b"MLEJRNL1"
# 2: a tick may leave metrics out.
_FORMAT = 2
_NEWER = f"was made by a newer version of mle-toolbox. {UPGRADE}"
_UINT32 = struct.Struct("<I")

# The crc32 of any data followed by its own crc32 is this constant, whatever value the crc32 starts from. So one call
# checks a row, and the stored checksum need not be taken out and compared.
_OF_A_WHOLE_ROW = zlib.crc32(_UINT32.pack(zlib.crc32(b"")))

# No tag is 0, so that a stretch of zeros, which some file systems leave after a crash, is not a row.
FLOAT, INT, UINT, BOOL, ABSENT = 1, 2, 3, 4, 5

_Names = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Header:
    """Describes a journal's rows; ``shapes`` has one entry for each time variable, then for each metric.

    ``first_tick`` is the number of the first row's tick, ``remarks`` are sentences about the ticks. ``size`` is where
    the rows start in the file. A metric that was not measured yet has the shape of a number.
    """

    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    attributes: Mapping[str, Any]
    first_tick: int = 0
    remarks: tuple[str, ...] = ()
    size: int = 0
    checksum: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Time variables, then metrics."""
        return self.time_names + self.metric_names

    @property
    def counts(self) -> tuple[int, ...]:
        """Values of each column in a row."""
        return tuple(map(prod, self.shapes))

    @property
    def row_size(self) -> int:
        """Bytes of a row."""
        return len(self.shapes) + 8 * sum(self.counts) + 4

    def encode(self) -> bytes:
        """Return the bytes that a journal starts with."""
        content = {
            "format": _FORMAT,
            "time": self.time_names,
            "metrics": self.metric_names,
            "shapes": self.shapes,
            "attributes": self.attributes,
            "first_tick": self.first_tick,
            "remarks": self.remarks,
        }
        # ASCII: lone surrogates, from names that are not UTF-8, are escaped and come back.
        text = json.dumps(content).encode("ascii")
        head = MAGIC + _UINT32.pack(len(text)) + text
        return head + _UINT32.pack(zlib.crc32(head))

    def with_place_of(self, encoded: bytes, start: int = 0) -> Header:
        """Return this header as it will be read if ``encoded``, from ``encode``, is written at ``start``."""
        checksum = _UINT32.unpack_from(encoded, len(encoded) - _UINT32.size)[0]
        return replace(self, size=start + len(encoded), checksum=checksum)


@dataclass(frozen=True)
class Segment:
    """A header and how many whole rows follow it."""

    header: Header
    n_rows: int

    @property
    def end(self) -> int:
        """Where the last whole row ends in the file."""
        return self.header.size + self.n_rows * self.header.row_size

    def measures(self, data: bytes, column: int) -> bool:
        """Return whether a column has a value in any of the rows; ``data`` is the content of the file."""
        if column >= len(self.header.shapes):
            return False  # added in a later segment
        # One slice over the column's tags, so that millions of rows take no loop in Python.
        return bool(data[self.header.size + column : self.end : self.header.row_size].strip(bytes([ABSENT])))


def decode_header(data: bytes, path: Path, start: int = 0) -> Header | None:
    """Return the header at ``start``, or None when it is torn or damaged; ``path`` is for messages.

    Raises
    ------
    ResultsError
        When the file is not a journal, or was made by a newer version.
    """
    magic, text = data[start : start + len(MAGIC)], start + len(MAGIC) + _UINT32.size
    if magic != MAGIC[: len(magic)]:
        if magic.startswith(MAGIC[:-1]) and magic[-1:].isdigit():
            raise ResultsError(f"{path} {_NEWER}")
        raise ResultsError(f"{path} is not a journal of mle-toolbox: it does not begin with {MAGIC.decode()!r}.")
    if len(data) < text:
        return None
    end = text + _UINT32.unpack_from(data, start + len(MAGIC))[0]
    if len(data) < end + _UINT32.size or _UINT32.unpack_from(data, end)[0] != zlib.crc32(data[start:end]):
        return None
    content = json.loads(data[text:end])
    if content["format"] > _FORMAT:
        raise ResultsError(f"{path} {_NEWER}")
    return Header(
        time_names=tuple(content["time"]),
        metric_names=tuple(content["metrics"]),
        shapes=tuple(map(tuple, content["shapes"])),
        attributes=content["attributes"],
        # Earlier headers have neither of these.
        first_tick=content.get("first_tick", 0),
        remarks=tuple(content.get("remarks", ())),
        size=end + _UINT32.size,
        checksum=_UINT32.unpack_from(data, end)[0],
    )


def may_continue(before: _Names, now: _Names) -> bool:
    """Return whether ticks of the names ``now``, times and metrics, may follow ticks of the names ``before``.

    Metrics may be added at the end, by ``extend_tracking``: before the first tick or later, in either attempt.
    """
    n_common = min(len(before[1]), len(now[1]))
    return before[0] == now[0] and before[1][:n_common] == now[1][:n_common]


def read_segments(data: bytes, path: Path) -> tuple[Segment, ...]:
    """Return everything before the first row or header that is torn or damaged; ``data`` is the content of the file.

    Raises
    ------
    ResultsError
        When the file is not a journal, or was made by a newer version.
    """
    found: list[Segment] = []
    n_ticks = end = 0
    while not found or data.startswith(MAGIC, end):
        header = decode_header(data, path, end)
        # A segment that does not continue the count follows damaged rows: its ticks would get wrong numbers.
        if header is None or header.first_tick != n_ticks:
            break
        found.append(Segment(header, count_whole_rows(data, header)))
        n_ticks, end = n_ticks + found[-1].n_rows, found[-1].end
    return tuple(found)


def is_whole_row(row: bytes, header: Header, index: int) -> bool:
    """Return whether these bytes are the row of this index, from 0, in the segment of this header."""
    return len(row) == header.row_size and zlib.crc32(row, (header.checksum + index) & 0xFFFFFFFF) == _OF_A_WHOLE_ROW


def count_whole_rows(data: bytes, header: Header) -> int:
    """Return how many rows before the first damaged one there are; ``data`` is the content of the file.

    With the ``size`` and ``checksum`` of a later row in ``header`` it may also begin there.
    """
    n_rows = (len(data) - header.size) // header.row_size
    whole = memoryview(data)[header.size : header.size + n_rows * header.row_size]
    # A loop that runs in C throughout, because closing a log spends much of its time here.
    rows = map(operator.itemgetter(0), struct.iter_unpack(f"{header.row_size}s", whole))
    checksums = map(zlib.crc32, rows, itertools.count(header.checksum))  # crc32 takes the lower 32 bits
    return next(itertools.compress(itertools.count(), map(_OF_A_WHOLE_ROW.__ne__, checksums)), n_rows)
