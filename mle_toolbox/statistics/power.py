"""How many seeds a difference needs, and which difference a number of seeds can show."""

from __future__ import annotations

import math
from collections.abc import Callable

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import check_confidence, is_finite_number, real_number, whole_number

__all__ = ["detectable_difference", "seeds_needed"]

_MOST_SEEDS = 1_000_000


def seeds_needed(
    difference: float,
    std_a: float,
    std_b: float | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
    *,
    paired: bool = False,
) -> int:
    """Smallest number of seeds per configuration with which the t test detects a difference.

    Parameters
    ----------
    difference
        Of the true means, in the unit of the metric; not zero.
    std_a, std_b
        Standard deviations over seeds of the two configurations; ``std_b`` is that of a when not given. With ``paired``
        ``std_a`` is that of the differences.
    power
        How often it is to be detected.
    confidence
        1 - the level of the two-sided test.
    paired
        Whether the test is the paired one.

    Returns
    -------
    int
        At least 2 (which is enough when nothing varies); 1,000,000 means that many or more.

    Raises
    ------
    StatisticsError
        When the difference is zero, a standard deviation is negative, or the power is not above the level.

    Notes
    -----
    From the noncentral t distribution, degrees of freedom after Welch; the same as ``TTestIndPower`` of statsmodels.

    Examples
    --------
    >>> seeds_needed(1.0, 1.0)
    17
    """
    _check(std_a, std_b, power, confidence)
    if not is_finite_number(difference) or difference == 0:
        raise StatisticsError(f"No number of seeds can show a difference of {difference!r}.")
    unit = _unit(std_a, std_b)
    difference, std_a, std_b = difference / unit, std_a / unit, None if std_b is None else std_b / unit
    low, high = 1, 2
    while _power(difference, high, high, std_a, std_b, confidence, paired) < power:
        # Doubling first: most answers are small, and each step costs a noncentral t.
        low, high = high, 2 * high
        if high >= _MOST_SEEDS:
            return _MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        if _power(difference, middle, middle, std_a, std_b, confidence, paired) < power:
            low = middle
        else:
            high = middle
    return high


def detectable_difference(
    n: int,
    std_a: float,
    std_b: float | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
    *,
    n_b: int | None = None,
    paired: bool = False,
) -> float:
    """Smallest difference of the true means that the t test shows with ``n`` seeds of each configuration.

    Parameters
    ----------
    n, n_b
        Seeds of a and of b; ``n_b`` is ``n`` when not given.
    std_a, std_b, power, confidence, paired
        As for `seeds_needed`.

    Returns
    -------
    float
        In the unit of the metric; NaN where n < 2.

    Raises
    ------
    StatisticsError
        As for `seeds_needed`.
    """
    _check(std_a, std_b, power, confidence)
    n = whole_number(n, "The number of seeds")
    n_b = n if n_b is None else whole_number(n_b, "The number of seeds")
    if min(n, n_b) < 2:
        return math.nan
    unit = _unit(std_a, std_b)
    std_a, std_b = std_a / unit, None if std_b is None else std_b / unit
    spread = std_a if paired else math.hypot(std_a, std_a if std_b is None else std_b)
    if spread == 0:
        return 0.0

    def missing(difference: float) -> float:
        return power - _power(difference, n, n_b, std_a, std_b, confidence, paired)

    high = spread
    while missing(high) > 0:
        high *= 2
        # With a confidence just below 1 the difference may exceed the range of floats.
        if math.isinf(high):
            return high
    return unit * _root(missing, 0.0, high)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Find the zero of a decreasing function, to 9 digits, by the Illinois method (Dowell 1971)."""
    at_low, at_high = falling(low), falling(high)
    for _ in range(100):
        if high - low <= 1e-10 * high or at_high == 0:
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = falling(middle)
        if at_middle > 0:
            low, at_low, at_high = middle, at_middle, at_high / 2
        else:
            high, at_low, at_high = middle, at_low / 2, at_middle
    return high


def _check(std_a: float, std_b: float | None, power: float, confidence: float) -> None:
    check_confidence(confidence)
    real_number(power, "power")
    if not 1 - confidence < power < 1:
        raise StatisticsError(f"power must lie between {1 - confidence:.3g} (the level) and 1, found {power!r}.")
    for std in (std_a, std_b or 0.0):
        if not (is_finite_number(std) and std >= 0):
            raise StatisticsError(f"A standard deviation must be finite and not negative, found {std!r}.")


def _unit(std_a: float, std_b: float | None) -> float:
    """Return a power of two near the larger one; in this unit squares do not overflow."""
    return math.ldexp(1.0, math.frexp(max(std_a, std_b or 0.0))[1] - 1)


def _power(
    difference: float, n_a: int, n_b: int, std_a: float, std_b: float | None, confidence: float, paired: bool
) -> float:
    """Return how often the two-sided t test detects the difference."""
    from scipy.special import chdtr, nctdtr, stdtrit

    if paired:
        variance, freedom = std_a**2 / n_a, n_a - 1.0
    else:
        share_a, share_b = std_a**2 / n_a, (std_a if std_b is None else std_b) ** 2 / n_b
        variance = share_a + share_b
        below = share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1)
        freedom = variance**2 / below if below > 0 else 1.0
    # Without any spread every difference is seen.
    if variance == 0:
        return 1.0
    shift = abs(difference) / math.sqrt(variance)
    critical = float(stdtrit(freedom, (1 + confidence) / 2))
    above, below = 1 - float(nctdtr(freedom, shift, critical)), float(nctdtr(freedom, shift, -critical))
    # scipy returns NaN far out: for the lower tail from a shift of 5 standard errors on, where less than 3e-7 of the
    # distribution is left, and for the upper tail from 35 on, where only the observed spread still matters.
    if not math.isfinite(above):
        above = float(chdtr(freedom, freedom * (shift / critical) ** 2))
    return above + (below if math.isfinite(below) else 0.0)
