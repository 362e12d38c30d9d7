"""The trials of a search: those on disk, and which points of the space become new ones.

A trial keeps its number and its values for good, whatever becomes of the space; a new point takes the lowest free
number. So a search can grow, shrink and grow again, and nothing is renamed. ``trial.json`` in a trial's folder is the
truth about its values. Nothing here writes; the rule ``ask`` does (``trial_files.py``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder
from mle_toolbox.search.proposals import grid_points, point_key, random_points
from mle_toolbox.search.search_settings import SearchSettings
from mle_toolbox.search.space import Space, point_of

__all__ = ["Assignment", "FreeNumbers", "StoredTrials", "Trial", "assign_trials", "read_trials", "trial_name"]

_NAME = re.compile(r"trial_(\d{4,9})")

_New = Callable[[int, Mapping[str, Any]], "Trial"]
"""Makes a trial of an index in its base and a point."""


@dataclass(frozen=True)
class Trial:
    """One point of the space, with its number."""

    number: int
    """Unique in the results folder, also where the search starts from several base configurations."""
    base: str
    """The stem of the base configuration."""
    index: int
    """Its place among the trials of this base, from 0; a random search has one trial for each index."""
    values: Mapping[str, Any]
    """The value of each search variable, by name."""
    search_type: str
    original_id: str
    """What the original mle-toolbox would call it: ``b_1_eval_7``."""
    inside: bool = True
    """Whether it is a point of the present space."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further values of its configuration, which are no part of its point."""
    asked: Mapping[str, Any] | None = None
    """How it was proposed, where the search learns."""
    is_pending: bool = False
    """Whether it is still to be asked, so that its values are not known yet."""
    digest: str | None = None
    """The digest of its configuration as it was asked, of a trial on disk."""

    @property
    def name(self) -> str:
        """The name of its configuration, and of its folder."""
        return trial_name(self.number)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, without ``inside``, which depends on the present space."""
        more: dict[str, Any] = {"extra": dict(self.extra)} if self.extra else {}
        more |= {"asked": dict(self.asked)} if self.asked is not None else {}
        more |= {"is_pending": True} if self.is_pending else {}
        return {
            "number": self.number,
            "base": self.base,
            "index": self.index,
            "values": dict(self.values),
            "search_type": self.search_type,
            "original_id": self.original_id,
            **more,
        }


@dataclass(frozen=True)
class StoredTrials:
    """What a results folder holds."""

    trials: tuple[Trial, ...] = ()
    """In the order of their numbers."""
    taken: frozenset[int] = frozenset()
    """The numbers of all folders that hold anything, also of those that are no trial."""

    def of(self, base: str) -> list[Trial]:
        """Return the trials of one base configuration."""
        return [each for each in self.trials if each.base == base]


@dataclass(frozen=True)
class Assignment:
    """The trials of one base configuration, each kind in the order of the numbers."""

    due: tuple[Trial, ...]
    others: tuple[Trial, ...]
    """On disk and not due: outside the present space, or beyond the budget."""


class FreeNumbers:
    """Gives out the lowest free numbers."""

    def __init__(self, taken: Iterable[int]) -> None:
        taken = frozenset(taken)
        self._free = (number for number in count() if number not in taken)

    def next(self) -> int:
        """Return the lowest number that is neither taken nor given out."""
        return next(self._free)


def trial_name(number: int) -> str:
    """Return the name of the trial with this number.

    >>> trial_name(7)
    'trial_0007'
    """
    return f"trial_{number:04d}"


def read_trials(folder: ExperimentFolder) -> StoredTrials:
    """Return the trials in a results folder. A folder whose ``trial.json`` is missing or damaged keeps its number."""
    trials: list[Trial] = []
    taken: set[int] = set()
    for number in _numbers(folder):
        place = folder.configuration(trial_name(number))
        trial = _read(place.trial, number)
        if trial is not None:
            trials.append(trial)
        # An empty folder was made for an `ask` that did not come to its end.
        if trial is not None or _holds_something(place):
            taken.add(number)
    return StoredTrials(tuple(trials), frozenset(taken))


def assign_trials(
    settings: SearchSettings,
    space: Space,
    base: tuple[str, Mapping[str, Any]],
    stored: Sequence[Trial],
    numbers: FreeNumbers,
    size: int | None = None,
) -> Assignment:
    """Return which trials of one base configuration are due.

    Of a grid these are its first points, as many as the budget has. Of a random search it is one for each index below
    the budget, of which those on disk count also when they lie outside the present space; no point is drawn twice. So
    does a search that learns, whose new trials have no values before they are asked.

    Parameters
    ----------
    settings, space
        The search; the space as read for this base.
    base
        The stem of the base configuration, and its content.
    stored
        The trials of this base that are on disk.
    numbers
        Shared by all bases of a search.
    size
        How many trials there are in a search that learns.
    """
    name, content = base
    # A trial is known by the configuration that it makes: a variable may be added to a search or removed from it, and
    # the value that a trial has from its base configuration is as good as one that was searched.
    seen = [_as_seen_by(space, content, trial) for trial in stored]
    if size is not None:
        # Its file says with which values it was asked, and is not written again.
        seen = [replace(trial, inside=now.inside) for trial, now in zip(stored, seen, strict=True)]

    def new(index: int, values: Mapping[str, Any]) -> Trial:
        return Trial(numbers.next(), name, index, values, settings.search_type, settings.original_id(index))

    if size is not None:
        due = _to_be_asked(size, seen, new)
    else:
        assign = _of_grid if settings.search_type == "grid" else _random
        due = assign(settings, space, seen, new)
    are_due = {trial.number for trial in due}
    return Assignment(
        tuple(sorted(due, key=lambda trial: trial.number)),
        tuple(trial for trial in seen if trial.number not in are_due),
    )


def _of_grid(settings: SearchSettings, space: Space, stored: Sequence[Trial], new: _New) -> list[Trial]:
    known: dict[str, Trial] = {}
    for trial in stored:
        if trial.inside:
            known.setdefault(point_key(trial.values), trial)
    indices = FreeNumbers(trial.index for trial in stored)
    due = []
    for values in islice(grid_points(space), settings.budget):
        due.append(known.get(point_key(values)) or new(indices.next(), values))
    return due


def _random(settings: SearchSettings, space: Space, stored: Sequence[Trial], new: _New) -> list[Trial]:
    known = _by_index(stored)
    due = [trial for index, trial in known.items() if index < settings.budget and trial.inside]
    # The budget may be any number where the space has few points.
    most = settings.budget if space.size is None else min(settings.budget, space.size + len(known))
    missing = [index for index in range(most) if index not in known]
    if missing:
        # The draws go on where they would be if nothing had been drawn before the first missing one, so that a trial
        # whose folder was removed is drawn again as it was.
        taken = [trial.values for trial in stored]
        points = random_points(space, settings.seed, first=missing[0], taken=taken)
        due += [new(index, values) for index, values in zip(missing, points, strict=False)]
    return due


def _to_be_asked(size: int, stored: Sequence[Trial], new: _New) -> list[Trial]:
    known = _by_index(stored)
    due = [trial for index, trial in known.items() if index < size and trial.inside]
    return due + [replace(new(index, {}), is_pending=True) for index in range(size) if index not in known]


def _by_index(trials: Sequence[Trial]) -> dict[int, Trial]:
    """Return the first trial of each index."""
    return {trial.index: trial for trial in reversed(trials)}


def _as_seen_by(space: Space, content: Mapping[str, Any], trial: Trial) -> Trial:
    point = point_of(space, content, trial.values)
    return replace(trial, inside=False) if point is None else replace(trial, values=point)


def _numbers(folder: ExperimentFolder) -> list[int]:
    try:
        with os.scandir(folder.path) as entries:
            names = {entry.name for entry in entries}
    except OSError:
        return []
    found = [int(match.group(1)) for match in map(_NAME.fullmatch, names) if match is not None]
    return sorted(number for number in found if trial_name(number) in names)


def _holds_something(place: ConfigurationFolder) -> bool:
    try:
        with os.scandir(place.path) as entries:
            # Unfinished files are hidden, and the log says how it was asked before there is anything.
            return any(not entry.name.startswith(".") and entry.name != place.ask_log.name for entry in entries)
    except OSError:
        return True  # a file, or a folder of somebody else's


def _read(path: Path, number: int) -> Trial | None:
    try:
        said = json.loads(path.read_bytes())
        values = said["values"]
        if said["number"] != number or not isinstance(values, dict):
            return None
        return Trial(
            number,
            str(said["base"]),
            int(said["index"]),
            values,
            str(said["search_type"]),
            str(said["original_id"]),
            extra=dict(said.get("extra", {})),
            asked=said.get("asked"),
            digest=said.get("digest"),
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None  # missing or damaged; its runs are found by their identity
