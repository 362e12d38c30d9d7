"""The probability that a run of one method beats a run of the other, averaged over tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mle_toolbox.statistics.checks import check_confidence
from mle_toolbox.statistics.improvement import improvement_interval, probability_of_improvement
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
    a: Cells, b: Cells, confidence: float = 0.95, *, lower_is_better: bool = False
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

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264. The interval is put together from those of the tasks
    (`improvement_interval`) by the method of variance estimates recovery (Zou and Donner 2008): the distances from the
    value to the ends are added in squares. It has a width also where one method wins on every task with every seed.

    Examples
    --------
    >>> improvement_over_tasks({"x": [3.0, 4.0], "y": [1.0, 1.0]}, {"x": [1.0, 2.0], "y": [1.0, 1.0]}).value
    0.75
    """
    check_confidence(confidence)
    left, right = cells_of(a), cells_of(b)
    tasks = check_same_tasks({"a": left, "b": right})
    below = above = total = 0.0
    for task in tasks:
        value = probability_of_improvement(left[task], right[task], lower_is_better=lower_is_better)
        low, high = improvement_interval(left[task], right[task], confidence, lower_is_better=lower_is_better)
        total, below, above = total + value, below + (value - low) ** 2, above + (high - value) ** 2
    mean = total / len(tasks)
    return Improvement(
        mean,
        mean - math.sqrt(below) / len(tasks),
        mean + math.sqrt(above) / len(tasks),
        len(tasks),
        confidence,
    )
