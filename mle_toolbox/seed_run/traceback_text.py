"""The last error that a Python program has written: what it was, and where in the user's own code.

Reads text, of which the beginning may be missing. Standard library only: the launcher uses it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.seed_run.own_code import is_own

__all__ = ["Frame", "WrittenError", "last_error"]

# `torchrun` and others put a rank in front of each line.
_RANK = re.compile(r"^\[\w+\d*\]:\s?(?=\s|Traceback|\S+(?:Error|Exception))")
_FRAME = re.compile(r'^  (?:  )?File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_HEADER = "Traceback (most recent call last):"
# The first line behind the calls that is not indented: the name of an error and, mostly, its message.
_ERROR = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_OTHER_PYTHON = re.compile(r"/lib(?:64)?/python3(?:\.\d+)?/")


class Frame(NamedTuple):
    """One call of a traceback, and its line of source if that was printed."""

    file: str
    line: int
    function: str
    source: str

    @property
    def is_own(self) -> bool:
        """Whether it is in the user's code and not in a library."""
        # The seed run may have run in an environment other than ours. What is not absolute is as the user typed it.
        if not Path(self.file).is_absolute():
            return not self.file.startswith("<")
        return is_own(self.file) and _OTHER_PYTHON.search(self.file) is None

    def place(self, project: str) -> str:
        """Return ``train.py:41``, relative to the project folder if it lies there."""
        inside = os.path.relpath(self.file, project) if Path(self.file).is_absolute() else self.file
        return f"{self.file if inside.startswith('..') else inside}:{self.line}"


class WrittenError(NamedTuple):
    """An error and its traceback, outermost call first."""

    kind: str
    message: str
    frames: tuple[Frame, ...]

    @property
    def name(self) -> str:
        """The kind without its module: ``OutOfMemoryError``."""
        return self.kind.rpartition(".")[2]

    @property
    def words(self) -> str:
        """``ValueError: the first line of its message``."""
        return f"{self.name}: {self.message}" if self.message else self.name

    @property
    def own_frames(self) -> tuple[Frame, ...]:
        """The calls in the user's own code, the innermost first."""
        return tuple(frame for frame in reversed(self.frames) if frame.is_own)


def last_error(lines: Iterable[str]) -> WrittenError | None:
    """Return the last error whose traceback is in these lines, or None.

    A traceback that was caught and printed counts as well: only a caller knows whether the program went on.
    """
    found: WrittenError | None = None
    frames: list[Frame] = []
    for given in lines:
        line = _RANK.sub("", given.rstrip())
        if (match := _FRAME.match(line)) is not None:
            frames.append(Frame(match["file"], int(match["line"]), match["function"] or "", ""))
        elif line == _HEADER:
            frames = []
        elif line.startswith(" ") or not line:
            if frames and not frames[-1].source and line.strip(" ^~"):
                frames[-1] = frames[-1]._replace(source=line.strip())
        elif frames and (error := _ERROR.match(line)) is not None:
            found = WrittenError(error["kind"].removeprefix("builtins."), error["message"] or "", tuple(frames))
            frames = []
    return found
