"""Why seed runs failed, and which of them failed for the same reason.

A failure is told by its error and by the last place in the user's own code that it went through: the same typo in 300
seed runs is one failure, although each of them wrote a traceback of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mle_toolbox.excerpts import last_lines, one_line
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.seed_run.traceback_text import WrittenError, last_error
from mle_toolbox.snakemake_side.job_events import Tally
from mle_toolbox.text import count, listed

__all__ = ["Failure", "FailureGroup", "FailuresSoFar", "excerpt", "failure_of", "grouped", "runs_in_words"]

_Run = tuple[str, int]

# A traceback through a library can be long, and the message comes last.
_READ_LINES = 200
_EXCERPT_LINES = 12
_OWN_FRAMES = 4
_NAMES = 3
_SHORTEST_PREFIX = 3
_OURS = "mle-toolbox: "
_OUR_PACKAGE = "/mle_toolbox/"
# A recorded message may be cut, so only that many characters are compared.
_ALIKE = 100
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True)
class Failure:
    """What ended a seed run."""

    words: str
    """The error in one line, or what else is known."""
    place: str | None = None
    """Where in the user's own code, as ``train.py:41``."""
    lines: tuple[str, ...] = ()
    """The end of what it wrote to stderr."""
    error: WrittenError | None = None
    """The error whose traceback stands there, if it is what ended the run."""

    @property
    def key(self) -> tuple[str, str | None]:
        """What two seed runs that failed for the same reason have in common."""
        # Messages differ in what they say of the seed: a loss, a shape, a path.
        if self.error is not None and self.place is not None:
            return self.error.kind, self.place
        return _NUMBERS.sub("#", self.words), None

    @property
    def headline(self) -> str:
        """``LogError at train.py:41``, or the whole line where no place is known."""
        return self.words if self.error is None or self.place is None else f"{self.error.name} at {self.place}"


@dataclass
class FailureGroup:
    """Seed runs that failed for the same reason, the first of them in ``failure``."""

    failure: Failure
    runs: list[_Run] = field(default_factory=list)


class FailuresSoFar:
    """The failures of a call that is under way; each is read once.

    Parameters
    ----------
    folder
        The results folder.
    err_file
        The name of the file that takes the stderr of a seed run.
    project
        The project folder.
    """

    def __init__(self, folder: ExperimentFolder, err_file: str, project: Path) -> None:
        self._folder = folder
        self._err_file = err_file
        self._project = project
        self._known: dict[_Run, Failure | None] = {}

    def look(self, tally: Tally) -> None:
        """Read the new failures."""
        # From scratch each time: a seed run that is retried has not failed for a while, and may then end differently.
        self._known = {
            run: self._known[run] if run in self._known else self._read(run, tally.reasons.get(run))
            for run in sorted(tally.failed)
        }

    @property
    def failures(self) -> dict[_Run, Failure]:
        """The seed runs that failed."""
        return {run: failure for run, failure in self._known.items() if failure is not None}

    @property
    def n_stopped(self) -> int:
        """How many seed runs were stopped on request; Snakemake calls that a failure too."""
        return len(self._known) - len(self.failures)

    @property
    def groups(self) -> list[FailureGroup]:
        """The distinct failures."""
        return grouped(self.failures)

    def _read(self, run: _Run, reason: str | None) -> Failure | None:
        folder = self._folder.seed_run(*run)
        record = read_run_record(folder)
        if run_status(folder, record) == "stopped":
            return None
        return failure_of(folder, record, self._err_file, self._project, reason)


def failure_of(
    run: SeedFolder, record: RunRecord | None, err_file: str, project: Path, reason: str | None = None
) -> Failure:
    """Return why a seed run failed.

    Parameters
    ----------
    run
        Its folder.
    record
        Its record, if it has one.
    err_file
        The name of the file that has taken its stderr.
    project
        The project folder, to which places in its code are relative.
    reason
        What the executor says, which is all that is known of a seed run that was killed or never started.
    """
    path = run.path / err_file
    lines = tuple(last_lines(path, _READ_LINES)) if path.is_file() else ()
    error = last_error(lines)
    words = (record.reason if record is not None else None) or _first_line(reason)
    if words is None:
        words = one_line(error.words) if error is not None and record is None else "died"
    # A traceback that the script printed and survived is not why it ended.
    if error is not None and error.name not in words:
        error = None
    # Python knows the nearest right spelling of a name only when it prints the error.
    if error is not None and error.words.startswith(words):
        words = one_line(error.words)
    own = error.own_frames if error is not None else ()
    place = own[0].place(str(project)) if own else None
    return Failure(words, place, lines, error)


