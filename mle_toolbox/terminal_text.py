"""Text as a terminal would show it: progress bars overwrite themselves, colours and other codes are not seen.

Programs move the cursor back to draw something again: tqdm and pip with a carriage return, Keras with backspaces, rich
and nested bars of tqdm by going up some lines. What counts is the text that stays.

Standard library only: training scripts import this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["TerminalText", "as_on_terminal"]

# Of a terminal's sequences, those that move the cursor or erase; all others are recognised and left out.
_TOKEN = re.compile(
    r"\n|\r|\x08"
    r"|\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-Z\\^-~]"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
# A sequence that the next piece of the text may complete.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,4096}\x1b?|[ -/]*)$")
# Rows that a cursor can return to: a screen is hardly higher.
_HEIGHT = 100


class _Row:
    """One row: its first characters, and how many it has."""

    __slots__ = ("length", "text")

    def __init__(self) -> None:
        self.text = ""
        self.length = 0


class TerminalText:
    """Takes a text in pieces and gives the rows that a terminal would show of it.

    Parameters
    ----------
    width
        How many characters of a row are kept. A longer one is not wrapped, but cut, with its length.
    keep
        How many rows above the cursor may still be changed. None: as many as the text has gone up so far, so that a
        text that never goes up has each row as soon as it ends.
    """

    def __init__(self, width: int, keep: int | None = _HEIGHT) -> None:
        self._width = width
        self._keep = keep
        self._highest = 0
        self._rows = [_Row()]
        self._row = self._column = 0
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Take the next piece; yield the rows that nothing can change any more."""
        text = self._rest + text
        unfinished = _UNFINISHED.search(text)
        self._rest = text[unfinished.start() :] if unfinished else ""
        end = unfinished.start() if unfinished else len(text)
        position = 0
        for token in _TOKEN.finditer(text, 0, end):
            self._write(text, position, token.start())
            position = token.end()
            if token.group() == "\n":
                self._down()
                yield from self._settled()
            else:
                self._obey(token)
        self._write(text, position, end)

    def shown(self) -> list[str]:
        """Return the rows that may still change; the last one is often empty."""
        return [self._as_text(row) for row in self._rows]

    def close(self) -> list[str]:
        """Return the rows that are left at the end of the text, without an empty last one."""
        rows = self._rows if self._rows[-1].length else self._rows[:-1]
        return [self._as_text(row) for row in rows]

    def _as_text(self, row: _Row) -> str:
        cut = row.length > self._width
        return f"{row.text[: self._width]} … ({row.length:,} characters)" if cut else row.text

    def _write(self, text: str, start: int, end: int) -> None:
        if start == end:
            return
        row, column = self._rows[self._row], self._column
        self._column += end - start
        row.length = max(row.length, self._column)
        if column < self._width:
            # A gap, left by a cursor that moved to the right, is blank.
            before = row.text[:column].ljust(column)
            row.text = before + text[start : min(end, start + self._width - column)] + row.text[self._column :]

    def _down(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append(_Row())

    def _settled(self) -> Iterator[str]:
        keep = self._highest if self._keep is None else self._keep
        while self._row > keep:
            yield self._as_text(self._rows.pop(0))
            self._row -= 1

    def _obey(self, token: re.Match[str]) -> None:
        if token.group() == "\r":
            self._column = 0
        elif token.group() == "\x08":
            self._column = max(0, self._column - 1)
        elif (final := token["final"]) is not None:
            first = token["parameters"].partition(";")[0]
            self._obey_code(final, int(first) if first.isdecimal() else 0)

    def _obey_code(self, final: str, number: int) -> None:
        steps = min(max(number, 1), self._width)
        row = self._rows[self._row]
        if final in "AF":
            self._highest = max(self._highest, min(steps, _HEIGHT))
            self._row = max(0, self._row - steps)
        elif final in "BE":
            self._row = min(self._row + steps, len(self._rows) - 1)
        elif final == "C":
            self._column += steps
        elif final == "D":
            self._column = max(0, self._column - steps)
        elif final == "G":
            self._column = steps - 1
        elif final == "K" and number == 0:
            row.text, row.length = row.text[: self._column], min(row.length, self._column)
        elif final == "K":
            kept = row.text[self._column + 1 :].rjust(len(row.text)) if number == 1 else ""
            row.text, row.length = kept, row.length if number == 1 else 0
        elif final == "J" and number == 0:
            row.text, row.length = row.text[: self._column], min(row.length, self._column)
            del self._rows[self._row + 1 :]
        if final in "EF":
            self._column = 0


def as_on_terminal(text: str, width: int) -> list[str]:
    r"""Return the rows that a terminal shows of a text; one that is longer than ``width`` is cut, with its length.

    >>> as_on_terminal("10%\r50%\r\x1b[32m100%\x1b[0m\nend", 80)
    ['100%', 'end']
    """
    terminal = TerminalText(width)
    return [*terminal.feed(text), *terminal.close()]
