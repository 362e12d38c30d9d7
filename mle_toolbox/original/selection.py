"""Selects rows of a table of runs by the values of some of its columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mle_toolbox.errors import UsageError, did_you_mean

__all__ = ["checked_column", "rows_with"]


def checked_column(table: Any, name: str) -> str:
    """Return the name of a column.

    Raises
    ------
    UsageError
        When there is none.
    """
    names = [str(each) for each in table.columns]
    if name not in names:
        raise UsageError(f"hyper_log has no column {name!r}.{did_you_mean(name, names) or f' There are {names}.'}")
    return name


def rows_with(table: Any, values: Mapping[str, Any]) -> Any:
    """Return the rows with these values: the nearest one to a number, otherwise an equal one."""
    for name, value in values.items():
        table = table[_fits(list(table[checked_column(table, name)]), value)]
    return table


def _fits(column: Sequence[Any], value: Any) -> list[bool]:
    numbers = [each for each in column if _is_number(each)]
    if _is_number(value) and numbers:
        value = min(numbers, key=lambda each: abs(each - value))
    # True is no 1.
    return [isinstance(each, bool) == isinstance(value, bool) and bool(each == value) for each in column]


def _is_number(value: Any) -> bool:
    # By float(), because the numbers of pandas are of numpy's types.
    return not isinstance(value, (bool, str)) and hasattr(value, "__float__") and not math.isnan(float(value))
