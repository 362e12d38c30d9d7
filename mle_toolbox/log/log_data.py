"""The ticks of one seed run in memory, and which number type a column gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
        What is tracked, in the order of the configuration.
    columns
        One array for each name, shape (T,), or (T, ...) for a metric that is an array at every tick. The type is
        bool, int64, uint64 or float64: the narrowest that holds what was logged.
    attributes
        Where the numbers come from.
    damage
        A sentence when ticks are missing because the file is damaged; those before the damage are all here.
    remarks
        Sentences on numbers that are not exactly what was logged. Only a column that mixes floats with integers
        beyond 2**53 gets one: no type holds both.
    """

    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    damage: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def n_ticks(self) -> int:
        """Number of ticks, T."""
        return next((len(column) for column in self.columns.values()), 0)

    @property
    def names(self) -> tuple[str, ...]:
        """Time variables, then metrics."""
        return self.time_names + self.metric_names


def is_exact_in_float(values: NDArray[Any]) -> bool:
    """Tell whether every value keeps its worth as a float64."""
    if values.size == 0 or values.dtype.kind in "bf":
        return True
    return bool(int(values.max()) <= LARGEST_EXACT and int(values.min()) >= -LARGEST_EXACT)
