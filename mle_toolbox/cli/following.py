"""Print what is appended to text files until nothing more will be, as `tail -f` does, but as a terminal shows it.

On a terminal a progress bar is drawn in its place; elsewhere a line is printed once it is complete.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mle_toolbox.cli.files import shown
from mle_toolbox.excerpts import last_lines
from mle_toolbox.terminal_text import TerminalText

__all__ = ["follow"]

_LOOK_EVERY_SECONDS = 0.2
# Whether it has ended takes a few file operations, so that is asked less often.
_ASK_EVERY_SECONDS = 1.0
_WIDTH = 2000
_LONGEST = 1 << 20
_PIECE = 1 << 16


def follow(files: Sequence[Path], is_over: Callable[[], bool], tail: int | None, say: Callable[[str], None]) -> None:
    """Print the content of the files and what is appended to them, until it is over.

    Parameters
    ----------
    files
        They need not exist yet.
    is_over
        Whether nothing more will be written.
    tail
        Of what is there now, only so many last lines; None: all of it.
    say
        Prints the heading that is due when another file goes on.
    """
    growing = [_Growing(path, tail) for path in files]
    printer, last_asked = _Printer(say), 0.0
    while True:
        asked = time.monotonic() - last_asked >= _ASK_EVERY_SECONDS
        # Asked before the last look, so that what was written just before the end is printed.
        over = asked and is_over()
        last_asked = time.monotonic() if asked else last_asked
        for each in growing:
            for piece in each.new():
                printer.add(each, piece)
        if over:
            for each in growing:
                printer.end(each)
            return
        time.sleep(_LOOK_EVERY_SECONDS)


class _Growing:
    """One file: its text from where it was last read."""

    def __init__(self, path: Path, tail: int | None) -> None:
        self.path = path
        self.screen = TerminalText(_WIDTH if sys.stdout.isatty() else _LONGEST, keep=None)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._at = 0
        self._inode = 0
        self._first = "" if tail is None else "".join(f"{line}\n" for line in last_lines(path, tail))
        if tail is not None and path.exists():
            self._inode, self._at = path.stat().st_ino, path.stat().st_size
        else:
            self._first = ""

    def new(self) -> Iterator[str]:
        """Yield what was appended, in pieces."""
        if self._first:
            first, self._first = self._first, ""
            yield first
        try:
            with self.path.open("rb") as file:
                state = os.fstat(file.fileno())
                if state.st_ino != self._inode or state.st_size < self._at:  # another attempt has begun
                    self._inode, self._at = state.st_ino, 0
                file.seek(self._at)
                while piece := file.read(_PIECE):
                    self._at += len(piece)
                    yield self._decode(piece)
        except OSError:
            return  # it is not there yet


class _Printer:
    """Prints rows once they are complete, and on a terminal also those that still change, in their place."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._current: _Growing | None = None
        self._is_terminal = sys.stdout.isatty()
        self._drawn = 0

    def add(self, file: _Growing, text: str) -> None:
        """Print what a piece of text completes or changes."""
        if file is not self._current:
            # A row that still changes is drawn again when its file goes on.
            self._erase()
            self._current = file
            self._say(f"==> {shown(file.path)} <==")
        rows = list(file.screen.feed(text))
        self._erase()
        for row in rows:
            print(row)
        if self._is_terminal:
            self._draw(file.screen.shown())
        sys.stdout.flush()

    def end(self, file: _Growing) -> None:
        """Print what a file ends with."""
        rest = file.screen.close()
        if rest and not (self._is_terminal and file is self._current):
            self.add(file, "")
            for row in rest:
                print(row)
        elif file is self._current:
            self._leave()
        sys.stdout.flush()

    def _leave(self) -> None:
        if self._drawn:
            print()
        self._drawn = 0

    def _draw(self, rows: list[str]) -> None:
        if rows == [""]:
            return
        width, height = shutil.get_terminal_size()
        visible = [row[: width - 1] for row in rows[-(height - 1) :]]
        print(*visible, sep="\n", end="")
        self._drawn = len(visible)

    def _erase(self) -> None:
        if self._drawn:
            up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
            print(f"\r{up}\x1b[J", end="")
        self._drawn = 0
