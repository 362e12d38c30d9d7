"""The difference of two methods over the same tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import check_confidence, real_number
from mle_toolbox.statistics.difference_intervals import variance
from mle_toolbox.statistics.over_tasks.estimates import check_statistic, simulated_medians, value_over_tasks
from mle_toolbox.statistics.over_tasks.linear import freedom_of, linear
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of, check_same_tasks

__all__ = ["TaskDifference", "difference_over_tasks"]


@dataclass(frozen=True)
class TaskDifference:
    """The statistic of a minus that of b over these tasks.

    Attributes
    ----------
    value, low, high
        In the unit of the scores; the interval is NaN if a task has only one seed.
    p
        Two-sided; NaN where there is no spread.
    statistic, n_tasks, paired, confidence, lower_is_better
        How it was computed; for the optimality gap lower is always better.
    """

    value: float
    low: float
    high: float
    p: float
    statistic: str
    n_tasks: int
    paired: bool
    confidence: float
    lower_is_better: bool

    def better(self) -> Literal["a", "b"] | None:
        """Return which is better, None without a significant difference."""
        if not self.p < 1 - self.confidence:
            return None
        return "a" if (self.value < 0) == self.lower_is_better else "b"


def difference_over_tasks(
    a: Cells,
    b: Cells,
    statistic: str = "mean",
    confidence: float = 0.95,
    *,
    paired: bool = False,
    lower_is_better: bool = False,
    target: float = 1.0,
) -> TaskDifference:
    """Compare two methods over the same tasks.

    Parameters
    ----------
    a, b
        Task -> shape (seeds of that task,), finite, on one scale, with the same tasks.
    statistic, confidence, target
        As for `estimate_over_tasks`.
    paired
        Whether value i of both on a task belongs together (the same seed).
    lower_is_better
        The direction of the scores.

    Raises
    ------
    StatisticsError
        When the tasks differ, or pairs are asked for and a task has unequal numbers of seeds.

    Notes
    -----
    The variance of the difference is the sum over tasks and methods, with Satterthwaite's degrees of freedom: Welch's
    test (1947) with 2 x tasks samples. In pairs it is the variance of the differences of the influences.
    """
    check_confidence(confidence)
    check_statistic(statistic)
    target = real_number(target, "The target of a score")
    left, right = cells_of(a), cells_of(b)
    tasks = check_same_tasks({"a": left, "b": right})
    right = {task: right[task] for task in left}
    if paired and any(len(left[task]) != len(right[task]) for task in tasks):
        raise StatisticsError("Pairs need the same seeds of both methods on every task.")
    value = value_over_tasks(left, statistic, target) - value_over_tasks(right, statistic, target)
    if statistic == "median":
        low, high, p = _of_medians(left, right, confidence)
    else:
        low, high, p = _of_sums(left, right, statistic, confidence, target, value, paired=paired)
    lower = True if statistic == "optimality gap" else lower_is_better
    return TaskDifference(value, low, high, p, statistic, len(tasks), paired, confidence, lower)


def _of_sums(
    a: Mapping[str, Floats],
    b: Mapping[str, Floats],
    statistic: str,
    confidence: float,
    target: float,
    value: float,
    *,
    paired: bool,
) -> tuple[float, float, float]:
    from scipy.special import stdtr, stdtrit

    of_a, of_b = linear(a, statistic, target), linear(b, statistic, target)
    if paired:
        apart = {task: each - of_b.influences[task] for task, each in of_a.influences.items()}
        variances = {task: variance(each) / len(each) if len(each) > 1 else math.nan for task, each in apart.items()}
        sizes = of_a.sizes()
    else:
        sides = (("a", of_a), ("b", of_b))
        variances = {f"{side} {task}": each for side, of in sides for task, each in of.variances().items()}
        sizes = {f"{side} {task}": each for side, of in sides for task, each in of.sizes().items()}
    error = math.sqrt(sum(variances.values()))
    if math.isnan(error):
        return math.nan, math.nan, math.nan
    freedom = freedom_of(variances, sizes)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    without_spread = 1.0 if value == 0 else math.nan
    p = 2 * float(stdtr(freedom, -abs(value) / error)) if error > 0 else without_spread
    return value - half, value + half, p


def _of_medians(a: Mapping[str, Floats], b: Mapping[str, Floats], confidence: float) -> tuple[float, float, float]:
    if min(len(each) for cells in (a, b) for each in cells.values()) < 2:
        return math.nan, math.nan, math.nan
    generator = np.random.default_rng(0)
    draws = simulated_medians(a, generator) - simulated_medians(b, generator)
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    # Of the draws on the rarer side; half a draw, so that p is never 0.
    beyond = min(float((draws < 0).sum()), float((draws > 0).sum())) + float((draws == 0).sum()) / 2
    return float(low), float(high), min(1.0, 2 * max(beyond, 0.5) / len(draws))
