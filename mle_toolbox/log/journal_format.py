"""The layout of ``journal.bin``: a header that describes itself, then rows of one width.

Header: magic, the length of what follows as uint32, JSON (``format``, ``time``, ``metrics``, ``shapes``,
``attributes``), its crc32. Row: one tag byte for each column, then the columns' values of 8 bytes each (an array
column has one tag and as many values as its shape says), then a crc32. All numbers are little-endian.

The checksum of a row starts from the header's checksum plus the row's index, so that a row in the wrong place, or
one of another journal, is found as well. Standard library only.
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

from mle_toolbox.errors import ResultsError

__all__ = ["BOOL", "FLOAT", "INT", "MAGIC", "UINT", "Header", "count_whole_rows", "decode_header", "row_checksum"]

MAGIC = b"MLEJRNL1"
_FORMAT = 1
_NEWER = "was made by a newer version of mle-toolbox. Upgrade it: pip install --upgrade mle-toolbox"
_UINT32 = struct.Struct("<I")

# What crc32 makes of anything with its own crc32 behind it, whatever it starts from.
_OF_A_WHOLE_ROW = zlib.crc32(_UINT32.pack(zlib.crc32(b"")))

# No tag is 0, so that a stretch of zeros, which some file systems leave after a crash, is no row.
FLOAT, INT, UINT, BOOL = 1, 2, 3, 4


@dataclass(frozen=True)
class Header:
    """What a journal's rows mean; ``shapes`` has one entry for each time variable, then for each metric."""

    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    attributes: Mapping[str, Any]
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
        """Return the bytes that a journal begins with."""
        content = {
            "format": _FORMAT,
            "time": self.time_names,
            "metrics": self.metric_names,
            "shapes": self.shapes,
            "attributes": self.attributes,
        }
        text = json.dumps(content).encode("ascii")
        head = MAGIC + _UINT32.pack(len(text)) + text
        return head + _UINT32.pack(zlib.crc32(head))

    def with_place_of(self, encoded: bytes) -> Header:
        """Return this header as it is read from what ``encode`` has returned."""
        checksum = _UINT32.unpack_from(encoded, len(encoded) - _UINT32.size)[0]
        return replace(self, size=len(encoded), checksum=checksum)


def decode_header(data: bytes, path: Path) -> Header | None:
    """Return the header of a journal, or None when it is torn or damaged; ``path`` is for messages.

    Raises
    ------
    ResultsError
        When the file is no journal, or one that a newer version has made.
    """
    start = len(MAGIC) + _UINT32.size
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        if data.startswith(MAGIC[:-1]) and data[len(MAGIC) - 1 : len(MAGIC)].isdigit():
            raise ResultsError(f"{path} {_NEWER}")
        raise ResultsError(f"{path} is no journal of mle-toolbox: it does not begin with {MAGIC.decode()!r}.")
    if len(data) < start:
        return None
    end = start + _UINT32.unpack_from(data, len(MAGIC))[0]
    if len(data) < end + _UINT32.size or _UINT32.unpack_from(data, end)[0] != zlib.crc32(data[:end]):
        return None
    content = json.loads(data[start:end])
    if content["format"] > _FORMAT:
        raise ResultsError(f"{path} {_NEWER}")
    return Header(
        time_names=tuple(content["time"]),
        metric_names=tuple(content["metrics"]),
        shapes=tuple(map(tuple, content["shapes"])),
        attributes=content["attributes"],
        size=end + _UINT32.size,
        checksum=_UINT32.unpack_from(data, end)[0],
    )


def row_checksum(header_checksum: int, index: int) -> int:
    """Return what the checksum of the row ``index`` starts from."""
    return (header_checksum + index) & 0xFFFFFFFF


def count_whole_rows(data: bytes, header: Header) -> int:
    """Return how many rows from the first one on are whole; ``data`` is the file."""
    n_rows = (len(data) - header.size) // header.row_size
    whole = memoryview(data)[header.size : header.size + n_rows * header.row_size]
    # A loop in C from one end to the other, because this is much of the time of closing a log.
    rows = map(operator.itemgetter(0), struct.iter_unpack(f"{header.row_size}s", whole))
    checksums = map(zlib.crc32, rows, itertools.count(header.checksum))  # of which it takes 32 bits, as row_checksum
    return next(itertools.compress(itertools.count(), map(_OF_A_WHOLE_ROW.__ne__, checksums)), n_rows)
