"""The mean of several configurations, with an interval that holds where runs of one seed resemble each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.estimate import Estimate, estimate
from mle_toolbox.statistics.over_tasks import estimate_over_tasks
from mle_toolbox.text import percent

__all__ = ["estimate_of_group"]

Values = Mapping[str, Mapping[int, float]]
"""Configuration -> seed -> a number."""

_TOO_FEW = "No interval: that takes two seeds that all configurations share."


def estimate_of_group(
    values: Values,
    confidence: float = 0.95,
    *,
    independent: bool = False,
    missing: int = 0,
    diverged: int = 0,
) -> Estimate:
    """Summarise the mean of the configurations' means, each of which counts the same.

    Parameters
    ----------
    values
        Configuration -> seed -> its number, finite.
    confidence
        Between 0 and 1, both excluded.
    independent
        Whether equal seed numbers mean nothing, as in runs that an import has only numbered.
    missing, diverged
        Seeds without a value or with one that is not finite; only for display.

    Returns
    -------
    Estimate
        ``n`` is the number of runs. The interval is NaN where it would rest on fewer than two seeds.

    Raises
    ------
    StatisticsError
        When a number is not finite, a configuration has none, or an option is invalid.

    Notes
    -----
    The same seed often makes the same data split or the same first weights in every configuration, so that their values
    rise and fall together. The interval is the t interval of the seeds' means over the configurations, from the seeds
    that all of them have: it covers as promised however much they resemble each other. Variances that are added up
    as if all runs were independent, as over unlike tasks, cover 0.73 instead of 0.95 with ten configurations of three
    seeds and a correlation of 0.3 (benchmarks/coverage_groups.py). They are used where no two configurations have a
    seed in common.

    Examples
    --------
    >>> str(estimate_of_group({"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {0: 4.0, 1: 5.0, 2: 6.0}}))
    '3.5 ± 2.5 (n=6)'
    """
    if not values or not all(values.values()):
        raise StatisticsError("The mean of a group needs a number of each of its configurations.")
    seeds = [frozenset(each) for each in values.values()]
    runs = {name: list(each.values()) for name, each in values.items()}
    apart = estimate_over_tasks(runs, confidence=confidence, missing=missing, diverged=diverged)
    if independent or (len(seeds) > 1 and not any(a & b for a, b in combinations(seeds, 2))):
        how = "t interval from the variances within the configurations, which share no seeds"
        return replace(apart, method=f"{percent(confidence)} {how}")
    common = sorted(frozenset.intersection(*seeds))
    low = high = math.nan
    caution: str | None = _TOO_FEW
    if len(common) > 1:
        own = estimate([np.mean([each[seed] for each in values.values()]) for seed in common], confidence=confidence)
        # Around the mean of all runs: those of a seed that another configuration lacks count too.
        low, high = apart.value + (own.low - own.value), apart.value + (own.high - own.value)
        caution = own.caution
    return replace(
        apart,
        low=low,
        high=high,
        method=f"{percent(confidence)} t interval over the seeds that they all share, each averaged over the group",
        caution=caution,
    )
