"""Bootstrap intervals of any statistic over seeds: percentile, bias-corrected and accelerated (BCa), stratified.

Seeded: the same numbers give the same interval. All columns of an array share the same draws, so a curve costs little
more than a point. For few seeds `intervals` covers better; docs/statistics.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.aggregates import interquartile_mean, mean, median
from mle_toolbox.statistics.checks import check_confidence, finite_seeds, whole_number
from mle_toolbox.statistics.intervals import Interval
from mle_toolbox.statistics.stratified import stratified_replicates

__all__ = ["bca_interval", "bootstrap_interval"]

Statistic = Callable[..., Any]
Floats = NDArray[np.float64]

_BLOCK = 4_000_000
"""How many numbers are held at once (32 MB)."""


@np.errstate(over="ignore", invalid="ignore")
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
        Called as ``statistic(array, axis=…)``, gives the array without that axis. `numpy.mean`, `numpy.median` and
        `interquartile_mean` are recognised and computed faster.
    confidence
        Between 0 and 1, both excluded.
    axis
        Axis of the seeds.
    n_resamples
        How many samples are drawn with replacement.
    seed
        Of the draws: the same seed gives the same interval.
    stratified
        For shape (S, tasks): the seeds are drawn anew in each task, and the statistic is that of all S x tasks scores
        together (Agarwal et al. 2021, arXiv:2108.13264). The result is then one interval, of shape ().

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
    sample = _columns(values, statistic, confidence, axis)
    n_resamples, seed = whole_number(n_resamples, "n_resamples", 1), whole_number(seed, "seed")
    shape = np.delete(np.shape(values), axis)
    if stratified and np.ndim(values) != 2:
        raise StatisticsError(f"Stratified by task are scores of shape (S, tasks), found {np.shape(values)}.")
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if len(sample) < 2 or not sample.size:
        return _nowhere(np.array([], dtype=np.intp) if stratified else shape)
    if stratified:
        cut = trimmed_count(statistic, sample.size)
        low, high = np.quantile(stratified_replicates(sample, statistic, cut, n_resamples, seed), tails)
        return np.asarray(low), np.asarray(high)
    draws = _draw(len(sample), n_resamples, seed)
    blocks = [np.quantile(each, tails, axis=0) for each in _replicates(sample, statistic, draws)]
    low, high = np.concatenate(blocks, axis=1)
    return low.reshape(shape), high.reshape(shape)


@np.errstate(over="ignore", invalid="ignore")
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
    ``scipy.stats.bootstrap(method="BCa")``, except that resamples which differ from the sample by rounding alone count
    as equal to it, of which few seeds have many. Follows skewness, but is too narrow for few seeds, see
    docs/statistics.md.
    """
    sample = _columns(values, statistic, confidence, axis)
    n_resamples, seed = whole_number(n_resamples, "n_resamples", 1), whole_number(seed, "seed")
    shape = np.delete(np.shape(values), axis)
    if len(sample) < 2 or not sample.size:
        return _nowhere(shape)
    draws = _draw(len(sample), n_resamples, seed)
    observed = np.asarray(statistic(sample, axis=0), dtype=np.float64)
    acceleration = _acceleration(sample, statistic)
    ends, first = [], 0
    for replicates in _replicates(sample, statistic, draws):
        block = slice(first, first + replicates.shape[1])
        ends.append(_bca_ends(replicates, observed[block], acceleration[block], confidence))
        first = block.stop
    low, high = np.concatenate(ends, axis=1)
    return low.reshape(shape), high.reshape(shape)


def _columns(values: ArrayLike, statistic: Statistic, confidence: float, axis: int) -> Floats:
    """Return the checked values with shape (S, columns)."""
    check_confidence(confidence)
    if not callable(statistic):
        raise StatisticsError(f"A statistic is a function, such as numpy.mean, found {statistic!r}.")
    sample = np.moveaxis(finite_seeds(values, axis), axis, 0).astype(np.float64)
    columns = sample.reshape(len(sample), int(np.prod(sample.shape[1:])))
    if columns.size and trimmed_count(statistic, len(sample)) is None:
        _check_statistic(statistic, columns)
    return columns


def _check_statistic(statistic: Statistic, columns: Floats) -> None:
    found = np.shape(statistic(columns, axis=0))
    if found != columns.shape[1:]:
        raise StatisticsError(
            f"A statistic takes the axis away: of shape {columns.shape} it makes {columns.shape[1:]}, found {found}."
        )


def _nowhere(shape: tuple[int, ...] | NDArray[np.intp]) -> Interval:
    nowhere = np.full(shape, np.nan)
    return nowhere, nowhere.copy()


