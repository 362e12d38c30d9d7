"""Validation for every statistic: numbers, axes, confidence."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError

__all__ = [
    "check_axis",
    "check_confidence",
    "finite_sample",
    "finite_seeds",
    "is_finite_number",
    "real_array",
    "real_number",
    "real_sample",
    "rising_times",
    "whole_number",
]

_NEEDED = "A statistic over seeds needs real numbers"


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not strictly between 0 and 1, also after its complement was halved."""
    # Just below 1, (1 + confidence) / 2 rounds to 1, and quantiles are infinite.
    if not (isinstance(confidence, float | np.floating) and confidence > 0 and (1 + confidence) / 2 < 1):
        raise StatisticsError(f"confidence must lie between 0 and 1, found {confidence!r}. Use 0.95 for 95 %.")


def is_finite_number(value: object) -> bool:
    """Tell whether it is one real number, neither NaN nor infinite."""
    return isinstance(value, Real) and math.isfinite(value)


def real_number(value: float, what: str) -> float:
    """Return a finite number; ``what`` names it in the error message."""
    if not is_finite_number(value):
        raise StatisticsError(f"{what} is a finite number, found {value!r}.")
    return float(value)


def whole_number(value: float, what: str, least: int = 0) -> int:
    """Return a whole number of at least ``least``; ``what`` names it in the error message."""
    # bool is an int in Python, but True is no number of seeds.
    if isinstance(value, bool) or not is_finite_number(value) or value != int(value):
        raise StatisticsError(f"{what} is a whole number, found {value!r}.")
    if value < least:
        raise StatisticsError(f"{what} is at least {least}, found {value!r}.")
    return int(value)


def real_array(values: ArrayLike) -> NDArray[np.generic]:
    """Return ``values`` as an array of bools, integers or floats, of any shape; masked values become NaN."""
    # np.asarray drops the mask: a masked value would count.
    if isinstance(values, np.ma.MaskedArray):
        values = np.where(np.ma.getmaskarray(values), np.nan, values.data)
    try:
        array = np.asarray(values)
    except ValueError:  # numpy's message for rows of unequal length does not say what to do
        raise StatisticsError(f"{_NEEDED} in rows of equal length, found rows that differ in theirs.") from None
    if array.dtype.kind == "O":
        raise StatisticsError(f"{_NEEDED} in rows of equal length, found objects.")
    if array.dtype.kind not in "biuf":
        raise StatisticsError(f"{_NEEDED}, found the type {array.dtype}.")
    return array


def check_axis(array: NDArray[np.generic], axis: int) -> None:
    """Refuse an axis that the array does not have."""
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or not -array.ndim <= axis < array.ndim:
        raise StatisticsError(f"There is no axis {axis!r} in an array of shape {array.shape}.")


def finite_sample(values: ArrayLike, axis: int | None = 0) -> NDArray[np.generic]:
    """Return ``values`` as an array that has the axis and only finite numbers."""
    array = real_array(values)
    if axis is not None:
        check_axis(array, axis)
    n_bad = array.size - int(np.isfinite(array).sum())
    if n_bad:
        are = "is" if n_bad == 1 else "are"
        raise StatisticsError(
            f"{n_bad} of {array.size} values {are} not finite. Decide how diverged and missing seeds count; they are "
            "not averaged away."
        )
    return array


def finite_seeds(values: ArrayLike, axis: int) -> NDArray[np.generic]:
    """Return ``values`` as an array of finite numbers with seeds along ``axis``, which must not be None."""
    check_axis(real_array(values), axis)
    return finite_sample(values, axis)


def real_sample(values: ArrayLike) -> NDArray[np.float64]:
    """Return one number per seed, shape (S,), float64; they need not be finite."""
    array = real_array(values)
    if array.ndim != 1:
        raise StatisticsError(f"One number for each seed is needed, shape (S,), found an array of shape {array.shape}.")
    return array.astype(np.float64)


def rising_times(time: ArrayLike) -> NDArray[np.float64]:
    """Return times of shape (T,), float64; refuse times that are not finite or decrease."""
    t = real_array(time).astype(np.float64)
    if not np.isfinite(t).all() or (np.diff(t) < 0).any():
        raise StatisticsError("The times of a curve must be finite and increasing; `align` sorts ticks.")
    return t
