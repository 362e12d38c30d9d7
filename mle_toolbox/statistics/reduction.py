"""One number per seed from its curve: the last, the best, the mean of the last k, the area under the curve."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.log.measured import was_measured
from mle_toolbox.statistics.checks import check_axis, real_array, rising_times
from mle_toolbox.statistics.curve_band import Curve

__all__ = ["area_under_curve", "at", "best_so_far", "check_at"]

Floats = NDArray[np.float64]

_NAMES = ("last", "best", "auc")


def at(
    curve: Curve | ArrayLike | Sequence[ArrayLike],
    where: str = "last",
    lower_is_better: bool = False,
    *,
    time: ArrayLike | Sequence[ArrayLike] | None = None,
) -> Floats:
    """Return one number per seed, from its curve.

    Parameters
    ----------
    curve
        A `Curve`; or an array of shape (S, T), in which NaN means no value; or a sequence of S arrays of any lengths,
        in which NaN means not measured or, up to the end, diverged (`was_measured`).
    where
        ``"last"``: the last value. ``"best"``: the best finite one. ``"auc"``: the area under the curve divided by
        its duration, the mean over time. ``"mean-last-K"``, such as ``"mean-last-10"``: the mean of the last K values,
        of all where there are fewer.
    lower_is_better
        For ``"best"``.
    time
        For ``"auc"``: shape (T,), or S arrays; without it ticks are equally spaced. A `Curve` has its own.

    Returns
    -------
    NDArray
        Shape (S,), float64. NaN for a seed without values. inf or NaN for a seed whose value there is not finite.

    Raises
    ------
    StatisticsError
        When ``where`` is unknown, or times and values do not match.
    """
    reduce = _reduction(where, lower_is_better)
    out = [reduce(t, v) for t, v in _rows(curve, time)]
    return np.array(out, dtype=np.float64)


def check_at(where: str) -> None:
    """Refuse an unknown ``where`` of `at`; the message lists the valid ones."""
    _reduction(where, False)


def best_so_far(values: ArrayLike, lower_is_better: bool = False, axis: int = -1) -> Floats:
    """Best finite value up to each point in time.

    ``values`` have shape (T,) or (S, T) with time along ``axis``; the result has the same shape. Values that are not
    finite do not count; NaN before the first finite value, and where a seed has no value (NaN).
    """
    array = real_array(values).astype(np.float64)
    check_axis(array, axis)
    worst = np.inf if lower_is_better else -np.inf
    best = (np.minimum if lower_is_better else np.maximum).accumulate(
        np.where(np.isfinite(array), array, worst), axis=axis
    )
    # A value that diverged keeps the best so far; only "no value" (NaN) stays NaN.
    return np.where(np.isnan(array) | ~np.isfinite(best), np.nan, best)


@np.errstate(over="ignore", invalid="ignore")
def area_under_curve(time: ArrayLike, values: ArrayLike) -> Floats:
    """Area under each seed's curve divided by its duration: the mean over time, in the unit of the values.

    Parameters
    ----------
    time
        Shape (T,), rising.
    values
        Shape (T,) or (S, T); NaN where a seed has no value: the area is that over its own first to last value.

    Returns
    -------
    NDArray
        Shape () or (S,). By the trapezoidal rule. NaN without values; the value itself where there is only one. Not
        finite when a value is not.

    Raises
    ------
    StatisticsError
        When times and values do not match, or times are not finite or decrease.
    """
    array = real_array(values).astype(np.float64)
    t = rising_times(time)
    if array.ndim not in (1, 2):
        raise StatisticsError(f"Curves have the shape (T,) or (S, T), found {array.shape}.")
    if t.shape != array.shape[-1:]:
        raise StatisticsError(f"There are {t.shape} times for values of shape {array.shape}.")
    if array.ndim == 1:
        return np.asarray(_area(*_known(t, array)))
    return np.array([_area(*_known(t, row)) for row in array], dtype=np.float64)


def _known(time: Floats, row: Floats) -> tuple[Floats, Floats]:
    known = ~np.isnan(row)
    return time[known], row[known]


def _rows(
    curve: Curve | ArrayLike | Sequence[ArrayLike], time: ArrayLike | Sequence[ArrayLike] | None
) -> list[tuple[Floats, Floats]]:
    if isinstance(curve, Curve):
        return [_known(curve.time, row) for row in curve.values]
    # In a matrix the end of a seed's run is NaN, so every NaN means "no value"; rows of their own length hold only what
    # was logged, and there `was_measured` decides.
    if isinstance(curve, np.ndarray) and curve.ndim == 2:
        array = real_array(curve).astype(np.float64)
        t = np.arange(array.shape[1], dtype=np.float64) if time is None else np.asarray(time, dtype=np.float64)
        if t.shape != array.shape[1:]:
            raise StatisticsError(f"There are {t.shape} times for values of shape {array.shape}.")
        return [_known(t, row) for row in array]
    if not np.iterable(curve):
        raise StatisticsError(f"A curve for each seed is needed, found {curve!r}.")
    rows = [_row(each) for each in curve]
    clocks = [np.arange(len(row), dtype=np.float64) for row in rows]
    if time is not None:
        clocks = [_row(each) for each in time]  # type: ignore[union-attr]
    if [len(t) for t in clocks] != [len(row) for row in rows]:
        raise StatisticsError("Each seed needs as many times as it has values.")
    measured = map(was_measured, rows)
    return [(t[there], row[there]) for t, row, there in zip(clocks, rows, measured, strict=True)]


def _row(values: ArrayLike) -> Floats:
    row = real_array(values).astype(np.float64)
    if row.ndim != 1:
        raise StatisticsError(
            f"Each seed needs a row of values, found the shape {row.shape}. The curve of one seed is [values]."
        )
    return row


def _reduction(where: str, lower_is_better: bool) -> Callable[[Floats, Floats], float]:
    """Return the function of one seed's times and values."""
    where = str(where)
    if where == "last":
        return lambda _, v: v[-1] if len(v) else np.nan
    if where == "best":
        return lambda _, v: _best(v, lower_is_better)
    if where == "auc":
        return _area
    match = re.fullmatch(r"mean-last-([1-9][0-9]*)", where)
    if match:
        k = int(match[1])
        # A mean with an infinite value among them is no number to compare: NaN, so the seed has diverged.
        return lambda _, v: v[-k:].mean() if len(v) and np.isfinite(v[-k:]).all() else np.nan
    raise StatisticsError(
        f"A value is taken from a curve at 'last', 'best', 'auc' or 'mean-last-K' (such as 'mean-last-10'), found "
        f"{where!r}.{did_you_mean(where, (*_NAMES, 'mean-last-10'))}"
    )


def _best(values: Floats, lower_is_better: bool) -> float:
    finite = values[np.isfinite(values)]
    # Never finite: the last value shows that the seed diverged.
    if len(finite) == 0:
        return values[-1] if len(values) else np.nan
    return float(finite.min() if lower_is_better else finite.max())


def _area(time: Floats, values: Floats) -> float:
    if len(values) == 0:
        return float("nan")
    # A seed that diverged anywhere counts as diverged.
    if not np.isfinite(values).all():
        return float("nan")
    duration = time[-1] - time[0]
    if duration == 0:
        return float(values[-1])
    return float(np.diff(time) @ (values[1:] + values[:-1]) / (2 * duration))
