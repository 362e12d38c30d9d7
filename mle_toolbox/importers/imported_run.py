"""One imported run, in the form that all readers produce.

A metric may have been logged at some ticks only; at the others it is absent, which is not the same as a logged NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.log.log_data import LARGEST_EXACT, LogData
from mle_toolbox.log.run_record import RunStatus

__all__ = ["ImportedRun", "Series", "log_of_series"]


@dataclass(frozen=True)
class ImportedRun:
    """The content of one file or folder.

    Attributes
    ----------
    source
        The file or folder, relative to the folder that was imported, with forward slashes.
    log
        Its ticks.
    settings
        Its own configuration, nested or not; may include the seed.
    status, reason
        How the run ended; ``done`` if the log does not say.
    group, seed
        The name of its configuration and its seed, if the log has them.
    remarks
        Sentences about anything that could not be read.
    """

    source: str
    log: LogData
    settings: Mapping[str, Any] = field(default_factory=dict)
    status: RunStatus = "done"
    reason: str | None = None
    group: str | None = None
    seed: int | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Series:
    """A metric as it was logged: steps and values, both of shape (N,), in the order of logging."""

    steps: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, steps: ArrayLike, values: ArrayLike) -> Series:
        """Make a series from any arrays of numbers."""
        return cls(np.asarray(steps, dtype=np.float64), np.asarray(values, dtype=np.float64))


def log_of_series(step_name: str, metrics: Mapping[str, Series], clocks: Mapping[str, Series] | None = None) -> LogData:
    """Combine metrics that were logged at different steps: one tick for each step at which any was logged.

    Of several values at one step the last one is used.

    Parameters
    ----------
    step_name
        Name of the steps; it becomes the first time variable.
    metrics
        By name.
    clocks
        Further time variables. They are interpolated between their values, and constant outside.
    """
    clocks = clocks or {}
    # A value without a step, such as a row with an empty cell, has no place among the others.
    logged = [each.steps[np.isfinite(each.steps)] for each in metrics.values()]
    steps = np.unique(np.concatenate(logged)) if logged else np.empty(0)
    columns: dict[str, NDArray[Any]] = {step_name: _exact(steps)}
    columns |= {name: _exact(_interpolated(each, steps)) for name, each in clocks.items() if len(each.steps)}
    time_names = tuple(columns)
    absent = {}
    for name, each in metrics.items():
        name = f"{name}_" if name in time_names else name
        columns[name], gaps = _column(each, steps)
        if gaps.any():
            absent[name] = gaps
    return LogData(time_names, tuple(name for name in columns if name not in time_names), columns, absent=absent)


def _column(series: Series, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values at ``steps``, and a mask of those at which nothing was logged."""
    # In the order of logging, so that of several values at one step the last one stays.
    known = np.isfinite(series.steps)
    places = np.searchsorted(steps, series.steps[known])
    column = np.full(len(steps), np.nan)
    column[places] = series.values[known]
    absent = np.ones(len(steps), dtype=bool)
    absent[places] = False
    return column, absent


def _interpolated(series: Series, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(series.steps) & np.isfinite(series.values)
    # np.interp wants rising steps. Of several times at one step the first is taken: when it was reached.
    at, first = np.unique(series.steps[known], return_index=True)
    if not len(at):
        return np.full(len(steps), np.nan)
    return np.interp(steps, at, series.values[known][first])


def _exact(values: NDArray[np.float64]) -> NDArray[Any]:
    """Return whole numbers as integers."""
    # Series are float64 throughout, while steps and counts were integers when they were logged.
    whole = bool(len(values)) and bool((np.isfinite(values) & (values == np.rint(values))).all())
    return values.astype(np.int64) if whole and np.abs(values).max() <= LARGEST_EXACT else values
