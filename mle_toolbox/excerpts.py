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

from mle_toolbox.terminal_text import TerminalText, as_on_terminal

__all__ = ["WIDTH", "last_lines", "lines_of", "one_line", "readable"]

WIDTH = 500
"""The maximum number of characters that are shown of a line."""

# Less than WIDTH, so that a recorded reason with the kind of error in front of it is not cut a second time.
_RECORDED = 400
# How much of a file is read at a time, and how long a line may be to be read whole.
_BLOCK = 1 << 16
_WHOLE = 1 << 20
_BLANK = b" \t\r\n"
# What redraws lines above its own.
_GOES_UP = re.compile(rb"\x1b\[[0-9]*[AF]")


def readable(text: str, width: int = WIDTH, *, length: int | None = None) -> str:
    r"""Return a line as it appears on a terminal, and if it is long cut, with its length.

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
    if length is None:
        return "\n".join(as_on_terminal(text.rstrip("\r\n"), width))
    seen = "\n".join(as_on_terminal(text[:_BLOCK].rstrip("\r\n"), len(text)))
    return f"{seen[:width]} … ({length:,} characters)"


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
            start = last = end
            lines: list[str] = []
            for newline in _newlines_before(file, end):
                if len(lines) == count:
                    break
                start = newline + 1
                line = _line(file, start, last, width)
                last = newline
                # After the text there may be codes that show nothing: rich turns the cursor on again.
                if lines or line.strip():
                    lines.append(line)
            if _goes_up(file, start, end):
                return _last_rows(file, end, count, width)
            return lines[::-1]
    except OSError as error:
        return [f"({error.strerror})"]


def lines_of(path: Path, width: int) -> Iterator[str]:
    """Yield all lines of a text file, each readable."""
    terminal = TerminalText(width)
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        while piece := file.read(_BLOCK):
            yield from terminal.feed(piece)
    yield from terminal.close()


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


def _goes_up(file: BinaryIO, start: int, end: int) -> bool:
    file.seek(max(start, end - _WHOLE))
    return _GOES_UP.search(file.read(min(end - start, _WHOLE))) is not None


def _last_rows(file: BinaryIO, end: int, count: int, width: int) -> list[str]:
    """Return the last rows of a text that redraws several lines: hundreds of lines of it may be one row."""
    start = max(0, end - _WHOLE)
    file.seek(start)
    text = file.read(end - start)
    if start:
        text = text.partition(b"\n")[2]
    rows = as_on_terminal(text.decode("utf-8", "replace"), width)
    while rows and not rows[-1].strip():
        rows.pop()
    return rows[-count:] if count else []


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
