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
from mle_toolbox.statistics.over_tasks.estimates import (
    around,
    cautions_over_tasks,
    check_statistic,
    is_drawn,
    value_over_tasks,
)
from mle_toolbox.statistics.over_tasks.linear import linear, t_interval
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of, check_same_tasks, unit_of
from mle_toolbox.statistics.over_tasks.simulated import simulated

__all__ = ["TaskDifference", "difference_over_tasks"]

Found = tuple[float, float, float]
"""Low, high and p."""

_NOT_POSSIBLE = (math.nan, math.nan, math.nan)
_RESAMPLES = 9_999


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
    caution
        Why interval and p say less than they seem, or None.
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
    caution: str | None = None

    def better(self) -> Literal["a", "b"] | None:
        """Return which is better, None without a significant difference."""
        if not self.p < 1 - self.confidence:
            return None
        return "a" if (self.value < 0) == self.lower_is_better else "b"


@np.errstate(over="ignore", invalid="ignore")
def difference_over_tasks(
    a: Cells,
    b: Cells,
    statistic: str = "mean",
    confidence: float = 0.95,
    *,
    paired: bool = False,
    lower_is_better: bool = False,
    target: float = 1.0,
    resample_tasks: bool = False,
) -> TaskDifference:
    """Compare two methods over the same tasks.

    Parameters
    ----------
    a, b
        Task -> shape (seeds of that task,), finite, on one scale, with the same tasks.
    statistic, confidence, target
        As for `estimate_over_tasks`.
    paired
        Whether value i of both on a task belongs together (the same seed). Medians are compared without pairs.
    lower_is_better
        The direction of the scores.
    resample_tasks
        Whether interval and p are about other tasks of this kind instead of these tasks. Tasks are then pairs.

    Raises
    ------
    StatisticsError
        When the tasks differ, or pairs are asked for and a task has unequal numbers of seeds.

    Notes
    -----
    The variance of the difference is the sum over tasks and methods, with Satterthwaite's degrees of freedom: Welch's
    test (1947) with 2 x tasks samples. In pairs it is the variance of the differences of the influences. Where
    `estimate_over_tasks` draws, the draws of a and b are subtracted here; the wider interval and the larger p count.
    With ``resample_tasks``: paired t test over tasks of means and gaps, the jackknife over tasks for the interquartile
    mean, for the median the wider of the bootstrap over tasks and of t with its standard error.
    """
    check_confidence(confidence)
    check_statistic(statistic)
    target = real_number(target, "The target of a score")
    left, right = cells_of(a), cells_of(b)
    tasks = check_same_tasks({"a": left, "b": right})
    right = {task: right[task] for task in left}
    # Draws of the medians are independent.
    paired = paired and statistic != "median"
    if paired and any(len(left[task]) != len(right[task]) for task in tasks):
        raise StatisticsError("Pairs need the same seeds of both methods on every task.")
    cautions = dict.fromkeys(
        sentence
        for cells in (left, right)
        for sentence in cautions_over_tasks(
            cells, statistic, confidence, resample_tasks=resample_tasks, difference=True
        )
    )
    unit = unit_of(left, right)
    left, right = ({task: each / unit for task, each in cells.items()} for cells in (left, right))
    target = target / unit
    value = value_over_tasks(left, statistic, target) - value_over_tasks(right, statistic, target)
    if resample_tasks:
        low, high, p = _over_other_tasks(left, right, statistic, confidence, target, value)
    elif statistic == "median":
        low, high, p = _drawn(left, right, statistic, confidence, target, value)
    else:
        low, high, p = _of_influences(left, right, statistic, confidence, target, value, paired=paired)
        # Pairs are not drawn: that would need their correlation, of which few seeds say nothing.
        if not paired and (is_drawn(left, statistic) or is_drawn(right, statistic)):
            drawn = _drawn(left, right, statistic, confidence, target, value)
            low, high, p = min(low, drawn[0]), max(high, drawn[1]), float(np.fmax(p, drawn[2]))
    lower = True if statistic == "optimality gap" else lower_is_better
    return TaskDifference(
        value=value * unit,
        low=low * unit,
        high=high * unit,
        p=p,
        statistic=statistic,
        n_tasks=len(tasks),
        paired=paired,
        confidence=confidence,
        lower_is_better=lower,
        caution=" ".join(cautions) or None,
    )


