"""Parses what schedulers write in the same form, and the resources of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["expand_tasks", "names_in", "number_in"]


def expand_tasks(ranges: str) -> Iterator[int]:
    """Yield the task numbers of an array; ``%2``, how many may run at a time, is not one of them.

    >>> list(expand_tasks("1-5:2,9")), list(expand_tasks("1,4-6%2")), list(expand_tasks("N/A"))
    ([1, 3, 5, 9], [1, 4, 5, 6], [])
    """
    for part in ranges.partition("%")[0].split(","):
        if (match := re.fullmatch(r"(\d+)(?:-(\d+))?(?::(\d+))?", part.strip())) is not None:
            first, last, step = match.groups()
            yield from range(int(first), int(last or first) + 1, int(step or 1))


def names_in(value: Any) -> list[str]:
    """Return the names in a resource of a job, between which there are commas.

    >>> names_in("node7,node[1,3]")
    ['node7', 'node[1,3]']
    """
    # Not between brackets, where a scheduler lists numbers of nodes.
    return [name for name in re.split(r",(?![^\[\]]*\])", str(value or "")) if name]


def number_in(value: Any) -> float:
    """Return a resource of a job that is a number, or 0."""
    return float(value) if isinstance(value, int | float) else 0.0