def grouped(failures: Mapping[_Run, Failure]) -> list[FailureGroup]:
    """Return the distinct failures, the most frequent first."""
    found: dict[tuple[str, str | None], FailureGroup] = {}
    for run, failure in failures.items():
        found.setdefault(failure.key, FailureGroup(failure)).runs.append(run)
    return sorted(found.values(), key=lambda group: -len(group.runs))


def runs_in_words(runs: Collection[_Run], every: Iterable[_Run]) -> str:
    """Return which seed runs these are: ``all of adam_*``, ``a seeds 0-3`` or ``a seed 1 and b seed 2``.

    Parameters
    ----------
    runs
        The seed runs.
    every
        All seed runs of the experiment.
    """
    seeds: dict[str, set[int]] = {}
    for name, seed in every:
        seeds.setdefault(name, set()).add(seed)
    mine: dict[str, set[int]] = {}
    for name, seed in runs:
        mine.setdefault(name, set()).add(seed)
    if len(runs) > 1 and mine == seeds:
        return "all of them"
    whole = [name for name, own in mine.items() if own == seeds.get(name) and len(own) > 1]
    parts = [f"all of {_names(whole, [name for name in seeds if name not in whole])}"] if whole else []
    by_seeds: dict[str, list[str]] = {}
    for name, own in mine.items():
        if name not in whole:
            by_seeds.setdefault(seeds_in_words(own), []).append(name)
    for which, names in by_seeds.items():
        if len(names) == 1:
            parts.append(f"{names[0]} {which}")
        else:
            every_one = "every configuration" if len(names) == len(seeds) else listed(names, _NAMES)
            parts.append(f"{which} of {every_one}")
    return listed(parts, _NAMES)


def _names(names: list[str], others: list[str]) -> str:
    """Return the names, or as ``adam_*`` the prefix that they share with no other."""
    if len(names) < _NAMES:
        return listed(names)
    prefix = names[0]
    while not all(name.startswith(prefix) for name in names):
        prefix = prefix[:-1]
    if len(prefix) >= _SHORTEST_PREFIX and not any(name.startswith(prefix) for name in others):
        return f"{prefix}*"
    return listed(names, _NAMES)


def excerpt(failure: Failure, project: Path) -> list[str]:
    """Return what to show of the end of its stderr: of an error the user's own calls, the innermost first."""
    error = failure.error
    if error is None or not error.own_frames:
        return list(failure.lines[-_EXCERPT_LINES:])
    shown: list[str] = []
    for frame in error.own_frames[:_OWN_FRAMES]:
        inside = f" in {frame.function}" if frame.function not in ("", "<module>") else ""
        shown.append(f"{frame.place(str(project))}{inside}: {frame.source}".rstrip(": "))
    if (more := len(error.own_frames) - _OWN_FRAMES) > 0:
        shown.append(f"… and {more} more of your own calls")
    innermost = error.frames[-1]
    # An error that we raise is explained by its message; a place in our code helps nobody.
    if not innermost.is_own and _OUR_PACKAGE not in innermost.file:
        n_library = sum(not frame.is_own for frame in error.frames)
        shown.append(f"raised in {_short(innermost.file)}:{innermost.line} ({count(n_library, 'call')} in libraries)")
    if error.words[:_ALIKE] not in failure.words:
        shown.append(one_line(error.words))
    return shown + _after(failure.lines, error)


def _after(lines: tuple[str, ...], error: WrittenError) -> list[str]:
    """Return the lines behind an error: the rest of its message, and our own advice."""
    last = f"{error.kind}: {error.message}" if error.message else error.kind
    at = max((number for number, line in enumerate(lines) if line.endswith(last)), default=None)
    behind = lines[at + 1 :] if at is not None else [line for line in lines if line.startswith(_OURS)]
    return [line for line in behind if line.strip()][-_EXCERPT_LINES // 2 :]


def _short(file: str) -> str:
    """Return the end of a library's path, from the folder of installed packages on."""
    for folder in ("/site-packages/", "/dist-packages/"):
        if folder in file:
            return file.rpartition(folder)[2]
    return "/".join(Path(file).parts[-2:])


def _first_line(text: str | None) -> str | None:
    return one_line(text.splitlines()[0]) if text and text.strip() else None
