"""Files that are whole or not there.

Standard library only, because the launcher of a seed run uses it.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mle_toolbox.log.publish import sync_folder

__all__ = ["naming_errors_after", "replace_file", "replace_json", "replace_text"]

# Seconds without a change after which nobody is writing to a temporary file any more. The number in its name says
# nothing about that: the process may run on another machine that shares the folder.
_LEFT_OVER_AFTER = 3600.0


def replace_file(path: Path, write: Callable[[Path], object], *, wait_for_name: bool = True) -> None:
    """Let ``write`` make a file under a temporary name in the same folder, then give it the name ``path``.

    The content is on the disk before the name is, so that not even a power cut leaves half a file. A process
    that is killed halfway leaves the old file as it was, and its temporary one, which a later call removes.

    Parameters
    ----------
    path
        The file that is replaced, or made.
    write
        Writes the file at the path that it is given.
    wait_for_name
        Return only once the name is on the disk too. A caller that renames the file next need not wait for that.
    """
    _remove_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with naming_errors_after(path, temporary):
        try:
            write(temporary)
            # Before the rename: some file systems write names before contents, and a power cut then leaves an empty
            # file.
            _sync_file(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    if wait_for_name:
        sync_folder(path.parent)


def replace_text(path: Path, text: str, *, errors: str = "strict", wait_for_name: bool = True) -> None:
    """Replace a file by this text in UTF-8, as ``replace_file`` does.

    ``errors`` is that of ``str.encode``: names of files that are not UTF-8 reach Python with lone surrogates.
    """

    def write(new: Path) -> None:
        # newline="": the text has its line ends already.
        new.write_text(text, encoding="utf-8", errors=errors, newline="")

    replace_file(path, write, wait_for_name=wait_for_name)


def replace_json(path: Path, content: Any) -> None:
    """Replace a file by this content, as ``replace_file`` does."""
    replace_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def naming_errors_after(path: Path, temporary: Path) -> Iterator[None]:
    """Make errors about ``temporary``, or a file in it, name ``path``: the user has never seen the other name."""
    try:
        yield
    except OSError as error:
        place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes | os.PathLike) else Path()
        if not place.is_relative_to(temporary):
            raise
        raise OSError(error.errno, error.strerror, str(path / place.relative_to(temporary))) from error


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files of processes that were killed long ago; checkpoints of that kind can be large."""
    prefix = f".{path.name}."
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.removeprefix(prefix).isdecimal():
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat().st_mtime > _LEFT_OVER_AFTER:
                        Path(entry.path).unlink()


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
