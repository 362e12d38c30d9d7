"""The settings of searches over training steps, ``search_config`` of Halving, Hyperband and PBT, with the mistakes.

The keys are those of the original; ``step_key`` is new. It names the key of the configuration that says for how many
steps a run trains, since a trial of a higher rung is an ordinary configuration with more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.search.mistakes import Mistake, at, is_missing, is_whole, misspelt, must_be, suggestion, unknown_key
from mle_toolbox.search.placement import place_of, value_at
from mle_toolbox.search.population import population_of
from mle_toolbox.search.rungs import rungs_of
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath, found

__all__ = [
    "OVER_STEPS",
    "STEP_SETTINGS",
    "StepSettings",
    "in_words",
    "read_step_settings",
    "step_key_mistake",
    "too_few_points",
]

OVER_STEPS = ("halving", "hyperband", "pbt")

# Each key with the smallest whole number that it may be, and what it is.
_NUMBERS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "halving": {
        "min_budget": (1, "the training steps of each trial in the first rung"),
        "num_arms": (2, "the trials in the first rung"),
        "halving_coeff": (2, "by how much the trials are divided and the steps multiplied from rung to rung"),
        "max_budget": (1, "the most steps that a trial trains for"),
    },
    "hyperband": {
        "max_resource": (2, "the most steps that a trial trains for"),
        "eta": (2, "by how much the trials are divided and the steps multiplied from rung to rung"),
    },
    "pbt": {
        "num_workers": (2, "the members of the population"),
        "steps_until_ready": (1, "the training steps of a generation"),
    },
}
_OPTIONAL = ("max_budget",)
# What each strategy of exploit and explore has beside its name, with the default.
_PARTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "exploit": {"truncation": {"selection_percent": 0.2}, "binary_tournament": {}},
    "explore": {
        "perturbation": {"perturb_coeffs": [0.8, 1.2]},
        "resampling": {},
        "additive-noise": {"noise_scale": 0.2},
    },
}


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _are_positive(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_positive, value))


# What these settings must be.
_OF_PARTS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "selection_percent": ("a share greater than 0 and at most 0.5", lambda value: _is_positive(value) and value <= 0.5),
    "perturb_coeffs": ("a list of numbers greater than 0, such as [0.8, 1.2]", _are_positive),
    "noise_scale": ("a number greater than 0", _is_positive),
}
STEP_SETTINGS = ("step_key", *(key for numbers in _NUMBERS.values() for key in numbers), *_PARTS)
"""The keys of all of them."""
_EXAMPLE = "such as 'num_steps', or 'optim/num_steps' in a group"
_STEP_KEY = f"the key of the configuration that says for how many steps a run trains, {_EXAMPLE}"


@dataclass(frozen=True)
class StepSettings:
    """What was read."""

    options: Mapping[str, Any]
    """Made of JSON's types, with all defaults."""
    budget: int
    """Trials in all rungs or generations."""
    steps: int
    """Training steps of all trials of one seed, if each goes on from its checkpoint."""
    steps_from_scratch: int
    """The same if each begins with the first step."""


def read_step_settings(
    search_type: str, given: Any, generations: int | None, path: JsonPath
) -> tuple[StepSettings | None, list[Mistake]]:
    """Read the settings of one of these strategies.

    Parameters
    ----------
    search_type
        One of `OVER_STEPS`.
    given
        The section ``search_config``.
    generations
        For "pbt": ``num_search_batches``, None where that is missing or wrong.
    path
        Where the section is in ``param_search_args``.

    Returns
    -------
    settings, mistakes
        None where there are mistakes.
    """
    if not isinstance(given, Mapping):
        wanted = listed(map(repr, ("step_key", *_NUMBERS[search_type])))
        return None, [must_be(path, f"a section with {wanted}", given)]
    mistakes = list(_wrong_keys(search_type, given, path))
    options = {key: given[key] for key in _NUMBERS[search_type] if given.get(key) is not None}
    if search_type == "pbt":
        for name in _PARTS:
            options[name], wrong = _part(given.get(name), _PARTS[name], (*path, name))
            mistakes += wrong
        if generations is not None and generations < 2:
            said = "num_search_batches is 1: in a single generation no member is copied. Use at least 2"
            mistakes.append((("search_resources", "num_search_batches"), f"{said}."))
        options["generations"] = generations
    if mistakes or (search_type == "pbt" and generations is None):
        return None, mistakes
    mistakes += _nothing_to_choose(search_type, options, path)
    if mistakes:
        return None, mistakes
    options["step_key"] = given["step_key"]
    return _settings(search_type, options), []


def step_key_mistake(options: Mapping[str, Any], base: Mapping[str, Any], variables: Mapping[str, Any]) -> str | None:
    """Say what is wrong with ``step_key`` in a base configuration; None if nothing is.

    Parameters
    ----------
    options
        Of `StepSettings`.
    base
        The base configuration.
    variables
        The place of each variable of the search, by name.
    """
    name, nowhere = options["step_key"], object()
    place = place_of(name, base)
    value = value_at(base, place, nowhere)
    if place in variables.values():
        return f"step_key is {name!r}, which is also a variable of the search. Remove the variable."
    if value is nowhere:
        around = value_at(base, place[:-1])
        keys = [key for key in around if isinstance(around[key], int)] if isinstance(around, Mapping) else []
        near = did_you_mean(place[-1], keys)
        where = ".".join(place[:-1]) or "the base configuration"
        return f"step_key is {name!r}, which is not in {where}.{near or ' It says for how many steps a run trains.'}"
    if type(value) is not int:
        return f"step_key is {name!r}, which must be a whole number in the base configuration, found {found(value)}."
    return None


