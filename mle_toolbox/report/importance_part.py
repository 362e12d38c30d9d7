"""Which variables matter, as a part of the section of a search, and which two of them its charts begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.results import RankedTrials
from mle_toolbox.results.importance import STEERED, Importance, importance
from mle_toolbox.text import NOTHING, p_value

__all__ = ["first_pair", "importance_of", "importance_rows"]


def importance_of(found: RankedTrials) -> tuple[Importance | None, str]:
    """Return which variables matter for the first metric, else None and why the page does not say it."""
    if not found.ranked:
        return None, ""
    try:
        made = importance(found, found.metrics[0])
    except ResultsError as error:
        return None, str(error)
    # On a page, shares that the search itself may have made would be read without their caution.
    return (None, STEERED) if made.is_steered else (made, "")


def importance_rows(found: Importance | None) -> list[dict[str, Any]]:
    """Return a row for each variable; ``ends`` are its share and the ends of its interval, of 100."""
    rows = []
    for each in found.variables if found is not None else ():
        ends = [100 * end for end in (each.share, each.low, each.high)]
        share, low, high = (f"{end:.0f} %" for end in ends)
        rows.append(
            {
                "name": each.name,
                "ends": [round(end, 1) for end in ends],
                "share": share,
                "interval": f"{low} to {high}",
                "p": NOTHING if each.p is None else p_value(each.p),
                "is_chance": each.is_chance,
            }
        )
    return rows


def first_pair(axes: Sequence[Mapping[str, Any]], found: Importance | None, *, is_grid: bool) -> list[int]:
    """Return which two variables the page shows against each other at first: the most important ones.

    Outside of a grid they are numbers where there are two, because between these there is a surface.
    """
    order = [each.name for each in found.variables] if found is not None else []

    def place(index: int) -> tuple[bool, int]:
        name = axes[index]["name"]
        return not (is_grid or axes[index]["numbers"]), order.index(name) if name in order else len(order)

    first = sorted(range(len(axes)), key=place)[:2]
    return sorted(first) if len(first) == 2 else [0, 0]
