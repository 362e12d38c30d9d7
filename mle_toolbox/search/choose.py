"""Which trials come first: the order of a search, its finalists, and the winner among them.

Heuristics without an error rate; what is claimed of the winner comes from seeds that have chosen nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Candidate", "choose_finalists", "in_order", "standing"]


@dataclass(frozen=True)
class Candidate:
    """One trial as far as its place depends on it."""

    name: str
    number: int
    score: float | None
    """None: there is none."""
    missing: bool = False
    """Whether seeds have not come to their end yet."""
    bad: bool = False
    """Whether a seed failed or diverged."""
    standing: tuple[int, ...] = ()
    """How far it has come where better trials get more steps or seeds: lower is farther."""
    inside: bool = True
    """Whether it is due; one outside the present space is not ranked."""
    point: str | None = None
    """Its values, where several trials have the same ones with more or fewer steps."""


def standing(steps: int | None, seeds: int) -> tuple[int, int]:
    """Return how far a trial has come in a search that spends more steps or seeds on better ones: lower is farther."""
    return -(steps or 0), -seeds


def in_order(candidates: Iterable[Candidate], *, lower_is_better: bool) -> list[Candidate]:
    """Return them in order, the best first.

    Those of which every seed came to its end come first, then those that are not complete yet, then those with a seed
    that failed or diverged: an average of the seeds that survived is no reason to prefer a trial. Trials without a
    score follow, and those outside the present space are last. Where better trials get more steps or seeds, those with
    more come first: they were better with what they share with the others. Of equal scores the lower number is first.
    """

    def place(each: Candidate) -> tuple[bool, bool, int, tuple[int, ...], float, int, str]:
        value = each.score if each.score is not None else 0.0
        group = 2 if each.bad else 1 if each.missing else 0
        signed = value if lower_is_better else -value
        return not each.inside, each.score is None, group, each.standing, signed, each.number, each.name

    return sorted(candidates, key=place)


def choose_finalists(candidates: Iterable[Candidate], number: int, *, lower_is_better: bool) -> list[Candidate]:
    """Return the first ones that can be chosen; one with a bad or missing seed only where no other is left.

    Of trials at the same point only the first is a finalist: the others are it with fewer steps.
    """
    ordered = [
        each for each in in_order(candidates, lower_is_better=lower_is_better) if each.inside and each.score is not None
    ]
    whole = [each for each in ordered if not each.bad and not each.missing]
    points: dict[object, Candidate] = {}
    for each in whole or ordered:
        points.setdefault(each.name if each.point is None else (each.point,), each)
    return list(points.values())[:number]
