"""One run of somebody else's log, in the form that all readers bring it into.

A metric may have been logged at some ticks only; it is absent at the others, which is not the same as a NaN that was
logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.log.log_data import LARGEST_EXACT, LogData
from mle_toolbox.log.run_record import RunStatus

__all__ = ["ImportedRun", "Series", "log_of_series", "names_in_words"]


@dataclass(frozen=True)
class ImportedRun:
    """What one file or folder has told.

    Attributes
    ----------
    source
        The file or folder, relative to the folder that was imported, with forward slashes.
    log
        Its ticks.
    settings
        What it says about its own configuration, nested or not; a seed may be among it.
    status, reason
        How the run ended, as far as the log tells; ``done`` where it says nothing.
    group, seed
        Names of its configuration and its seed where the log itself has them.
    remarks
        Sentences on what could not be read.
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
    """A metric as it was logged: at which steps, and what; both of shape (N,), in the order of logging."""

    steps: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, steps: ArrayLike, values: ArrayLike) -> Series:
        """Make one of anything that is numbers."""
        return cls(np.asarray(steps, dtype=np.float64), np.asarray(values, dtype=np.float64))


def log_of_series(step_name: str, metrics: Mapping[str, Series], clocks: Mapping[str, Series] | None = None) -> LogData:
    """Bring metrics that were logged at different steps together: a tick for each step at which any was logged.

    Of several values at one step the last one counts.

    Parameters
    ----------
    step_name
        What the steps are called; it becomes the first time variable.
    metrics
        By name.
    clocks
        Further time variables. Between their values they are interpolated, beyond them they are those at the end.
    """
    clocks = clocks or {}
    logged = [each.steps[np.isfinite(each.steps)] for each in metrics.values()]
    steps = np.unique(np.concatenate(logged)) if logged else np.empty(0)
    columns: dict[str, NDArray[Any]] = {step_name: _exact(steps)}
    columns |= {name: _exact(_interpolated(each, steps)) for name, each in clocks.items() if len(each.steps)}
    time_names = tuple(columns)
    absent = {}
    for name, each in metrics.items():
        name = _other_name(name, time_names)
        columns[name], gaps = _column(each, steps)
        if gaps.any():
            absent[name] = gaps
    return LogData(time_names, tuple(name for name in columns if name not in time_names), columns, absent=absent)


def names_in_words(names: Sequence[str], limit: int = 5) -> str:
    """Return the names in quotes, the first ones where there are many."""
    shown = ", ".join(map(repr, names[:limit]))
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _column(series: Series, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values at ``steps``, and at which of them nothing was logged."""
    known = np.isfinite(series.steps)
    places = np.searchsorted(steps, series.steps[known])
    column = np.full(len(steps), np.nan)
    column[places] = series.values[known]
    absent = np.ones(len(steps), dtype=bool)
    absent[places] = False
    return column, absent


def _interpolated(series: Series, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(series.steps) & np.isfinite(series.values)
    at, first = np.unique(series.steps[known], return_index=True)
    if not len(at):
        return np.full(len(steps), np.nan)
    return np.interp(steps, at, series.values[known][first])


def _exact(values: NDArray[np.float64]) -> NDArray[Any]:
    """Return whole numbers as integers."""
    whole = bool(len(values)) and bool((np.isfinite(values) & (values == np.rint(values))).all())
    return values.astype(np.int64) if whole and np.abs(values).max() <= LARGEST_EXACT else values


def _other_name(name: str, taken: Iterable[str]) -> str:
    return f"{name}_" if name in taken else name
