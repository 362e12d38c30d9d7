"""Whether a is better than b, by how much, and with what certainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.statistics.checks import check_confidence
from mle_toolbox.statistics.difference_intervals import (
    Difference,
    effect_size,
    paired_difference,
    ratio_interval,
    variance,
    welch_difference,
)
from mle_toolbox.statistics.estimate import SEEDS_AGAINST_SKEWNESS, Diverged
from mle_toolbox.statistics.improvement import improvement_interval, probability_of_improvement
from mle_toolbox.statistics.pairing import Pair, prepare
from mle_toolbox.statistics.permutation import permutation_p
from mle_toolbox.statistics.power import detectable_difference, seeds_needed
from mle_toolbox.text import interval_text, p_text, percent

__all__ = ["Comparison", "Correction", "caution", "compare", "compare_pair", "difference_of"]

Floats = NDArray[np.float64]

_POWER = 0.8
_SPREADS_APART = 2


@dataclass(frozen=True)
class Correction:
    """How p-values were corrected for multiple tests: by which ``method``, over which ``family`` of tests, and why."""

    method: str
    family: str
    reason: str

    def __str__(self) -> str:
        return f"{self.method} over {self.family}"


@dataclass(frozen=True)
class Comparison:
    """Two configurations, a and b, compared over their seeds.

    Attributes
    ----------
    n_a, n_b
        Seeds that count.
    paired
        Whether value i of a and value i of b belong together.
    mean_a, mean_b, difference, difference_low, difference_high
        Means, a - b and its t interval, in the unit of the metric.
    ratio, ratio_low, ratio_high
        mean_a / mean_b with Fieller's interval; NaN where mean_b is not clearly different from zero.
    t_test_p, permutation_p
        Two-sided p-values of the t test (paired or Welch) and of the permutation test. The former is NaN where all
        seeds have the same value.
    probability_of_improvement, poi_low, poi_high
        That a run of a is better than a run of b, over all pairs of runs, also where ``paired``.
    effect_size
        Hedges' g.
    adjusted_p
        ``t_test_p`` after the correction for all tests of its family; None for a single test.
    detectable
        The smallest true difference that this number of seeds shows in 80 % of all cases; NaN if the spread is unknown.
    seeds_needed
        The number of seeds per configuration with which a true difference as large as the observed one would be
        detected in 80 % of all cases; None if the difference is zero or the spread unknown.
    method, caution
        How it was computed; why its interval may be too narrow, or None.
    confidence
        Of the intervals.
    lower_is_better
        The direction that was given.
    diverged_a, diverged_b
        Seeds whose value was not finite.
    correction
        The correction of ``adjusted_p`` and its family of tests; None for a single test.
    """

    n_a: int
    n_b: int
    paired: bool
    mean_a: float
    mean_b: float
    difference: float
    difference_low: float
    difference_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    t_test_p: float
    permutation_p: float
    probability_of_improvement: float
    poi_low: float
    poi_high: float
    effect_size: float
    adjusted_p: float | None
    detectable: float
    seeds_needed: int | None
    method: str
    caution: str | None
    confidence: float
    lower_is_better: bool
    diverged_a: int
    diverged_b: int
    correction: Correction | None = None

    @property
    def p(self) -> float:
        """The deciding p-value: ``adjusted_p`` if there is one, else ``t_test_p``."""
        return self.t_test_p if self.adjusted_p is None else self.adjusted_p

    def better(self) -> Literal["a", "b"] | None:
        """Return which is better, None without a significant difference."""
        # Not ">=": where p is NaN nothing is better.
        if not self.p < 1 - self.confidence:
            return None
        return "a" if (self.difference < 0) == self.lower_is_better else "b"

    def is_undecided(self) -> bool:
        """Tell whether a test was made and found no significant difference; False without a test."""
        return self.p >= 1 - self.confidence

    def words(self, a: str = "a", b: str = "b") -> str:
        """Say the result in one or two sentences, with the names of the configurations."""
        numbers = interval_text(self.difference, self.difference_low, self.difference_high)
        verdict = {"a": f"{a} is better than {b}", "b": f"{b} is better than {a}", None: "no significant difference"}
        by = self.correction
        corrected = f" after {by.method}'s correction over {by.family}" if by else ""
        return f"{a} - {b} = {numbers}, {p_text(self.p)}{corrected}: {verdict[self.better()]}. {self.power_words()}"

    def power_words(self) -> str:
        """Say which differences this number of seeds shows, and how many seeds the observed one needs."""
        if min(self.n_a, self.n_b) < 2:
            one = min(self.n_a, self.n_b) == 1
            return "One seed cannot show a difference." if one else "With no seed no difference can be shown."
        if not math.isfinite(self.detectable):
            return "The smallest detectable difference is unknown."
        n = f"n = {self.n_a}" if self.n_a == self.n_b else f"n = {self.n_a} and {self.n_b}"
        seen = f"With {n} you see differences above {self.detectable:.2g}"
        if self.seeds_needed is None or self.better() is not None:
            return f"{seen}."
        return f"{seen}; about {self.seeds_needed:,} seeds of each are needed to see this one."

    def __str__(self) -> str:
        return self.words()


def compare(
    a: ArrayLike,
    b: ArrayLike,
    *,
    paired: bool | None = None,
    seeds_a: Sequence[int] | None = None,
    seeds_b: Sequence[int] | None = None,
    confidence: float = 0.95,
    lower_is_better: bool = False,
    diverged: Diverged = "exclude",
    seed: int = 0,
) -> Comparison:
    """Compare two configurations by one number per seed.

    Parameters
    ----------
    a, b
        Shape (A,) and (B,); a value that is not finite is a diverged seed.
    paired
        Whether value i of both belongs together. None: if ``seeds_a`` and ``seeds_b`` are given and have the same
        seeds. With True and seeds, the seeds that both have are compared; without seeds, values are paired in order. If
        all pairs differ by the same amount, their spread is unknown, and interval and t test are Welch's.
    seeds_a, seeds_b
        The seeds of ``a`` and ``b``, in the order of the values.
    confidence
        Of the intervals; its complement is the level of `Comparison.better`.
    lower_is_better
        Whether lower values are better.
    diverged
        The policy for diverged seeds, see `without_diverged`; in pairs the whole pair is left out.
    seed
        For the Monte Carlo permutation test.

    Raises
    ------
    StatisticsError
        When pairs are requested and cannot be formed.
    """
    check_confidence(confidence)
    pair = prepare(a, b, paired, seeds_a, seeds_b, diverged)
    return compare_pair(pair, permutation_p(pair.a, pair.b, paired=pair.paired, seed=seed), confidence, lower_is_better)


def compare_pair(pair: Pair, p: float, confidence: float, lower_is_better: bool) -> Comparison:
    """Compare a prepared pair; ``p`` is that of the permutation test."""
    a, b, scale = pair.a, pair.b, pair.scale
    apart = difference_of(pair, confidence)
    ratio_low, ratio_high = ratio_interval(a, b, confidence, paired=pair.tested_in_pairs)
    # Over all pairs of runs, paired or not: it is about a run of a and a run of b, not about the same seed.
    poi_low, poi_high = improvement_interval(a, b, confidence, lower_is_better=lower_is_better)
    mean_a, mean_b = _mean(a), _mean(b)
    detectable, needed = _power(a, b, apart, confidence, paired=pair.tested_in_pairs)
    return Comparison(
        n_a=len(a),
        n_b=len(b),
        paired=pair.paired,
        mean_a=mean_a * scale,
        mean_b=mean_b * scale,
        difference=apart.value * scale,
        difference_low=apart.low * scale,
        difference_high=apart.high * scale,
        ratio=mean_a / mean_b if mean_b != 0 else math.nan,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        t_test_p=apart.p,
        permutation_p=p,
        probability_of_improvement=probability_of_improvement(a, b, lower_is_better=lower_is_better),
        poi_low=poi_low,
        poi_high=poi_high,
        effect_size=effect_size(a, b),
        adjusted_p=None,
        detectable=detectable * scale,
        seeds_needed=needed,
        method=_method(pair, confidence),
        caution=caution(a, b, confidence),
        confidence=confidence,
        lower_is_better=lower_is_better,
        diverged_a=pair.diverged_a,
        diverged_b=pair.diverged_b,
    )


def difference_of(pair: Pair, confidence: float) -> Difference:
    """Return the difference of the means with its interval and test, in pairs where these have a spread."""
    return (paired_difference if pair.tested_in_pairs else welch_difference)(pair.a, pair.b, confidence)


def _mean(sample: Floats) -> float:
    return float(sample.mean()) if len(sample) else math.nan


def _power(a: Floats, b: Floats, apart: Difference, confidence: float, *, paired: bool) -> tuple[float, int | None]:
    """Return the detectable difference and the seeds needed for the observed one."""
    if min(len(a), len(b)) < 2:
        return math.nan, None
    std_a = math.sqrt(variance(a - b if paired else a))
    std_b = None if paired else math.sqrt(variance(b))
    # A level above the power, as with a confidence of 0.2, is reached by chance with any number of seeds.
    if (std_a == 0 and not std_b) or 1 - confidence >= _POWER:
        return math.nan, None
    detectable = detectable_difference(len(a), std_a, std_b, _POWER, confidence, n_b=len(b), paired=paired)
    if apart.value == 0:
        return detectable, None
    return detectable, seeds_needed(apart.value, std_a, std_b, _POWER, confidence, paired=paired)


def _method(pair: Pair, confidence: float) -> str:
    if pair.tested_in_pairs:
        return f"{percent(confidence)} t interval and t test of the differences, paired by seed"
    if pair.paired:
        why = "all pairs of seeds differ by the same amount"
        return f"{percent(confidence)} Welch interval and test, because {why}"
    why = ", because the seeds are not the same" if pair.seeds_differ else ""
    return f"{percent(confidence)} Welch interval and test, not paired{why}"


def caution(a: Floats, b: Floats, confidence: float) -> str | None:
    """Say why the interval of a comparison of these finite values may be too narrow; None if there is no reason."""
    if min(len(a), len(b)) == 0:
        return "One of the two has no seed with a finite value."
    if min(len(a), len(b)) == 1:
        return "No test: one seed gives no spread."
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return "All seeds have the same value, so test and interval mean nothing. Does the script use its seed?"
    smaller, larger = sorted((math.sqrt(variance(a)), math.sqrt(variance(b))))
    # Skewness cancels in a difference as long as the spreads are similar.
    if min(len(a), len(b)) < SEEDS_AGAINST_SKEWNESS and larger > _SPREADS_APART * smaller:
        # benchmarks/coverage.py measured it for 95 % only.
        measured = " (about 92 %)" if confidence == 0.95 else ""
        return (
            f"The spreads differ by more than a factor of {_SPREADS_APART}: with fewer than {SEEDS_AGAINST_SKEWNESS} "
            f"seeds the interval of the difference covers less than {percent(confidence)}{measured} where values are "
            "skewed over seeds."
        )
    return None
