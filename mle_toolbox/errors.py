"""The exceptions of mle-toolbox, and suggestions for misspelt names.

Every exception is also a subclass of the builtin that a caller would expect. Imported by the whole package, of which it
knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from mle_toolbox.installed_first import installed_modules

__all__ = [
    "UPGRADE",
    "ExperimentFileError",
    "FinishedLogError",
    "FolderInUseError",
    "LogError",
    "MLEToolboxError",
    "MissingExtraError",
    "OriginalNameError",
    "Problem",
    "ResultsError",
    "StatisticsError",
    "UsageError",
    "did_you_mean",
    "nearest",
    "tracked_or_added",
]


# Without the name of the package: `mle-toolbox` on PyPI is another one, and by it this one would be replaced.
UPGRADE = "Upgrade it: `git pull && pip install .` in its clone, or `pip install` with the wheel of a newer version."


class MLEToolboxError(Exception):
    """Base of every error that mle-toolbox raises on purpose."""


class UsageError(MLEToolboxError, ValueError):
    """The arguments of a command or a call are wrong."""


class Problem(NamedTuple):
    """A mistake in one of the user's files; ``line`` starts at 1, 0 means the whole file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class ExperimentFileError(MLEToolboxError, ValueError):
    """The experiment file, a configuration, the script or a profile is invalid; lists all mistakes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is unpickled from `args`, which is the message here. If that fails, a Pool waits
        # forever for the worker that raised it.
        return type(self), (self.problems,), self.__dict__


class LogError(MLEToolboxError, ValueError):
    """A tick does not match the log: an untracked key, a value that is not a number, or a different shape.

    ``new_metric`` is the key of a metric that is not tracked and is no misspelling of one that is.
    """

    new_metric: Any = None


class FinishedLogError(MLEToolboxError, FileExistsError):
    """A finished log exists where a new one would be written, and must not be replaced."""


class FolderInUseError(MLEToolboxError, RuntimeError):
    """Another running process writes to this folder; names the process, its host and its start time."""


class ResultsError(MLEToolboxError, ValueError):
    """A results folder or a log cannot be read; names the file and what to do."""


class StatisticsError(MLEToolboxError, ValueError):
    """A statistic is not defined for these numbers."""


class OriginalNameError(MLEToolboxError, ImportError):
    """A name of the original mle-toolbox that this one lacks; says what to use instead."""


class MissingExtraError(MLEToolboxError, ImportError):
    """An optional package is missing; says how to install it."""


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``name`` is most likely a misspelling of, or None if none is close."""
    # Imported only if there is something to suggest, since training scripts import this module; and never from a
    # difflib.py beside the script.
    with installed_modules():
        import difflib

    by_lower = {choice.lower(): choice for choice in choices}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` (with a leading space), or an empty string if no choice is close.

    >>> did_you_mean("metrix", ["metric1", "loss"])
    " Did you mean 'metric1'?"
    """
    choice = nearest(name, choices)
    return f" Did you mean {choice!r}?" if choice is not None else ""


def tracked_or_added(name: str, tracked: Iterable[str], key: str) -> str:
    """Return what to do about a printed name that is not tracked: write it as it is tracked, or track it.

    >>> tracked_or_added("return_std", ["return"], "what_to_track")
    " Add 'return_std' to what_to_track."
    """
    choice = nearest(name, tracked)
    # "return_std" is no slip of the pen for "return".
    if choice is None or name.startswith(choice):
        return f" Add {name!r} to {key}."
    return f" Did you mean {choice!r}?"
