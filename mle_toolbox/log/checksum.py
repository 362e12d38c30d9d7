"""Files that are known to be whole: a checksum over the whole content at the end, checked before anything is believed.

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
_BLOCK = 1 << 20
_WAY_OUT = "Restore a copy, or remove it: the next `mle run` makes it again."


def add_checksum(file: FileIO) -> None:
    """Append magic, the length of the file so far, and the crc32 of all of that; ``file`` can be read as well."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    end = _BODY.pack(_MAGIC, length)
    end += _CHECKSUM.pack(zlib.crc32(end, _crc32(file, length)))
    file.seek(length)
    file.write(end)


def verify_checksum(path: Path) -> None:
    """Read a file to its end and see whether it is as it was written.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ResultsError
        When it is damaged, or does not end with a checksum of ours.
    """
    status = path.stat()
    if status.st_size > _BLOCK:
        _verify_once(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    else:
        _verify(path)


@functools.lru_cache(maxsize=64)
def _verify_once(path: Path, _identity: tuple[int, ...]) -> None:
    # The file of a whole experiment is opened again for each configuration in it.
    _verify(path)


def _verify(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        length = os.fstat(file.fileno()).st_size - _SIZE
        computed = _crc32(file, length + _BODY.size) if length >= 0 else 0
        file.seek(max(length, 0))
        end = file.read(_SIZE)
    if end[:6] == _MAGIC[:6] and end[6:7].isdigit() and end[6:7] > _MAGIC[6:7]:
        raise ResultsError(f"{path} is damaged, or was made by a newer version of mle-toolbox. {UPGRADE}")
    if length < 0 or not end.startswith(_MAGIC):
        raise ResultsError(
            f"{path} does not end with the checksum of mle-toolbox: it is cut off, another program has changed it, or "
            f"it is no log of ours. {_WAY_OUT}"
        )
    if _BODY.unpack_from(end) != (_MAGIC, length) or _CHECKSUM.unpack_from(end, _BODY.size) != (computed,):
        raise ResultsError(f"{path} is damaged: its content does not match its checksum. {_WAY_OUT}")


def _crc32(file: FileIO, length: int) -> int:
    checksum = 0
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    return checksum
