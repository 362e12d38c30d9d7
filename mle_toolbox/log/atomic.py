"""Files that are whole or not there.

Standard library only, because the launcher of a seed run uses it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["replace_file", "sync_folder"]


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file under a temporary name in the same folder, then give it the name ``path``.

    The content is on the disk before the name is, so that not even a power cut leaves half a file. A process
    that is killed on the way leaves the old file as it was (and, at worst, its temporary one).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        _sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make new and changed names in a folder durable, where the file system can."""
    # Some network file systems refuse fsync on a folder. They order renames themselves.
    with contextlib.suppress(OSError):
        _sync_file(path)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
