"""The space of a search: its variables, and the points in it.

Knows nothing of experiment files: ``variables.py`` reads it from one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mle_toolbox.search.placement import Place, place_of, plain, value_at

__all__ = ["Space", "Variable", "in_another_section", "missing_names", "point_of", "same_value", "value_key"]


@dataclass(frozen=True)
class Variable:
    """One variable of a search."""

    name: str
    """As in the experiment file: "lrate", "model:units", "es_config/sigma_init"."""
    kind: str
    """"categorical", "real" or "integer"."""
    place: Place
    """Its path in the base configuration."""
    choices: tuple[Any, ...] | None = None
    """Every value, in the order of the file; None where values are drawn from ``begin`` to ``end``."""
    begin: float | None = None
    end: float | None = None
    bins: int | None = None
    prior: str | None = None

    def contains(self, value: Any) -> bool:
        """Whether the variable can have this value today."""
        if self.choices is not None:
            return value_key(value) in self._keys
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "integer" else int | float):
            return False
        begin, end = self.bounds
        return begin <= value <= end

    @property
    def bounds(self) -> tuple[float, float]:
        """Its begin and end, where it has no choices."""
        if self.begin is None or self.end is None:
            raise ValueError(f"{self.name!r} has neither choices nor a range.")
        return self.begin, self.end

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(map(value_key, self.choices or ()))

    def described(self) -> dict[str, Any]:
        """Return the variable as it is kept with the results: made of JSON's types, without what does not apply."""
        described: dict[str, Any] = {"name": self.name, "kind": self.kind, "place": list(self.place)}
        for name in ("begin", "end", "bins", "prior"):
            if getattr(self, name) is not None:
                described[name] = getattr(self, name)
        if self.choices is not None:
            described["choices"] = plain(self.choices)
        return described


@dataclass(frozen=True)
class Space:
    """The variables of a search, sorted by name."""

    variables: tuple[Variable, ...]

    @property
    def size(self) -> int | None:
        """How many points there are; None if some variable has any number of values."""
        sizes = [_number_of_values(variable) for variable in self.variables]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def contains(self, values: Mapping[str, Any]) -> bool:
        """Whether a point is in the space: it has a value for each variable, and no other values."""
        return values.keys() == {variable.name for variable in self.variables} and all(
            variable.contains(values[variable.name]) for variable in self.variables
        )


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are written the same in a configuration: 1, 1.0 and true are three values."""
    return value_key(one) == value_key(other)


def missing_names(space: Space, base: Mapping[str, Any]) -> list[str]:
    """Return the variables that the base configuration has no value for; they are added to it."""
    nowhere = object()
    return [each.name for each in space.variables if value_at(base, each.place, nowhere) is nowhere]


def in_another_section(space: Space, base: Mapping[str, Any]) -> dict[str, str]:
    """Return variables that train_config lacks and the settings of the network have: by name, what would mean those."""
    sections = (base.get(each) for each in ("model_config", "net_config"))
    network = next((each for each in sections if isinstance(each, Mapping)), None)
    missing = [name for name in missing_names(space, base) if ":" not in name]
    return {name: f"model:{name}" for name in missing if value_at(network, tuple(name.split("/"))) is not None}


def point_of(space: Space, base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the point of the present space that an earlier trial is, or None when it is outside.

    A variable that the search did not have then has its value in the base configuration; one that it no longer has must
    have that value.

    >>> units = Variable("units", "categorical", ("train_config", "units"), (8, 16))
    >>> point_of(Space((units,)), {"train_config": {"units": 8, "lrate": 0.1}}, {"lrate": 0.1})
    {'units': 8}
    """
    missing = object()
    point = {}
    for variable in space.variables:
        value = values.get(variable.name, missing)
        point[variable.name] = value_at(base, variable.place, missing) if value is missing else value
    searched = point.keys()
    for name, value in values.items():
        if name not in searched:
            present = value_at(base, place_of(name, base), missing)
            if present is missing or not same_value(value, present):
                return None
    if any(value is missing for value in point.values()) or not space.contains(point):
        return None
    return plain(point)  # type: ignore[no-any-return]


def _number_of_values(variable: Variable) -> int | None:
    if variable.choices is not None:
        return len(variable.choices)
    begin, end = variable.bounds
    if variable.kind == "integer":
        return int(end - begin) + 1
    return 1 if begin == end else None


def value_key(value: Any) -> str:
    """Return a text that two values share exactly if they are written the same."""
    return json.dumps(plain(value), sort_keys=True)
