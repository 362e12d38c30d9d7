"""One metric of one configuration over its seeds: the value, its interval, n, and what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.aggregates import interquartile_mean, mean, median
from mle_toolbox.statistics.checks import check_confidence, is_finite_number, real_sample, whole_number
from mle_toolbox.statistics.intervals import (
    SEEDS_TO_WINSORISE,
    Interval,
    has_order_interval,
    iqm_interval,
    mean_interval,
    median_interval,
)
from mle_toolbox.text import interval_text, percent

__all__ = [
    "SEEDS_AGAINST_SKEWNESS",
    "Diverged",
    "Estimate",
    "estimate",
    "interval_words",
    "skewness_caution",
    "statistic_named",
    "without_diverged",
]

Diverged = Literal["exclude", "refuse"] | float


@dataclass(frozen=True)
class Estimate:
    """An aggregate over seeds with its interval, and how both were made.

    Attributes
    ----------
    value, low, high
        In the unit of the metric. The interval is NaN where n < 2, the value too where n = 0.
    n
        Seeds that count.
    missing
        Seeds without a value (failed, not finished); they do not count.
    diverged
        Seeds whose value was not finite; what was done with them is part of ``method``.
    statistic
        "mean", "median" or "iqm".
    method
        How value and interval were made, in words.
    caution
        Why the interval may promise too much, or None.
    confidence
        Of the interval, 0.95 for 95 %.
    """

    value: float
    low: float
    high: float
    n: int
    missing: int
    diverged: int
    statistic: str
    method: str
    caution: str | None
    confidence: float

    def __str__(self) -> str:
        if self.n == 0:
            return f"- (n=0{self._left_out()})"
        return f"{self.numbers()} (n={self.n}{', no interval' if self.n == 1 else ''}{self._left_out()})"

    def numbers(self) -> str:
        """Return the value and its interval without n: ``0.123 ± 0.011`` or ``0.12 [0.10, 0.17]``."""
        return interval_text(self.value, self.low, self.high)

    def _left_out(self) -> str:
        parts = [f", {n} {word}" for n, word in ((self.diverged, "diverged"), (self.missing, "missing")) if n]
        return "".join(parts)


@dataclass(frozen=True)
class _Statistic:
    value: Callable[..., NDArray[np.float64]]
    interval: Callable[..., Interval]
    words: str


_STATISTICS = {
    "mean": _Statistic(mean, mean_interval, "Student t interval of the mean"),
    "median": _Statistic(median, median_interval, "interval of the median"),
    "iqm": _Statistic(interquartile_mean, iqm_interval, "t interval of the interquartile mean"),
}

STATISTICS = {"mean": "mean", "median": "median", "iqm": "interquartile mean"}
"""What they are called in words."""

SEEDS_AGAINST_SKEWNESS = 25
"""With so many seeds the t interval of the mean covers 0.93 for 0.95 also where values are moderately skewed."""


def statistic_named(name: str) -> Any:
    """Return value, interval and words of the statistic of that name; refuse other names."""
    if name not in _STATISTICS:
        guess = did_you_mean(str(name), _STATISTICS)
        raise StatisticsError(f"There is no statistic {name!r}; known: {', '.join(_STATISTICS)}.{guess}")
    return _STATISTICS[name]


def without_diverged(values: ArrayLike, diverged: Diverged = "exclude") -> tuple[NDArray[np.float64], int]:
    """Apply the policy for seeds whose value is not finite.

    Parameters
    ----------
    values
        Shape (S,).
    diverged
        ``"exclude"``: they do not count; ``"refuse"``: an error; a number: it takes their place, such as the worst
        value that is possible.

    Returns
    -------
    values, n
        What is left, and how many had diverged.
    """
    sample = real_sample(values)
    bad = ~np.isfinite(sample)
    n_bad = int(bad.sum())
    if diverged not in ("exclude", "refuse") and not is_finite_number(diverged):
        raise StatisticsError(f"diverged must be 'exclude', 'refuse' or a finite number, found {diverged!r}.")
    if isinstance(diverged, str):
        if diverged == "refuse" and n_bad:
            raise StatisticsError(f"{n_bad} of {len(sample)} seeds have diverged (diverged='refuse').")
        return sample[~bad], n_bad
    sample[bad] = diverged
    return sample, n_bad


@np.errstate(over="ignore", invalid="ignore")
def estimate(
    values: ArrayLike,
    statistic: str = "mean",
    confidence: float = 0.95,
    *,
    missing: int = 0,
    diverged: Diverged = "exclude",
) -> Estimate:
    """Summarise one number a seed.

    Parameters
    ----------
    values
        Shape (S,); a value that is not finite is a diverged seed.
    statistic
        "mean", "median" or "iqm" (interquartile mean).
    confidence
        Between 0 and 1, both excluded.
    missing
        How many seeds have no value at all; only shown.
    diverged
        What is done with diverged seeds, see `without_diverged`; always counted and shown.

    Raises
    ------
    StatisticsError
        When ``values`` are not one real number a seed, or an option has no meaning.

    Examples
    --------
    >>> str(estimate([1.0, 2.0, 3.0, float("nan")]))
    '2.0 ± 2.5 (n=3, 1 diverged)'
    """
    check_confidence(confidence)
    chosen = statistic_named(statistic)
    sample, n_diverged = without_diverged(values, diverged)
    low, high = chosen.interval(sample, confidence)
    method = f"{percent(confidence)} {interval_words(statistic, confidence, len(sample))} over seeds"
    if n_diverged:
        method += "; diverged seeds left out" if diverged == "exclude" else f"; diverged seeds count as {diverged:g}"
    return Estimate(
        value=float(chosen.value(sample)),
        low=float(low),
        high=float(high),
        n=len(sample),
        missing=whole_number(missing, "The number of missing seeds"),
        diverged=n_diverged,
        statistic=statistic,
        method=method,
        caution=_caution(sample, statistic, confidence),
        confidence=confidence,
    )


def interval_words(statistic: str, confidence: float, n: int | None = None) -> str:
    """Say how the interval of a statistic is made, for n seeds or for any number of them."""
    words: str = statistic_named(statistic).words
    if statistic == "iqm" and n is None:
        return f"{words} (winsorised variance; below {SEEDS_TO_WINSORISE} seeds, the plain one)"
    if statistic == "iqm" and n is not None:
        return f"{words} ({'winsorised' if n >= SEEDS_TO_WINSORISE else 'plain'} variance)"
    if statistic == "median" and n is None:
        return f"{words} (order statistics; with too few seeds for them, t)"
    if statistic == "median" and n is not None:
        return f"{words} ({'order statistics' if has_order_interval(n, confidence) else 't, as for normal values'})"
    return words


def skewness_caution(statistic: str, n: int, confidence: float) -> str | None:
    """Say that the t interval of a mean of few seeds covers less where values are skewed; None where it does not."""
    if statistic != "mean" or not 2 <= n < SEEDS_AGAINST_SKEWNESS:
        return None
    measured = " (about 92 %)" if confidence == 0.95 else ""
    return (
        f"With fewer than {SEEDS_AGAINST_SKEWNESS} seeds the t interval of a mean covers less than "
        f"{percent(confidence)}{measured} where values are skewed over seeds."
    )


def _caution(sample: NDArray[np.float64], statistic: str, confidence: float) -> str | None:
    n = len(sample)
    if n < 2:
        return "No interval: one seed gives no spread." if n else "No seed has a finite value."
    if np.ptp(sample) == 0:
        return "All seeds have the same value, so the interval means nothing. Does the script use its seed?"
    return skewness_caution(statistic, n, confidence)
