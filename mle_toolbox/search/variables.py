"""The variables of a search as an experiment file has them, and every mistake in them.

They are listed in ``search_params`` (``params_to_search`` in the older form), by their kinds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.search.mistakes import ROOT, Mistake, at, is_whole, misspelt, must_be, whole_number
from mle_toolbox.search.placement import Place, place_of, plain, value_at
from mle_toolbox.search.search_keys import KINDS
from mle_toolbox.search.search_settings import SearchSettings
from mle_toolbox.search.searched_names import trouble_with_name
from mle_toolbox.search.space import Space, Variable, value_key
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath, expected, found, hint

__all__ = ["read_space"]

# Of one variable in a grid.
_MAX_VALUES = 100_000
_LARGEST = 1e308
_PRIORS = ("uniform", "log-uniform")
_RANGE_KEYS = ("begin", "end", "bins", "prior")
_FORMULA = re.compile(r"(?:[a-z]+\.)?(?:range|arange|linspace|logspace|geomspace|list)\(.*\)")


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
    top = settings.params_path
    variables: dict[str, Variable] = {}
    mistakes: list[Mistake] = []
    # Of every variable, also of one with a mistake.
    kinds: dict[str, str] = {}
    places: dict[str, Place] = {}
    for kind, group in settings.params.items():
        if kind not in KINDS:
            advice = did_you_mean(kind, KINDS) or f" Valid kinds of variables are {listed(map(repr, KINDS))}."
            where = ".".join((ROOT, *map(str, top)))
            mistakes.append(((*top, kind), f"unknown kind {kind!r} in {where}.{advice}"))
            continue
        if group is not None and not isinstance(group, Mapping):
            mistakes.append(must_be((*top, kind), "a section with one key for each variable", group))
            continue
        for name, given in (group or {}).items():
            if name in kinds:
                said = f"{name!r} stands in {kinds[name]} and in {kind}. Remove one of them."
                mistakes.append(((*top, kind, name), said))
                continue
            kinds[name], places[name] = kind, place_of(name, base)
            if kind == "categorical":
                variable, wrong = _categorical(settings, name, places[name], given, value_at(base, places[name]))
            else:
                numbers = _Range(settings, kind, name, given)
                variable, wrong = numbers.variable(places[name]), numbers.mistakes
            mistakes += [((*top, kind, name, *inner), sentence) for inner, sentence in wrong]
            if variable is not None:
                variables[name] = variable
    for name, kind in kinds.items():
        choices = variables[name].choices if name in variables else None
        if (sentence := trouble_with_name(name, places, base, choices)) is not None:
            mistakes.append(((*top, kind, name), sentence))
            variables.pop(name, None)
    mistakes += _wrong_options(settings.options, kinds)
    if not variables and not mistakes:
        mistakes.append((top, "no variable is listed. Name them below categorical, real or integer."))
    return Space(tuple(variables[name] for name in sorted(variables))), mistakes


def _is_grid(settings: SearchSettings) -> bool:
    return settings.search_type in ("grid", "coordinate")


def _wrong_options(options: Mapping[str, Any], names: Collection[str]) -> Iterator[Mistake]:
    """Yield what is wrong in the settings of a strategy that name variables."""
    where = ("search_config", "search_config")
    order = options.get("order")
    if order is not None and sorted(order) != sorted(names):
        here = (*where, "order")
        yield here, f"{at(here)} must list every variable once: {listed(map(repr, sorted(names)), None)}."
    for name in options.get("defaults", {}):
        if name not in names:
            advice = did_you_mean(name, names) or " It is no variable of this search."
            yield (*where, "defaults", name), f"unknown variable {name!r} in {ROOT}.{'.'.join(where)}.defaults.{advice}"


# -- categorical


def _categorical(
    settings: SearchSettings, name: str, place: Place, given: Any, present: Any
) -> tuple[Variable | None, list[Mistake]]:
    """Return a variable, None where there is a mistake; paths begin at the variable."""
    # A single value counts as a list of one, as in the original.
    choices = list(given) if isinstance(given, list | tuple) else [given]
    wrong = ""
    if isinstance(given, Mapping) and "begin" in given:
        wrong = "has a begin and is in categorical. Move it to real or integer."
    elif isinstance(given, Mapping):
        nested = f" A nested key is named '{name}/{next(iter(given))}'." if given else ""
        wrong = f"must have a list of choices, found {found(given)}.{nested}"
    elif given is None or not choices:
        wrong = f"has no choices, found {found(given)}. Give a list of its values."
    if wrong:
        return None, [((), f"{name!r} {wrong}")]
    mistakes = list(_wrong_choices(name, given, choices, present, is_grid=_is_grid(settings)))
    return (None if mistakes else Variable(name, "categorical", place, _once(choices))), mistakes


def _wrong_choices(name: str, given: Any, choices: list[Any], present: Any, *, is_grid: bool) -> Iterator[Mistake]:
    """Yield which choices are no values, or text that was meant as something else."""
    numeric = any(map(_is_number, (present, *choices)))
    logical = any(isinstance(value, bool) for value in (present, *choices))
    if isinstance(given, str) and (listing := _as_list(given, present, numeric=numeric)):
        yield (), f"{name!r} has one choice, the text {given!r}. Write a list: [{listing}]."
    for index, choice in enumerate(choices):
        here: JsonPath = (index,) if isinstance(given, list | tuple) else ()
        number = hint(choice, {"type": "number"}) if isinstance(choice, str) else ""
        if not _is_json(choice):
            yield here, f"{name!r} has the choice {choice!r}, which JSON cannot express. Use finite values."
        elif isinstance(choice, str) and _FORMULA.fullmatch(choice):
            ranges = "begin, end and bins" if is_grid else "begin and end"
            what = f"{name!r} has the choice {choice!r}, which is text: nothing is computed"
            yield here, f"{what}. List the values, or give {ranges} in real or integer."
        elif number and numeric:
            yield here, f"{name!r} is a number, and its choice {choice!r} is text.{number}"
        elif logical and isinstance(choice, str) and choice.lower() in ("true", "false"):
            write = f"Write {choice.lower()} without quotes"
            yield here, f"{name!r} is true or false, and its choice {choice!r} is text. {write}."


def _as_list(text: str, present: Any, *, numeric: bool) -> str | None:
    """Return the list that a text with commas was meant as, in YAML; None if it may be one value."""
    parts = [part.strip() for part in text.strip("[]()").split(",")]
    if len(parts) > 1 and numeric and all(hint(part, {"type": "number"}) for part in parts):
        return ", ".join(parts)
    return ", ".join(json.dumps(part) for part in parts) if len(parts) > 1 and present in parts else None


# -- real and integer


class _Range:
    """A variable with a begin and an end as the file has it, and what is wrong with it; paths begin at the variable."""

    def __init__(self, settings: SearchSettings, kind: str, name: str, given: Any) -> None:
        self.kind, self.name, self.given = kind, name, given
        self.is_grid = _is_grid(settings)
        self.flat = settings.flat
        self.is_random = settings.search_type == "random"
        self.mistakes: list[Mistake] = []

    def variable(self, place: Place) -> Variable | None:
        """Return the variable; None where there is a mistake."""
        bins = "bins" if self.kind == "real" else "bins (or spacing)"
        wanted = f"begin, end and {bins if self.is_grid else 'prior'}"
        if not isinstance(self.given, Mapping):
            advice = " A list of values belongs in categorical." if isinstance(self.given, list | tuple) else ""
            self._wrong((), f"{self.name!r} must have {wanted}, found {found(self.given)}.{advice}")
            return None
        known = [*_RANGE_KEYS, *(["spacing"] if self.kind == "integer" else [])]
        for key in self.given:
            if key not in known:
                advice = did_you_mean(key, known) or f" It has {wanted}."
                self._wrong((key,), f"unknown key {key!r} of {self.name!r}.{advice}")
        begin, end = self._bound("begin", wanted), self._bound("end", wanted)
        prior = self._prior(begin)
        if begin is not None and end is not None and begin > end:
            self._wrong(("begin",), f"'begin' of {self.name!r} is {begin}, greater than its 'end', {end}.")
        elif begin is not None and end is not None and not math.isfinite(end - begin):
            self._wrong(("end",), f"{self.name!r} has too wide a range, from {begin} to {end}.")
        values = None
        if self.is_grid or self.flat:
            values = self._grid_values(begin, end)
        elif self.given.get("spacing") is not None:
            self._wrong(("spacing",), f"'spacing' of {self.name!r} applies to a grid search only. Remove it.")
        if self.mistakes:
            return None
        # In the older form a random search draws from the grid, where there is one.
        if self.is_grid or (self.flat and self.is_random and values is not None):
            return Variable(self.name, self.kind, place, values, begin, end, bins=self.given.get("bins"))
        return Variable(self.name, self.kind, place, begin=begin, end=end, prior=prior)

    def _wrong(self, path: JsonPath, sentence: str) -> None:
        self.mistakes.append((path, sentence))

    def _must_be(self, key: str, rule: Mapping[str, Any], advice: str = "") -> None:
        value = self.given[key]
        advice = advice or hint(value, rule)
        self._wrong((key,), f"{key!r} of {self.name!r} must be {expected(rule)}, found {found(value)}.{advice}")

    def _bound(self, key: str, wanted: str) -> Any:
        value = self.given.get(key)
        whole = self.kind == "integer"
        if value is None:
            if not misspelt(key, self.given, _RANGE_KEYS):
                self._wrong((key,), f"{key!r} of {self.name!r} is missing: it must have {wanted}.")
        # 1e3 is a float, and a whole number all the same.
        elif _is_number(value) and abs(value) <= _LARGEST and (not whole or value == math.floor(value)):
            return int(value) if whole else float(value)
        else:
            self._must_be(key, {"type": "integer" if whole else "number"})
        return None

    def _prior(self, begin: Any) -> str:
        prior = self.given.get("prior")
        if prior is None:
            return "uniform"
        if prior not in _PRIORS:
            advice = did_you_mean(prior, _PRIORS) if isinstance(prior, str) else ""
            self._must_be("prior", {"x-expected": " or ".join(map(repr, _PRIORS))}, advice)
        elif self.is_grid and prior == "log-uniform":
            # The original ignored it, and ran an evenly spaced grid under the name of a logarithmic one.
            way_out = "List the values in categorical, or use search_type 'Random'"
            self._wrong(("prior",), f"'prior' of {self.name!r}: the bins of a grid are evenly spaced. {way_out}.")
        elif prior == "log-uniform" and begin is not None and begin <= 0:
            needed = "greater than 0 for the prior 'log-uniform'"
            self._wrong(("begin",), f"'begin' of {self.name!r} must be {needed}, found {begin}.")
        return str(prior)

    def _grid_values(self, begin: Any, end: Any) -> tuple[Any, ...] | None:
        """Return the values of a grid; None where there is no grid, or none can be made."""
        bins, spacing = self.given.get("bins"), self.given.get("spacing")
        if bins is not None and spacing is not None:
            self._wrong(("spacing",), f"{self.name!r} has bins and spacing. Remove one of them.")
            return None
        if bins is None and spacing is None:
            if self.is_grid and not misspelt("bins", self.given, _RANGE_KEYS):
                way_out = "how many values the grid has between begin and end, both included"
                self._wrong(("bins",), f"'bins' of {self.name!r} is missing: {way_out}.")
            return None
        key = "spacing" if bins is None else "bins"
        if not is_whole(self.given[key], 1):
            self._must_be(key, whole_number(1))
        if self.mistakes or begin is None or end is None:
            return None
        number = -((begin - end) // spacing) if bins is None else bins
        if number > _MAX_VALUES:
            self._wrong((key,), f"{self.name!r} has {number:,} values; at most {_MAX_VALUES:,} are supported.")
            return None
        if bins is not None:
            return _once(_linspace(begin, end, bins, whole=self.kind == "integer"))
        if not number:
            said = f"{self.name!r} has no values: with spacing the end, {end}, is left out. Use bins."
            self._wrong((key,), said)
        return tuple(range(begin, end, spacing))  # without the end, as numpy.arange


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
        first.setdefault(value_key(value), plain(value))
    return tuple(first.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(plain(value), allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
