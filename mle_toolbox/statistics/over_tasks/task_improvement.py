"""The probability that a run of one method beats a run of the other, averaged over tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mle_toolbox.statistics.checks import check_confidence
from mle_toolbox.statistics.improvement import newcombe_interval, probability_of_improvement
from mle_toolbox.statistics.intervals import mean_interval
from mle_toolbox.statistics.over_tasks.scores import Cells, cells_of, check_same_tasks

__all__ = ["Improvement", "improvement_over_tasks"]


@dataclass(frozen=True)
class Improvement:
    """Probability that a run of a beats one of b on a task drawn from these; the interval is NaN with one seed."""

    value: float
    low: float
    high: float
    n_tasks: int
    confidence: float


def improvement_over_tasks(
    a: Cells,
    b: Cells,
    confidence: float = 0.95,
    *,
    lower_is_better: bool = False,
    resample_tasks: bool = False,
) -> Improvement:
    """Return the probability of improvement of ``a`` over ``b``, the mean over tasks.

    Parameters
    ----------
    a, b
        Task -> shape (seeds of that task,), finite, with the same tasks. Only the order of runs within a task counts,
        so the scores need not be on one scale.
    confidence
        Between 0 and 1, both excluded.
    lower_is_better
        The direction of the scores.
    resample_tasks
        Whether the interval is about other tasks of this kind: the t interval of the probabilities of the tasks, cut
        off at 0 and 1, or the one about these tasks where that is wider.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264. The interval is that of one task (`improvement_interval`) with the variance
    of a mean over tasks: Newcombe 2006, method 5, and t with the degrees of freedom of all tasks. It has a width also
    where one method wins on every task with every seed.

    Examples
    --------
    >>> improvement_over_tasks({"x": [3.0, 4.0], "y": [1.0, 1.0]}, {"x": [1.0, 2.0], "y": [1.0, 1.0]}).value
    0.75
    """
    check_confidence(confidence)
    left, right = cells_of(a), cells_of(b)
    tasks = check_same_tasks({"a": left, "b": right})
    values = [probability_of_improvement(left[task], right[task], lower_is_better=lower_is_better) for task in tasks]
    mean = float(np.mean(values))
    sizes = [(len(left[task]), len(right[task])) for task in tasks]
    low, high = newcombe_interval(mean, sizes, confidence) if min(map(min, sizes)) > 1 else (math.nan, math.nan)
    if resample_tasks:
        ends = [float(end) for end in mean_interval(values, confidence)]
        # Where all tasks have the same probability, only the seeds show how uncertain it is.
        low, high = float(np.fmin(low, max(ends[0], 0.0))), float(np.fmax(high, min(ends[1], 1.0)))
    return Improvement(mean, low, high, len(tasks), confidence)
