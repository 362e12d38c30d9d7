"""Scores over several tasks: performance profiles and the optimality gap."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.statistics.checks import finite_sample, real_number
from mle_toolbox.statistics.intervals import Interval, proportion_interval

__all__ = ["optimality_gap", "performance_profile", "profile_interval"]


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> NDArray[np.float64]:
    """Share of all runs whose score is above each threshold.

    Parameters
    ----------
    scores
        Finite, shape (S,) or (S, tasks).
    thresholds
        Shape (K,), in the unit of the scores.

    Returns
    -------
    NDArray
        Shape (K,), decreasing from 1 to 0; NaN without scores.

    Raises
    ------
    StatisticsError
        When a score or a threshold is not finite.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264: the score distribution, over all runs and tasks together.

    Examples
    --------
    >>> performance_profile([0.2, 0.6, 0.9], [0.0, 0.5, 1.0])
    array([1.        , 0.66666667, 0.        ])
    """
    ordered = np.sort(finite_sample(scores).ravel())
    at = finite_sample(thresholds, None)
    if ordered.size == 0:
        return np.full(at.shape, np.nan)
    return np.asarray(1 - np.searchsorted(ordered, at, "right") / ordered.size)


def profile_interval(scores: ArrayLike, thresholds: ArrayLike, confidence: float = 0.95) -> Interval:
    """Interval of the performance profile at each threshold, shape (K,); `proportion_interval` of all runs.

    Runs on several tasks count as independent draws from all tasks; with the tasks fixed the interval is then wider
    than necessary, never narrower.
    """
    n = finite_sample(scores).size
    return proportion_interval(np.rint(np.nan_to_num(performance_profile(scores, thresholds) * n)), n, confidence)


def optimality_gap(scores: ArrayLike, target: float = 1.0) -> float:
    """Mean amount by which runs fall short of ``target``; scores above it count as ``target``.

    ``scores`` are finite, of shape (S,) or (S, tasks); NaN without scores. Agarwal et al. 2021, arXiv:2108.13264.

    >>> optimality_gap([0.5, 0.75, 3.0])
    0.25
    """
    target = real_number(target, "The target of a score")
    sample = finite_sample(scores)
    return float(target - np.minimum(sample, target).mean()) if sample.size else math.nan
