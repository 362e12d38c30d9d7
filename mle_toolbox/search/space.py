"""The space of a search: its variables, and the points in it.

Reads ``search_params`` (``params_to_search`` in the older form) and checks it against a base configuration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mle_toolbox.errors import did_you_mean, nearest
from mle_toolbox.search.placement import PREFIXES, SECTIONS, Place, place_of, plain, value_at
from mle_toolbox.search.search_settings import Mistake, SearchSettings
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath, found, hint, location

__all__ = ["MAX_VALUES", "Space", "Variable", "missing_names", "point_of", "read_space", "same_value"]

MAX_VALUES = 100_000
"""Of one variable in a grid."""

_LARGEST = 1e308
_KINDS = ("categorical", "real", "integer")
_PRIORS = ("uniform", "log-uniform")
_NOT_SEARCHABLE = ("log_config", "device_config")


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
            return _key(value) in self._keys
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "integer" else int | float):
            return False
        return self.begin is not None and self.end is not None and self.begin <= value <= self.end

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(map(_key, self.choices or ()))

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
    return _key(one) == _key(other)


def missing_names(space: Space, base: Mapping[str, Any]) -> list[str]:
    """Return the variables that the base configuration has no value for; they are added to it."""
    nowhere = object()
    return [each.name for each in space.variables if value_at(base, each.place, nowhere) is nowhere]


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


def read_space(settings: SearchSettings, base: Mapping[str, Any]) -> tuple[Space, list[Mistake]]:
    """Read the variables of a search.

    Parameters
    ----------
    settings
        Of the search, which hold the section.
    base
        The base configuration, into which the values go.

    Returns
    -------
    space, mistakes
        The space holds the variables without mistakes; paths are in ``param_search_args``.
    """
    reader = _Reader(settings, base)
    for kind, group in settings.params.items():
        reader.read_group(kind, group)
    reader.check_names()
    if not reader.variables and not reader.mistakes:
        reader.mistake((), "no variable is listed. Name them below categorical, real or integer.")
    in_order = sorted(reader.variables.values(), key=lambda variable: variable.name)
    return Space(tuple(in_order)), reader.mistakes


class _Reader:
    def __init__(self, settings: SearchSettings, base: Mapping[str, Any]) -> None:
        self.grid = settings.search_type == "grid"
        self.flat = settings.flat
        self.path = settings.params_path
        self.base = base
        self.mistakes: list[Mistake] = []
        self.variables: dict[str, Variable] = {}
        self.named: dict[str, tuple[str, Place]] = {}
        """Every name with its kind and its place, also of variables with a mistake."""

    def mistake(self, path: JsonPath, sentence: str) -> None:
        self.mistakes.append(((*self.path, *path), sentence))

    def read_group(self, kind: str, group: Any) -> None:
        where = ".".join(("param_search_args", *map(str, self.path)))
        if kind not in _KINDS:
            advice = did_you_mean(kind, _KINDS) or f" Valid kinds of variables are {listed(map(repr, _KINDS))}."
            self.mistake((kind,), f"unknown kind {kind!r} in {where}.{advice}")
        elif isinstance(group, Mapping):
            for name, given in group.items():
                self.read_variable(kind, name, given)
        elif group is not None:
            here = location(("param_search_args", *self.path, kind))
            self.mistake((kind,), f"{here} must be a section with one key for each variable, found {found(group)}.")

    def read_variable(self, kind: str, name: str, given: Any) -> None:
        if name in self.named:
            other, _ = self.named[name]
            self.mistake((kind, name), f"{name!r} stands in {other} and in {kind}. Remove one of them.")
            return
        place = place_of(name, self.base)
        self.named[name] = (kind, place)
        if kind == "categorical":
            variable = self._categorical(name, place, given)
        else:
            variable = self._number(kind, name, place, given)
        if variable is not None:
            self.variables[name] = variable

    # -- categorical

    def _categorical(self, name: str, place: Place, given: Any) -> Variable | None:
        path = ("categorical", name)
        if isinstance(given, Mapping) and "begin" in given:
            self.mistake(path, f"{name!r} has a begin and is in categorical. Move it to real or integer.")
            return None
        if isinstance(given, Mapping):
            nested = f" A nested key is named '{name}/{next(iter(given))}'." if given else ""
            self.mistake(path, f"{name!r} must have a list of choices, found {found(given)}.{nested}")
            return None
        if given is None or (isinstance(given, list | tuple) and not given):
            self.mistake(path, f"{name!r} has no choices, found {found(given)}. Give a list of its values.")
            return None
        # A single value counts as a list of one, as in the original.
        choices = list(given) if isinstance(given, list | tuple) else [given]
        before = len(self.mistakes)
        present = value_at(self.base, place)
        numeric = any(map(_is_number, (present, *choices)))
        logical = any(isinstance(value, bool) for value in (present, *choices))
        for index, choice in enumerate(choices):
            here: JsonPath = (*path, index) if isinstance(given, list | tuple) else path
            number = hint(choice, {"type": "number"}) if isinstance(choice, str) else ""
            if not _is_json(choice):
                self.mistake(here, f"{name!r} has the choice {choice!r}, which JSON cannot express. Use finite values.")
            elif number and numeric:
                self.mistake(here, f"{name!r} is a number, and its choice {choice!r} is text.{number}")
            elif logical and isinstance(choice, str) and choice.lower() in ("true", "false"):
                write = f"Write {choice.lower()} without quotes"
                self.mistake(here, f"{name!r} is true or false, and its choice {choice!r} is text. {write}.")
        return Variable(name, "categorical", place, _once(choices)) if len(self.mistakes) == before else None

    # -- real and integer

    def _number(self, kind: str, name: str, place: Place, given: Any) -> Variable | None:
        path = (kind, name)
        wanted = self._wanted(kind)
        if not isinstance(given, Mapping):
            advice = " A list of values belongs in categorical." if isinstance(given, list | tuple) else ""
            self.mistake(path, f"{name!r} must have {wanted}, found {found(given)}.{advice}")
            return None
        known = ["begin", "end", "bins", "prior", *(["spacing"] if kind == "integer" else [])]
        before = len(self.mistakes)
        for key in given:
            if key not in known:
                advice = did_you_mean(key, known) or f" It has {wanted}."
                self.mistake((*path, key), f"unknown key {key!r} of {name!r}.{advice}")
        begin = self._bound(kind, name, "begin", given)
        end = self._bound(kind, name, "end", given)
        prior = self._prior(kind, name, given, begin)
        if begin is not None and end is not None and begin > end:
            self.mistake((*path, "begin"), f"'begin' of {name!r} is {begin}, greater than its 'end', {end}.")
        elif begin is not None and end is not None and not math.isfinite(end - begin):
            self.mistake((*path, "end"), f"{name!r} has too wide a range, from {begin} to {end}.")
        values = self._grid_values(kind, name, given, begin, end, len(self.mistakes) == before)
        if len(self.mistakes) > before:
            return None
        # In the older form a random search draws from the grid, where there is one.
        gridded = self.grid or (self.flat and values is not None)
        return Variable(
            name,
            kind,
            place,
            choices=values if gridded else None,
            begin=begin,
            end=end,
            bins=given.get("bins") if gridded else None,
            prior=None if gridded else prior,
        )

    def _wanted(self, kind: str) -> str:
        if not self.grid:
            return "begin, end and prior"
        return "begin, end and bins" if kind == "real" else "begin, end and bins (or spacing)"

    def _bound(self, kind: str, name: str, key: str, given: Mapping[str, Any]) -> Any:
        value = given.get(key)
        path = (kind, name, key)
        if value is None:
            misspelt = nearest(key, [other for other in given if other not in ("begin", "end", "bins", "prior")])
            if misspelt is None:
                self.mistake(path, f"{key!r} of {name!r} is missing: it must have {self._wanted(kind)}.")
            return None
        what = "a whole number" if kind == "integer" else "a number"
        # 1e3 is a float, and a whole number all the same.
        usable = _is_number(value) and abs(value) <= _LARGEST and (kind == "real" or value == math.floor(value))
        if usable:
            return int(value) if kind == "integer" else float(value)
        way_out = hint(value, {"type": "number"}) if isinstance(value, str) else ""
        self.mistake(path, f"{key!r} of {name!r} must be {what}, found {found(value)}.{way_out}")
        return None

    def _prior(self, kind: str, name: str, given: Mapping[str, Any], begin: Any) -> str:
        prior = given.get("prior")
        path = (kind, name, "prior")
        if prior is None:
            return "uniform"
        if prior not in _PRIORS:
            advice = did_you_mean(prior, _PRIORS) if isinstance(prior, str) else ""
            either = " or ".join(map(repr, _PRIORS))
            self.mistake(path, f"'prior' of {name!r} must be {either}, found {found(prior)}.{advice}")
        elif self.grid and prior == "log-uniform":
            # The original ignored it, and ran an evenly spaced grid under the name of a logarithmic one.
            way_out = "List the values in categorical, or use search_type 'Random'"
            self.mistake(path, f"'prior' of {name!r}: the bins of a grid are evenly spaced. {way_out}.")
        elif prior == "log-uniform" and begin is not None and begin <= 0:
            key = (kind, name, "begin")
            self.mistake(key, f"'begin' of {name!r} must be greater than 0 for the prior 'log-uniform', found {begin}.")
        return str(prior)

    def _grid_values(
        self, kind: str, name: str, given: Mapping[str, Any], begin: Any, end: Any, good: bool
    ) -> tuple[Any, ...] | None:
        """Return the values of a grid; None where there is no grid, or none can be made."""
        bins: Any = given.get("bins")
        spacing: Any = given.get("spacing")
        path = (kind, name)
        if not self.grid and not self.flat:
            if spacing is not None:
                self.mistake((*path, "spacing"), f"'spacing' of {name!r} applies to a grid search only. Remove it.")
            return None
        if bins is not None and spacing is not None:
            self.mistake((*path, "spacing"), f"{name!r} has bins and spacing. Remove one of them.")
            return None
        if bins is None and spacing is None:
            if self.grid and nearest("bins", [key for key in given if key not in ("begin", "end", "prior")]) is None:
                way_out = "how many values the grid has between begin and end, both included"
                self.mistake((*path, "bins"), f"'bins' of {name!r} is missing: {way_out}.")
            return None
        key, number = ("bins", bins) if bins is not None else ("spacing", spacing)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            way_out = hint(number, {"type": "integer"})
            what = f"{key!r} of {name!r} must be a whole number of at least 1"
            self.mistake((*path, key), f"{what}, found {found(number)}.{way_out}")
            return None
        if not good or begin is None or end is None:
            return None
        how_many = bins if bins is not None else -((begin - end) // spacing)
        if how_many > MAX_VALUES:
            self.mistake((*path, key), f"{name!r} has {how_many:,} values; at most {MAX_VALUES:,} are supported.")
            return None
        if spacing is None:
            return _once(_linspace(begin, end, bins, whole=kind == "integer"))
        values = tuple(range(begin, end, spacing))  # without the end, as numpy.arange
        if not values:
            self.mistake((*path, key), f"{name!r} has no values: with spacing the end, {end}, is left out. Use bins.")
            return None
        return values

    # -- names against each other and against the base configuration

    def check_names(self) -> None:
        for name, (kind, place) in self.named.items():
            sentence = self._trouble_with_name(name, place)
            if sentence is not None:
                self.mistake((kind, name), sentence)
                self.variables.pop(name, None)

    def _trouble_with_name(self, name: str, place: Place) -> str | None:
        if not name or not all(place):
            return f"{name!r} is not the name of a key in a configuration."
        return self._clash(name, place) or self._wrong_section(name, place) or self._no_such_key(name, place)

    def _clash(self, name: str, place: Place) -> str | None:
        for other, (_, elsewhere) in self.named.items():
            if other == name:
                return None  # each pair is reported once, at its second name
            shorter = min(len(place), len(elsewhere))
            if place[:shorter] != elsewhere[:shorter]:
                continue
            if place == elsewhere:
                return f"{name!r} and {other!r} are the same key of the configuration. Remove one of them."
            outer, inner = (name, other) if len(place) < len(elsewhere) else (other, name)
            return f"{inner!r} is a part of {outer!r}, so both would set it. Remove one of them."
        return None

    def _wrong_section(self, name: str, place: Place) -> str | None:
        prefix, colon, rest = name.partition(":")
        known = value_at(self.base, place) is not None
        if colon and prefix not in SECTIONS and not known:
            if f"{prefix}_config" in _NOT_SEARCHABLE:
                return f"{name!r}: {prefix}_config cannot be searched, only train_config and model_config."
            meant = nearest(prefix, SECTIONS)
            way_out = f"Did you mean '{meant}:{rest}'?" if meant else "'train:x' and 'model:x' are possible."
            return f"{name!r} has an unknown prefix, {prefix!r}. {way_out}"
        head, slash, tail = (rest if colon else name).partition("/")
        # A group of train_config may have such a name as well; then it is meant.
        in_train = place[0] == "train_config" and not isinstance(value_at(self.base, ("train_config", head)), Mapping)
        ours = slash and in_train and head in self.base
        if (ours and head in _NOT_SEARCHABLE) or place[0] in _NOT_SEARCHABLE:
            return f"{name!r}: {head} cannot be searched, only train_config and model_config."
        if ours and head in PREFIXES:
            return f"{name!r} would be a key in train_config. Write '{PREFIXES[head]}{tail}'."
        if place == ("train_config", "seed_id"):
            return f"{name!r} cannot be searched: the seed is that of the seed run. Use num_seeds_per_eval."
        return None

    def _no_such_key(self, name: str, place: Place) -> str | None:
        """Say what is wrong with a name that the base configuration lacks, if it is a misspelling.

        The original made a missing key, and whole missing groups, and people rely on it: of 507 variables in 221 public
        experiment files 62 are not in the base configuration, because the script has a default, and none of these has
        a name like another one there. So a name is refused only if the base configuration has a similar one that is not
        searched itself.
        """
        around: Any = self.base
        for depth, key in enumerate(place):
            if around is None and depth == 1 and place[0] == "model_config":  # left out
                return None
            if not isinstance(around, Mapping):
                group = "/".join(place[1:depth]) or place[0]
                return f"{name!r}: {group!r} is {found(around)} in the base configuration, so it has no {key!r}."
            if key not in around:
                return self._similar_key(name, place, depth, around)
            around = around[key]
        choices = self.variables[name].choices if name in self.variables else None
        if isinstance(around, Mapping) and around and not all(isinstance(each, Mapping) for each in choices or ()):
            inner = next(iter(around))
            return f"{name!r} is a section of the base configuration. Name a key in it, like '{name}/{inner}'."
        return None

    def _similar_key(self, name: str, place: Place, depth: int, around: Mapping[str, Any]) -> str | None:
        if depth == 0 and place[0] == "model_config":
            return None
        searched = {elsewhere[depth] for _, elsewhere in self.named.values() if elsewhere[:depth] == place[:depth]}
        similar = nearest(place[depth], [key for key in around if key not in searched])
        if similar is None:
            return None
        keys = list(place)
        keys[depth] = similar
        prefix = name.partition(":")[0] + ":" if name.startswith(("train:", "model:")) else ""
        top = 1 if place[0] in PREFIXES else 0
        right = prefix + "/".join(keys[top:])
        section = place[0] if top else "the base configuration"
        return f"{name!r} is not in {section}. Did you mean {right!r}? If not, add it to the base configuration."


def _number_of_values(variable: Variable) -> int | None:
    if variable.choices is not None:
        return len(variable.choices)
    if variable.kind == "integer" and variable.begin is not None and variable.end is not None:
        return int(variable.end - variable.begin) + 1
    return 1 if variable.begin == variable.end else None


def _linspace(begin: float, end: float, bins: int, *, whole: bool) -> Iterator[float]:
    """Yield exactly the numbers of ``numpy.linspace(begin, end, bins)``, without their fractions if ``whole``."""
    # In numpy's own order of operations, since 0.1 * 3 is not 0.3.
    start, delta = begin * 1.0, end * 1.0 - begin * 1.0
    step = delta / (bins - 1) if bins > 1 else 0.0
    for index in range(bins):
        value = index * step if step != 0.0 else index / max(bins - 1, 1) * delta
        value = end * 1.0 if index == bins - 1 and bins > 1 else value + start
        yield int(value) if whole else value + 0.0  # no -0.0 beside 0.0


def _once(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values without repetitions, in their order."""
    first: dict[str, Any] = {}
    for value in values:
        first.setdefault(_key(value), plain(value))
    return tuple(first.values())


def _key(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(plain(value), allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
