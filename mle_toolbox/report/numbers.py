"""Every number of the report, computed once by `mle_toolbox.statistics` from what the results hold.

Knows nothing of words or HTML. What is not here is in no table and no chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.comparisons import compare_samples
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.series import TICK, scalar_metrics
from mle_toolbox.statistics import Comparison, Estimate, direction, estimate

__all__ = ["ALL_PAIRS_UP_TO", "AT", "STATISTICS", "Final", "Metric", "Numbers", "Pairs", "read_numbers"]

AT = {"last": "last value", "best": "best value", "auc": "area under the curve"}
STATISTICS = {"mean": "mean", "median": "median", "iqm": "interquartile mean"}

ALL_PAIRS_UP_TO = 24
"""Configurations; with more, all others are compared with the best one."""


@dataclass(frozen=True)
class Metric:
    """A metric and whether lower is better; ``assumed`` when its name alone says so."""

    name: str
    lower_is_better: bool
    assumed: bool

    @property
    def direction(self) -> str:
        """In words."""
        guessed = " (assumed)" if self.assumed else ""
        return f"{'lower' if self.lower_is_better else 'higher'} is better{guessed}"


@dataclass(frozen=True, eq=False)
class Final:
    """What the seeds of a configuration have reached in a metric, and the estimates made of it."""

    sample: SeedSample
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True)
class Pairs:
    """Comparisons by (a, b); ``baseline`` is the best configuration where not all pairs were compared."""

    comparisons: Mapping[tuple[str, str], Comparison]
    baseline: str | None
    best: str | None

    @property
    def with_best(self) -> dict[str, Comparison]:
        """The comparisons of the best one with each other, by the other's name."""
        best = self.best
        return {(b if a == best else a): each for (a, b), each in self.comparisons.items() if best in (a, b)}

    @property
    def ties(self) -> list[str]:
        """Those that a test cannot tell from the best one."""
        return [name for name, each in self.with_best.items() if each.is_undecided()]


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of an experiment, by metric and place (a key of `AT`)."""

    configurations: tuple[str, ...]
    metrics: tuple[Metric, ...]
    times: tuple[str, ...]
    finals: Mapping[tuple[str, str], Mapping[str, Final]]
    confidence: float

    @cached_property
    def pairs(self) -> Mapping[tuple[str, str], Pairs]:
        """The comparisons of all configurations that have a number."""
        lower = {metric.name: metric.lower_is_better for metric in self.metrics}
        return {key: _pairs(finals, lower[key[0]], self.confidence) for key, finals in self.finals.items()}

    def ranking(self, metric: Metric, at: str = "last") -> list[str]:
        """Return the configurations that have a number, the best mean first."""
        return _ranked(self.finals[metric.name, at], metric.lower_is_better)


def read_numbers(
    results: Configurations, directions: Mapping[str, bool] | None = None, confidence: float = 0.95
) -> Numbers:
    """Compute the numbers of an experiment.

    Parameters
    ----------
    results
        The experiment, or several.
    directions
        Of some metrics, whether lower is better; of the others the name decides.
    confidence
        Of all intervals.
    """
    given = directions or {}
    metrics = tuple(
        Metric(name, given.get(name, direction(name) == "lower"), assumed=name not in given)
        for name in scalar_metrics(results)
    )
    times = tuple(dict.fromkeys(name for each in results.values() for name in each.time_names)) or (TICK,)
    finals = {(metric.name, at): dict(_finals(results, metric, at, confidence)) for metric in metrics for at in AT}
    return Numbers(tuple(results), metrics, times, finals, confidence)


def _finals(results: Configurations, metric: Metric, at: str, confidence: float) -> Iterator[tuple[str, Final]]:
    samples = results.samples(metric.name, at, lower_is_better=metric.lower_is_better)
    for name, sample in samples.items():
        if len(sample.values) or sample.missing:
            estimates = {key: estimate(sample.values, key, confidence, missing=sample.missing) for key in STATISTICS}
            yield name, Final(sample, estimates)


def _pairs(finals: Mapping[str, Final], lower_is_better: bool, confidence: float) -> Pairs:
    ranked = _ranked(finals, lower_is_better)
    if len(ranked) < 2:
        return Pairs({}, None, ranked[0] if ranked else None)
    order = [name for name in finals if name in set(ranked)]
    baseline = ranked[0] if len(ranked) > ALL_PAIRS_UP_TO else None
    samples = {name: finals[name].sample for name in order}
    comparisons = compare_samples(
        samples, baseline, lower_is_better=lower_is_better, confidence=confidence, paired=None
    )
    return Pairs(comparisons, baseline, ranked[0])


def _ranked(finals: Mapping[str, Final], lower_is_better: bool) -> list[str]:
    means = {name: final.estimates["mean"].value for name, final in finals.items()}
    known = [name for name, mean in means.items() if np.isfinite(mean)]
    return sorted(known, key=lambda name: means[name], reverse=not lower_is_better)
