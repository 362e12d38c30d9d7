"""Whether runs of one seed resemble each other over tasks, which intervals over tasks take for independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.over_tasks.scores import Floats

__all__ = ["Resemblance", "resemblance"]

_FEWEST_SEEDS = 3
_N_DRAWN = 999
_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Resemblance:
    """How alike runs of one seed are on different tasks.

    Attributes
    ----------
    factor
        The variance of a mean over the tasks, divided by what it is for independent runs: 1 + (T - 1) r for T tasks and
        a mean correlation r.
    p
        Of the one-sided test that runs are independent over tasks.
    """

    factor: float
    p: float


def resemblance(scores: Sequence[ArrayLike]) -> Resemblance | None:
    """Test whether runs of one seed rise and fall together on different tasks.

    Parameters
    ----------
    scores
        For each method, finite, shape (tasks, seeds): the same tasks and seeds for all of them.

    Returns
    -------
    Resemblance or None
        None for a single task or fewer than three seeds, and where nothing varies.

    Raises
    ------
    StatisticsError
        When the shapes differ.

    Notes
    -----
    The values are standardised on each task, the sum of squares of the seeds' sums over the tasks is compared with its
    values for seeds that are permuted on each task, 999 times (seeded; p after Phipson and Smyth 2010). One permutation
    holds for all methods, whose runs of one seed may well be alike on the same task.

    Examples
    --------
    >>> resemblance([[[1.0, 2.0, 3.0, 4.0], [5.0, 7.0, 9.0, 11.0]]]).factor
    2.0
    """
    values = [np.asarray(each, dtype=np.float64) for each in scores]
    if not values or any(each.ndim != 2 or each.shape != values[0].shape for each in values):
        raise StatisticsError("Every method needs the same tasks and seeds, as an array of shape (tasks, seeds).")
    n_tasks, n_seeds = values[0].shape
    if n_tasks < 2 or n_seeds < _FEWEST_SEEDS:
        return None
    standard = _standardised(np.stack(values))
    independent = float((standard**2).sum())
    if independent == 0:
        return None
    seen = float((standard.sum(axis=1) ** 2).sum())
    generator, larger, left = np.random.default_rng(0), 0, _N_DRAWN
    while left:
        n = min(left, max(_NUMBERS_AT_ONCE // standard.size, 1))
        # Shape (n, 1, tasks, seeds).
        places = generator.permuted(np.tile(np.arange(n_seeds), (n, n_tasks, 1)), axis=2)[:, None]
        drawn = np.take_along_axis(standard[None], places, axis=3).sum(axis=2)
        # Rounding must not make an arrangement that is the one seen a smaller one.
        larger += int(((drawn**2).sum(axis=(1, 2)) >= seen * (1 - 1e-12)).sum())
        left -= n
    return Resemblance(seen / independent, (larger + 1) / (_N_DRAWN + 1))


def _standardised(values: Floats) -> Floats:
    """Return the values of each method and task with mean 0 and standard deviation 1 over the seeds; 0 if all equal."""
    # In units of the largest, so that squares of very large numbers are finite.
    unit = np.abs(values).max(axis=2, keepdims=True)
    scaled = np.divide(values, unit, out=np.zeros_like(values), where=unit > 0)
    centred = scaled - scaled.mean(axis=2, keepdims=True)
    std = scaled.std(axis=2, ddof=1, keepdims=True)
    varies = np.ptp(scaled, axis=2, keepdims=True) > 0
    return np.asarray(np.divide(centred, std, out=np.zeros_like(values), where=varies))
