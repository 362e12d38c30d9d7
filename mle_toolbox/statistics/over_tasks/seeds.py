"""How many seeds it takes to tell two methods apart over these tasks, and on which tasks more seeds help most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import check_confidence, whole_number
from mle_toolbox.statistics.difference_intervals import variance
from mle_toolbox.statistics.over_tasks.scores import Cells, Floats, cells_of, check_same_tasks, unit_of

__all__ = ["SeedsOverTasks", "seeds_needed_over_tasks"]

_MOST_SEEDS = 1_000_000
_LEAST = 2


@dataclass(frozen=True)
class SeedsOverTasks:
    """Seeds that a difference of the means over tasks needs.

    Attributes
    ----------
    each_task
        Seeds of each method on every task, with which a true difference as large as the observed one is found in 80 %
        of all cases; None if the difference is zero or a task's spread is unknown.
    by_task
        The same in the cheapest way: more seeds where the spread is larger (Neyman 1934).
    shares
        By task, from 0 to 1 and largest first: the part of the present variance of the difference that it brings. More
        seeds help most on the first.
    difference
        The observed one.
    """

    each_task: int | None
    by_task: Mapping[str, int]
    shares: Mapping[str, float]
    difference: float


def seeds_needed_over_tasks(
    a: Cells, b: Cells, *, power: float = 0.8, confidence: float = 0.95, paired: bool = False, n_tests: int = 1
) -> SeedsOverTasks:
    """Return the seeds needed to detect the observed difference of the means over tasks.

    Parameters
    ----------
    a, b
        Task -> shape (seeds of that task,), finite, on one scale, with the same tasks.
    power
        How often the difference is to be detected.
    confidence
        1 - the level of the two-sided test.
    paired
        Whether value i of both on a task belongs together, as for `difference_over_tasks`.
    n_tests
        How many tests are corrected together. The level is divided by their number (Bonferroni): Holm's correction
        needs as many seeds where no other test is significant, and fewer where some are.

    Notes
    -----
    With n seeds the error of the difference is √(Σ_t (s²_a,t + s²_b,t) / n) / tasks, in pairs with the variances of the
    differences, and the degrees of freedom are Satterthwaite's; the power is that of the noncentral t distribution.
    Neyman's allocation gives each task seeds in proportion to its standard deviation, for the same error.
    """
    check_confidence(confidence)
    left, right = cells_of(a), cells_of(b)
    tasks = check_same_tasks({"a": left, "b": right})
    if paired and any(len(left[task]) != len(right[task]) for task in tasks):
        raise StatisticsError("Pairs need the same seeds of both methods on every task.")
    n_tests = whole_number(n_tests, "The number of tests", 1)
    n_tasks, unit = len(tasks), unit_of(left, right)
    left, right = ({task: each / unit for task, each in cells.items()} for cells in (left, right))
    difference = float(np.mean([left[task].mean() - right[task].mean() for task in tasks]))
    if any(min(len(left[task]), len(right[task])) < _LEAST for task in tasks):
        return SeedsOverTasks(None, {}, {}, difference * unit)
    # The samples of each task whose variances add up.
    samples = {task: [left[task] - right[task]] if paired else [left[task], right[task]] for task in tasks}
    now = {task: sum(variance(each) / len(each) for each in samples[task]) for task in tasks}
    total = sum(now.values())
    shares = {task: now[task] / total if total else 0.0 for task in sorted(tasks, key=lambda task: -now[task])}
    one_seed = np.asarray([[variance(each) for each in samples[task]] for task in tasks]) / n_tasks**2
    if difference == 0 or total == 0:
        return SeedsOverTasks(None if difference == 0 else _LEAST, {}, shares, difference * unit)
    needed = _search(abs(difference), one_seed, power, 1 - (1 - confidence) / n_tests)
    spread = np.sqrt(one_seed.sum(axis=1))
    # Σ spread² / n_t is smallest for n_t in proportion to the spread; this n_t gives the error of `needed` on each.
    allotted = np.maximum(np.ceil(needed * spread * spread.sum() / (spread**2).sum()), _LEAST).astype(int)
    return SeedsOverTasks(needed, dict(zip(tasks, allotted.tolist(), strict=True)), shares, difference * unit)


def _search(difference: float, one_seed: Floats, power: float, confidence: float) -> int:
    low, high = _LEAST, _LEAST
    while _power(high, difference, one_seed, confidence) < power:
        if high >= _MOST_SEEDS:
            return _MOST_SEEDS
        low, high = high, min(high * 2, _MOST_SEEDS)
    while low < high:
        middle = (low + high) // 2
        if _power(middle, difference, one_seed, confidence) < power:
            low = middle + 1
        else:
            high = middle
    return high


def _power(n: int, difference: float, one_seed: Floats, confidence: float) -> float:
    from scipy.special import nctdtr, stdtrit

    variances = one_seed / n
    freedom = (n - 1) * float(variances.sum() ** 2 / (variances**2).sum())
    bound = float(stdtrit(freedom, (1 + confidence) / 2))
    away = difference / math.sqrt(float(variances.sum()))
    return float(1 - nctdtr(freedom, away, bound) + nctdtr(freedom, away, -bound))
