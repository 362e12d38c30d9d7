"""A checksum over the whole content at the end of a file, verified before anything in the file is used.

HDF5 itself notices neither a flipped bit in the numbers nor, in most places, one in its own structure, where it may
crash or hang. Bytes behind its end do not concern it, so other programs read our files as usual.

Standard library only.
"""

from __future__ import annotations

import functools
import os
import struct
import zlib
from io import FileIO
from pathlib import Path

from mle_toolbox.errors import UPGRADE, ResultsError

__all__ = ["add_checksum", "verify_checksum"]

_MAGIC = b"MLESUM1\n"
_BODY = struct.Struct("<8sQ")
_CHECKSUM = struct.Struct("<I")
_SIZE = _BODY.size + _CHECKSUM.size
# Read in pieces: merged logs can be larger than memory.
_BLOCK = 1 << 20
_FIX = "Restore a copy, or remove it: the next `mle run` makes it again."


def add_checksum(file: FileIO) -> None:
    """Append magic, the length of the file so far, and the crc32 of all of that; ``file`` must be readable too."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    end = _BODY.pack(_MAGIC, length)
    end += _CHECKSUM.pack(zlib.crc32(end, _crc32(file, length)))
    file.seek(length)
    file.write(end)


def verify_checksum(path: Path) -> None:
    """Read a file to its end and check that it is as it was written.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ResultsError
        When it is damaged, or does not end with our checksum.
    """
    status = path.stat()
    # Small files are verified every time: reading them again costs next to nothing.
    if status.st_size > _BLOCK:
        _verify_once(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    else:
        _verify(path)


@functools.lru_cache(maxsize=64)
def _verify_once(path: Path, _identity: tuple[int, ...]) -> None:
    # The file of a whole experiment is opened again for each configuration in it. ``_identity`` is part of the key, so
    # that a file which was replaced meanwhile is verified again.
    _verify(path)


def _verify(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        length = os.fstat(file.fileno()).st_size - _SIZE
        computed = _crc32(file, length + _BODY.size) if length >= 0 else 0
        file.seek(max(length, 0))
        end = file.read(_SIZE)
    # A higher digit in the magic is either a newer format or a flipped bit; which of them cannot be known here.
    if end[:6] == _MAGIC[:6] and end[6:7].isdigit() and end[6:7] > _MAGIC[6:7]:
        raise ResultsError(f"{path} is damaged, or was made by a newer version of mle-toolbox. {UPGRADE}")
    if length < 0 or not end.startswith(_MAGIC):
        raise ResultsError(
            f"{path} does not end with the checksum of mle-toolbox: it is cut off, another program has changed it, or "
            f"it is not a log. {_FIX}"
        )
    if _BODY.unpack_from(end) != (_MAGIC, length) or _CHECKSUM.unpack_from(end, _BODY.size) != (computed,):
        raise ResultsError(f"{path} is damaged: its content does not match its checksum. {_FIX}")


def _crc32(file: FileIO, length: int) -> int:
    checksum = 0
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    return checksum
