"""At how many seeds an experiment looks at its results, and which part of the error rate each look may use.

``num_seeds: {min: 5, max: 20, until: decided}`` in an experiment file. Knows nothing of files and of numbers of seed
runs; docs/statistics.md has the sources, benchmarks/sequential.py the simulation behind the choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.text import listed
from mle_toolbox.wording import found, location

__all__ = ["LEAST", "Schedule", "read_schedule", "shares_of", "sizes_of"]

LEAST = 3
"""Seeds of the first look at least: with two, a t test finds next to nothing after the corrections."""

_MOST = 100_000
_MOST_LOOKS = 20
_KEYS = ("min", "max", "step", "until")
_UNTIL = "decided"
_NOTHING_LEFT = 1e-9

_Mistake = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True)
class Schedule:
    """Looks at ``minimum`` seeds and after each ``step`` more, up to ``maximum``."""

    minimum: int
    maximum: int
    step: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of seeds of all looks, as long as none has been held."""
        return sizes_of(self, ())


def sizes_of(schedule: Schedule, held: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of seeds of all looks; those that have been ``held`` stay as they were.

    >>> sizes_of(Schedule(5, 20, 5), ())
    (5, 10, 15, 20)
    >>> sizes_of(Schedule(5, 30, 10), (5, 12))  # the maximum was 12
    (5, 12, 22, 30)
    """
    sizes = list(held) or [schedule.minimum]
    while sizes[-1] < schedule.maximum:
        sizes.append(min(sizes[-1] + schedule.step, schedule.maximum))
    return tuple(sizes)


def shares_of(schedule: Schedule, sizes: Sequence[int], held: Sequence[float]) -> tuple[float, ...]:
    """Return the part of the error rate that each look may use; all together 1, unless the maximum was raised too late.

    A look may use what its new seeds are of the maximum (Lan & DeMets 1983, with the linear spending function of Kim &
    DeMets 1987). A look that has been held keeps what it has used. If the maximum is raised meanwhile, the others share
    what is left; if nothing is left, each takes what it would have had, and the sum is above 1.

    >>> shares_of(Schedule(5, 20, 5), (5, 10, 15, 20), ())
    (0.25, 0.25, 0.25, 0.25)
    >>> shares_of(Schedule(5, 30, 10), (5, 10, 20, 30), (0.25, 0.25))
    (0.25, 0.25, 0.25, 0.25)
    """
    shares = list(held)
    is_used_up = 1 - sum(held) < _NOTHING_LEFT
    for number in range(len(held), len(sizes)):
        before = sizes[number - 1] if number else 0
        if is_used_up:
            shares.append((sizes[number] - before) / sizes[-1])
        else:
            shares.append((1 - sum(shares)) * (sizes[number] - before) / (sizes[-1] - before))
    return tuple(shares)


def read_schedule(given: Mapping[Any, Any], at: tuple[str | int, ...]) -> tuple[Schedule | None, list[_Mistake]]:
    """Return the schedule that ``num_seeds`` gives, or None and what is wrong with it.

    Parameters
    ----------
    given
        The content of the key.
    at
        Where it stands.
    """
    mistakes = list(_mistakes(given, at))
    if mistakes:
        return None, mistakes
    schedule = Schedule(given["min"], given["max"], given.get("step") or given["min"])
    if len(schedule.sizes) > _MOST_LOOKS:
        many = f"{location(at)} makes {len(schedule.sizes)} looks, and each of them costs power"
        return None, [(at, f"{many}. Set a larger step, for at most {_MOST_LOOKS}.")]
    return schedule, []


def _mistakes(given: Mapping[Any, Any], at: tuple[str | int, ...]) -> Iterator[_Mistake]:
    unknown = [key for key in given if key not in _KEYS]
    for key in unknown:
        advice = did_you_mean(str(key), _KEYS).strip() or f"Valid keys are {listed(_KEYS)}."
        yield (*at, key), f"unknown key {key!r} in {'.'.join(map(str, at))}. {advice}"
    form = "{min: 5, max: 20, until: decided}"
    missing = [key for key in ("min", "max", "until") if key not in given]
    if missing and not unknown:
        yield at, f"{listed(map(repr, missing), None)} missing in {location(at)}. Expected {form}."
    numbers = {key: given[key] for key in ("min", "max", "step") if given.get(key) is not None}
    least = {"min": LEAST, "max": LEAST + 1, "step": 1}
    wrong = {
        key
        for key, value in numbers.items()
        # Not isinstance: True is an int.
        if type(value) is not int or not least[key] <= value <= _MOST
    }
    for key in ("min", "max", "step"):
        if key in wrong:
            what = f"a whole number from {least[key]} to {_MOST}"
            yield (*at, key), f"{location((*at, key))} must be {what}, found {found(numbers[key])}."
    if not wrong and "min" in numbers and "max" in numbers and numbers["min"] >= numbers["max"]:
        yield (
            (*at, "max"),
            f"max is {numbers['max']} and min is {numbers['min']}: max must be larger. "
            f"For always the same number of seeds, write num_seeds: {numbers['max']}.",
        )
    until = given.get("until", _UNTIL)
    if until != _UNTIL:
        near = did_you_mean(until, [_UNTIL]) if isinstance(until, str) else ""
        yield (*at, "until"), f"{location((*at, 'until'))} must be {_UNTIL!r}, found {found(until)}.{near}"
