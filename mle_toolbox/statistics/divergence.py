"""How differently the best points are distributed along a variable than all of them: PED-ANOVA."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["divergences"]

# Of a normal density, 90 % fit into one cell: a narrower one would leave nothing between the cells.
_NARROWEST = 0.5 / 1.64
_NOT_ZERO = 1e-12


def divergences(best: NDArray[np.integer], everything: NDArray[np.integer], *, is_ordered: bool) -> NDArray[np.float64]:
    """Return the Pearson divergence between the densities of the best points and of all points along a variable.

    Parameters
    ----------
    best
        Shape (R, G): how many of the best points are in each of the G cells of the variable; R times.
    everything
        Shape (R, G), or (G,) where it is the same each time: how many of all points. No row is empty.
    is_ordered
        Whether the cells are those of numbers, so that neighbours are alike, and not those of choices.

    Returns
    -------
    NDArray
        Shape (R,): 0 where both are distributed alike, else larger, times the square of the share of the best. The
        importance of a variable is its share in the sum over all variables.

    Notes
    -----
    Watanabe et al. 2023, arXiv:2304.10255, and the densities of Optuna 5, to which it is equal: Parzen estimators with
    the bandwidth of Scott's rule and a prior that weighs as much as one point.

    Examples
    --------
    >>> divergences(np.array([[4, 0], [2, 2]]), np.array([10, 10]), is_ordered=False).round(3)
    array([0.006, 0.   ])
    """
    best, everything = np.atleast_2d(best), np.atleast_2d(everything)
    density = _of_numbers if is_ordered else _of_choices
    of_all = [density(row) + _NOT_ZERO for row in everything]
    of_all = of_all * len(best) if len(of_all) == 1 else of_all
    found = [every @ (((density(row) + _NOT_ZERO) / every - 1) ** 2) for row, every in zip(best, of_all, strict=True)]
    return np.asarray(np.array(found) * (best.sum(axis=1) / everything.sum(axis=1)) ** 2)


def _of_choices(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the density over choices: each choice that occurs has a kernel, which is a little wider than itself."""
    number = len(counts)
    # Of each kernel, and of the prior, which is one more.
    share = 1 / (np.count_nonzero(counts) + 1)
    kernels = (counts + share * counts.sum()) / (1 + number * share)
    return np.asarray((kernels + 1 / number) / (counts.sum() + 1))


def _of_numbers(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the density over cells in a row: in each that is not empty a normal density, cut off at both ends."""
    number, there = len(counts), np.flatnonzero(counts)
    weights = counts[there]
    mixture = _kernels(number, there.astype(float), _bandwidth(there, weights)).T @ weights
    prior = _kernels(number, np.array([(number - 1) / 2]), float(number))[0]
    return np.asarray((mixture + prior) / (weights.sum() + 1))


def _bandwidth(cells: NDArray[np.integer], weights: NDArray[np.integer]) -> float:
    """Return the bandwidth of Scott's rule, with the interquartile range as it is read from counts."""
    up_to = np.cumsum(weights)
    n = int(up_to[-1])
    mean = cells @ weights / n
    sd = math.sqrt((cells - mean) ** 2 @ weights / max(1, n - 1))
    first = np.searchsorted(up_to, n // 4, side="left")
    third = min(int(np.searchsorted(up_to, n * 3 // 4, side="right")), len(cells) - 1)
    return max(float(1.059 * min((cells[third] - cells[first]) / 1.34, sd) * n**-0.2), _NARROWEST)


def _kernels(number: int, middles: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
    """Return the share of each normal density in each cell, shape (middles, number); outside there is nothing."""
    edges = (np.arange(number + 1) - 0.5 - middles[:, None]) / sd
    # Middles are on halves of cells, so of all these edges only a few differ.
    different, places = np.unique(edges, return_inverse=True)
    below = np.array([math.erfc(-each / math.sqrt(2)) / 2 for each in different])[places].reshape(edges.shape)
    return np.asarray(np.diff(below, axis=1) / (below[:, -1:] - below[:, :1]))