def _draw(n: int, n_resamples: int, seed: int) -> NDArray[np.intp]:
    """Draw the indices of the resamples, shape (n_resamples, n)."""
    return np.random.default_rng(seed).integers(0, n, (n_resamples, n))


def _counts(draws: NDArray[np.intp]) -> Floats:
    """Count how often each seed was drawn, shape (n, n_resamples)."""
    n_resamples, n = draws.shape
    flat = (draws + n * np.arange(n_resamples)[:, None]).ravel()
    return np.ascontiguousarray(np.bincount(flat, minlength=n * n_resamples).reshape(n_resamples, n).T, np.float64)


def trimmed_count(statistic: Statistic, n: int) -> int | None:
    """Return how many of n values the statistic leaves out at either end, None when it is no known trimmed mean."""
    if statistic in (np.mean, mean):
        return 0
    if statistic is interquartile_mean:
        return n // 4
    return (n - 1) // 2 if statistic in (np.median, median) else None


def _replicates(sample: Floats, statistic: Statistic, draws: NDArray[np.intp]) -> Iterator[Floats]:
    """Yield the statistic of every resample, (n_resamples, some columns), until all columns are done."""
    n_resamples, n = draws.shape
    cut = trimmed_count(statistic, n)
    counts = _counts(draws) if cut is not None else None
    width = max(1, _BLOCK // n_resamples)
    for first in range(0, sample.shape[1], width):
        block = sample[:, first : first + width]
        if counts is None or cut is None:
            yield _any_statistic(block, statistic, draws)
        elif cut == 0:
            yield counts.T @ block / n
        else:
            yield np.stack([_trimmed_means(column, counts, cut) for column in block.T], axis=1)


def _any_statistic(block: Floats, statistic: Statistic, draws: NDArray[np.intp]) -> Floats:
    at_once = max(1, _BLOCK // block.size)
    parts = [statistic(block[draws[i : i + at_once]], axis=1) for i in range(0, len(draws), at_once)]
    return np.concatenate(parts).astype(np.float64)


def _trimmed_means(column: Floats, counts: Floats, cut: int) -> Floats:
    """Trimmed means of all resamples of one column, without making a resample.

    In sorted order, a resample's number of values up to the i-th, clipped to what is not trimmed, tells how much
    weight lies at or below it; summed by parts over the gaps between the values this gives the mean.
    """
    n = len(column)
    order = np.argsort(column)
    up_to = np.cumsum(counts[order[:-1]], axis=0)
    np.clip(up_to, cut, n - cut, out=up_to)
    gaps = np.diff(column[order])
    return np.asarray(column[order[-1]] - (gaps @ up_to - cut * gaps.sum()) / (n - 2 * cut))


def _acceleration(sample: Floats, statistic: Statistic) -> Floats:
    """Skewness of the jackknife's influences / 6, by column; 0 where nothing varies."""
    without_one = [statistic(np.delete(sample, i, axis=0), axis=0) for i in range(len(sample))]
    jackknife = np.asarray(without_one, dtype=np.float64)
    influence = jackknife.mean(axis=0) - jackknife
    largest = np.abs(influence).max(axis=0)
    # In units of the largest, because squares of very large or very small numbers leave the range of floats.
    scaled = np.divide(influence, largest, out=np.zeros_like(influence), where=largest > 0)
    spread = np.sqrt((scaled**2).sum(axis=0))
    return np.asarray((scaled**3).sum(axis=0) / (6 * np.where(spread > 0, spread, 1.0) ** 3))


def _bca_ends(replicates: Floats, observed: Floats, acceleration: Floats, confidence: float) -> Floats:
    """Return the two ends, shape (2, columns)."""
    from scipy.special import ndtr, ndtri

    # Resamples with the same value as the sample are common for few seeds; rounding must not put them on one side.
    rounding = 1e-10 * np.ptp(replicates, axis=0)
    below = ((replicates < observed - rounding).mean(axis=0) + (replicates <= observed + rounding).mean(axis=0)) / 2
    varies = (below > 0) & (below < 1)
    bias = ndtri(np.where(varies, below, 0.5))
    tail = ndtri((1 + confidence) / 2) * np.array([[-1.0], [1.0]])
    shares = ndtr(bias + (bias + tail) / (1 - acceleration * (bias + tail)))
    return _quantiles(np.sort(replicates, axis=0), shares)


def _quantiles(ordered: Floats, shares: Floats) -> Floats:
    """Quantiles of each column at shares of its own, shape (2, columns)."""
    place = shares * (len(ordered) - 1)
    below = np.minimum(place.astype(np.intp), max(0, len(ordered) - 2))
    lower = np.take_along_axis(ordered, below, axis=0)
    upper = np.take_along_axis(ordered, np.minimum(below + 1, len(ordered) - 1), axis=0)
    return np.asarray(lower + (place - below) * (upper - lower))
