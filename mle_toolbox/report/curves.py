"""The learning curves of the page: few enough points for a screen, each of them exact.

Points are left out, never averaged. The band at a point is computed from the seeds at that point alone, so leaving
points out changes none of those shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolbox.report.numbers import STATISTICS, Metric, Numbers
from mle_toolbox.report.packing import pack
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.curves import curve_of
from mle_toolbox.results.series import TICK
from mle_toolbox.statistics import Curve
from mle_toolbox.statistics.thinning import POINTS, evenly_chosen

__all__ = ["curve_data"]

_FEWEST_POINTS = 40
# Most numbers in the curves of single seeds together; each takes 5.3 bytes of the file (float32 in base64).
_NUMBERS_OF_SEEDS = 1_000_000


def curve_data(results: Configurations, numbers: Numbers) -> dict[str, list[dict[str, Any] | None]]:
    """Return for each ``metric|time``, by their indices, one entry per configuration, None without a curve."""
    points = _points_of_seeds(numbers)
    found: dict[str, list[dict[str, Any] | None]] = {}
    for i, metric in enumerate(numbers.metrics):
        for j, time in enumerate(numbers.times):
            curves = [_curve(results, numbers, name, metric, time) for name in numbers.configurations]
            found[f"{i}|{j}"] = [_entry(curve, points) for curve in curves]
    return found


def _points_of_seeds(numbers: Numbers) -> int:
    """Return how many points the curve of a single seed may have in the file; 0 leaves these curves out."""
    n_seeds = sum(len(sample.seeds) for metric in numbers.metrics for sample in numbers.answer(metric).samples.values())
    room = _NUMBERS_OF_SEEDS // max(1, n_seeds * len(numbers.times))
    return 0 if room < _FEWEST_POINTS else min(room, POINTS)


def _curve(results: Configurations, numbers: Numbers, name: str, metric: Metric, time: str) -> Curve | None:
    sample = numbers.sample(metric, "last", name)
    if sample is None or time not in (*results[name].time_names, TICK):
        return None
    return curve_of(results[name], metric.name, time, sample)


def _entry(curve: Curve | None, points_of_seeds: int) -> dict[str, Any] | None:
    if curve is None or curve.time.size == 0 or not curve.seeds:
        return None
    # The same points for seeds and bands, so that the page reads both off at one place.
    chosen = evenly_chosen(curve.time.size, points_of_seeds or POINTS)
    seen = replace(curve, time=curve.time[chosen], values=curve.values[:, chosen])
    return {
        "t": pack(seen.time),
        "seeds": list(map(int, seen.seeds)),
        "v": [pack(row) for row in seen.values] if points_of_seeds else None,
        "bands": {statistic: _band(seen, statistic) for statistic in STATISTICS},
        "shown": int(chosen.size),
        "of": int(curve.time.size),
    }


def _band(curve: Curve, statistic: str) -> dict[str, Any]:
    band = curve.band(statistic)
    has_interval = bool(np.isfinite(band.low).any())
    return {
        "c": pack(band.center),
        "l": pack(band.low) if has_interval else None,
        "h": pack(band.high) if has_interval else None,
        "n": pack(band.n),
        "method": band.method,
        "caution": band.caution,
    }
