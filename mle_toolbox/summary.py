"""The final value of a metric over the seeds of a configuration, as it is shown to people.

Only seed runs that ended well count. A seed whose final value is not finite is counted as diverged and said so; it
is neither averaged in nor left out silently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mle_toolbox.results import ConfigurationResults
from mle_toolbox.statistics import mean_interval

__all__ = ["FinalValue", "final_values", "scalar_metrics"]

_SEED_AND_STEP = 2


@dataclass(frozen=True)
class FinalValue:
    """Mean of the final values and its 95 % Student t interval.

    ``n`` seeds have a finite final value, ``diverged`` have not. With n = 1 the interval is NaN, with n = 0 the
    mean too.
    """

    mean: float
    low: float
    high: float
    n: int
    diverged: int

    def __str__(self) -> str:
        return f"{self._value()}{self._remark()}"

    def _value(self) -> str:
        if self.n == 0:
            return "-"
        half = (self.high - self.low) / 2
        if math.isnan(half):
            return f"{self.mean:.4g} (n=1, no interval)"
        if half <= abs(self.mean) * 1e-12:
            return f"{self.mean:.4g} ± 0 (n={self.n})"
        decimals = max(0, 1 - math.floor(math.log10(half)))
        if decimals > 6 or half >= 1e5:
            return f"{self.mean:.4g} ± {half:.2g} (n={self.n})"
        return f"{self.mean:.{decimals}f} ± {half:.{decimals}f} (n={self.n})"

    def _remark(self) -> str:
        return f", {self.diverged} diverged" if self.diverged else ""


def scalar_metrics(configuration: ConfigurationResults) -> tuple[str, ...]:
    """Return the metrics that are one number a tick, in the order in which they are tracked."""
    columns = configuration.data.columns
    return tuple(name for name in configuration.metric_names if columns[name].ndim == _SEED_AND_STEP)


def final_values(configuration: ConfigurationResults, metric: str) -> FinalValue:
    """Summarise the last value of ``metric`` over the seeds whose run is done."""
    last = [
        float(run.metrics[metric][-1])
        for run in configuration.runs
        if run.status == "done" and metric in run.metrics and len(run.metrics[metric])
    ]
    finite = np.array([value for value in last if math.isfinite(value)])
    if finite.size == 0:
        return FinalValue(math.nan, math.nan, math.nan, 0, len(last))
    low, high = mean_interval(finite)
    return FinalValue(float(finite.mean()), float(low), float(high), finite.size, len(last) - finite.size)
