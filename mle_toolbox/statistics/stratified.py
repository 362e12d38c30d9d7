"""The stratified bootstrap: seeds drawn anew in each task, one statistic of all scores together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["stratified_replicates"]

Floats = NDArray[np.float64]

_BLOCK = 130_000
"""How many draws are worked on together, so that they stay in the processor's cache."""


def stratified_replicates(
    sample: Floats, statistic: Callable[..., Any], cut: int | None, n_resamples: int, seed: int
) -> Floats:
    """Compute the statistic of every resample of scores of shape (S, tasks); shape (n_resamples,).

    ``cut`` is how many of all scores the statistic leaves out at either end when it is a trimmed mean, else None.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, _BLOCK // max(1, sample.size))
    sizes = [min(at_once, n_resamples - first) for first in range(0, n_resamples, at_once)]
    trimmed = None if cut is None else _TrimmedMean(sample, cut)
    n, n_tasks = sample.shape
    parts = []
    for size in sizes:
        picks = generator.integers(0, n, (n_tasks, n, size), dtype=np.uint8 if n <= 256 else np.int64)
        parts.append(_scores(sample, statistic, picks) if trimmed is None else trimmed(picks))
    return np.concatenate(parts)


def _scores(sample: Floats, statistic: Callable[..., Any], picks: NDArray[Any]) -> Floats:
    drawn = np.stack([sample[pick, task] for task, pick in enumerate(picks)])
    return np.asarray(statistic(drawn.reshape(sample.size, -1).T, axis=1), dtype=np.float64)


class _TrimmedMean:
    """Trimmed means of resamples by counting, without sorting any of them.

    In sorted order, a resample's number of scores up to the i-th, clipped to what is not trimmed, tells how much weight
    lies at or below it; summed by parts over the gaps between the scores this gives the mean.
    """

    def __init__(self, sample: Floats, cut: int) -> None:
        n, n_tasks = sample.shape
        by_task = sample.T.ravel()
        order = np.argsort(by_task)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        self._rank = rank.reshape(n_tasks, n)
        self._highest = by_task[order[-1]]
        self._gaps = np.diff(by_task[order])
        self._cut = cut

    def __call__(self, picks: NDArray[Any]) -> Floats:
        size, n_scores = picks.shape[-1], self._rank.size
        places = np.empty(picks.shape, dtype=np.int64)
        for task, pick in enumerate(picks):
            np.take(self._rank[task] * size, pick, out=places[task], mode="clip")
        places += np.arange(size)
        counts = np.bincount(places.ravel(), minlength=n_scores * size).reshape(n_scores, size)
        up_to = np.cumsum(counts[:-1], axis=0)
        np.clip(up_to, self._cut, n_scores - self._cut, out=up_to)
        below = self._gaps @ up_to.astype(np.float64) - self._cut * self._gaps.sum()
        return np.asarray(self._highest - below / (n_scores - 2 * self._cut))
