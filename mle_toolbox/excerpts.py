"""A readable piece of text that may be of any length: of an error's message, of the end of a log.

What a script writes is not ours: a message that lists the 4,000 keys that are missing, a progress bar that never ends
its line, 300 MB of it. What is shown or put on record is cut, with its length, and no more than a piece of a file is in
memory at a time. Standard library only: training scripts import this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["WIDTH", "last_lines", "lines_of", "one_line", "readable"]

WIDTH = 500
"""As many characters as are shown of a line."""

_RECORDED = 400  # less than is shown: with the kind of error before it, what is on record is not cut again
_BLOCK = 1 << 16
_WHOLE = 1 << 20
_BLANK = b" \t\r\n"
# Colours and cursor movements that progress bars leave in a file; and what else a terminal obeys.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def readable(text: str, width: int = WIDTH, *, length: int | None = None) -> str:
    r"""Return a line as a person would have seen it: cut with its length, without codes for terminals.

    Parameters
    ----------
    text
        The line, or no more than its beginning.
    width
        As many characters of it are left.
    length
        How many characters the line has, where ``text`` is only its beginning.

    Examples
    --------
    >>> readable("Missing key(s): " + "weight, " * 1000, 28)
    'Missing key(s): weight, weig … (8,016 characters)'
    >>> readable("10%\r50%\r\x1b[32m100%\x1b[0m\n")
    '100%'
    """
    # A progress bar writes over its own line: what was last there is what a person has seen.
    seen = _TERMINAL_CODES.sub("", text).rstrip("\r\n").rpartition("\r")[2]
    seen = _CONTROL.sub("", seen)
    if length is None and len(seen) <= width:
        return seen
    return f"{seen[:width]} … ({len(seen) if length is None else length:,} characters)"


def one_line(text: str) -> str:
    """Return a text of several lines as one, readable."""
    # The beginning alone, as the text may be larger than what is done with it.
    beginning = " ".join(text[:_BLOCK].split())
    return readable(beginning, _RECORDED, length=len(text) if len(text) > _BLOCK else None)


def last_lines(path: Path, count: int, width: int = WIDTH) -> list[str]:
    """Return the last lines of a text file, each readable; blank ones at its end do not count.

    Of a file that cannot be read the only line says why, in brackets: this is shown where something has failed, and the
    reason must not be lost over that.
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
    """Return where the blanks begin with which a file ends."""
    end = file.seek(0, 2)
    while end:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        if text := file.read(end - begin).rstrip(_BLANK):
            return begin + len(text)
        end = begin
    return 0


def _newlines_before(file: BinaryIO, end: int) -> Iterator[int]:
    """Yield where the ends of lines lie, from the last one on; -1, before the first line, is the end of all."""
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
    file.seek(end - _BLOCK)
    bar, _, last = file.read(_BLOCK).rpartition(b"\r")
    if bar:
        return readable(last.decode("utf-8", "replace"), width)
    file.seek(start)
    # In bytes, which are characters of nearly every log that gets so long.
    return readable(file.read(4 * width).decode("utf-8", "replace"), width, length=end - start)
