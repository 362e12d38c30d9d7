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
from mle_toolbox.statistics.difference_intervals import variance
from mle_toolbox.statistics.over_tasks.scores import Floats

__all__ = ["Linear", "freedom_of", "linear", "pooled_iqm"]


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
    value, low, high, share = pooled_iqm(cells)
    # The influence of a run on a trimmed mean is that of its winsorised value (Huber 1981, section 3.3).
    return Linear(value, {task: np.clip(each, low, high) / (share * n_tasks) for task, each in cells.items()})


def pooled_iqm(cells: Mapping[str, Floats]) -> tuple[float, float, float, float]:
    """Return the interquartile mean of all runs on all tasks, the ends of the middle half, and the share that is left.

    With equally many seeds on each task it is rliable's: a quarter of the runs, rounded down, is left out at each end.
    With unequal numbers a run weighs 1 / (tasks x seeds of its task), and exactly a quarter of the weight is left out.
    """
    sizes = {len(each) for each in cells.values()}
    runs = np.concatenate(list(cells.values()))
    if len(sizes) == 1:
        ordered, cut = np.sort(runs), len(runs) // 4
        low, high = float(ordered[cut]), float(ordered[len(runs) - cut - 1])
        return float(interquartile_mean(runs)), low, high, 1 - 2 * cut / len(runs)
    weights = np.concatenate([np.full(len(each), 1 / (len(each) * len(cells))) for each in cells.values()])
    order = np.argsort(runs, kind="stable")
    ordered, weights = runs[order], weights[order]
    ends = np.minimum(np.cumsum(weights), 1.0)
    inside = np.clip(np.minimum(ends, 0.75) - np.maximum(ends - weights, 0.25), 0.0, None)
    there = np.flatnonzero(inside > 0)
    value = float((ordered * inside).sum() / inside.sum())
    return value, float(ordered[there[0]]), float(ordered[there[-1]]), 0.5


def freedom_of(variances: Mapping[str, float], sizes: Mapping[str, int]) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946)."""
    total = sum(variances.values())
    below = sum(each**2 / (sizes[task] - 1) for task, each in variances.items() if sizes[task] > 1)
    return total**2 / below if below > 0 else float(sum(n - 1 for n in sizes.values()))
