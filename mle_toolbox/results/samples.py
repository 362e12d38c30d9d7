"""One number for each seed of a configuration, the input of summaries and comparisons.

Only finished seed runs count, unless requested otherwise. Those that do not count are counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.results.series import series, time_variable
from mle_toolbox.text import counted, listed

__all__ = ["NEVER_COUNTED", "NUMBERED", "SeedSample", "counts", "lower_is_better_of", "may_be_paired", "seed_sample"]

NUMBERED = "mle_toolbox_seed_is_a_number_only"
"""Attribute of an imported run whose seed is not known."""

NEVER_COUNTED = ("outdated", "older code")
"""Statuses of finished runs of another configuration or code, which are never averaged with the others."""


@dataclass(frozen=True, eq=False)
class SeedSample:
    """One number per seed of a configuration, for one metric.

    Attributes
    ----------
    configuration, metric, at
        What it is: the ``last`` value of each run, the ``best``, ``auc`` or ``mean-last-K``.
    values
        Shape (S,), in the unit of the metric; not finite where a seed has diverged.
    seeds
        The seeds that have a value, in the order of ``values``.
    left_out
        How many seeds have no value, by reason: failed, died, running, not started, without the metric, …
    numbered
        Whether an import has only numbered the runs: then seed 0 of one configuration has nothing in common with
        seed 0 of another.
    """

    configuration: str
    metric: str
    at: str
    values: NDArray[np.float64]
    seeds: tuple[int, ...]
    left_out: Mapping[str, int]
    numbered: bool = False

    @property
    def finite(self) -> NDArray[np.float64]:
        """The values of the seeds that have not diverged."""
        return self.values[np.isfinite(self.values)]

    @property
    def by_seed(self) -> dict[int, float]:
        """The values of the seeds that have not diverged, by seed."""
        pairs = zip(self.seeds, self.values, strict=True)
        return {seed: float(value) for seed, value in pairs if np.isfinite(value)}

    @property
    def n(self) -> int:
        """Seeds with a finite value."""
        return len(self.finite)

    @property
    def diverged(self) -> int:
        """Seeds whose value is not finite."""
        return len(self.values) - self.n

    @property
    def missing(self) -> int:
        """Seeds without a value, for whatever reason."""
        return sum(self.left_out.values())

    def __repr__(self) -> str:
        counts = counted({"diverged": self.diverged, **self.left_out})
        seeds = f"{self.n} seeds{', ' if counts else ''}{counts}"
        return f"<SeedSample {self.configuration!r}, {self.at} {self.metric!r}: {seeds}>"


def seed_sample(
    configuration: ConfigurationResults,
    metric: str,
    at: str = "last",
    *,
    lower_is_better: bool,
    include_unfinished: bool = False,
) -> SeedSample:
    """Return one number for each seed; see ``ExperimentResults.samples``."""
    time = time_variable(configuration)
    seeds, curves = [], []
    left_out: Counter[str] = Counter()
    for run in configuration.runs:
        if not counts(run, include_unfinished):
            left_out["not started" if run.status == "waiting" else run.status] += 1
        elif (curve := series(run, metric, time)) is not None:
            seeds.append(run.seed)
            curves.append(curve)
        else:
            left_out["without the metric" if run.n_ticks else "without a tick"] += 1
    # A missing seed that has a run was counted above, by the status of the run.
    left_out["not started"] += len(set(configuration.missing) - set(configuration.seeds))
    values = _values(curves, at, lower_is_better)
    counted = {reason: count for reason, count in left_out.items() if count}
    numbered = any(run.attributes.get(NUMBERED) for run in configuration.runs)
    return SeedSample(configuration.name, metric, at, values, tuple(seeds), counted, numbered)


def counts(run: SeedResults, include_unfinished: bool) -> bool:
    """Tell whether a run counts."""
    return run.status == "done" or (include_unfinished and run.status not in NEVER_COUNTED)


def lower_is_better_of(metric: str, lower_is_better: bool | None) -> bool:
    """Return the given direction, or the one that the metric's name suggests."""
    # Strictly: the text "False" is true in Python.
    if isinstance(lower_is_better, bool):
        return lower_is_better
    if lower_is_better is not None:
        raise ResultsError(f"lower_is_better must be True, False or None, found {lower_is_better!r}.")
    from mle_toolbox.statistics import direction

    return direction(metric) == "lower"


def may_be_paired(samples: Iterable[SeedSample], wanted: bool | None = None) -> bool | None:
    """Return ``paired`` for the statistics: as requested, but False where equal seed numbers mean nothing.

    Raises
    ------
    ResultsError
        When pairs are requested and there can be none.
    """
    numbered = [each.configuration for each in samples if each.numbered]
    # An error and not a silent "unpaired": a user who asked for pairs would take the p-value for that of pairs.
    if wanted and numbered:
        raise ResultsError(
            f"paired=True: the seeds of {listed(map(repr, numbered), 3)} are not "
            "known, only numbered, so no two runs belong together. Leave out `paired`."
        )
    return False if numbered else wanted


def _values(
    curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], at: str, lower_is_better: bool
) -> NDArray[np.float64]:
    """Return one number per run.

    From the runs as logged, not from aligned curves, in which the end of a run and a NaN look the same.
    """
    from mle_toolbox import statistics

    if at == "auc":
        # An area needs times that are finite and increase; align() sorts.
        placed = [(time[np.isfinite(time)], values[np.isfinite(time)]) for time, values in curves]
        aligned = [statistics.align([time], [values], max_points=None) for time, values in placed]
        curves = [(time, values[0]) for time, values in aligned]
    times, values = [time for time, _ in curves], [values for _, values in curves]
    return statistics.at(values, at, lower_is_better, time=times)
