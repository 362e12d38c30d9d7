"""Comparisons of several configurations: the family of tests that decides which are the best.

The best is chosen by the same numbers that are then tested, so any of the k (k - 1) / 2 pairs could have been the one
of interest. The correction therefore counts all pairs, even where only those with the best are shown.
benchmarks/coverage.py measures this and its alternatives; docs/statistics.md has the results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.checks import check_confidence, real_array
from mle_toolbox.statistics.comparison import Comparison, Correction, compare_pair, difference_of
from mle_toolbox.statistics.difference_intervals import Difference
from mle_toolbox.statistics.estimate import Diverged, without_diverged
from mle_toolbox.statistics.pairing import Pair, prepare
from mle_toolbox.statistics.permutation import permutation_ps

__all__ = ["HOLM_UP_TO", "AllPairs", "compare_all", "holm"]

Names = tuple[str, str]

HOLM_UP_TO = 24
"""Up to this many samples all pairs are tested for Holm's correction; beyond, Bonferroni's needs fewer tests."""


@dataclass(frozen=True, eq=False)
class AllPairs:
    """The t tests of all pairs of samples as one family; each test is made on first use.

    Attributes
    ----------
    samples
        For each configuration one number per seed, shape (S,); the shapes may differ.
    seeds
        For each configuration its seeds, in the order of the values.
    paired, diverged
        As for `compare`.
    family
        What these pairs are called where the correction is described.
    """

    samples: Mapping[str, ArrayLike]
    seeds: Mapping[str, Sequence[int]] | None = None
    paired: bool | None = None
    diverged: Diverged = "exclude"
    family: str = "all pairs"

    def __post_init__(self) -> None:
        without = [name for name in self.samples if self.seeds is not None and name not in self.seeds]
        if without and len(self.samples) > 1:
            raise StatisticsError(f"seeds has no entry for {without[0]!r}.")

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """The configurations that can be tested: those with at least two seeds that count."""
        known = {name: without_diverged(values, self.diverged)[0] for name, values in self.samples.items()}
        return tuple(name for name, values in known.items() if len(values) > 1)

    @property
    def correction(self) -> Correction | None:
        """The correction of the p-values; None where there is only one pair."""
        if len(self.tested) < 3:
            return None
        # Holm over the k - 1 tests with the best excluded a truly best one in up to 9.7 % of simulated experiments,
        # Hsu's procedure in up to 25 %. Shaffer's has a little more power than Holm's over all pairs, but neither R
        # nor statsmodels has it, so readers could not recompute it (docs/statistics.md, "Which are the best").
        method = "Holm" if len(self.tested) <= HOLM_UP_TO else "Bonferroni"
        return Correction(method, self.family, "because the best of them is chosen by the same numbers")

    def adjusted_p(self, a: str, b: str) -> float:
        """Return p of the t test of a and b, corrected for all pairs; NaN where no test can be made."""
        if len(self.tested) <= HOLM_UP_TO:
            return self._after_holm.get(frozenset((a, b)), math.nan)
        # Bonferroni's p of a pair does not depend on the other pairs, so those need not be tested.
        return float(np.minimum(1.0, self._difference(a, b).p * math.comb(len(self.tested), 2)))

    def not_worse_than(self, best: str, *, confidence: float, lower_is_better: bool) -> tuple[str, ...]:
        """Return the best configuration and those whose mean is not significantly worse.

        If ``best`` was chosen by its median, another configuration may have the better mean. Where no test is possible,
        because all seeds have the same value, the number itself decides.
        """

        def is_kept(name: str) -> bool:
            if name == best:
                return True
            p, level = self.adjusted_p(name, best), 1 - confidence
            has_better_mean = (self._difference(name, best).value < 0) == lower_is_better
            # NaN, where no seed differs from another: both comparisons are False.
            return p >= level or (p < level and has_better_mean)

        return tuple(filter(is_kept, self.tested))

    def is_paired(self, a: str, b: str) -> bool:
        """Tell whether a and b are compared seed by seed."""
        return self._pair(a, b).paired

    def compare(
        self, pairs: Sequence[Names], *, confidence: float = 0.95, lower_is_better: bool = False, seed: int = 0
    ) -> dict[Names, Comparison]:
        """Compare these pairs; ``adjusted_p`` is corrected for all pairs, not only for these."""
        check_confidence(confidence)
        found = self._compare(pairs, confidence, lower_is_better, seed)
        return {
            pair: replace(each, adjusted_p=self.adjusted_p(*pair), correction=self.correction)
            for pair, each in found.items()
        }

    def compare_with(
        self, baseline: str, *, confidence: float = 0.95, lower_is_better: bool = False, seed: int = 0
    ) -> dict[Names, Comparison]:
        """Compare all others with one chosen before seeing the numbers; p is corrected for these tests only."""
        check_confidence(confidence)
        pairs = [(name, baseline) for name in self.samples if name != baseline]
        found = self._compare(pairs, confidence, lower_is_better, seed)
        adjusted = holm([each.t_test_p for each in found.values()])
        why = f"as if {baseline} had been chosen before the numbers were known"
        correction = Correction("Holm", "these comparisons", why) if len(pairs) > 1 else None
        return {
            pair: replace(each, adjusted_p=float(p), correction=correction)
            for (pair, each), p in zip(found.items(), adjusted, strict=True)
        }

    @cached_property
    def _after_holm(self) -> dict[frozenset[str], float]:
        pairs = list(combinations(self.tested, 2))
        adjusted = holm([self._difference(a, b).p for a, b in pairs])
        return {frozenset(pair): float(p) for pair, p in zip(pairs, adjusted, strict=True)}

    def _difference(self, a: str, b: str) -> Difference:
        """Return the difference of the means with its test; cached."""
        if (a, b) not in self._made:
            # The confidence is only for the interval, which is not used here.
            self._made[a, b] = difference_of(self._pair(a, b), 0.95)
        return self._made[a, b]

    @cached_property
    def _made(self) -> dict[Names, Difference]:
        return {}

    def _pair(self, a: str, b: str) -> Pair:
        """Return the two samples, prepared; cached, because every statistic and output asks for the same pairs."""
        if (a, b) not in self._prepared:
            seeds_a, seeds_b = (None, None) if self.seeds is None else (self.seeds[a], self.seeds[b])
            self._prepared[a, b] = prepare(
                self.samples[a], self.samples[b], self.paired, seeds_a, seeds_b, self.diverged
            )
        return self._prepared[a, b]

    @cached_property
    def _prepared(self) -> dict[Names, Pair]:
        return {}

    def _compare(
        self, pairs: Sequence[Names], confidence: float, lower_is_better: bool, seed: int
    ) -> dict[Names, Comparison]:
        prepared = [self._pair(a, b) for a, b in pairs]
        # All at once, because tests of the same size share their arrangements.
        permuted = permutation_ps([(each.a, each.b, each.paired) for each in prepared], seed=seed)
        return {
            names: compare_pair(pair, p, confidence, lower_is_better)
            for names, pair, p in zip(pairs, prepared, permuted, strict=True)
        }


def compare_all(
    samples: Mapping[str, ArrayLike],
    *,
    baseline: str | None = None,
    seeds: Mapping[str, Sequence[int]] | None = None,
    paired: bool | None = None,
    confidence: float = 0.95,
    lower_is_better: bool = False,
    diverged: Diverged = "exclude",
    seed: int = 0,
) -> dict[tuple[str, str], Comparison]:
    """Compare all pairs of configurations, or all others with a baseline, with a correction for making many tests.

    Parameters
    ----------
    samples
        For each configuration one number per seed, shape (S,); the shapes may differ.
    baseline
        The configuration with which all others are compared; it is b in each comparison, and Holm's correction counts
        these comparisons only. It must have been chosen before seeing the numbers; for the best of several, compare
        all pairs. None: all pairs, with Holm's correction; with more than 24 configurations, Bonferroni's.
    seeds
        For each configuration its seeds, in the order of the values.
    paired, confidence, lower_is_better, diverged, seed
        As for `compare`.

    Returns
    -------
    dict
        By the two names, a before b as in ``samples``.

    Raises
    ------
    StatisticsError
        When there is no such baseline, or ``seeds`` does not fit; else as for `compare`.
    """
    if not isinstance(samples, Mapping):
        raise StatisticsError("Give several configurations as a mapping from name to values.")
    if baseline is not None and baseline not in samples:
        raise StatisticsError(f"There is no configuration {baseline!r}.{did_you_mean(str(baseline), samples)}")
    pairs = AllPairs(samples, seeds, paired, diverged)
    if baseline is not None:
        return pairs.compare_with(baseline, confidence=confidence, lower_is_better=lower_is_better, seed=seed)
    return pairs.compare(
        list(combinations(samples, 2)), confidence=confidence, lower_is_better=lower_is_better, seed=seed
    )


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p-values of several tests, so that the familywise error stays at the level; shape (K,) to (K,).

    Holm 1979. NaN, for a test that could not be made, stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = real_array(p_values).astype(np.float64).ravel()
    if ((p < 0) | (p > 1)).any():
        raise StatisticsError(f"p must lie between 0 and 1, found {p[(p < 0) | (p > 1)][0]:g}.")
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return adjusted
