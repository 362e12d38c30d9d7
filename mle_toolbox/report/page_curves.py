"""The learning curves of the page: few enough points for a screen, each of them exact.

Points are left out, never averaged. The band at a point is computed from the seeds at that point alone, so leaving
points out changes none of those shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from mle_toolbox.report.numbers import STATISTICS, Metric, Numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.curves import curve_of
from mle_toolbox.results.series import TICK
from mle_toolbox.statistics import Curve, band
from mle_toolbox.statistics.thinning import POINTS, evenly_chosen

__all__ = ["curve_data"]

_FEWEST_POINTS = 40
_ROOM = 2_000_000
"""Letters for all curves together: above, they get fewer points and digits, and at last no curves of single seeds."""
_LETTERS, _LETTERS_WHEN_SHORT = 16 / 3, 4
"""Of a number in the file; see `pack`."""


@dataclass(frozen=True)
class _Density:
    """How many points a curve has in the file, whether single seeds have curves, and whether numbers are short."""

    points: int
    seeds: bool
    short: bool


def curve_data(results: Configurations, numbers: Numbers, store: Store) -> dict[str, list[dict[str, Any] | None]]:
    """Return for each ``metric|time``, by their indices, one entry per configuration, None without a curve."""
    density = _density(results, numbers)
    found: dict[str, list[dict[str, Any] | None]] = {}
    for i, metric in enumerate(numbers.metrics):
        for j, time in enumerate(numbers.times):
            curves = (_curve(results, numbers, name, metric, time) for name in numbers.configurations)
            found[f"{i}|{j}"] = [_entry(curve, density, store) for curve in curves]
    return found


def _density(results: Configurations, numbers: Numbers) -> _Density:
    """Return the most points and digits for which there is room."""
    n_seeds = [
        len(sample.seeds) for metric in numbers.metrics for sample in numbers.answer(metric).samples.values()
    ] * len(numbers.times)
    of_bands = sum(map(_numbers_of_bands, n_seeds))
    of_all = of_bands + sum(n_seeds)
    longest = max((int(each.lengths.max(initial=0)) for each in results.values()), default=0)
    wanted = min(POINTS, longest)
    if of_all * wanted * _LETTERS <= _ROOM:
        return _Density(POINTS, seeds=True, short=False)
    # Five digits are what a screen can show; points are not so easily given up.
    for count, seeds in ((of_all, True), (of_bands, False)):
        if (points := int(_ROOM / _LETTERS_WHEN_SHORT / max(1, count))) >= min(_FEWEST_POINTS, wanted):
            return _Density(min(points, POINTS), seeds, short=True)
    return _Density(_FEWEST_POINTS, seeds=False, short=True)


@cache
def _numbers_of_bands(n_seeds: int) -> int:
    """Return how many different numbers the bands have at a point; those that agree are stored once."""
    if n_seeds == 0:
        return 0
    values = np.arange(n_seeds, dtype=np.float64)[:, np.newaxis] ** 3
    bands = (band(values, statistic=statistic) for statistic in STATISTICS)
    ends = [float(each[0]) for found in bands for each in (found.center, found.low, found.high)]
    return len({end for end in ends if math.isfinite(end)})


def _curve(results: Configurations, numbers: Numbers, name: str, metric: Metric, time: str) -> Curve | None:
    sample = numbers.sample(metric, "last", name)
    if sample is None or time not in (*results[name].time_names, TICK):
        return None
    return curve_of(results[name], metric.name, time, sample, results.looks)


def _entry(curve: Curve | None, density: _Density, store: Store) -> dict[str, Any] | None:
    if curve is None or curve.time.size == 0 or not curve.seeds:
        return None
    # The same points for seeds and bands, so that the page reads both off at one place.
    chosen = evenly_chosen(curve.time.size, density.points)
    seen = replace(curve, time=curve.time[chosen], values=curve.values[:, chosen])
    return {
        "t": store.array(seen.time),
        "seeds": store.array(seen.seeds, exact=True),
        "v": [store.array(row, short=density.short) for row in seen.values] if density.seeds else None,
        "bands": {statistic: _band(seen, statistic, density, store) for statistic in STATISTICS},
        "shown": int(chosen.size),
        "of": int(curve.time.size),
        "short": density.short,
    }


def _band(curve: Curve, statistic: str, density: _Density, store: Store) -> list[int | None]:
    """Return the places of center, low, high and n, and those of the texts about them; the page gives them names."""
    band = curve.band(statistic)
    has_interval = bool(np.isfinite(band.low).any())
    return [
        store.array(band.center, short=density.short),
        store.array(band.low, short=density.short) if has_interval else None,
        store.array(band.high, short=density.short) if has_interval else None,
        store.array(band.n, exact=True),
        store.text(band.method),
        store.text(band.caution) if band.caution else None,
    ]
