"""The search that a results folder belongs to, as ``experiment.json`` describes it: its space and its trials.

Knows nothing of the numbers. A record may be of another version or edited by hand: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mle_toolbox.search.placement import value_at
from mle_toolbox.search.search_keys import search_name
from mle_toolbox.search.smbo import DRAWN
from mle_toolbox.search.trials import trial_name

__all__ = ["FinalRecord", "SearchRecord", "SearchVariable", "TrialRecord", "search_record"]


@dataclass(frozen=True)
class SearchVariable:
    """One dimension of the space: ``choices``, or a range from ``begin`` to ``end``.

    ``place`` is the path of its value in a configuration; ``bins`` is for a grid, ``prior`` for a random search.
    """

    name: str
    kind: str
    place: tuple[str, ...]
    choices: tuple[Any, ...] | None = None
    begin: float | None = None
    end: float | None = None
    bins: int | None = None
    prior: str | None = None

    @property
    def key(self) -> str:
        """The dotted key of its value in a configuration."""
        return ".".join(self.place) or self.name


@dataclass(frozen=True)
class TrialRecord:
    """One point of the space: the configuration ``name`` with ``values`` by variable.

    ``inside``: whether it is due, and not outside the present space or beyond the budget.
    """

    name: str
    number: int
    base: str
    original_id: str
    values: Mapping[str, Any]
    inside: bool
    steps: int | None = None
    """For how many steps it trains, where that is what trials differ in: in a rung, or a generation."""
    parent: str | None = None
    """The trial from whose checkpoint it goes on."""
    drawn: bool = False
    """Whether a search that learns has drawn it at random, because it had no model yet."""
    restarted: bool = False
    """Whether it has the values of a trial that has left nothing to go on from."""


@dataclass(frozen=True)
class FinalRecord:
    """The final of a search: ``finalist_seeds`` choose among the finalists, ``final_seeds`` are reported."""

    num_finalists: int
    finalist_seeds: tuple[int, ...]
    final_seeds: tuple[int, ...]


@dataclass(frozen=True)
class SearchRecord:
    """What was searched, and how a trial is scored; see docs/search.md.

    ``maximize`` is None where the record does not say it, ``grid_size`` is None for a random search. Without
    ``metrics`` nothing is scored. ``best_is_maximum``: whether the ``best`` of a curve is its highest value.
    """

    type: str
    variables: tuple[SearchVariable, ...]
    metrics: tuple[str, ...]
    maximize: bool | None
    problem_type: str
    best_is_maximum: bool | None
    aggregate_seeds: str
    budget: int | None
    grid_size: int | None
    left_out: int
    seed: int | None
    bases: tuple[str, ...]
    trials: Mapping[str, TrialRecord]
    """By the name of the configuration; those that are not due any more last."""
    final: FinalRecord | None = None
    """None where the winner is not confirmed with fresh seeds."""

    @property
    def words(self) -> str:
        """What kind of search it is, with its article."""
        return f"{'an' if self.type == 'smbo' else 'a'} {search_name(self.type)}"


def search_record(record: Mapping[str, Any]) -> SearchRecord | None:
    """Return the search of an experiment, None where it is none."""
    search = record.get("search")
    if not isinstance(search, Mapping):
        return None
    variables = tuple(_variables(search.get("variables")))
    trials = (
        *_trials(record.get("configurations"), variables, inside=True),
        *_trials(record.get("outside"), variables, inside=False),
    )
    return SearchRecord(
        type=str(search.get("type") or "search"),
        variables=variables,
        metrics=tuple(map(str, _list(search.get("metrics")))),
        maximize=_flag(search.get("maximize")),
        problem_type=str(search.get("problem_type") or "final"),
        best_is_maximum=_flag(search.get("best_is_maximum")),
        aggregate_seeds=str(search.get("aggregate_seeds") or "mean"),
        budget=_whole(search.get("budget")),
        grid_size=_whole(search.get("grid_size")),
        left_out=_whole(search.get("left_out")) or 0,
        seed=_whole(search.get("seed")),
        bases=tuple(map(str, _list(search.get("bases")))),
        trials={each.name: each for each in trials},
        final=_final(search.get("final")),
    )


def _final(given: Any) -> FinalRecord | None:
    if not isinstance(given, Mapping):
        return None
    seeds = [
        tuple(each for each in _list(given.get(key)) if type(each) is int) for key in ("finalist_seeds", "final_seeds")
    ]
    return FinalRecord(_whole(given.get("num_finalists")) or 0, *seeds)


def _variables(given: Any) -> Iterator[SearchVariable]:
    for each in _list(given):
        if isinstance(each, Mapping) and isinstance(each.get("name"), str):
            choices = each.get("choices")
            yield SearchVariable(
                each["name"],
                str(each.get("kind") or ""),
                tuple(map(str, _list(each.get("place")))),
                tuple(choices) if isinstance(choices, list) else None,
                each.get("begin"),
                each.get("end"),
                _whole(each.get("bins")),
                each.get("prior"),
            )


def _trials(given: Any, variables: Sequence[SearchVariable], *, inside: bool) -> Iterator[TrialRecord]:
    for each in _list(given):
        trial = each.get("trial") if isinstance(each, Mapping) else None
        if isinstance(trial, Mapping) and isinstance(each.get("name"), str):
            values = trial.get("values")
            # A variable that was added later has the value of the base configuration in earlier trials.
            at_place = {variable.name: value_at(each.get("content"), variable.place) for variable in variables}
            kept = {name: value for name, value in at_place.items() if value is not None}
            asked = trial.get("asked")
            asked = asked if isinstance(asked, Mapping) else {}
            parent = _whole(asked.get("parent"))
            yield TrialRecord(
                each["name"],
                _whole(trial.get("number")) or 0,
                str(trial.get("base") or ""),
                str(trial.get("original_id") or ""),
                {**kept, **values} if isinstance(values, Mapping) else kept,
                inside,
                _whole(asked.get("steps")),
                None if parent is None else trial_name(parent),
                asked.get("sampler") == DRAWN,
                _whole(asked.get("restarted")) is not None,
            )


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _flag(given: Any) -> bool | None:
    return given if isinstance(given, bool) else None


def _whole(given: Any) -> int | None:
    # type(): True is an int.
    return given if type(given) is int else None
