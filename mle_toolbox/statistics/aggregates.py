"""One number for several seeds: mean, standard deviation, standard error, median, percentiles, interquartile mean.

As numpy computes them, but a value that is not finite is refused: a diverged seed must not vanish in an average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import finite_sample, real_array

__all__ = ["interquartile_mean", "mean", "median", "percentiles", "standard_error", "std"]


def mean(values: ArrayLike, axis: int | None = 0) -> NDArray[np.float64]:
    """Mean over the seeds; ``values`` (S,) or (S, T), the result without ``axis``; NaN without seeds."""
    sample = finite_sample(values, axis)
    return _reduced(sample, axis, lambda sample: sample.mean(axis=axis, dtype=np.float64))


def std(values: ArrayLike, axis: int | None = 0) -> NDArray[np.float64]:
    """Sample standard deviation over the seeds, with n - 1 degrees of freedom; NaN where n < 2."""
    sample = finite_sample(values, axis)
    if _length(sample, axis) < 2:
        return _nothing(sample, axis)
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.asarray(sample.std(axis=axis, ddof=1, dtype=np.float64))
    # The mean of equal values may be off by a rounding error, which must not look like a spread.
    found = np.where(sample.max(axis=axis) == sample.min(axis=axis), 0.0, found)
    if np.isfinite(found).all() and (found > 0).all():
        return found
    # Squares of very large or very small numbers overflow or underflow; the deviation itself does not.
    scale = np.asarray(np.abs(sample.astype(np.float64)).max(axis=axis, keepdims=True))
    scaled = sample / np.where(scale > 0, scale, 1.0)
    return np.asarray(scaled.std(axis=axis, ddof=1) * scale.reshape(found.shape))


def standard_error(values: ArrayLike, axis: int | None = 0) -> NDArray[np.float64]:
    """Compute the standard error of the mean over the seeds, s / √n; NaN where n < 2."""
    sample = finite_sample(values, axis)
    return np.asarray(std(sample, axis) / np.sqrt(_length(sample, axis)))


def median(values: ArrayLike, axis: int | None = 0) -> NDArray[np.float64]:
    """Median over the seeds, the mean of the two middle ones where n is even; NaN without seeds."""
    sample = finite_sample(values, axis)
    return _reduced(sample.astype(np.float64), axis, lambda floats: np.median(floats, axis=axis))


def percentiles(values: ArrayLike, q: float | Sequence[float], axis: int | None = 0) -> NDArray[np.float64]:
    """Percentiles over the seeds, ``q`` from 0 to 100, linear between order statistics.

    Several ``q`` are the first axis of the result, as in ``numpy.percentile``. Without values this is an error.
    """
    shares = real_array(q).astype(np.float64)
    if not ((shares >= 0) & (shares <= 100)).all():
        raise StatisticsError(f"A percentile must lie between 0 and 100, found q={q!r}.")
    sample = finite_sample(values, axis)
    if _length(sample, axis) < 1:
        raise StatisticsError("Percentiles need at least one value.")
    return _reduced(sample.astype(np.float64), axis, lambda floats: np.percentile(floats, shares, axis=axis))


def interquartile_mean(values: ArrayLike, axis: int | None = 0) -> NDArray[np.float64]:
    """Mean of the middle half of the seeds (IQM), less affected by one outlier than the mean.

    Parameters
    ----------
    values
        Real and finite, for example shape (S,), (S, T) or (S, tasks).
    axis
        Axis of the seeds; None takes all values together, as is usual for scores of shape (S, tasks).

    Returns
    -------
    NDArray
        The shape of ``values`` without ``axis``, float64. A quarter of the values, rounded down, is left out at each
        end, so with fewer than four values this is the mean. NaN without values.

    Raises
    ------
    StatisticsError
        When a value is not finite: a diverged seed must not vanish in the trimming.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264: the 25 % trimmed mean.

    Examples
    --------
    >>> interquartile_mean([[0.0], [1.0], [2.0], [90.0]])
    array([1.5])
    """
    sample = finite_sample(values, axis).astype(np.float64, copy=False)
    if axis is None:
        sample, axis = sample.ravel(), 0
    n = sample.shape[axis]
    if n < 1:
        return _nothing(sample, axis)
    cut = n // 4
    # partition, not sort: only the middle half is needed, in any order.
    if cut:
        sample = np.partition(sample, (cut, n - cut - 1), axis=axis)
        sample = np.take(sample, range(cut, n - cut), axis=axis)
    return _reduced(sample, axis, lambda sample: sample.mean(axis=axis))


def _reduced(sample: NDArray[np.generic], axis: int | None, reduce: Callable[..., Any]) -> NDArray[np.float64]:
    """Reduce the sample; NaN without seeds."""
    if _length(sample, axis) < 1:
        return _nothing(sample, axis)
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.asarray(reduce(sample))
    if np.isfinite(found).all():
        return found
    # Sums of very large numbers overflow, their means do not. Dividing by a power of two is exact.
    return np.asarray(np.ldexp(reduce(np.ldexp(sample.astype(np.float64), -64)), 64))


def _length(sample: NDArray[np.generic], axis: int | None) -> int:
    return sample.size if axis is None else sample.shape[axis]


def _nothing(sample: NDArray[np.generic], axis: int | None) -> NDArray[np.float64]:
    return np.full(() if axis is None else np.delete(sample.shape, axis), np.nan)
