"""Permutation tests of the difference of two means: exact where there are few seeds, else seeded Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import finite_sample, real_sample, whole_number

__all__ = ["permutation_p", "permutation_ps"]

Floats = NDArray[np.float64]

_MOST_ENUMERATED = 20_000
_N_DRAWN = 9_999
_TOGETHER = 64  # pairs of samples in one matrix product, which bounds its memory


def permutation_p(a: ArrayLike, b: ArrayLike, *, paired: bool, seed: int = 0) -> float:
    """Two-sided p-value of the permutation test that the seeds of a and b are exchangeable; NaN without seeds.

    Parameters
    ----------
    a, b
        Finite, shape (A,) and (B,); if ``paired``, the two members of each pair are exchanged.
    seed
        For the Monte Carlo draws, which are used if there are more than 20,000 arrangements.

    Raises
    ------
    StatisticsError
        When a value is not finite, or ``paired`` and a and b have different lengths.

    Notes
    -----
    Fisher 1935: the share of arrangements whose means differ at least as much as the observed ones, in either
    direction. With 9,999 drawn arrangements the observed one counts as one more (Phipson and Smyth 2010), so p is never
    zero and never too small. Equal to ``scipy.stats.permutation_test`` of the absolute difference; for the difference
    itself scipy doubles the smaller tail, which is the same if a and b have equally many seeds.
    """
    left, right = (finite_sample(real_sample(each)).astype(np.float64) for each in (a, b))
    if paired and len(left) != len(right):
        raise StatisticsError(f"Pairs need as many values of a as of b, found {len(left)} and {len(right)}.")
    with np.errstate(over="ignore", invalid="ignore"):
        return permutation_ps([(left, right, paired)], seed=whole_number(seed, "seed"))[0]


def permutation_ps(pairs: Sequence[tuple[Floats, Floats, bool]], *, seed: int = 0) -> list[float]:
    """Compute `permutation_p` of many pairs of samples (a, b, paired), together where they are of the same size."""
    found = [math.nan] * len(pairs)
    alike: dict[tuple[int, int, bool], list[int]] = {}
    for i, (a, b, paired) in enumerate(pairs):
        if min(len(a), len(b)):
            alike.setdefault((len(a), len(b), paired), []).append(i)
    for (n_a, n_b, paired), members in alike.items():
        rows, is_exact = _signs(n_a, seed) if paired else _choices(n_a, n_b, seed)
        for first in range(0, len(members), _TOGETHER):
            some = members[first : first + _TOGETHER]
            for i, p in zip(some, _p_values([pairs[i] for i in some], rows, is_exact), strict=True):
                found[i] = float(p)
    return found


def _p_values(pairs: Sequence[tuple[Floats, Floats, bool]], rows: Floats, is_exact: bool) -> Floats:
    """Return the p-values of pairs of one size; each row of ``rows`` is one arrangement."""
    paired = pairs[0][2]
    columns = np.array([a - b if paired else np.concatenate([a, b]) for a, b, _ in pairs]).T
    if not paired:
        # Centred, so that the sums of equal arrangements are as equal as floats allow.
        columns = columns - columns.mean(axis=0)
    observed = np.abs(columns.sum(axis=0) if paired else columns[: len(pairs[0][0])].sum(axis=0))
    largest = np.array([np.abs(a).max() + np.abs(b).max() for a, b, _ in pairs])
    # Arrangements that are equal but for rounding count as equal: missing them would make p too small.
    tolerance = 1e-10 * np.maximum(observed, 1e-4 * largest)
    n_as_far = (np.abs(rows @ columns) >= observed - tolerance).sum(axis=0)
    return np.asarray(n_as_far / len(rows) if is_exact else (n_as_far + 1) / (len(rows) + 1))


@lru_cache(maxsize=8)
def _choices(n_a: int, n_b: int, seed: int) -> tuple[Floats, bool]:
    """Return rows with ones for the seeds assigned to a, and whether these are all possible rows."""
    n = n_a + n_b
    if math.comb(n, n_a) <= _MOST_ENUMERATED:
        places = np.array(list(combinations(range(n), n_a)), dtype=np.intp)
        is_exact = True
    else:
        places = np.argsort(np.random.default_rng(seed).random((_N_DRAWN, n)), axis=1)[:, :n_a]
        is_exact = False
    chosen = np.zeros((len(places), n))
    np.put_along_axis(chosen, places, 1.0, axis=1)
    return chosen, is_exact


@lru_cache(maxsize=8)
def _signs(n: int, seed: int) -> tuple[Floats, bool]:
    """Return rows of signs, one sign per pair, and whether these are all possible rows."""
    if 2**n <= _MOST_ENUMERATED:
        return np.array(list(product((1.0, -1.0), repeat=n))), True
    return np.random.default_rng(seed).choice([1.0, -1.0], (_N_DRAWN, n)), False
