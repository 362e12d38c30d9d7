"""Prepare two samples for a comparison: pair the seeds, treat diverged ones, scale the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import real_sample
from mle_toolbox.statistics.difference_intervals import rounding
from mle_toolbox.statistics.estimate import Diverged, without_diverged

__all__ = ["Pair", "prepare"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """Finite values of a and b, shapes (A,) and (B,), in units of ``scale``; value i of both together if ``paired``."""

    a: Floats
    b: Floats
    scale: float
    paired: bool
    seeds_differ: bool
    diverged_a: int
    diverged_b: int

    @cached_property
    def tested_in_pairs(self) -> bool:
        """Whether interval and test use the pairs.

        Not if all pairs differ by the same amount, as two or three of a coarse metric often do: that gives no spread.
        """
        if not self.paired or len(self.a) < 2:
            return self.paired
        # Samples without any spread stay pairs: no other test is possible either.
        return bool(np.ptp(self.a - self.b) > rounding(self.a, self.b) or np.ptp(self.a) == 0)


def prepare(
    a: ArrayLike,
    b: ArrayLike,
    paired: bool | None,
    seeds_a: Sequence[int] | None,
    seeds_b: Sequence[int] | None,
    diverged: Diverged,
) -> Pair:
    """Prepare two samples; the arguments are those of `compare`."""
    # Strictly: the text "no" is true in Python.
    if paired is not None and not isinstance(paired, bool | np.bool_):
        raise StatisticsError(f"paired must be True, False or None, found {paired!r}.")
    left, right, is_paired = _arrange(real_sample(a), real_sample(b), paired, seeds_a, seeds_b)
    n_bad_a, n_bad_b = int((~np.isfinite(left)).sum()), int((~np.isfinite(right)).sum())
    if is_paired and diverged == "exclude":
        # A diverged seed takes its partner with it.
        both = np.isfinite(left) & np.isfinite(right)
        left, right = left[both], right[both]
    else:
        left, right = without_diverged(left, diverged)[0], without_diverged(right, diverged)[0]
    left, right, scale = _scaled(left, right)
    seeds_differ = seeds_a is not None and seeds_b is not None and set(seeds_a) != set(seeds_b)
    return Pair(left, right, scale, is_paired, seeds_differ, n_bad_a, n_bad_b)


def _arrange(
    a: Floats, b: Floats, paired: bool | None, seeds_a: Sequence[int] | None, seeds_b: Sequence[int] | None
) -> tuple[Floats, Floats, bool]:
    """Decide whether there are pairs, and bring them into the same order."""
    place_a, place_b = _places("a", a, seeds_a), _places("b", b, seeds_b)
    if paired and (place_a is None) != (place_b is None):
        raise StatisticsError("Pairs need the seeds of both: give seeds_a and seeds_b, or neither.")
    if place_a is None or place_b is None:
        if paired and len(a) != len(b):
            raise StatisticsError(
                f"Pairs need as many values of a as of b, found {len(a)} and {len(b)}. Give seeds_a and seeds_b to "
                "compare the seeds that both have."
            )
        return a, b, bool(paired)
    if paired is None:
        paired = place_a.keys() == place_b.keys()
    if not paired:
        return a, b, False
    common = [seed for seed in place_a if seed in place_b]
    if not common and len(a) and len(b):
        raise StatisticsError("There are no pairs: a and b have no seed in common.")
    return a[[place_a[seed] for seed in common]], b[[place_b[seed] for seed in common]], True


def _places(name: str, values: Floats, seeds: Sequence[int] | None) -> dict[int, int] | None:
    if seeds is None:
        return None
    places = {int(seed): place for place, seed in enumerate(seeds)}
    if len(places) != len(seeds) or len(seeds) != len(values):
        raise StatisticsError(
            f"seeds_{name} needs one seed, each another, for each of the {len(values)} values of {name}; found "
            f"{len(seeds)} seeds, {len(places)} of them different."
        )
    return places


def _scaled(a: Floats, b: Floats) -> tuple[Floats, Floats, float]:
    """Divide by a power of two near the largest number, which is exact, so that squares do not overflow."""
    largest = max((float(np.abs(sample).max()) for sample in (a, b) if len(sample)), default=0.0)
    exponent = max(-1000, math.frexp(largest)[1] - 1)
    return np.ldexp(a, -exponent), np.ldexp(b, -exponent), math.ldexp(1.0, exponent)
