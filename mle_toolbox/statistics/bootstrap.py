"""Bootstrap intervals of any statistic over seeds: percentile, bias-corrected and accelerated (BCa), stratified.

Based on `scipy.stats.bootstrap`, with our error messages, and extended to cases in which it returns NaN. Seeded: the
same numbers give the same interval, and all columns of an array share the same draws. For few seeds the intervals of
`intervals.py` have better coverage; docs/statistics.md has the table.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import check_confidence, finite_seeds, whole_number
from mle_toolbox.statistics.intervals import Interval

__all__ = ["bca_interval", "bootstrap_interval"]

Statistic = Callable[..., Any]
Floats = NDArray[np.float64]

# How many numbers are in memory at once (32 MB).
_BLOCK = 4_000_000


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    confidence: float = 0.95,
    axis: int = 0,
    *,
    n_resamples: int = 9999,
    seed: int = 0,
    stratified: bool = False,
) -> Interval:
    """Percentile bootstrap interval of a statistic over seeds.

    Parameters
    ----------
    values
        Real and finite; seeds along ``axis``, for example shape (S,), (S, T) or (S, tasks).
    statistic
        Called as ``statistic(array, axis=…)``; returns an array without that axis.
    confidence
        Between 0 and 1, both excluded.
    axis
        Axis of the seeds.
    n_resamples
        The number of resamples, drawn with replacement.
    seed
        Of the draws: the same seed gives the same interval.
    stratified
        For shape (S, tasks): seeds are resampled within each task, and the statistic is computed over all S x tasks
        scores (Agarwal et al. 2021, arXiv:2108.13264). The result is one interval, of shape ().

    Returns
    -------
    low, high
        The shape of ``values`` without ``axis``, float64. NaN where n < 2.

    Raises
    ------
    StatisticsError
        When a value is not finite, or there is no such axis, or a stratified bootstrap has no tasks.

    Notes
    -----
    Efron 1979. Too narrow for few seeds, see docs/statistics.md: for 95 % and normal values 0.75 at n = 3.
    """
    if not stratified:
        return _bootstrap(values, statistic, confidence, axis, n_resamples, seed, "percentile")
    if np.ndim(values) != 2:
        raise StatisticsError(f"Stratified by task are scores of shape (S, tasks), found {np.shape(values)}.")
    sample = np.moveaxis(finite_seeds(values, axis), axis, 0).astype(np.float64)
    _check(sample, statistic, confidence)
    n_resamples, seed = whole_number(n_resamples, "n_resamples", 1), whole_number(seed, "seed")
    if len(sample) < 2 or not sample.size:
        return np.asarray(np.nan), np.asarray(np.nan)
    # scipy has no stratified bootstrap: it would draw the same seeds in all tasks.
    generator = np.random.default_rng(seed)
    at_once = max(1, _BLOCK // sample.size)
    replicates = []
    for first in range(0, n_resamples, at_once):
        picks = generator.integers(0, len(sample), (min(at_once, n_resamples - first), *sample.shape))
        drawn = np.take_along_axis(sample[np.newaxis], picks, axis=1)
        replicates.append(statistic(drawn.reshape(len(picks), sample.size), axis=1))
    low, high = np.quantile(np.concatenate(replicates), [(1 - confidence) / 2, (1 + confidence) / 2])
    return np.asarray(low), np.asarray(high)


def bca_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    confidence: float = 0.95,
    axis: int = 0,
    *,
    n_resamples: int = 9999,
    seed: int = 0,
) -> Interval:
    """Bias-corrected and accelerated bootstrap interval of a statistic over seeds.

    Parameters
    ----------
    values, statistic, confidence, axis, n_resamples, seed
        As for `bootstrap_interval`.

    Returns
    -------
    low, high
        The shape of ``values`` without ``axis``, float64. NaN where n < 2; the value itself where all seeds are equal.

    Raises
    ------
    StatisticsError
        As for `bootstrap_interval`.

    Notes
    -----
    Efron 1987, with the acceleration from the jackknife; the same computation as
    ``scipy.stats.bootstrap(method="BCa")``, except that resamples which differ from the sample only by rounding count
    as equal to it; with few seeds there are many. Follows skewness, but is too narrow for few seeds, see
    docs/statistics.md.
    """
    return _bootstrap(values, statistic, confidence, axis, n_resamples, seed, "BCa")


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _bootstrap(
    values: ArrayLike,
    statistic: Statistic,
    confidence: float,
    axis: int,
    n_resamples: int,
    seed: int,
    method: Literal["percentile", "BCa"],
) -> Interval:
    from scipy.stats import DegenerateDataWarning, bootstrap

    sample = np.moveaxis(finite_seeds(values, axis), axis, 0).astype(np.float64)
    columns = sample.reshape(len(sample), int(np.prod(sample.shape[1:])))
    _check(columns, statistic, confidence)
    n_resamples, seed = whole_number(n_resamples, "n_resamples", 1), whole_number(seed, "seed")
    if len(sample) < 2 or not sample.size:
        return np.full(sample.shape[1:], np.nan), np.full(sample.shape[1:], np.nan)
    ends = []
    width = max(1, _BLOCK // n_resamples)
    for block in (columns[:, first : first + width] for first in range(0, columns.shape[1], width)):
        units, in_units = np.ones(block.shape[1]), statistic
        if method == "BCa":
            spread = np.ptp(block, axis=0)
            # Ten digits of the spread; equal columns get a unit from their value, and columns of zeros one above zero.
            units = 1e-10 * np.where(spread > 0, spread, np.abs(block[0]) + 1e-100)
            in_units = _in_units(statistic, units)
        # The warning is about the NaN that is replaced below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DegenerateDataWarning)
            found = bootstrap(
                (block,),
                in_units,
                confidence_level=confidence,
                n_resamples=n_resamples,
                method=method,
                batch=max(1, _BLOCK // block.size),
                vectorized=True,
                # The same seed for each block, so that all columns share their draws.
                random_state=np.random.default_rng(seed),
            )
        # BCa is NaN where all seeds are equal, for example; there the percentile interval is returned.
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        percentiles = np.quantile(found.bootstrap_distribution, tails, axis=-1)
        ends.append(units * np.where(np.isnan(found.confidence_interval), percentiles, found.confidence_interval))
    low, high = np.concatenate(ends, axis=1)
    return low.reshape(sample.shape[1:]), high.reshape(sample.shape[1:])


def _check(sample: Floats, statistic: Statistic, confidence: float) -> None:
    check_confidence(confidence)
    if not callable(statistic):
        raise StatisticsError(f"statistic must be a function such as numpy.mean, found {statistic!r}.")
    if sample.size and (found := np.shape(statistic(sample, axis=0))) != sample.shape[1:]:
        raise StatisticsError(
            f"A statistic takes the axis away: of shape {sample.shape} it makes {sample.shape[1:]}, found {found}."
        )


def _in_units(statistic: Statistic, units: Floats) -> Statistic:
    """Return the statistic, rounded to multiples of a unit for each column.

    With few seeds many resamples have the same value as the sample, and rounding errors must not put them on one side
    of it. The acceleration also uses cubes, which overflow for very large and underflow for very small numbers.
    """

    def in_units(resamples: Floats, axis: int) -> Floats:
        found = np.asarray(statistic(resamples, axis=axis), dtype=np.float64)
        return np.round(found / units.reshape(units.shape + (1,) * (found.ndim - 1)))

    return in_units
