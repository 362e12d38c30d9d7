"""Which values a statistic over tasks could have had with other seeds, for statistics that are not smooth.

With few seeds a task may change sides: be above the median or inside the middle half in one experiment and not in the
next. Influences (linear.py) say nothing of that; drawing the means of the tasks does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from mle_toolbox.statistics.over_tasks.linear import weighted_iqm
from mle_toolbox.statistics.over_tasks.scores import Floats

__all__ = ["simulated"]

_DRAWS = 4096
_BLOCK = 1_000_000  # numbers in memory at once


def simulated(cells: Mapping[str, Floats], statistic: str, target: float = 1.0, stream: int = 0) -> Floats:
    """Draw ``median``, ``iqm`` or ``optimality gap``, shape (4096,); every task needs two seeds.

    Parameters
    ----------
    cells
        Task -> shape (seeds of that task,). Their order and that of the seeds do not matter.
    statistic, target
        As for `estimate_over_tasks`.
    stream
        Different numbers give independent draws.

    Notes
    -----
    All runs of a task are moved by t s / √n with one t of n - 1 degrees of freedom: the fiducial distribution of its
    mean (Weerahandi 1993, generalised confidence intervals). The t of a task are the 4096 quantiles in random order (a
    Latin hypercube, McKay et al. 1979), so that ends of intervals vary less than with independent draws.
    """
    ordered = sorted((np.sort(each) for each in cells.values()), key=lambda each: (each.mean(), *each[:2], len(each)))
    return _drawn(tuple(each.tobytes() for each in ordered), statistic, target, stream)


# The same method is compared with many others.
@lru_cache(maxsize=128)
def _drawn(cells: tuple[bytes, ...], statistic: str, target: float, stream: int) -> Floats:
    tasks = [np.frombuffer(each) for each in cells]
    generator = np.random.default_rng(stream)
    moves = [each.std(ddof=1) / np.sqrt(len(each)) * generator.permutation(_quantiles(len(each))) for each in tasks]
    if statistic == "median":
        means = [each.mean() + move for each, move in zip(tasks, moves, strict=True)]
        return np.asarray(np.median(means, axis=0))
    if statistic == "optimality gap":
        # Task by task: only sums are needed.
        pairs = zip(tasks, moves, strict=True)
        short = [np.maximum(target - each - move[:, None], 0.0).mean(axis=1) for each, move in pairs]
        return np.asarray(np.mean(short, axis=0))
    sizes = [len(each) for each in tasks]
    runs, rows = np.concatenate(tasks), np.repeat(np.asarray(moves).T, sizes, axis=1)
    weights = np.concatenate([np.full(n, 1 / (n * len(tasks))) for n in sizes])
    step = max(1, _BLOCK // len(runs))
    blocks = [weighted_iqm(runs + rows[first : first + step], weights) for first in range(0, _DRAWS, step)]
    return np.concatenate(blocks)


@lru_cache(maxsize=64)
def _quantiles(n: int) -> Floats:
    from scipy.special import stdtrit

    return np.asarray(stdtrit(n - 1, (np.arange(_DRAWS) + 0.5) / _DRAWS))
