"""Many configurations compared with each other, or with a baseline, and Holm's correction for doing so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.checks import check_confidence, real_array
from mle_toolbox.statistics.comparison import Comparison, compare_pair
from mle_toolbox.statistics.estimate import Diverged
from mle_toolbox.statistics.pairing import prepare
from mle_toolbox.statistics.permutation import permutation_ps

__all__ = ["compare_all", "holm"]


def compare_all(
    samples: Mapping[str, ArrayLike],
    *,
    baseline: str | None = None,
    seeds: Mapping[str, Sequence[int]] | None = None,
    paired: bool | None = None,
    confidence: float = 0.95,
    lower_is_better: bool = False,
    diverged: Diverged = "exclude",
    seed: int = 0,
) -> dict[tuple[str, str], Comparison]:
    """Compare all pairs of configurations, or all others with a baseline, with Holm's correction.

    Parameters
    ----------
    samples
        For each configuration one number a seed, shape (S,); the shapes may differ.
    baseline
        The configuration with which all others are compared; it is then b in each comparison. None: all pairs.
    seeds
        For each configuration its seeds, in the order of the values.
    paired, confidence, lower_is_better, diverged, seed
        As for `compare`.

    Returns
    -------
    dict
        By the two names, a before b as in ``samples``.

    Raises
    ------
    StatisticsError
        When there is no such baseline, or ``seeds`` does not fit; else as for `compare`.
    """
    if not isinstance(samples, Mapping):
        raise StatisticsError("Many configurations are a mapping from their names to their numbers.")
    if baseline is not None and baseline not in samples:
        raise StatisticsError(f"There is no configuration {baseline!r}.{did_you_mean(str(baseline), samples)}")
    if baseline is None:
        names = list(combinations(samples, 2))
    else:
        names = [(name, baseline) for name in samples if name != baseline]
    without = [name for pair in names for name in pair if seeds is not None and name not in seeds]
    if without:
        raise StatisticsError(f"seeds does not name those of {without[0]!r}.")
    check_confidence(confidence)
    prepared = [
        prepare(
            samples[a],
            samples[b],
            paired,
            None if seeds is None else seeds[a],
            None if seeds is None else seeds[b],
            diverged,
        )
        for a, b in names
    ]
    permuted = permutation_ps([(pair.a, pair.b, pair.paired) for pair in prepared], seed=seed)
    found = [compare_pair(pair, p, confidence, lower_is_better) for pair, p in zip(prepared, permuted, strict=True)]
    adjusted = holm([comparison.t_test_p for comparison in found])
    return {
        pair: replace(comparison, adjusted_p=float(p))
        for pair, comparison, p in zip(names, found, adjusted, strict=True)
    }


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p of several tests so that with all of them the error stays at the level; shape (K,) to (K,).

    Holm 1979. NaN, a test that could not be made, stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = real_array(p_values).astype(np.float64).ravel()
    if ((p < 0) | (p > 1)).any():
        raise StatisticsError(f"A p lies from 0 to 1, found {p[(p < 0) | (p > 1)][0]:g}.")
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return adjusted
