"""Axis limits of learning curves: they include all seeds that did not diverge, but not every end of a wide band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mle_toolbox.plots.curve_lines import CurveLines

__all__ = ["set_limits"]

Floats = NDArray[np.float64]

_BEYOND = 0.6  # share of the range of the seeds by which bands and diverging seeds may widen the axis
_MARGIN = 0.04


def set_limits(axes: Sequence[Axes], lines: Sequence[CurveLines], *, log_x: bool, log_y: bool, with_seeds: bool) -> str:
    """Set the limits of both axes; return a sentence if something extends beyond them, else an empty string."""
    time = _shown([each.time[np.isfinite(each.center)] for each in lines], log_x)
    values = [each.seed_values for each in lines]
    centers = [each.center for each in lines]
    bands = [array for each in lines for array in (each.low, each.high)]
    # One seed on its way to infinity would squeeze all others into a line at the bottom.
    steady = [each.seed_values[~np.isinf(each.curve.values).any(axis=1)] for each in lines]
    drawn = _shown([*centers, *bands, *(values if with_seeds else [])], log_y)
    base = _shown(steady, log_y)
    # Every seed diverged: then the aggregate is what there is to see.
    base = base if len(base) else _shown(centers, log_y)
    if not len(time) or not len(drawn):
        return ""
    low, high = drawn.min(), drawn.max()
    spread = np.ptp(base) if len(base) else 0.0
    cut = False
    if spread > 0:
        lowest, highest = base.min() - _BEYOND * spread, base.max() + _BEYOND * spread
        cut = bool(low < lowest or high > highest)
        low, high = max(low, lowest), min(high, highest)
    for each in axes:
        each.set_xlim(*_with_margin(time.min(), time.max(), log_x, 0.02))
        each.set_ylim(*_with_margin(low, high, log_y, _MARGIN))
    return "Bands or diverged seeds extend beyond the figure." if cut else ""


def _shown(arrays: Sequence[Floats], log: bool) -> Floats:
    """Return all values that the axis can show, as their logarithm on a logarithmic axis."""
    values = np.concatenate([np.ravel(each) for each in arrays]) if arrays else np.empty(0)
    values = values[np.isfinite(values)]
    return np.asarray(np.log10(values[values > 0]) if log else values)


def _with_margin(low: float, high: float, log: bool, share: float) -> tuple[float, float]:
    # A range of zero has no margin of its own; matplotlib would warn about equal limits.
    margin = (high - low) * share or (0.1 if log else abs(low) * 0.05 or 0.5)
    low, high = low - margin, high + margin
    return (10**low, 10**high) if log else (low, high)
