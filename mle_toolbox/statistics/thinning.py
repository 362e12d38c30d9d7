"""Fewer points, same picture.

In two ways, because a picture and the report need different things. In a picture, all values within one printed dot are
drawn as their lowest and highest, so that no spike is lost; nobody can see where in the dot it was. In the report every
point can be read, with the seeds behind its band: there points are left out, and those that remain are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["POINTS", "evenly_chosen", "thinned"]

_BINS = 700

POINTS = 200
"""Most points of a curve in the report."""


def thinned(
    time: NDArray[np.float64], *values: NDArray[np.float64], log: bool = False, bins: int = _BINS
) -> tuple[NDArray[np.float64], ...]:
    """Return fewer points of lines over the same time.

    Parameters
    ----------
    time
        Shape (T,), increasing.
    values
        Arrays of shape (..., T); NaN where there is no value.
    log
        Whether the time axis is logarithmic.
    bins
        The number of parts of the time axis. A line of more than twice as many points keeps the lowest and the highest
        value of each part; a shorter one stays as it is.

    Returns
    -------
    tuple
        The time and each of ``values``, with at most ``2 * bins`` points.
    """
    if len(time) <= 2 * bins:
        return (time, *values)
    # Times at or below 0 do not appear on a logarithmic axis; they go to its start.
    place = np.log(np.maximum(time, np.min(time[time > 0], initial=np.inf))) if log and time[-1] > 0 else time
    edges = np.linspace(place[0], place[-1], bins, endpoint=False)
    starts = np.unique(np.searchsorted(place, edges))
    ends = np.append(starts[1:], len(time)) - 1
    fewer = np.stack([time[starts], time[ends]], axis=-1).reshape(-1)
    return (fewer, *(_extremes(each, starts) for each in values))


def evenly_chosen(length: int, most: int = POINTS) -> NDArray[np.intp]:
    """Return which of ``length`` points are shown: all, or about ``most`` with the first and the last.

    A quarter of them is evenly spaced on a logarithmic axis, closer to the start, where curves bend most.
    """
    if length <= most:
        return np.arange(length)
    even = np.linspace(0, length - 1, most - most // 4).round()
    early = np.geomspace(1, length, most // 4).round() - 1
    return np.unique(np.concatenate([even, early]).astype(np.intp))


def _extremes(values: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    # fmin and fmax ignore NaN: a part is empty only if none of its ticks has a value.
    low = np.fmin.reduceat(values, starts, axis=-1)
    high = np.fmax.reduceat(values, starts, axis=-1)
    return np.stack([low, high], axis=-1).reshape(*values.shape[:-1], -1)
