"""How successive halving and Hyperband divide training steps over trials, and which trials climb to the next rung.

A rung is a group of trials that train for the same number of steps. The best of them train on in the rung above. So
which trial a place in a rung is depends on exactly the rung below, as a whole: nothing depends on which run happened to
end first. Only arithmetic: nothing here knows of files or configurations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Rung", "best_first", "halving_rungs", "hyperband_rungs", "rung_sizes", "rungs_of"]


@dataclass(frozen=True)
class Rung:
    """A group of trials that train for the same number of steps."""

    bracket: int
    """Which halving of a Hyperband search, from 0; 0 in a search that is one halving."""
    level: int
    """From 0 within its bracket."""
    first: int
    """The index of its first trial among all trials of a base configuration."""
    size: int
    """How many trials it has."""
    steps: int
    """Training steps of each, counted from the very first step."""
    more_steps: int
    """How many of them come on top of those of the rung below."""

    @property
    def indices(self) -> range:
        """The indices of its trials."""
        return range(self.first, self.first + self.size)


def rung_sizes(size: int, coefficient: int) -> list[int]:
    """Return how many trials each rung has: divided by the coefficient each time, rounded down, the last one is >= 1.

    >>> rung_sizes(10, 3)
    [10, 3, 1]
    """
    sizes = []
    while size >= 1:
        sizes.append(size)
        size //= coefficient
    return sizes


def halving_rungs(
    min_budget: int, num_arms: int, halving_coeff: int, max_budget: int | None = None
) -> tuple[Rung, ...]:
    """Return the rungs of the original's ``Halving``.

    Parameters
    ----------
    min_budget
        Steps of each trial in the first rung.
    num_arms
        Trials in the first rung.
    halving_coeff
        From each rung to the next, the trials are divided by it and the steps multiplied by it.
    max_budget
        No trial trains for longer. The first rung with that many steps is the last: where the original went on with
        rungs of no further step, nothing would change.

    Notes
    -----
    Karnin et al. 2013; Jamieson and Talwalkar 2016, arXiv:1502.07943. The original computed the number of rungs with
    floating-point logarithms, and so lost the last one of 243 trials with a coefficient of 3.
    """
    return _in_order([_bracket(min_budget, num_arms, halving_coeff, max_budget)])


def hyperband_rungs(max_resource: int, eta: int) -> tuple[Rung, ...]:
    """Return the rungs of the original's ``Hyperband``: halvings that start with few steps and many trials, and others.

    Parameters
    ----------
    max_resource
        The most steps that a trial trains for.
    eta
        The coefficient of each halving.

    Notes
    -----
    Li et al. 2018, arXiv:1603.06560, with the original's number of trials: bracket s of s_max + 1 starts with
    ``(s_max + 1) // (s + 1) * eta ** s`` trials of ``max_resource // eta ** s`` steps. The original let later brackets
    climb beyond max_resource; here they end there.
    """
    most = 0
    while eta ** (most + 1) <= max_resource:
        most += 1
    brackets = []
    for s in reversed(range(most + 1)):
        arms = (most + 1) // (s + 1) * eta**s
        brackets.append(_bracket(max_resource // eta**s, arms, eta, max_resource))
    return _in_order(brackets)


def rungs_of(options: Mapping[str, Any]) -> tuple[Rung, ...]:
    """Return the rungs that the settings of a strategy describe."""
    if "max_resource" in options:
        return hyperband_rungs(options["max_resource"], options["eta"])
    return halving_rungs(
        options["min_budget"], options["num_arms"], options["halving_coeff"], options.get("max_budget")
    )


def best_first(indices: Iterable[int], scores: Sequence[float | None], *, maximize: bool) -> list[int]:
    """Return the indices of trials by their scores, the best first.

    Parameters
    ----------
    indices
        Those of a whole rung.
    scores
        The score of each of these trials, in the same order; None: it failed or diverged, which is the worst.
    maximize
        Whether higher is better.

    Returns
    -------
    list of int
        Equal scores keep the order of the indices.

    >>> best_first(range(4, 8), [0.5, None, 0.9, 0.5], maximize=True)
    [6, 4, 7, 5]
    """
    sign = -1.0 if maximize else 1.0
    by_index = dict(zip(indices, scores, strict=True))
    return sorted(by_index, key=lambda index: _place(by_index[index], sign, index))


def _place(score: float | None, sign: float, index: int) -> tuple[bool, float, int]:
    return score is None, 0.0 if score is None else sign * score, index


def _bracket(steps: int, size: int, coefficient: int, most: int | None) -> list[tuple[int, int]]:
    """Return (trials, steps) of each rung of one halving."""
    rungs: list[tuple[int, int]] = []
    for each in rung_sizes(size, coefficient):
        rungs.append((each, steps if most is None else min(steps, most)))
        if most is not None and steps >= most:
            break
        steps *= coefficient
    return rungs


def _in_order(brackets: Sequence[Sequence[tuple[int, int]]]) -> tuple[Rung, ...]:
    """Return the rungs with their indices: first the lowest rung of every bracket, which wait for nothing."""
    rungs: list[Rung] = []
    first = 0
    for level in range(max(map(len, brackets))):
        for number, bracket in enumerate(brackets):
            if level < len(bracket):
                size, steps = bracket[level]
                below = bracket[level - 1][1] if level else 0
                rungs.append(Rung(number, level, first, size, steps, steps - below))
                first += size
    return tuple(rungs)
