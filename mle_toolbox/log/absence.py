"""Ticks at which a metric was not measured: the placeholder in arrays and files, and how it is recognised.

A mask, in memory and in files, distinguishes them from a NaN that was logged. Knows arrays only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.log_data import is_exact_in_float

__all__ = ["empty_ticks", "shown", "unused_value", "with_gaps", "without_gaps"]

Mask = NDArray[np.bool_]


def shown(values: NDArray[Any], absent: Mask) -> NDArray[Any]:
    """Return a column as users get it, shape (T, ...): float64 with NaN where nothing was measured.

    Integers beyond 2**53 do not fit into float64; they come as a masked array, which keeps them exact.
    """
    if not is_exact_in_float(values[~absent]):
        mask = np.broadcast_to(absent.reshape(-1, *(1,) * (values.ndim - 1)), values.shape)
        return np.ma.MaskedArray(values, mask=mask)
    floats = values.astype(np.float64)
    floats[absent] = np.nan
    return floats


def with_gaps(values: NDArray[Any], absent: Mask) -> tuple[NDArray[Any], int | None]:
    """Return a column as it is written to a file, and its fill value if that is not NaN."""
    # NaN is what every reader of netCDF understands, so integers become floats wherever that loses nothing.
    if is_exact_in_float(values[~absent]):
        return shown(values, absent), None
    fill_value = unused_value([values[~absent]], values.dtype)
    filled = values.copy()
    filled[absent] = fill_value
    return filled, fill_value


def without_gaps(values: NDArray[Any], absent: Mask, dtype: str) -> NDArray[Any]:
    """Return a column of a file in its original type: NaN where nothing was measured, zero in integer columns."""
    restored = values.copy()
    # Before the cast: NaN as an integer is undefined, and numpy warns about it.
    restored[absent] = 0
    restored = restored.astype(dtype, copy=False)
    if restored.dtype.kind == "f":
        restored[absent] = np.nan
    return restored


def empty_ticks(values: NDArray[Any], fill_value: int | None, n_leading: int) -> Mask:
    """Return where a column of a file has only NaN or the fill value, over its first ``n_leading`` axes."""
    if fill_value is not None:
        empty = values == fill_value
    elif values.dtype.kind == "f":
        empty = np.isnan(values)
    else:
        empty = np.zeros(values.shape, dtype=bool)
    return np.asarray(empty.all(axis=tuple(range(n_leading, values.ndim))), dtype=bool)


def unused_value(parts: Iterable[NDArray[Any]], dtype: np.dtype[Any]) -> int:
    """Return an integer that occurs in none of the arrays, not even when they are compared as floats."""
    limits = np.iinfo(dtype)
    # Start at the end of the range that real counts and steps are least likely to reach.
    value, step = (int(limits.max), -1) if dtype.kind == "u" else (int(limits.min), 1)
    # Compared as floats, because that is what xarray does when it turns this number into NaN.
    used = {float(number) for each in parts for number in np.unique(each)}
    while float(value) in used:
        value += step
    return value
