"""The score of a trial: its seeds' curves as one number, with the interval and the seeds that it does not count.

The seeds are aggregated at each tick first and over time afterwards, in this order, as in the original toolbox. So the
``best`` score is the best point of the aggregated curve, not the mean of each seed's best value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.samples import NUMBERED, SeedSample, counts
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.results.series import measured_by_tick
from mle_toolbox.statistics import Estimate, estimate
from mle_toolbox.trial_score import value_of_curves

__all__ = ["TrialScore", "score_of", "score_words"]

# The aggregates with an interval, by the name of the statistic that is the same.
_WITH_INTERVAL = {"mean": "mean", "p50": "median"}


@dataclass(frozen=True, eq=False)
class TrialScore:
    """The score of one trial in one metric.

    ``estimate`` holds the value and its interval. ``sample`` holds one number a seed, from which the interval and the
    tests are made: the value at the tick of the score, or the mean over time.
    """

    estimate: Estimate
    sample: SeedSample

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return self.estimate.n > 0


def score_of(
    trial: ConfigurationResults,
    metric: str,
    problem_type: str,
    aggregate_seeds: str,
    *,
    best_is_maximum: bool,
    confidence: float,
    include_unfinished: bool = False,
) -> TrialScore:
    """Return the score of a trial.

    Parameters
    ----------
    trial
        The seed runs; those that are finished count.
    metric
        One number a tick.
    problem_type
        ``final``, ``best`` or ``mean``: which number of the aggregated curve.
    aggregate_seeds
        ``mean``, or a percentile such as ``p25``.
    best_is_maximum
        For ``best``: whether it is the highest point of the curve.
    confidence
        Of the interval.
    include_unfinished
        Also count seed runs that have not ended well.
    """
    rows, seeds, left_out, diverged = _rows(trial, metric, include_unfinished)
    value, by_seed = value_of_curves(rows, problem_type, aggregate_seeds, best_is_maximum)
    there = np.isfinite(by_seed)
    if shorter := int((~there).sum()):
        left_out["without a value at that tick"] = shorter
    numbered = any(run.attributes.get(NUMBERED) for run in trial.runs)
    kept = tuple(seed for seed, counted in zip(seeds, there, strict=True) if counted)
    # A seed that diverged is one of the values of a sample, as everywhere.
    values = np.concatenate([by_seed[there], np.full(len(diverged), np.nan)])
    sample = SeedSample(trial.name, metric, problem_type, values, (*kept, *diverged), left_out, numbered)
    return TrialScore(_estimate(value, sample, aggregate_seeds, confidence), sample)


def score_words(problem_type: str, aggregate_seeds: str, best_is_maximum: bool) -> str:
    """Say how scores are made.

    >>> score_words("best", "mean", False)
    'the lowest point of the mean over the seeds at each tick'
    """
    over = "mean" if aggregate_seeds == "mean" else _percentile_words(aggregate_seeds)
    of_time = {
        "best": f"the {'highest' if best_is_maximum else 'lowest'} point of the",
        "mean": "the mean over time of the",
    }
    return f"{of_time.get(problem_type, 'the last value of the')} {over} over the seeds at each tick"


def _rows(
    trial: ConfigurationResults, metric: str, include_unfinished: bool
) -> tuple[NDArray[np.float64], list[int], dict[str, int], list[int]]:
    """Return the curves of the seeds that count, shape (S, T) with NaN where there is no value, and the others."""
    left_out: Counter[str] = Counter()
    curves: dict[int, NDArray[np.float64]] = {}
    diverged: list[int] = []
    for run in trial.runs:
        if not counts(run, include_unfinished):
            left_out["not started" if run.status == "waiting" else run.status] += 1
            continue
        curve = measured_by_tick(run, metric)
        if curve is None:
            left_out["without the metric" if run.n_ticks else "without a tick"] += 1
        elif not np.isfinite(curve[1][-1]):
            diverged.append(run.seed)
        else:
            curves[run.seed] = _placed(run, *curve)
    left_out["not started"] += len(set(trial.missing) - set(trial.seeds))
    rows = np.full((len(curves), max(map(len, curves.values()), default=0)), np.nan)
    for row, curve_of_seed in zip(rows, curves.values(), strict=True):
        row[: len(curve_of_seed)] = curve_of_seed
    return rows, list(curves), {why: n for why, n in left_out.items() if n}, diverged


def _placed(run: SeedResults, ticks: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    row = np.full(run.n_ticks, np.nan)
    # An infinite value on the way has no place in an average over seeds; that of its tick lacks the seed.
    row[ticks] = np.where(np.isfinite(values), values, np.nan)
    return row


def _estimate(value: float, sample: SeedSample, aggregate_seeds: str, confidence: float) -> Estimate:
    statistic = _WITH_INTERVAL.get(aggregate_seeds)
    made = estimate(sample.values, statistic or "mean", confidence, missing=sample.missing)
    if statistic is not None and (made.n == 0 or np.isclose(made.value, value, rtol=1e-9, atol=0.0)):
        return made
    # The mean over time of seeds of unequal length is no mean of one number a seed, and a quarter of the way into five
    # seeds no interval has a coverage that could be stated.
    method = "no interval" if statistic else f"{_percentile_words(aggregate_seeds)} of the seeds, no interval"
    return replace(made, value=value, low=np.nan, high=np.nan, statistic=aggregate_seeds, method=method, caution=None)


def _percentile_words(aggregate_seeds: str) -> str:
    if aggregate_seeds == "p50":
        return "median"
    return f"{aggregate_seeds.removeprefix('p')}th percentile"
