"""Statistics over tasks as sums of values of single runs, from whose spread within the tasks intervals follow.

A smooth statistic moves, for a small change of one run, by that run's influence (Hampel 1974). Its variance is then the
sum over tasks of the variance of the influences within the task, divided by the task's number of seeds. The mean and
the optimality gap are such sums exactly, the interquartile mean approximately.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mle_toolbox.statistics.aggregates import interquartile_mean
from mle_toolbox.statistics.difference_intervals import t_ends, variance
from mle_toolbox.statistics.over_tasks.scores import Floats

__all__ = ["Linear", "freedom_of", "linear", "t_interval", "weighted_iqm"]


@dataclass(frozen=True)
class Linear:
    """A statistic with its influences.

    Attributes
    ----------
    value
        The statistic.
    influences
        By task, shape (S,), up to a constant: what each run adds to the statistic, times the task's number of seeds.
    """

    value: float
    influences: Mapping[str, Floats]

    def variances(self) -> Mapping[str, float]:
        """Return what each task adds to the variance of the statistic; NaN for a task with one seed."""
        return {
            task: variance(each) / len(each) if len(each) > 1 else math.nan for task, each in self.influences.items()
        }

    def sizes(self) -> Mapping[str, int]:
        """Return the number of seeds of each task."""
        return {task: len(each) for task, each in self.influences.items()}


def linear(cells: Mapping[str, Floats], statistic: str, target: float = 1.0) -> Linear:
    """Return ``mean``, ``iqm`` or ``optimality gap`` with their influences."""
    n_tasks = len(cells)
    if statistic == "mean":
        return Linear(
            float(np.mean([each.mean() for each in cells.values()])),
            {task: each / n_tasks for task, each in cells.items()},
        )
    if statistic == "optimality gap":
        short = {task: np.maximum(target - each, 0.0) for task, each in cells.items()}
        return linear(short, "mean")
    runs = np.concatenate(list(cells.values()))
    weights = np.concatenate([np.full(len(each), 1 / (len(each) * n_tasks)) for each in cells.values()])
    low, high, share = _middle(runs, weights)
    # The influence of a run on a trimmed mean is that of its winsorised value (Huber 1981, section 3.3). A half as the
    # share, although fewer runs than half are trimmed where their number is not divisible by 4: measured to hold.
    clipped = {task: np.clip(each, low, high) / (share * n_tasks) for task, each in cells.items()}
    return Linear(float(weighted_iqm(runs[None], weights)[0]), clipped)


def weighted_iqm(runs: Floats, weights: Floats) -> Floats:
    """Return the interquartile mean of each row of runs, shape (rows, runs); weights, shape (runs,), add up to 1.

    With equal weights it is rliable's: a quarter of the runs, rounded down, is left out at each end. Else exactly a
    quarter of the weight is.
    """
    if np.ptp(weights) == 0:
        return interquartile_mean(runs, axis=1)
    order = np.argsort(runs, axis=1, kind="stable")
    inside = _inside(weights[order])
    return np.asarray((np.take_along_axis(runs, order, axis=1) * inside).sum(axis=1) / inside.sum(axis=1))


def _inside(weights: Floats) -> Floats:
    """Return how much of each weight, in the order of the values, lies in the middle half."""
    ends = np.minimum(np.cumsum(weights, axis=-1), 1.0)
    return np.asarray(np.maximum(np.minimum(ends, 0.75) - np.maximum(ends - weights, 0.25), 0.0))


def _middle(runs: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return the lowest and the highest value in the middle half, and the share of runs that is to be left."""
    order = np.argsort(runs, kind="stable")
    if np.ptp(weights) == 0:
        cut = len(runs) // 4
        return float(runs[order[cut]]), float(runs[order[len(runs) - cut - 1]]), 0.5 if cut else 1.0
    there = order[_inside(weights[order]) > 0]
    return float(runs[there[0]]), float(runs[there[-1]]), 0.5


def t_interval(
    value: float, variances: Mapping[str, float], sizes: Mapping[str, int], confidence: float
) -> tuple[float, float, float]:
    """Return the ends of the t interval around a sum of independent parts, and p of the test that it is zero."""
    error = math.sqrt(sum(variances.values()))
    if math.isnan(error):
        return math.nan, math.nan, math.nan
    return t_ends(value, error, freedom_of(variances, sizes), confidence)


def freedom_of(variances: Mapping[str, float], sizes: Mapping[str, int]) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946)."""
    total = sum(variances.values())
    below = sum(each**2 / (sizes[task] - 1) for task, each in variances.items() if sizes[task] > 1)
    return total**2 / below if below > 0 else float(sum(n - 1 for n in sizes.values()))
