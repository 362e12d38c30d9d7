"""Aggregates and intervals of the columns of a matrix with missing values, fast and in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.statistics.estimate import statistic_named

__all__ = ["band_of_columns"]

Floats = NDArray[np.float64]

# How many values are processed at once (16 MB per copy).
_BLOCK = 2_000_000


def band_of_columns(
    values: NDArray[np.generic], statistic: str, confidence: float
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Aggregate each column over its finite values; center, low, high and n, all of shape (T,)."""
    n_seeds, n_columns = values.shape
    center, low, high = (np.full(n_columns, np.nan) for _ in range(3))
    n = np.zeros(n_columns, dtype=np.int64)
    width = max(1, _BLOCK // max(1, n_seeds))
    for first in range(0, n_columns, width):
        columns = slice(first, first + width)
        block = values[:, columns].astype(np.float64)
        n[columns] = _one_block(block, statistic, confidence, center[columns], low[columns], high[columns])
    return center, low, high, n


def _one_block(
    block: Floats, statistic: str, confidence: float, center: Floats, low: Floats, high: Floats
) -> NDArray[np.int64]:
    """Fill center, low and high; columns with the same number of values are computed together."""
    chosen = statistic_named(statistic)
    finite = np.isfinite(block)
    n = finite.sum(axis=0)
    if (n < len(block)).any():
        # Sorting moves NaN to the end; these statistics do not depend on the order of seeds.
        block[~finite] = np.nan
        block = np.sort(block, axis=0)
    # A curve has few different n, so this is a few calls of numpy and not one for each tick.
    for count in np.unique(n[n > 0]):
        same = n == count
        sample = block[:count] if same.all() else block[:count, same]
        center[same] = chosen.value(sample)
        low[same], high[same] = chosen.interval(sample, confidence)
    return np.asarray(n)
