"""The two container formats of event logs, and the bytes of a protocol buffer.

TensorBoard writes TFRecords, Weights & Biases a LevelDB log; both contain protocol buffers. Both formats are stable and
take a few lines to read, so neither TensorFlow nor wandb is needed.
"""

# Nor tensorboardX, although it is an extra already: it has the protobufs of event files but no reader for their
# records, and Weights & Biases needs a reader of messages all the same. It would save forty lines, nothing would be
# faster, and importing event files would need the extra.

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from mle_toolbox.errors import ResultsError

__all__ = ["Fields", "first_varint", "leveldb_records", "message", "tf_records", "varint_to_int64"]

Fields = dict[int, list[int | bytes]]
"""The values of a message by field number; fixed-width numbers are left as bytes."""

_WANDB_HEADER = struct.Struct("<4sHB")
_CHUNK_HEADER = struct.Struct("<IHB")
_BLOCK = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Longer TFRecords hold images and histograms; their checksum, in Python, would take longer than everything else.
_CHECKED = 1 << 16


def tf_records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a TFRecord file; one that is cut off at the end, as in a running job, is left out.

    Raises
    ------
    ResultsError
        After the last whole record, if a checksum does not match.
    """
    position = 0
    while position + 12 <= len(data):
        length, check = struct.unpack_from("<QI", data, position)
        if _masked_crc32c(data[position : position + 8]) != check:
            raise ResultsError(f"it is damaged at byte {position}")
        begin, end = position + 12, position + 12 + length
        if end + 4 > len(data):
            return
        record = data[begin:end]
        if length <= _CHECKED and _masked_crc32c(record) != struct.unpack_from("<I", data, end)[0]:
            raise ResultsError(f"it is damaged at byte {position}")
        yield record
        position = end + 4


def leveldb_records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a ``.wandb`` file; one that is cut off at the end is left out.

    Raises
    ------
    ResultsError
        When it is not such a file; or after the last whole record, if a checksum does not match.
    """
    if len(data) < _WANDB_HEADER.size or data[:4] != b":W&B":
        raise ResultsError("it is not a log of Weights & Biases")
    position, record = _WANDB_HEADER.size, b""
    while position + _CHUNK_HEADER.size <= len(data):
        left = _BLOCK - position % _BLOCK
        # No header crosses the end of a block; the rest is filled with zeros.
        if left < _CHUNK_HEADER.size:
            position += left
            continue
        check, length, kind = _CHUNK_HEADER.unpack_from(data, position)
        begin = position + _CHUNK_HEADER.size
        chunk = data[begin : begin + length]
        if len(chunk) < length or (kind == 0 and length == 0):
            return
        if zlib.crc32(bytes([kind]) + chunk) != check:
            raise ResultsError(f"it is damaged at byte {position}")
        record = chunk if kind in (_FULL, _FIRST) else record + chunk
        if kind in (_FULL, _LAST):
            yield record
        position = begin + length


def message(data: bytes) -> Fields:
    """Return the fields of a protocol buffer.

    Raises
    ------
    ResultsError
        When it is not one.
    """
    fields: Fields = {}
    position = 0
    try:
        while position < len(data):
            key, position = _varint(data, position)
            kind = key & 7  # the wire type: 0 varint, 1 and 5 of fixed width, 2 with a length
            if kind == 0:
                value: int | bytes
                value, position = _varint(data, position)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
                value = data[position : position + size]
                position += size
            elif kind == 2:
                size, position = _varint(data, position)
                value = data[position : position + size]
                position += size
            else:
                raise ResultsError("it contains something that is not a message")
            if position > len(data):
                raise ResultsError("it contains a truncated message")
            fields.setdefault(key >> 3, []).append(value)
    except IndexError:
        raise ResultsError("it contains a truncated message") from None
    return fields


def first_varint(data: bytes) -> int:
    """Return the first number of a packed field."""
    try:
        return _varint(data, 0)[0]
    except IndexError:
        raise ResultsError("it contains a truncated number") from None


def varint_to_int64(value: int) -> int:
    """Return the signed number that a varint encodes."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _crc32c_table() -> list[int]:
    # TFRecords use the Castagnoli polynomial, which zlib.crc32 does not have.
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc32c_table()


def _masked_crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    # Masked as TensorFlow does (core/lib/hash/crc32c.h).
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
