"""Which values of a curve were measured: how to read NaN from a script that logs NaN when it measures nothing.

Ticks that left the metric out are already gone; this is about ticks that have a value. Plain arrays only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["was_measured"]


def was_measured(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values of one seed's curve are measurements, shape (T,) as ``values``, in the order of logging.

    A NaN is not one if a finite value follows: the run continued, so the metric was just not measured there. NaN up to
    the end means that the run has diverged, and is kept, unless the curve had such gaps before: an earlier gap at least
    as long as the NaN at the end, and as the stretch of finite values before it. So a metric that is measured at every
    k-th tick may end in a gap, and one that was measured at every tick may not. An infinite value is always kept, as is
    everything if there is no finite value at all.

    Examples
    --------
    >>> nan = float("nan")
    >>> was_measured(np.array([0.9, nan, nan, 0.5, nan])).tolist()
    [True, False, False, True, False]
    >>> was_measured(np.array([0.9, 0.7, 0.5, nan, nan])).tolist()
    [True, True, True, True, True]
    """
    gap, finite = np.isnan(values), np.isfinite(values)
    if not gap.any() or not finite.any():
        return np.ones(len(values), dtype=bool)
    # Any NaN before the last finite value is a gap; only the end is in question.
    last = int(np.flatnonzero(finite)[-1])
    n_behind = len(values) - last - 1
    there = ~gap
    # An infinity after the last finite value is divergence too, whatever the gaps were.
    if not gap[last + 1 :].all() or max(n_behind, _run_up_to(finite, last)) > _longest(gap[:last]):
        there[last + 1 :] = True
    return there


def _run_up_to(there: NDArray[np.bool_], last: int) -> int:
    """Return the length of the run of True that ends at ``last``."""
    others = np.flatnonzero(~there[:last])
    return last - int(others[-1]) if len(others) else last + 1


def _longest(there: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
