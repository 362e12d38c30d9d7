"""What can go wrong, in words that tell the user what to do.

Every error of ours is also the builtin that a caller would expect to catch. Knows nothing of the rest of the
package: everything else imports it.
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
    "Problem",
    "ResultsError",
    "StatisticsError",
    "UsageError",
    "did_you_mean",
    "nearest",
]


# Not by its name: it is not on PyPI, where `mle-toolbox` is another package.
UPGRADE = "Upgrade it: `git pull && pip install .` in its clone, or `pip install` with the wheel of a newer version."


class MLEToolboxError(Exception):
    """Base of every error that mle-toolbox raises on purpose."""


class UsageError(MLEToolboxError, ValueError):
    """The command line or a call asks for something that cannot be done."""


class Problem(NamedTuple):
    """One mistake in one of the user's files; ``line`` counts from 1, 0 when the whole file is meant."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class ExperimentFileError(MLEToolboxError, ValueError):
    """The experiment file, a configuration, the script or a profile cannot be used; carries all mistakes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are unpickled from `args`, which is the message here; a Pool whose worker raises waits for ever
        # when that fails in the parent.
        return type(self), (self.problems,), self.__dict__


class LogError(MLEToolboxError, ValueError):
    """A tick does not fit the log: a key that is not tracked, a value that is no number, another shape."""


class FinishedLogError(MLEToolboxError, FileExistsError):
    """A finished log lies where a new one is to be written and may not be replaced."""


class FolderInUseError(MLEToolboxError, RuntimeError):
    """Another living process writes to this folder; says who, where and since when."""


class ResultsError(MLEToolboxError, ValueError):
    """A results folder or a log cannot be read; says which file and what to do."""


class StatisticsError(MLEToolboxError, ValueError):
    """A statistic is not defined for these numbers."""


class MissingExtraError(MLEToolboxError, ImportError):
    """An optional package is needed; says how to install it."""


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``name`` was most likely meant to be, or None when none is near."""
    with installed_modules():
        import difflib  # only when there is something to suggest: training scripts import this module

    by_lower = {choice.lower(): choice for choice in choices}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` (with the leading blank), or nothing when no choice is near.

    >>> did_you_mean("metrix", ["metric1", "loss"])
    " Did you mean 'metric1'?"
    """
    choice = nearest(name, choices)
    return f" Did you mean {choice!r}?" if choice is not None else ""
