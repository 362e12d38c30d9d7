"""The size of the difference of two configurations: t intervals and tests, the ratio, Hedges' g."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Difference",
    "effect_size",
    "paired_difference",
    "ratio_interval",
    "rounding",
    "t_ends",
    "variance",
    "welch_difference",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """mean(a) - mean(b) with its t interval and test; NaN where there are too few seeds.

    If nothing varies, the interval has no width, and p is NaN, because a t test needs a spread; it is 1 if the means
    are equal, too.
    """

    value: float
    low: float
    high: float
    p: float
    degrees_of_freedom: float


def variance(sample: Floats) -> float:
    """Variance with n - 1 degrees of freedom; 0 for equal values, whose mean may be off by a rounding error."""
    return float(sample.var(ddof=1)) if np.ptp(sample) > 0 else 0.0


def welch_difference(a: Floats, b: Floats, confidence: float) -> Difference:
    """Difference of independent samples of shape (A,) and (B,), whose variances may differ.

    Welch 1947, degrees of freedom after Satterthwaite; as ``scipy.stats.ttest_ind(equal_var=False)``.
    """
    if min(len(a), len(b)) < 2:
        return _without_interval(a, b)
    share_a, share_b = variance(a) / len(a), variance(b) / len(b)
    apart = a.mean() - b.mean()
    if share_a + share_b == 0 and abs(apart) <= rounding(a, b):
        # Equal but for rounding: p is 1 then and not unknown.
        apart = 0.0
    return _t_difference(apart, share_a + share_b, _satterthwaite(share_a, share_b, a, b), confidence)


def paired_difference(a: Floats, b: Floats, confidence: float) -> Difference:
    """Difference of samples in pairs, both of shape (n,); as ``scipy.stats.ttest_rel``."""
    if len(a) < 2:
        return _without_interval(a, b)
    apart = a - b
    return _t_difference(apart.mean(), variance(apart) / len(a), len(a) - 1.0, confidence)


def rounding(a: Floats, b: Floats) -> float:
    """Return how much differences of such numbers may differ because of rounding alone."""
    return float(4 * np.finfo(np.float64).eps * max(np.abs(a).max(), np.abs(b).max()))


def ratio_interval(a: Floats, b: Floats, confidence: float, *, paired: bool) -> tuple[float, float]:
    """Interval of mean(a) / mean(b); NaN where mean(b) is not clearly different from zero.

    Fieller 1954: all ratios r for which mean(a) - r mean(b) is not significantly different from zero in the t test. It
    has the degrees of freedom of the test of the difference, so that 1 is outside exactly if that is significant.
    """
    if min(len(a), len(b)) < 2:
        return math.nan, math.nan
    from scipy.special import stdtrit

    var_a, var_b = variance(a) / len(a), variance(b) / len(b)
    if var_a + var_b == 0 and b[0] != 0:
        return float(a[0] / b[0]), float(a[0] / b[0])
    covariance = float(np.cov(a, b)[0, 1]) / len(a) if paired and var_a * var_b > 0 else 0.0
    freedom = len(a) - 1.0 if paired else _satterthwaite(var_a, var_b, a, b)
    squared = float(stdtrit(freedom, (1 + confidence) / 2)) ** 2
    # (mean_a - r mean_b)² <= t² (var_a - 2 r covariance + r² var_b), a quadratic in r.
    square = b.mean() ** 2 - squared * var_b
    linear = a.mean() * b.mean() - squared * covariance
    constant = a.mean() ** 2 - squared * var_a
    root = linear**2 - square * constant
    # mean(b) is not significantly different from zero, so the set of ratios is unbounded.
    if square <= 0 or root < 0:
        return math.nan, math.nan
    return float((linear - math.sqrt(root)) / square), float((linear + math.sqrt(root)) / square)


def effect_size(a: Floats, b: Floats) -> float:
    """Hedges' g: the difference in pooled standard deviations, corrected for few seeds; NaN without spread.

    Hedges 1981, with the exact correction.
    """
    freedom = len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        return math.nan
    pooled = math.sqrt(((len(a) - 1) * variance(a) + (len(b) - 1) * variance(b)) / freedom)
    if pooled == 0:
        return math.nan
    # lgamma, because gamma overflows from 343 degrees of freedom on.
    correction = math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
    return float(correction * (a.mean() - b.mean()) / pooled)


def _without_interval(a: Floats, b: Floats) -> Difference:
    value = float(a.mean() - b.mean()) if min(len(a), len(b)) else math.nan
    return Difference(value, math.nan, math.nan, math.nan, math.nan)


def _satterthwaite(share_a: float, share_b: float, a: Floats, b: Floats) -> float:
    below = share_a**2 / (len(a) - 1) + share_b**2 / (len(b) - 1)
    return (share_a + share_b) ** 2 / below if below > 0 else float(len(a) + len(b) - 2)


def _t_difference(value: float, variance: float, freedom: float, confidence: float) -> Difference:
    low, high, p = t_ends(value, math.sqrt(variance), freedom, confidence)
    return Difference(float(value), low, high, p, float(freedom))


def t_ends(value: float, error: float, freedom: float, confidence: float) -> tuple[float, float, float]:
    """Return the ends of the t interval around a value with this standard error, and p of the test that it is zero."""
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    without_spread = 1.0 if value == 0 else math.nan
    p = 2 * float(stdtr(freedom, -abs(value) / error)) if error > 0 else without_spread
    return float(value - half), float(value + half), p