def in_words(search_type: str, options: Mapping[str, Any]) -> str:
    """Say how many trials of how many steps there are, for people.

    >>> in_words("halving", {"min_budget": 2, "num_arms": 4, "halving_coeff": 2, "step_key": "num_steps"})
    'Trials x num_steps: 4 x 2, 2 x 4 and 1 x 8. That is 16 steps a seed, or 24 without mle.resume() in the script.'
    """
    made = _settings(search_type, dict(options))
    if search_type == "pbt":
        population = population_of(options)
        words = f"{population.generations} generations of {population.num_workers} trials"
        return f"{words}, each with {population.steps_until_ready} steps more: {made.steps} steps a seed."
    rungs = rungs_of(options)
    brackets = {rung.bracket: "" for rung in rungs}
    for bracket in brackets:
        brackets[bracket] = listed((f"{rung.size} x {rung.steps}" for rung in rungs if rung.bracket == bracket), None)
    steps = f"That is {made.steps} steps a seed, or {made.steps_from_scratch} without mle.resume() in the script."
    return f"Trials x {options['step_key']}: {'; '.join(brackets.values())}. {steps}"


def too_few_points(search_type: str, options: Mapping[str, Any], points: int | None) -> str | None:
    """Say that a finite space has fewer points than a search begins with; None if it has enough."""
    if search_type == "pbt":
        what, number = "num_workers", options["num_workers"]
    else:
        number = sum(rung.size for rung in rungs_of(options) if rung.level == 0)
        what = "num_arms" if search_type == "halving" else "the number of trials in the lowest rungs"
    if points is None or points >= number:
        return None
    return f"{what} is {number}, but the space has only {points} points. Use fewer, or ranges in place of lists."


def _wrong_keys(search_type: str, given: Mapping[str, Any], path: JsonPath) -> Iterator[Mistake]:
    numbers = _NUMBERS[search_type]
    known = ["step_key", *numbers, *(_PARTS if search_type == "pbt" else ())]
    for key in given:
        if key not in known:
            yield unknown_key((*path, key), suggestion(key, known))
    for key in ("step_key", *numbers):
        value, here = given.get(key), (*path, key)
        if key == "step_key":
            what, expected, is_good = (
                _STEP_KEY,
                f"the name of a key, {_EXAMPLE}",
                bool(value and isinstance(value, str)),
            )
        else:
            least, what = numbers[key]
            expected, is_good = f"a whole number of at least {least}", is_whole(value, least)
        if value is not None and not is_good:
            yield must_be(here, expected, value)
        elif value is None and key not in _OPTIONAL and not misspelt(key, given, known):
            yield is_missing(here, what)


def _part(given: Any, known: Mapping[str, Mapping[str, Any]], path: JsonPath) -> tuple[dict[str, Any], list[Mistake]]:
    """Read ``exploit`` or ``explore``: a strategy and its own setting."""
    if given is None:
        given = {"strategy": next(iter(known))}
    section = given if isinstance(given, Mapping) else {"strategy": given}
    strategy = section.get("strategy")
    if not isinstance(strategy, str) or strategy not in known:
        near = did_you_mean(strategy, known) if isinstance(strategy, str) else ""
        where, sentence = must_be((*path, "strategy"), {"enum": list(known)}, strategy, near)
        return {}, [(where if section is given else path, sentence)]
    mistakes: list[Mistake] = []
    settings = dict(known[strategy])
    for key, value in section.items():
        here = (*path, key)
        if key == "strategy" or value is None:
            continue
        if key in settings:
            expected, is_good = _OF_PARTS[key]
            if not is_good(value):
                mistakes.append(must_be(here, expected, value))
            settings[key] = list(value) if isinstance(value, list | tuple) else value
        else:
            near = did_you_mean(str(key), settings) or " Remove it."
            is_of_another = any(key in each for each in known.values())
            why = f" {strategy!r} has no such setting; remove it." if is_of_another else near
            mistakes.append((here, f"unknown key {key!r} in {at(path)}.{why}"))
    return {"strategy": strategy, **settings}, mistakes


def _nothing_to_choose(search_type: str, options: Mapping[str, Any], path: JsonPath) -> Iterator[Mistake]:
    """Yield why there is only one rung, if there is."""
    if search_type == "halving":
        arms, coefficient = options["num_arms"], options["halving_coeff"]
        if arms < coefficient:
            said = f"num_arms is {arms}, fewer than halving_coeff, {coefficient}: no trial would reach a second rung"
            yield (*path, "num_arms"), f"{said}. Use at least {coefficient}."
        least, most = options["min_budget"], options.get("max_budget")
        if most is not None and most <= least:
            said = f"max_budget is {most}, no more than min_budget, {least}: there would be no second rung"
            yield (*path, "max_budget"), f"{said}. Leave it out, or use more."
    elif search_type == "hyperband" and options["max_resource"] < options["eta"]:
        most, eta = options["max_resource"], options["eta"]
        said = f"max_resource is {most}, less than eta, {eta}: no bracket would have a second rung"
        yield (*path, "max_resource"), f"{said}. Use at least {eta}."


def _settings(search_type: str, options: dict[str, Any]) -> StepSettings:
    if search_type == "pbt":
        population = population_of(options)
        of_generations = [number * population.steps_until_ready for number in range(1, population.generations + 1)]
        steps = population.size * population.steps_until_ready
        return StepSettings(options, population.size, steps, population.num_workers * sum(of_generations))
    rungs = rungs_of(options)
    return StepSettings(
        options,
        sum(rung.size for rung in rungs),
        sum(rung.size * rung.more_steps for rung in rungs),
        sum(rung.size * rung.steps for rung in rungs),
    )
