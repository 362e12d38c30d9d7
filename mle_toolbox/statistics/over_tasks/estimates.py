"""The score of one method over all tasks, with an interval that holds for few seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.checks import check_confidence, real_number, whole_number
from mle_toolbox.statistics.estimate import Estimate
from mle_toolbox.statistics.intervals import mean_interval, median_interval
from mle_toolbox.statistics.over_tasks.linear import freedom_of, linear
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of, task_means
from mle_toolbox.text import count, percent

__all__ = ["STATISTICS_OVER_TASKS", "check_statistic", "estimate_over_tasks", "simulated_medians", "value_over_tasks"]

STATISTICS_OVER_TASKS = {
    "mean": "mean",
    "median": "median of the task means",
    "iqm": "interquartile mean of all runs",
    "optimality gap": "optimality gap",
}
"""Their names in text."""

_DRAWS = 20_000


def check_statistic(statistic: str) -> None:
    """Refuse a statistic that is not one of `STATISTICS_OVER_TASKS`."""
    if statistic not in STATISTICS_OVER_TASKS:
        raise StatisticsError(
            f"There is no statistic {statistic!r} over tasks; known: {', '.join(STATISTICS_OVER_TASKS)}."
            f"{did_you_mean(str(statistic), STATISTICS_OVER_TASKS)}"
        )


def value_over_tasks(cells: Mapping[str, Floats], statistic: str, target: float = 1.0) -> float:
    """Return the statistic alone, of checked cells."""
    if statistic == "median":
        return float(np.median(task_means(cells)))
    return linear(cells, statistic, target).value


def estimate_over_tasks(
    cells: Cells,
    statistic: str = "mean",
    confidence: float = 0.95,
    *,
    target: float = 1.0,
    resample_tasks: bool = False,
    missing: int = 0,
    diverged: int = 0,
) -> Estimate:
    """Summarise the scores of one method over all tasks.

    Parameters
    ----------
    cells
        Task -> shape (seeds of that task,), finite, on one scale (see `comparable`).
    statistic
        ``mean`` of the task means; ``median`` of the task means; ``iqm``, the interquartile mean of all runs;
        ``optimality gap``, the mean amount by which runs fall short of ``target``. As in rliable; tasks with more seeds
        weigh no more.
    confidence
        Between 0 and 1, both excluded.
    target
        The score from which on nothing is missing; for the optimality gap only.
    resample_tasks
        Whether the interval is about other tasks of this kind, of which these are a random sample, instead of these
        tasks.
    missing, diverged
        Seeds without a value or with one that is not finite; only for display.

    Returns
    -------
    Estimate
        ``n`` is the number of runs. The interval is NaN if a task has only one seed.

    Raises
    ------
    StatisticsError
        When a score is not finite, a task has none, or an option is invalid.

    Notes
    -----
    Only seeds vary: the variance is the sum of those within the tasks, the degrees of freedom are Satterthwaite's
    (1946). For the interquartile mean runs count with their influence (`linear`). For the median the task means are
    drawn from their t distributions (the generalised interval of Weerahandi 1993), because it is no smooth function of
    few tasks. With ``resample_tasks``: t interval of the task means (or gaps), `median_interval` of the task means, the
    jackknife over tasks for the interquartile mean.

    Examples
    --------
    >>> str(estimate_over_tasks({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]}))
    '3.5 ± 1.3 (n=6)'
    """
    check_confidence(confidence)
    check_statistic(statistic)
    target = real_number(target, "The target of a score")
    found = cells_of(cells)
    if resample_tasks:
        low, high = _over_other_tasks(found, statistic, confidence, target)
        words = "tasks count as a random sample of such tasks"
    elif statistic == "median":
        low, high = _median_interval(found, confidence)
        words = "generalised interval, seeds vary within these tasks"
    else:
        low, high = _linear_interval(found, statistic, confidence, target)
        words = "t interval from the variances within these tasks"
    n = sum(map(len, found.values()))
    name = STATISTICS_OVER_TASKS[statistic]
    return Estimate(
        value=value_over_tasks(found, statistic, target),
        low=low,
        high=high,
        n=n,
        missing=whole_number(missing, "The number of missing seeds"),
        diverged=whole_number(diverged, "The number of diverged seeds"),
        statistic=statistic,
        method=f"{percent(confidence)} interval of the {name} over {count(len(found), 'task')} ({words})",
        caution=_caution(found),
        confidence=confidence,
    )


def simulated_medians(cells: Mapping[str, Floats], generator: np.random.Generator, draws: int = _DRAWS) -> Floats:
    """Draw the task means from their t distributions, and return the median over tasks of each draw."""
    centre = task_means(cells)
    errors = np.asarray([each.std(ddof=1) / math.sqrt(len(each)) for each in cells.values()])
    freedoms = np.asarray([len(each) - 1 for each in cells.values()])
    means = centre + errors * generator.standard_t(freedoms, (draws, len(centre)))
    return np.asarray(np.median(means, axis=1))


def _linear_interval(
    cells: Mapping[str, Floats], statistic: str, confidence: float, target: float
) -> tuple[float, float]:
    from scipy.special import stdtrit

    found = linear(cells, statistic, target)
    variances = found.variances()
    error = math.sqrt(sum(variances.values()))
    if math.isnan(error):
        return math.nan, math.nan
    half = float(stdtrit(freedom_of(variances, found.sizes()), (1 + confidence) / 2)) * error
    return found.value - half, found.value + half


def _median_interval(cells: Mapping[str, Floats], confidence: float) -> tuple[float, float]:
    if min(map(len, cells.values())) < 2:
        return math.nan, math.nan
    draws = simulated_medians(cells, np.random.default_rng(0))
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _over_other_tasks(
    cells: Mapping[str, Floats], statistic: str, confidence: float, target: float
) -> tuple[float, float]:
    means = task_means(cells)
    if len(means) < 2:
        return math.nan, math.nan
    if statistic == "median":
        low, high = median_interval(means, confidence)
        return float(low), float(high)
    if statistic == "iqm":
        whole = value_over_tasks(cells, statistic)
        without = [
            value_over_tasks({task: each for task, each in cells.items() if task != left_out}, statistic)
            for left_out in cells
        ]
        # Tukey's pseudo-values: their t interval is that of the jackknife.
        low, high = mean_interval(len(cells) * whole - (len(cells) - 1) * np.asarray(without), confidence)
        shift = whole - (float(low) + float(high)) / 2
        return float(low) + shift, float(high) + shift
    if statistic == "optimality gap":
        means = np.asarray([np.maximum(target - each, 0.0).mean() for each in cells.values()])
    low, high = mean_interval(means, confidence)
    return float(low), float(high)


def _caution(cells: Mapping[str, Floats]) -> str | None:
    single = [task for task, each in cells.items() if len(each) < 2]
    if single:
        return f"No interval: {', '.join(single)} has one seed, which gives no spread."
    if all(np.ptp(each) == 0 for each in cells.values()):
        return "All seeds of every task have the same value, so the interval means nothing."
    return None
