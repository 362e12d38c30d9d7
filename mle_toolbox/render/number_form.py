"""How a table shows its metrics: under which name, with the standard deviation over seeds after ±, or in percent.

Knows one estimate and its sample. Knows nothing of rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mle_toolbox.results.over_tasks import OverTasks
    from mle_toolbox.results.samples import SeedSample
    from mle_toolbox.statistics import Comparison, Estimate

__all__ = ["AS_LOGGED", "NumberForm", "std_over_seeds"]


@dataclass(frozen=True)
class NumberForm:
    """With ``std`` the standard deviation takes the place of the interval; metrics in ``percent`` are shown times 100.

    ``labels``: what some metrics are called (``metrics`` in the experiment file). For people only: programs get a
    metric's own name, the number and its interval, and with ``std`` the standard deviation beside them.
    """

    std: bool = False
    percent: Collection[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def shown(self, estimate: Estimate, metric: str, sample: SeedSample | None = None) -> Estimate:
        """Return the estimate whose numbers the table shows; without a ``sample`` the interval stays."""
        if self.std and sample is not None:
            std = std_over_seeds(sample)
            std = math.nan if std is None else std
            estimate = replace(estimate, low=estimate.value - std, high=estimate.value + std)
        if metric in self.percent:
            estimate = replace(estimate, value=100 * estimate.value, low=100 * estimate.low, high=100 * estimate.high)
        return estimate

    def compared(self, found: Comparison, metric: str) -> Comparison:
        """Return the comparison whose difference is shown."""
        if metric not in self.percent:
            return found
        names = ("difference", "difference_low", "difference_high", "detectable")
        return replace(found, **{name: 100 * getattr(found, name) for name in names})

    def factor(self, metric: str) -> int:
        """Return by what the values of a metric are multiplied."""
        return 100 if metric in self.percent else 1

    def over_tasks(self, found: OverTasks) -> NumberForm:
        """Return the form of numbers over tasks: only scores as they are have the unit of the metric."""
        return self if found.scale.how == "as-is" else replace(self, percent=())

    def label(self, metric: str, title: str | None = None) -> str:
        """Return what the column of a metric is called, or a column with another ``title`` in its unit."""
        title = self.labels.get(metric, metric) if title is None else title
        return f"{title}{' (%)' if metric in self.percent else ''}"

    def named(self, metric: str) -> str:
        """Return what a sentence calls a metric: its label, and how commands call it."""
        label = self.label(metric)
        return label if label.startswith(metric) else f"{label} ({metric})"

    def method(self, how: str, value: str) -> str:
        """Return what stands behind ±: ``how``, the words of the interval, or the standard deviation of ``value``."""
        if not self.std:
            return how
        left_out = how.partition(" over seeds")[2]
        return f"{value} \N{PLUS-MINUS SIGN} standard deviation (n - 1) over seeds, no interval{left_out}"

    def applies(self, caution: str) -> bool:
        """Tell whether a caution is about something that is shown: one on the width of intervals may not be."""
        return not (self.std and "t interval" in caution)


AS_LOGGED = NumberForm()
"""The numbers as they are, with their intervals."""


def std_over_seeds(sample: SeedSample) -> float | None:
    """Return the standard deviation over the seeds that count, with n - 1; None for fewer than two."""
    # numpy is loaded where it is needed: commands start faster.
    import numpy as np

    finite = sample.finite
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else None
