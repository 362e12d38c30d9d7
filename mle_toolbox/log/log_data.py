"""The ticks of one seed run in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_EXACT", "LogData", "is_exact_in_float"]

LARGEST_EXACT = 2**53
"""Up to here every integer is a float64."""


@dataclass(frozen=True, eq=False)
class LogData:
    """All ticks of one seed run.

    Attributes
    ----------
    time_names, metric_names
        The tracked variables, in the order of the configuration.
    columns
        One array for each name, shape (T,), or (T, ...) for a metric that is an array at every tick. The type is
        bool, int64, uint64 or float64: the narrowest that holds all logged values. Where a metric was not measured the
        array has NaN, or zero if it holds integers or truth values.
    attributes
        Provenance.
    damage
        A sentence when ticks are missing because the file is damaged; those before the damage are all here.
    remarks
        Sentences about anything unexpected: numbers that are not exactly as logged (only in a column that mixes floats
        with integers beyond 2**53: no type holds both), metrics that were never measured, ticks of an earlier attempt.
    absent
        For each metric that was measured at some ticks only: shape (T,), True where it was not. No other names.
    """

    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    damage: str | None = None
    remarks: tuple[str, ...] = ()
    absent: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def n_ticks(self) -> int:
        """Number of ticks, T."""
        return next((len(column) for column in self.columns.values()), 0)

    @property
    def names(self) -> tuple[str, ...]:
        """Time variables, then metrics."""
        return self.time_names + self.metric_names

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Return at which ticks a variable was measured, shape (T,)."""
        absent = self.absent.get(name)
        return np.ones(self.n_ticks, dtype=bool) if absent is None else ~absent


def is_exact_in_float(values: NDArray[Any]) -> bool:
    """Return whether every value is exact as a float64."""
    if values.size == 0 or values.dtype.kind in "bf":
        return True
    # By way of int, because numpy compares an int64 with a uint64 as floats. abs() would overflow at -2**63.
    return bool(int(values.max()) <= LARGEST_EXACT and int(values.min()) >= -LARGEST_EXACT)
