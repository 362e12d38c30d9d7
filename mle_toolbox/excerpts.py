"""Readable excerpts of text of any length: of an error message, of the end of a log.

Text is cut, with its length, before it is shown or recorded, and only a piece of a file is in memory at a time.
Standard library only: training scripts import this.
"""

# We do not control what a script writes. An error that named 4,000 missing keys printed 800 kB for two seed runs, and a
# progress bar of 300 MB without an end of line took 1.9 GB of memory.

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["WIDTH", "last_lines", "lines_of", "one_line", "readable"]

WIDTH = 500
"""The maximum number of characters that are shown of a line."""

# Less than WIDTH, so that a recorded reason with the kind of error in front of it is not cut a second time.
_RECORDED = 400
# How much of a file is read at a time, and how long a line may be to be read whole.
_BLOCK = 1 << 16
_WHOLE = 1 << 20
_BLANK = b" \t\r\n"
# Colours and cursor movements that progress bars leave in a file, and all other escape sequences of terminals.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def readable(text: str, width: int = WIDTH, *, length: int | None = None) -> str:
    r"""Return a line as it appears on a terminal: without escape codes, and if it is long cut, with its length.

    Parameters
    ----------
    text
        The line, or just its beginning.
    width
        How many characters of it are kept.
    length
        The length of the line, if ``text`` is only its beginning.

    Examples
    --------
    >>> readable("Missing key(s): " + "weight, " * 1000, 28)
    'Missing key(s): weight, weig … (8,016 characters)'
    >>> readable("10%\r50%\r\x1b[32m100%\x1b[0m\n")
    '100%'
    """
    # A progress bar overwrites its own line, so only its last state was visible.
    seen = _TERMINAL_CODES.sub("", text).rstrip("\r\n").rpartition("\r")[2]
    seen = _CONTROL.sub("", seen)
    if length is None and len(seen) <= width:
        return seen
    return f"{seen[:width]} … ({len(seen) if length is None else length:,} characters)"


def one_line(text: str) -> str:
    """Return a text of several lines as a single readable one."""
    # Only the beginning is processed, because the text may be huge.
    beginning = " ".join(text[:_BLOCK].split())
    return readable(beginning, _RECORDED, length=len(text) if len(text) > _BLOCK else None)


def last_lines(path: Path, count: int, width: int = WIDTH) -> list[str]:
    """Return the last lines of a text file, each readable; blank ones at its end do not count.

    If the file cannot be read, the only line says why, in brackets: this runs while a failure is being reported, and a
    second error would hide the first.
    """
    try:
        with path.open("rb") as file:
            end = _end_of_text(file)
            parts: list[tuple[int, int]] = []
            for newline in _newlines_before(file, end):
                if len(parts) == count:
                    break
                parts.append((newline + 1, end))
                end = newline
            return [_line(file, *part, width) for part in reversed(parts)]
    except OSError as error:
        return [f"({error.strerror})"]


def lines_of(path: Path, width: int) -> Iterator[str]:
    """Yield all lines of a text file, each readable."""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        while beginning := file.readline(_BLOCK):
            length, last = len(beginning), beginning
            while not last.endswith("\n") and (last := file.readline(_BLOCK)):
                length += len(last)
            is_whole = length == len(beginning)
            yield readable(beginning, width, length=None if is_whole else length - last.endswith("\n"))


def _end_of_text(file: BinaryIO) -> int:
    """Return the offset at which the trailing white space of a file starts."""
    end = file.seek(0, 2)
    while end:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        if text := file.read(end - begin).rstrip(_BLANK):
            return begin + len(text)
        end = begin
    return 0


def _newlines_before(file: BinaryIO, end: int) -> Iterator[int]:
    """Yield the offsets of newlines, from the last one backwards; at the end -1, as if before the first line."""
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        block = file.read(end - begin)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            yield begin + at
        end = begin
        if not begin:
            yield -1


def _line(file: BinaryIO, start: int, end: int, width: int) -> str:
    if end - start <= _WHOLE:
        file.seek(start)
        return readable(file.read(end - start).decode("utf-8", "replace"), width)
    # Probably a progress bar: only the text after its last carriage return was visible.
    file.seek(end - _BLOCK)
    bar, _, last = file.read(_BLOCK).rpartition(b"\r")
    if bar:
        return readable(last.decode("utf-8", "replace"), width)
    file.seek(start)
    # The length is in bytes, not characters: counting those would mean decoding all of it.
    return readable(file.read(4 * width).decode("utf-8", "replace"), width, length=end - start)
