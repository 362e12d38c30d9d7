"""Reads one of the user's files as text.

Knows nothing of YAML or JSON. Standard library only, because training scripts read their configuration with it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mle_toolbox.errors import ExperimentFileError, Problem

__all__ = ["MAX_DEPTH", "read_text", "text_of", "trouble_with_file"]

MAX_DEPTH = 100
"""Maximal nesting depth of JSON and YAML: more is a mistake, and would exceed the recursion limit."""


def trouble_with_file(path: Path) -> str | None:
    """Return in a few words why ``path`` is not a readable file (``"does not exist"``), or None."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"is a broken link to {str(path.readlink())!r}" if path.is_symlink() else "does not exist"
    except (OSError, ValueError) as error:
        return _cannot_be_read(error)
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is not an ordinary file"
    return None if os.access(path, os.R_OK) else "cannot be read: you do not have permission"


def read_text(path: Path, name: str) -> str:
    r"""Return the text of ``path`` with ``\n`` as line ends and without a byte order mark.

    Parameters
    ----------
    path
        The file.
    name
        The file's name in messages.

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
    """Return the text of a file's bytes, as ``read_text`` does.

    Raises
    ------
    ExperimentFileError
        When it is not UTF-8.
    """
    # Without a byte order mark, UTF-16 and UTF-32 are recognised by the zero bytes in ASCII characters.
    wide = "UTF-32" if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or b"\0\0" in data[:4] else "UTF-16"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise ExperimentFileError([Problem(name, 1, f"the file is encoded in {wide}. Save it as UTF-8.")])
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        raise ExperimentFileError([Problem(name, line, message)]) from error


def _cannot_be_read(error: OSError | ValueError) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
