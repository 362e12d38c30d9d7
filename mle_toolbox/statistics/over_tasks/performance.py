"""Performance profiles: on which share of runs a method scores above a threshold, every task weighing the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mle_toolbox.statistics.checks import check_confidence, finite_sample
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, Scores, cells_of

__all__ = ["profile_over_tasks", "profiles_over_tasks"]

Profile = tuple[Floats, Floats, Floats]
"""Share, low and high."""


def profiles_over_tasks(
    scores: Scores, n_thresholds: int = 201, confidence: float = 0.95, *, lower_is_better: bool = False
) -> tuple[Floats, dict[str, Profile]]:
    """Return thresholds over the range of all scores, and for each method which share of its runs is better than each.

    Parameters
    ----------
    scores
        Method -> task -> shape (seeds of that cell,), on one scale.
    n_thresholds
        K; the first and the last lie beyond all scores.
    confidence
        As for `profile_over_tasks`.
    lower_is_better
        Whether lower scores are better; the share is then that of the runs below.

    Returns
    -------
    thresholds, profiles
        Shape (K,), and by method what `profile_over_tasks` returns.
    """
    everything = np.concatenate([np.ravel(np.asarray(values)) for each in scores.values() for values in each.values()])
    beyond = 0.02 * float(np.ptp(everything)) or 0.1
    grid = np.linspace(float(everything.min()) - beyond, float(everything.max()) + beyond, n_thresholds)
    sign = -1.0 if lower_is_better else 1.0
    turned = {
        method: {task: sign * np.asarray(values, dtype=np.float64) for task, values in each.items()}
        for method, each in scores.items()
    }
    return grid, {method: profile_over_tasks(each, sign * grid, confidence) for method, each in turned.items()}


def profile_over_tasks(cells: Cells, thresholds: ArrayLike, confidence: float = 0.95) -> Profile:
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
    Agarwal et al. 2021, arXiv:2108.13264: the score distribution. The interval is the exact one of a proportion
    (Clopper and Pearson 1934) for the number of runs that would have, without tasks, the variance of the share: this
    effective number (Korn and Graubard 1998) is larger than that of runs where tasks differ.

    Examples
    --------
    >>> profile_over_tasks({"x": [0.2, 0.6], "y": [0.9, 0.9]}, [0.5])[0]
    array([0.75])
    """
    check_confidence(confidence)
    found = cells_of(cells)
    at = finite_sample(thresholds).astype(np.float64)
    n_tasks = len(found)
    share, variance = np.zeros(at.shape), np.zeros(at.shape)
    for values in found.values():
        n = len(values)
        above = n - np.searchsorted(np.sort(values), at, "right")
        share += above / n / n_tasks
        # Half a run more on each side: few runs that are all above do not show that all would be.
        likely = (above + 0.5) / (n + 1)
        variance += likely * (1 - likely) / n / n_tasks**2
    # So many runs, were there no tasks, have no smaller variance.
    least = n_tasks**2 / sum(1 / len(values) for values in found.values())
    likely = (share * least + 0.5) / (least + 1)
    low, high = _exact(share, np.maximum(likely * (1 - likely) / variance, least), confidence)
    return share, low, high


def _exact(share: Floats, n: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return Clopper and Pearson's interval; neither n nor share x n need be whole numbers."""
    from scipy.special import betaincinv

    count = np.clip(share * n, 0.0, n)
    tail = (1 - confidence) / 2
    none, every = share <= 1e-12, share >= 1 - 1e-12
    low = betaincinv(np.where(none, 1.0, count), np.where(none, n, n - count + 1), tail)
    high = betaincinv(count + 1, np.where(every, 1.0, n - count), 1 - tail)
    return np.where(none, 0.0, low), np.where(every, 1.0, high)
