"""Performance profiles: on which share of runs a method scores above a threshold, every task weighing the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mle_toolbox.statistics.checks import check_confidence, finite_sample
from mle_toolbox.statistics.intervals import proportion_interval
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of

__all__ = ["profile_over_tasks"]


def profile_over_tasks(cells: Cells, thresholds: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return the share of runs above each threshold, and its interval at each of them.

    Parameters
    ----------
    cells
        Task -> shape (seeds of that task,), finite, on one scale.
    thresholds
        Shape (K,), in the unit of the scores.
    confidence
        Between 0 and 1, both excluded; it holds at each threshold, not for the whole curve.

    Returns
    -------
    share, low, high
        Shape (K,) each.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264: the score distribution. Each task's exact interval (`proportion_interval`)
    is combined by the method of variance estimates recovery (Zou and Donner 2008).

    Examples
    --------
    >>> profile_over_tasks({"x": [0.2, 0.6], "y": [0.9, 0.9]}, [0.5])[0]
    array([0.75])
    """
    check_confidence(confidence)
    found = cells_of(cells)
    at = finite_sample(thresholds).astype(np.float64)
    share, below, above = (np.zeros(at.shape) for _ in range(3))
    for values in found.values():
        count = len(values) - np.searchsorted(np.sort(values), at, "right")
        part = count / len(values)
        low, high = proportion_interval(count, len(values), confidence)
        share, below, above = share + part, below + (part - low) ** 2, above + (high - part) ** 2
    n = len(found)
    return share / n, share / n - np.sqrt(below) / n, share / n + np.sqrt(above) / n
