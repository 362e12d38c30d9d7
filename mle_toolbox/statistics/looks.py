"""Comparisons of configurations whose number of seeds was not fixed: they were looked at several times on the way.

Whoever tests at 5, 10, 15 and 20 seeds and stops at the first p below 0.05 finds a difference between equal
configurations in 13 % of all experiments and not in 5 %. So each look may use a share of the error rate only, and all
shares together are 1 (Bonferroni over the looks; the shares are those of the linear spending function). The smallest
p / share of the looks so far is a p-value at whatever look one stops, and the interval at the level that belongs to the
share covers at all looks together ("repeated" p-values and intervals: Jennison & Turnbull 1989). They then take the
place of the single test in the correction for all pairs. benchmarks/sequential.py measures this and its alternatives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from mle_toolbox.statistics.all_pairs import AllPairs, Names
from mle_toolbox.statistics.comparison import Comparison, compare_pair, difference_of
from mle_toolbox.statistics.difference_intervals import Difference
from mle_toolbox.statistics.estimate import Estimate, estimate
from mle_toolbox.statistics.pairing import Pair, prepare
from mle_toolbox.statistics.permutation import permutation_ps
from mle_toolbox.text import percent

__all__ = ["LookedPairs", "Looks", "corrected", "estimate_after_looks", "level_of"]

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Looks:
    """The looks at one experiment.

    Attributes
    ----------
    sizes
        At how many seeds there is a look, increasing.
    shares
        The part of the error rate that each look may use.
    seeds
        All seeds, in the order in which they are used.
    last
        For each configuration the number of its last look, from 1; 0 before the first.
    """

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    seeds: tuple[int, ...]
    last: Mapping[str, int]

    def at(self, number: int) -> frozenset[int]:
        """Return the seeds of a look; before the first look those of the first one."""
        return frozenset(self.seeds[: self.sizes[max(number, 1) - 1]])

    def share(self, number: int) -> float:
        """Return the share of a look; before the first look that of the first one."""
        return self.shares[max(number, 1) - 1]

    def common(self, a: str, b: str) -> int:
        """Return the last look at which both were compared."""
        return min(self.last[a], self.last[b])

    @property
    def words(self) -> str:
        """How the numbers are corrected, for the end of a method."""
        n = len(self.sizes)
        return f"corrected for looking {'twice' if n == 2 else f'up to {n} times'}" if n > 1 else "one look"


def level_of(confidence: float, share: float) -> float:
    """Return the confidence of the interval at one look, so that all looks together have the given one.

    >>> round(level_of(0.95, 0.25), 6)
    0.9875
    """
    return 1 - (1 - confidence) * min(share, 1.0)


@dataclass(frozen=True, eq=False)
class LookedPairs(AllPairs):
    """The t tests of all pairs as one family, each corrected for the looks at which its two samples were compared.

    Attributes
    ----------
    looks
        The looks. A pair is compared by the seeds of the last look at which both of it were there.
    """

    looks: Looks = field(kw_only=True)

    def _difference(self, a: str, b: str) -> Difference:
        """Return the difference of the means at the last look of both; its p holds for all looks so far."""
        if (a, b) not in self._made:
            last = self.looks.common(a, b)
            found = [difference_of(self._at(a, b, number), 0.95) for number in range(1, max(last, 1) + 1)]
            ps = [each.p / self.looks.share(number) for number, each in enumerate(found, 1) if not math.isnan(each.p)]
            self._made[a, b] = replace(found[-1], p=min(1.0, *ps) if ps else math.nan)
        return self._made[a, b]

    def _pair(self, a: str, b: str) -> Pair:
        if (a, b) not in self._prepared:
            self._prepared[a, b] = self._at(a, b, self.looks.common(a, b))
        return self._prepared[a, b]

    def _at(self, a: str, b: str, number: int) -> Pair:
        """Return the two samples with the seeds of one look."""
        (values_a, seeds_a), (values_b, seeds_b) = (self._part(name, self.looks.at(number)) for name in (a, b))
        return prepare(values_a, values_b, self.paired, seeds_a, seeds_b, self.diverged)

    def _part(self, name: str, wanted: frozenset[int]) -> tuple[ArrayLike, Sequence[int]]:
        seeds = (self.seeds or {})[name]
        kept = [place for place, seed in enumerate(seeds) if seed in wanted]
        return np.asarray(self.samples[name], dtype=np.float64)[kept], [seeds[place] for place in kept]

    def _compare(
        self, pairs: Sequence[Names], confidence: float, lower_is_better: bool, seed: int
    ) -> dict[Names, Comparison]:
        prepared = [self._pair(a, b) for a, b in pairs]
        permuted = permutation_ps([(each.a, each.b, each.paired) for each in prepared], seed=seed)
        found = {}
        for names, pair, p in zip(pairs, prepared, permuted, strict=True):
            share = self.looks.share(self.looks.common(*names))
            level = level_of(confidence, share)
            each = compare_pair(pair, min(1.0, p / share), level, lower_is_better)
            found[names] = replace(
                each,
                t_test_p=self._difference(*names).p,
                confidence=confidence,
                method=f"{each.method.replace(percent(level), percent(confidence), 1)}, {self.looks.words}",
                caution=each.caution and each.caution.replace(percent(level), percent(confidence)),
            )
        return found


def estimate_after_looks(
    values: ArrayLike, statistic: str, confidence: float, *, missing: int, share: float, words: str
) -> Estimate:
    """Return an estimate whose interval covers at all looks together; arguments as for `estimate`.

    ``share`` is that of the last look, ``words`` say how it is corrected.
    """
    level = level_of(confidence, share)
    return corrected(estimate(values, statistic, level, missing=missing), level, confidence, words)


def corrected(found: _Found, level: float, confidence: float, words: str) -> _Found:
    """Return an estimate or a band that was computed at the level of one look as what it is at all looks together."""
    one: Any = found
    method = one.method.replace(percent(level), percent(confidence), 1)
    caution = one.caution and one.caution.replace(percent(level), percent(confidence))
    made: _Found = replace(one, confidence=confidence, method=f"{method}, {words}", caution=caution)
    return made