def _of_influences(
    a: Mapping[str, Floats],
    b: Mapping[str, Floats],
    statistic: str,
    confidence: float,
    target: float,
    value: float,
    *,
    paired: bool,
) -> Found:
    of_a, of_b = linear(a, statistic, target), linear(b, statistic, target)
    if paired:
        apart = {task: each - of_b.influences[task] for task, each in of_a.influences.items()}
        variances = {task: variance(each) / len(each) if len(each) > 1 else math.nan for task, each in apart.items()}
        sizes = of_a.sizes()
    else:
        sides = (("a", of_a), ("b", of_b))
        variances = {f"{side} {task}": each for side, of in sides for task, each in of.variances().items()}
        sizes = {f"{side} {task}": each for side, of in sides for task, each in of.sizes().items()}
    return t_interval(value, variances, sizes, confidence)


def _drawn(
    a: Mapping[str, Floats], b: Mapping[str, Floats], statistic: str, confidence: float, target: float, value: float
) -> Found:
    if min(len(each) for cells in (a, b) for each in cells.values()) < 2:
        return _NOT_POSSIBLE
    # Both streams for both, so that b - a has the same draws as a - b.
    of_a, of_b = ([simulated(cells, statistic, target, stream) for stream in (0, 1)] for cells in (a, b))
    draws = np.concatenate([of_a[0] - of_b[1], of_a[1] - of_b[0]])
    low, high = around(value, draws, confidence, symmetric=statistic == "median")
    return low, high, _p_of(draws, value, symmetric=statistic == "median")


def _p_of(draws: Floats, value: float, *, symmetric: bool) -> float:
    """Return 1 - the confidence at which the interval of `around` ends at zero; NaN without spread."""
    if np.ptp(draws) == 0:
        return 1.0 if value == 0 else math.nan
    # Half a draw, so that p is never 0; half of the ties, because a draw at zero lies on both sides.
    if symmetric:
        below = float((draws - value < -abs(value)).sum()) + float((draws - value == -abs(value)).sum()) / 2
        above = float((draws - value > abs(value)).sum()) + float((draws - value == abs(value)).sum()) / 2
        return min(1.0, 2 * max(below, above, 0.5) / len(draws))
    beyond = min(float((draws < 0).sum()), float((draws > 0).sum())) + float((draws == 0).sum()) / 2
    return min(1.0, 2 * max(beyond, 0.5) / len(draws))


def _over_other_tasks(
    a: Mapping[str, Floats], b: Mapping[str, Floats], statistic: str, confidence: float, target: float, value: float
) -> Found:
    n = len(a)
    if n < 2:
        return _NOT_POSSIBLE
    if statistic == "median":
        # Sorted, so that the order of the tasks changes nothing.
        means = np.asarray(sorted((a[task].mean(), b[task].mean()) for task in a))
        tasks = np.random.default_rng(0).integers(0, n, (_RESAMPLES, n))
        medians = np.median(means[tasks], axis=1)
        # As far apart as n tasks really are: resamples have (n - 1) / n of the variance.
        draws = value + (medians[:, 0] - medians[:, 1] - value) * math.sqrt(n / (n - 1))
        low, high = around(value, draws, confidence, symmetric=True)
        # Resamples of few tasks are hardly ever far out; t with their standard error is.
        wide = t_interval(value, {"tasks": float(draws.var())}, {"tasks": n}, confidence)
        return min(low, wide[0]), max(high, wide[1]), float(np.fmax(_p_of(draws, value, symmetric=True), wide[2]))
    if statistic == "iqm":
        without = [
            value_over_tasks({task: each for task, each in a.items() if task != out}, statistic)
            - value_over_tasks({task: each for task, each in b.items() if task != out}, statistic)
            for out in a
        ]
        parts = (n - 1) * -np.asarray(without)  # Tukey's pseudo-values, up to a constant
    else:
        parts = np.asarray([value_over_tasks({task: a[task]}, statistic, target) for task in a])
        parts = parts - [value_over_tasks({task: b[task]}, statistic, target) for task in a]
    return t_interval(value, {"tasks": variance(parts) / n}, {"tasks": n}, confidence)
