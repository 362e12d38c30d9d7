"""Which points of a space are tried, and in which order.

Everything is determined by the experiment file: no clock, no state, no arithmetic that differs between machines.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mle_toolbox.search.placement import plain
from mle_toolbox.search.space import Space, Variable

__all__ = ["grid_points", "hashed_fraction", "point_key", "random_point", "random_points"]

_DIGITS_OF_LOGARITHMS = 34
_LARGEST_FRACTION = 1 << 53


def grid_points(space: Space) -> Iterator[dict[str, Any]]:
    """Yield the points of a grid in the order of the original: by name, the last variable varies fastest.

    >>> from mle_toolbox.search.space import Variable
    >>> a, b = Variable("a", "categorical", ("a",), (1, 2)), Variable("b", "categorical", ("b",), (True, False))
    >>> [tuple(point.values()) for point in grid_points(Space((a, b)))]
    [(1, True), (1, False), (2, True), (2, False)]
    """
    names = [variable.name for variable in space.variables]
    for values in itertools.product(*(variable.choices or () for variable in space.variables)):
        yield {name: plain(value) for name, value in zip(names, values, strict=True)}


def random_point(space: Space, seed: int, index: int) -> dict[str, Any]:
    """Return the point of a random search at ``index``, from 0.

    Each variable has a generator of its own, made from the seed of the search, its name and the index. So the same file
    proposes the same values on every machine, and a further variable leaves the values of the others as they are.
    """
    return {
        variable.name: _drawn(variable, hashed_fraction(seed, variable.name, index)) for variable in space.variables
    }


def random_points(
    space: Space, seed: int, *, first: int = 0, taken: Iterable[Mapping[str, Any]] = ()
) -> Iterator[dict[str, Any]]:
    """Yield different points of a random search, from the index ``first`` on, that are not among those ``taken``.

    In a space of numbers they are `random_point` at ``first``, ``first + 1``, …; of a small finite space a point that
    was drawn before is skipped, and the iteration ends when all points have been used.
    """
    used = {point_key(point) for point in taken}
    left = None
    if space.size is not None:
        # Points outside the space do not use any of it up.
        left = space.size - len({point_key(point) for point in taken if space.contains(point)})
    for index in itertools.count(first):
        if left is not None and left <= 0:
            return
        point = random_point(space, seed, index)
        key = point_key(point)
        if key not in used:
            used.add(key)
            left = None if left is None else left - 1
            yield point


def point_key(values: Mapping[str, Any]) -> str:
    """Return a text that two points share exactly if they have the same values."""
    return json.dumps(plain(values), sort_keys=True)


def hashed_fraction(seed: int, name: str, index: int) -> float:
    """Return a number from 0 (included) to 1 (excluded), which depends on nothing but these three."""
    # Not random.Random: only a definition of our own is sure to be the same in every version of Python.
    import hashlib  # loads OpenSSL, and only a search that is drawn needs it

    digest = hashlib.sha256(json.dumps([seed, name, index]).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / _LARGEST_FRACTION


def _drawn(variable: Variable, fraction: float) -> Any:
    if variable.choices is not None:
        return plain(variable.choices[int(fraction * len(variable.choices))])
    begin, end = variable.bounds
    # Every whole number, the end included, is an interval of length 1.
    whole = variable.kind == "integer"
    stop = end + 1 if whole else end
    if variable.prior == "log-uniform":
        value = _logarithmic(begin, stop, fraction)
    else:
        value = begin + (stop - begin) * fraction
    return min(max(math.floor(value) if whole else value, begin), end)


def _logarithmic(begin: float, stop: float, fraction: float) -> float:
    # math.log and math.exp differ in their last digits between C libraries; decimal does not.
    from decimal import Context, Decimal

    context = Context(prec=_DIGITS_OF_LOGARITHMS)
    low, high = (context.ln(Decimal(bound)) for bound in (begin, stop))
    return float(context.exp(context.add(low, context.multiply(context.subtract(high, low), Decimal(fraction)))))
