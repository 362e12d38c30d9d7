"""The score of a trial from which a search learns: all of its seeds as one number.

A seed run that failed or diverged is the worst possible value in the aggregate, and never left out: a region where
seeds fail must not look good because of those that survive. So the mean of a trial with such a seed has no number,
and counts as worse than all others; a percentile keeps one while few seeds fail.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.layout import ConfigurationFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.measured import was_measured

__all__ = ["score_of_seeds", "value_of_curves", "write_score"]

FORMAT = 1


def write_score(
    trial: ConfigurationFolder, search: Mapping[str, Any], seeds: Sequence[int], finished: Sequence[int]
) -> dict[str, Any]:
    """Write ``score.json`` of a trial all of whose seed runs have ended, and return its content: `score_of_seeds`."""
    content = score_of_seeds(trial, search, seeds, finished)
    replace_json(trial.score, content)
    return content


def score_of_seeds(
    trial: ConfigurationFolder, search: Mapping[str, Any], seeds: Sequence[int], finished: Sequence[int]
) -> dict[str, Any]:
    """Return the score of a trial with some of its seeds, all of which have ended, as plain data.

    Parameters
    ----------
    trial
        Its folder.
    search
        The search, as in ``experiment.json``.
    seeds, finished
        All of its seeds, and those of which there is a finished log.
    """
    metric = search["metrics"][0]
    curves: dict[int, NDArray[np.float64]] = {}
    diverged = []
    for seed in finished:
        curve = _curve(read_log(trial.seed(seed).log), metric)
        if curve is None:
            diverged.append(seed)
        else:
            curves[seed] = curve
    rows = np.full((len(curves), max(map(len, curves.values()), default=0)), np.nan)
    for row, curve in zip(rows, curves.values(), strict=True):
        row[: len(curve)] = curve
    value, by_seed = value_of_curves(
        rows,
        search["problem_type"],
        search["aggregate_seeds"],
        search["best_is_maximum"],
        n_worst=len(seeds) - len(curves),
        worst=-math.inf if search["maximize"] else math.inf,
    )
    known = {seed: _number(each) for seed, each in zip(curves, by_seed, strict=True)}
    return {
        "format": FORMAT,
        "metric": metric,
        "value": _number(value),
        "seeds": {str(seed): known.get(seed) for seed in seeds},
        "failed": [seed for seed in seeds if seed not in finished],
        "diverged": diverged,
    }


def value_of_curves(
    rows: NDArray[np.float64],
    problem_type: str,
    aggregate_seeds: str,
    best_is_maximum: bool,
    *,
    n_worst: int = 0,
    worst: float = math.inf,
) -> tuple[float, NDArray[np.float64]]:
    """Return the score and one number a seed, shape (S,).

    Parameters
    ----------
    rows
        Shape (S, T): a curve a seed, NaN where it has no value.
    problem_type
        ``final``, ``best`` or ``mean``: which number of the aggregated curve.
    aggregate_seeds
        ``mean``, or a percentile such as ``p25``.
    best_is_maximum
        For ``best``: whether it is the highest point of the curve.
    n_worst, worst
        So many further seeds count with this value, an infinite one, at every tick.
    """
    with_value = np.flatnonzero(np.isfinite(rows).any(axis=0))
    if not len(with_value):
        return np.nan, np.full(len(rows), np.nan)
    there = rows[:, with_value]
    over_seeds = (
        _aggregated(there, aggregate_seeds) if n_worst == 0 else _with_worst(there, aggregate_seeds, n_worst, worst)
    )
    if problem_type == "mean":
        return float(over_seeds.mean()), np.nanmean(there, axis=1)
    place = len(over_seeds) - 1
    if problem_type == "best":
        place = int((np.argmax if best_is_maximum else np.argmin)(over_seeds))
    return float(over_seeds[place]), there[:, place]


def _aggregated(rows: NDArray[np.float64], aggregate_seeds: str) -> NDArray[np.float64]:
    if aggregate_seeds == "mean":
        return np.asarray(np.nanmean(rows, axis=0), dtype=np.float64)
    return np.asarray(np.nanpercentile(rows, float(aggregate_seeds.removeprefix("p")), axis=0), dtype=np.float64)


def _with_worst(rows: NDArray[np.float64], aggregate_seeds: str, n: int, worst: float) -> NDArray[np.float64]:
    """Return the same with further seeds, which have an infinite value: numpy would make NaN of some percentiles."""
    if aggregate_seeds == "mean":
        return np.full(rows.shape[1], worst)
    share = float(aggregate_seeds.removeprefix("p")) / 100
    found = []
    for column in rows.T:
        values = sorted([*column[np.isfinite(column)], *[worst] * n])
        place = share * (len(values) - 1)
        below, above = values[math.floor(place)], values[math.ceil(place)]
        is_between = place != math.floor(place) and math.isfinite(below) and math.isfinite(above)
        outer = below if math.isinf(below) or place == math.floor(place) else above
        found.append(below + (above - below) * (place - math.floor(place)) if is_between else outer)
    return np.array(found)


def _curve(log: LogData, metric: str) -> NDArray[np.float64] | None:
    """Return the values of a seed by tick, shape (T,), NaN where it was not measured; None if it has diverged."""
    if metric not in log.metric_names or log.columns[metric].ndim != 1:
        return None
    values = np.asarray(log.columns[metric], dtype=np.float64)
    ticks = np.flatnonzero(log.measured(metric))
    ticks = ticks[was_measured(values[ticks])]
    if not len(ticks) or not np.isfinite(values[ticks[-1]]):
        return None
    row = np.full(len(values), np.nan)
    row[ticks] = np.where(np.isfinite(values[ticks]), values[ticks], np.nan)
    return row


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
