"""The score of one method over all tasks, with an interval that holds for few seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.checks import check_confidence, real_number, whole_number
from mle_toolbox.statistics.estimate import SEEDS_AGAINST_SKEWNESS, Estimate
from mle_toolbox.statistics.intervals import mean_interval, median_interval
from mle_toolbox.statistics.over_tasks.linear import freedom_of, linear, t_interval
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of, task_means, unit_of
from mle_toolbox.statistics.over_tasks.simulated import simulated
from mle_toolbox.text import count, listed, percent

__all__ = [
    "STATISTICS_OVER_TASKS",
    "around",
    "cautions_over_tasks",
    "check_statistic",
    "estimate_over_tasks",
    "is_drawn",
    "value_over_tasks",
]

STATISTICS_OVER_TASKS = {
    "mean": "mean",
    "median": "median of the task means",
    "iqm": "interquartile mean of all runs",
    "optimality gap": "optimality gap",
}
"""Their names in text."""

TASKS_TO_LINEARISE = SEEDS_TO_LINEARISE = 10
"""From so many tasks, or seeds on each, the influences alone say how IQM and optimality gap vary."""

TASKS_AGAINST_SKEWNESS = 5
"""With fewer tasks the median is often the mean of a single one."""

SEEDS_AGAINST_SKEWED_MEDIANS = 10
"""With fewer seeds the means of a task's skewed values are skewed themselves."""

SEEDS_AGAINST_FAILURES = 20
"""With fewer seeds on a task none may show how some runs fail, and then no interval includes it."""


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


# Numbers near the end of the range of floats need no warning.
@np.errstate(over="ignore", invalid="ignore")
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
    Only seeds vary. Mean: t interval with the sum of the variances within the tasks and Satterthwaite's degrees of
    freedom (1946). Interquartile mean and optimality gap: the same of the influences of the runs (`linear`); below 10
    tasks and 10 seeds the ends of the generalised interval (Weerahandi 1993, see `simulated`) if these are further
    out. Median: the generalised interval, on both sides as far as on the further one. Chosen by measured coverage
    (benchmarks/coverage_tasks.py). With ``resample_tasks``: t interval of the task means (or gaps), `median_interval`
    of the task means, the jackknife over tasks for the interquartile mean.

    Examples
    --------
    >>> str(estimate_over_tasks({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]}))
    '3.5 ± 1.3 (n=6)'
    """
    check_confidence(confidence)
    check_statistic(statistic)
    target = real_number(target, "The target of a score")
    found = cells_of(cells)
    caution = " ".join(cautions_over_tasks(found, statistic, confidence, resample_tasks=resample_tasks)) or None
    unit = unit_of(found)
    found, target = {task: each / unit for task, each in found.items()}, target / unit
    if resample_tasks:
        low, high = _over_other_tasks(found, statistic, confidence, target)
        words = "tasks count as a random sample of such tasks"
    else:
        low, high = _over_these_tasks(found, statistic, confidence, target)
        kind = "t interval from the variances within these tasks"
        if is_drawn(found, statistic):
            kind = "generalised interval" if statistic == "median" else "the wider of t and generalised interval"
        words = f"{kind}; seeds vary, tasks do not"
    n = sum(map(len, found.values()))
    name = STATISTICS_OVER_TASKS[statistic]
    return Estimate(
        value=value_over_tasks(found, statistic, target) * unit,
        low=low * unit,
        high=high * unit,
        n=n,
        missing=whole_number(missing, "The number of missing seeds"),
        diverged=whole_number(diverged, "The number of diverged seeds"),
        statistic=statistic,
        method=f"{percent(confidence)} interval of the {name} over {count(len(found), 'task')} ({words})",
        caution=caution,
        confidence=confidence,
    )


def is_drawn(cells: Mapping[str, Floats], statistic: str) -> bool:
    """Tell whether the interval needs draws: tasks may change sides with other seeds, unseen by influences."""
    few = len(cells) < TASKS_TO_LINEARISE and min(map(len, cells.values())) < SEEDS_TO_LINEARISE
    return statistic == "median" or (few and statistic in ("iqm", "optimality gap"))


def around(value: float, draws: Floats, confidence: float, *, symmetric: bool) -> tuple[float, float]:
    """Return the interval of the draws; ``symmetric`` around the value, as far as its further end."""
    low, high = (float(end) for end in np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2]))
    if not symmetric:
        return low, high
    half = max(value - low, high - value)
    return value - half, value + half


def _over_these_tasks(
    cells: Mapping[str, Floats], statistic: str, confidence: float, target: float
) -> tuple[float, float]:
    if min(map(len, cells.values())) < 2:
        return math.nan, math.nan
    if statistic == "median":
        draws = simulated(cells, statistic)
        return around(value_over_tasks(cells, statistic), draws, confidence, symmetric=True)
    found = linear(cells, statistic, target)
    low, high, _ = t_interval(found.value, found.variances(), found.sizes(), confidence)
    if not is_drawn(cells, statistic):
        return low, high
    drawn = around(found.value, simulated(cells, statistic, target), confidence, symmetric=False)
    return min(low, drawn[0]), max(high, drawn[1])


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


@np.errstate(over="ignore", invalid="ignore")
def cautions_over_tasks(
    cells: Mapping[str, Floats],
    statistic: str,
    confidence: float = 0.95,
    *,
    resample_tasks: bool = False,
    difference: bool = False,
) -> tuple[str, ...]:
    """Return why the interval of a statistic says less than it seems, a sentence each.

    ``difference``: of an interval for its difference from another method. Skewness is no matter there: it is alike in
    both.
    """
    if resample_tasks:
        if len(cells) < 2:
            return ("No interval: one task does not show how tasks differ.",)
        if difference or np.ptp(task_means(cells)) > 0:
            return ()
        return ("All tasks have the same value, so the interval means nothing.",)
    single = [task for task, each in cells.items() if len(each) < 2]
    if single:
        have = "has" if len(single) == 1 else "have"
        return (f"No interval: {listed(single)} {have} one seed, which gives no spread.",)
    if all(np.ptp(each) == 0 for each in cells.values()) and not difference:
        return ("All seeds of every task have the same value, so the interval means nothing.",)
    covers = f"covers less than {percent(confidence)}"
    found = []
    fewest = min(map(len, cells.values()))
    # Differences of medians miss failures as those of means do; the median itself has a caution of its own.
    if fewest < SEEDS_AGAINST_FAILURES and (difference or statistic != "median"):
        few = f"With fewer than {SEEDS_AGAINST_FAILURES} seeds on a task the interval"
        found.append(f"{few} {covers} where runs fail now and then.")
    if difference:
        return tuple(found)
    if statistic == "median" and (fewest < SEEDS_AGAINST_SKEWED_MEDIANS or len(cells) < TASKS_AGAINST_SKEWNESS):
        found.append(f"With so few tasks or seeds the interval of the median {covers} where values are skewed.")
    if statistic == "mean":
        rests = linear(cells, statistic)
        # With one task these are fewer than SEEDS_AGAINST_SKEWNESS seeds.
        if freedom_of(rests.variances(), rests.sizes()) < SEEDS_AGAINST_SKEWNESS - 1:
            found.append(f"The t interval of a mean that rests on few runs {covers} where values are skewed.")
    return tuple(found)
