"""One metric of one configuration over its seeds: the value, its interval, n, and the seeds left out."""

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
    """An aggregate over seeds with its interval, and how both were computed.

    Attributes
    ----------
    value, low, high
        In the unit of the metric. The interval is NaN where n < 2, the value too where n = 0.
    n
        Seeds that count.
    missing
        Seeds without a value (failed, not finished); they do not count.
    diverged
        Seeds whose value was not finite; ``method`` says how they were treated.
    statistic
        "mean", "median" or "iqm".
    method
        How value and interval were computed, in words.
    caution
        Why the interval may be too narrow, or None.
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

    def beside(self, done: int) -> str:
        """Return it for a table that shows the number of finished seeds: n only where it is another number."""
        if self.n != done or self.diverged:
            return str(self)
        # Failed and missing seeds are counted there as well.
        return {0: "-", 1: f"{self.numbers()} (no interval)"}.get(self.n, self.numbers())

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
"""Their names in text."""

SEEDS_AGAINST_SKEWNESS = 25
"""From this number of seeds on a 95 % t interval of the mean covers 0.93 even for moderately skewed values."""


def statistic_named(name: str) -> Any:
    """Return the functions and the description of a statistic; refuse unknown names."""
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
        ``"exclude"``: they do not count; ``"refuse"``: an error; a number: it replaces them, for example the worst
        possible value.

    Returns
    -------
    values, n
        The remaining values, and how many had diverged.
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
    # A copy, made by real_sample: the array of the caller does not change.
    sample[bad] = diverged
    return sample, n_bad


# Numbers near the end of the range of floats are handled in aggregates.py and need no warning.
@np.errstate(over="ignore", invalid="ignore")
def estimate(
    values: ArrayLike,
    statistic: str = "mean",
    confidence: float = 0.95,
    *,
    missing: int = 0,
    diverged: Diverged = "exclude",
) -> Estimate:
    """Summarise one number per seed.

    Parameters
    ----------
    values
        Shape (S,); a value that is not finite is a diverged seed.
    statistic
        "mean", "median" or "iqm" (interquartile mean).
    confidence
        Between 0 and 1, both excluded.
    missing
        How many seeds have no value at all; only for display.
    diverged
        The policy for diverged seeds, see `without_diverged`; they are always counted and shown.

    Raises
    ------
    StatisticsError
        When ``values`` are not one real number per seed, or an option is invalid.

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
    """Say how the interval of a statistic is computed, for n seeds or, without n, in general."""
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
    """Return the caution that a t interval of few seeds is too narrow for skewed values; None where it is not."""
    # The measured coverage of IQM and median holds for skewed values at every n (docs/statistics.md).
    if statistic != "mean" or not 2 <= n < SEEDS_AGAINST_SKEWNESS:
        return None
    # benchmarks/coverage.py measured it for 95 % only.
    measured = " (about 92 %)" if confidence == 0.95 else ""
    return (
        f"With fewer than {SEEDS_AGAINST_SKEWNESS} seeds the t interval of a mean covers less than "
        f"{percent(confidence)}{measured} where values are skewed over seeds."
    )


def _caution(sample: NDArray[np.float64], statistic: str, confidence: float) -> str | None:
    n = len(sample)
    if n < 2:
        return "No interval: one seed gives no spread." if n else "No seed has a finite value."
    # Scripts that ignore their seed give equal numbers, and an interval without width looks like certainty.
    if np.ptp(sample) == 0:
        # Two accuracies on a small test set are equal now and then.
        asks = " Does the script use its seed?" if n > 2 else ""
        return f"All seeds have the same value, so the interval means nothing.{asks}"
    return skewness_caution(statistic, n, confidence)
