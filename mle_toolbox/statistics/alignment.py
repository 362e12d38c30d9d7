"""Seeds that logged at different times, brought onto one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.log.measured import was_measured
from mle_toolbox.statistics.checks import real_array

__all__ = ["align"]

Floats = NDArray[np.float64]


@np.errstate(over="ignore", invalid="ignore")
def align(
    times: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    *,
    method: Literal["previous", "linear"] = "previous",
    max_points: int | None = 10_000,
) -> tuple[Floats, Floats]:
    """Bring seeds that logged at different times onto one time axis.

    Parameters
    ----------
    times, values
        For each of S seeds two arrays of equal length, possibly empty. Times are finite; ticks are sorted by time,
        and of several at the same time the last counts.
    method
        Between two ticks of a seed: the last value (``"previous"``) or the straight line (``"linear"``).
    max_points
        If the seeds together have more different times than this, as with clock times, this many are chosen, evenly
        by rank and including both ends. None takes all.

    Returns
    -------
    time
        Shape (T,): every time at which some seed has a value.
    values
        Shape (S, T). NaN before a seed's first and after its last tick: nothing is extrapolated. inf or -inf where a
        seed logged a value that is not finite, including a NaN that means divergence (`was_measured`; other NaN are
        left out). So a seed that diverged is recognisable.

    Raises
    ------
    StatisticsError
        When times and values do not fit, or a time is not finite.
    """
    if not np.iterable(times) or not np.iterable(values):
        raise StatisticsError("Give one row of times and one row of values for each seed.")
    if len(times) != len(values):
        raise StatisticsError(f"There are times of {len(times)} seeds and values of {len(values)}.")
    if method not in ("previous", "linear"):
        raise StatisticsError(f"method must be 'previous' or 'linear', found {method!r}.")
    seeds = [_in_order(time, value) for time, value in zip(times, values, strict=True)]
    grid = _union([time for time, _ in seeds], max_points)
    out = np.full((len(seeds), len(grid)), np.nan)
    for row, (time, value) in zip(out, seeds, strict=True):
        _fill(row, grid, time, value, method)
    return grid, out


def _in_order(time: ArrayLike, value: ArrayLike) -> tuple[Floats, Floats]:
    t = real_array(time).astype(np.float64).ravel()
    v = real_array(value).astype(np.float64).ravel()
    if len(t) != len(v):
        raise StatisticsError(f"A seed has {len(t)} times and {len(v)} values; each value needs its time.")
    if not np.isfinite(t).all():
        raise StatisticsError("A time is not finite; curves cannot be aligned on it. Choose another time variable.")
    if len(t) > 1 and not (np.diff(t) > 0).all():
        # Stable, so that of several ticks at the same time the one logged last stays last.
        order = np.argsort(t, kind="stable")
        t, v = t[order], v[order]
        is_last = np.append(np.diff(t) > 0, True)
        t, v = t[is_last], v[is_last]
    there = was_measured(v)
    t, v = t[there], v[there]
    # In the aligned matrix NaN means "no value", so a NaN that was measured needs another sign.
    v[np.isnan(v)] = np.inf
    return t, v


def _union(times: Sequence[Floats], max_points: int | None) -> Floats:
    if not times:
        return np.empty(0)
    # The usual case, the same times for all seeds, without sorting them together.
    grid = times[0] if all(np.array_equal(time, times[0]) for time in times[1:]) else np.unique(np.concatenate(times))
    if max_points is None or len(grid) <= max_points:
        return grid.copy()
    if max_points < 2:
        raise StatisticsError(f"A curve needs at least 2 points, found max_points={max_points!r}.")
    return grid[np.rint(np.linspace(0, len(grid) - 1, max_points)).astype(np.intp)]


def _fill(row: Floats, grid: Floats, time: Floats, value: Floats, method: str) -> None:
    """Write one seed's values at the times of the grid into its row."""
    if len(time) == 0:
        return
    first, end = np.searchsorted(grid, time[0], "left"), np.searchsorted(grid, time[-1], "right")
    inside = grid[first:end]
    before = np.searchsorted(time, inside, "right") - 1
    if method == "previous":
        row[first:end] = value[before]
        return
    after = np.minimum(before + 1, len(time) - 1)
    # At the last tick before and after are the same; 1.0 avoids 0 / 0.
    step = np.where(after > before, time[after] - time[before], 1.0)
    share = (inside - time[before]) / step
    finite = np.isfinite(value[before]) & np.isfinite(value[after])
    rise = np.where(finite, value[after], 0.0) - np.where(finite, value[before], 0.0)
    # There is no straight line to a value that is not finite: the last value holds until then.
    row[first:end] = value[before] + share * rise
