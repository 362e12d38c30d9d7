"""Reading one of the user's files as text.

Knows nothing of yaml or json. Standard library only, because training scripts read their configuration
through it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mle_toolbox.errors import ExperimentFileError, Problem

__all__ = ["MAX_DEPTH", "read_text", "text_of", "trouble_with_file"]

MAX_DEPTH = 100
"""Sections and lists in json and yaml may be nested this deep: more is a mistake, and would end in recursion."""


def trouble_with_file(path: Path) -> str | None:
    """Say in a few words why ``path`` is no readable file (``"does not exist"``), or return None."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"is a link to {str(path.readlink())!r}, which is not there" if path.is_symlink() else "does not exist"
    except (OSError, ValueError) as error:
        return _cannot_be_read(error)
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is not an ordinary file"
    return None if os.access(path, os.R_OK) else "cannot be read: you have no permission"


def read_text(path: Path, name: str) -> str:
    r"""Return the text of ``path`` with line ends as ``\n`` and without a byte order mark.

    Parameters
    ----------
    path
        The file.
    name
        What the file is called in messages.

    Raises
    ------
    ExperimentFileError
        When the file is missing, a folder, unreadable or not UTF-8.
    """
    trouble = trouble_with_file(path)
    if trouble is not None:
        raise ExperimentFileError([Problem(name, 0, f"this file {trouble}.")])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ExperimentFileError([Problem(name, 0, f"this file {_cannot_be_read(error)}.")]) from error
    return text_of(data, name)


def text_of(data: bytes, name: str) -> str:
    """Return the text of a file that has been read, as ``read_text`` does.

    Raises
    ------
    ExperimentFileError
        When it is not UTF-8.
    """
    return _decode(data, name).replace("\r\n", "\n").replace("\r", "\n")


def _cannot_be_read(error: OSError | ValueError) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _decode(data: bytes, name: str) -> str:
    # Without a byte order mark, the zeros of ASCII written in two or four bytes tell.
    wide = "UTF-32" if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or b"\0\0" in data[:4] else "UTF-16"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise ExperimentFileError([Problem(name, 1, f"the file is written in {wide}. Save it as UTF-8.")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        raise ExperimentFileError([Problem(name, line, message)]) from error
