"""Seeds as a short text: ``0-9,12``.

A command line lists a thousand seeds this way without meeting the limit that the system sets on its length.
"""

from __future__ import annotations

from collections.abc import Iterable

from mle_toolbox.errors import UsageError

__all__ = ["format_seeds", "parse_seeds", "seeds_in_words"]


def format_seeds(seeds: Iterable[int]) -> str:
    """Return the seeds in increasing order, neighbours joined to ranges.

    >>> format_seeds([0, 1, 2, 7])
    '0-2,7'
    """
    ranges: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], seed]
        else:
            ranges.append([seed])
    return ",".join("-".join(map(str, each)) for each in ranges)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return the seeds that ``text`` lists, in its order.

    >>> parse_seeds("0-2,7")
    (0, 1, 2, 7)

    Raises
    ------
    UsageError
        When the text is no list of numbers and ranges.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or part.endswith("-"):
            raise UsageError(f"{part!r} is neither a seed nor a range of seeds such as 0-9.")
        seeds.extend(range(int(first), int(last or first) + 1))
    return tuple(seeds)


def seeds_in_words(seeds: Iterable[int]) -> str:
    """Return ``seed 3`` or ``seeds 0-4, 7``.

    >>> seeds_in_words([3]), seeds_in_words([7, 0, 1, 2])
    ('seed 3', 'seeds 0-2, 7')
    """
    different = sorted(set(seeds))
    return f"{'seed' if len(different) == 1 else 'seeds'} {format_seeds(different).replace(',', ', ')}"
