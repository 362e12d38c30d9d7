"""Which family of tests may decide which configurations are the best: error and power of the candidates.

Part of benchmarks/coverage.py (`--only best`). Each repetition draws k configurations of n seeds, takes the one of the
best mean, and asks each candidate which others it excludes as worse. An error: one of the truly best is excluded, also
one of several that are equal. Power: the share of the truly worse ones that is excluded.

Knows the package only to hold its own rule against the one that is measured here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.statistics import AllPairs

__all__ = ["best_set_tables"]

Floats = NDArray[np.float64]
Excluded = NDArray[np.bool_]

CONFIGURATIONS, SEEDS = (3, 4, 6), (3, 5, 10)
LEVEL = 0.05
THRESHOLD = {3: 4.5, 5: 2.2, 10: 1.3}
"""By n, a difference in standard deviations that some tests find and some do not."""

OURS = "Holm over all pairs (ours)"
CHECKED = 100
"""Repetitions of each cell in which the package itself is asked, too."""


@dataclass(frozen=True)
class Data:
    """How seeds are drawn: ``paired`` ones share half of their variance; unequal spreads go from 0.5 to 2."""

    name: str
    paired: bool
    unequal: bool

    def draw(self, means: Floats, n: int, repetitions: int) -> Floats:
        """Return samples of shape (R, k, n)."""
        generator = np.random.default_rng(100 * n + len(means))
        spreads = np.linspace(0.5, 2, len(means)) if self.unequal else np.ones(len(means))
        noise = generator.normal(size=(repetitions, len(means), n)) * spreads[:, None]
        if self.paired:
            noise += generator.normal(size=(repetitions, 1, n))
        return noise + means[:, None]


DATA = (
    Data("pairs", paired=True, unequal=False),
    Data("pairs, unequal spreads", paired=True, unequal=True),
    Data("no pairs", paired=False, unequal=False),
    Data("no pairs, unequal spreads", paired=False, unequal=True),
)


@dataclass(frozen=True)
class Tests:
    """The t tests of all pairs, in the order of ``combinations``, and which of them are with the selected best.

    Attributes
    ----------
    p
        Two-sided, shape (R, P).
    t, freedom
        Of the test with the best one, shape (R, k).
    best
        Shape (R,).
    with_best
        Where in P the test of each configuration with the best one is, shape (R, k); of the best itself, anything.
    is_other
        Shape (R, k), False for the best one.
    """

    p: Floats
    t: Floats
    freedom: Floats
    best: NDArray[np.intp]
    with_best: NDArray[np.intp]
    is_other: NDArray[np.bool_]


def all_tests(samples: Floats, *, paired: bool) -> Tests:
    """Test all pairs of samples of shape (R, k, n)."""
    from scipy.special import stdtr

    k, n = samples.shape[1:]
    pairs = list(combinations(range(k), 2))
    a, b = samples[:, [i for i, _ in pairs]], samples[:, [j for _, j in pairs]]
    if paired:
        error, freedom = np.sqrt((a - b).var(axis=2, ddof=1) / n), np.full(a.shape[:2], n - 1.0)
    else:
        share_a, share_b = a.var(axis=2, ddof=1) / n, b.var(axis=2, ddof=1) / n
        error = np.sqrt(share_a + share_b)
        freedom = (share_a + share_b) ** 2 / ((share_a**2 + share_b**2) / (n - 1))
    t = np.abs(a.mean(axis=2) - b.mean(axis=2)) / error
    place = np.zeros((k, k), dtype=np.intp)
    for position, (i, j) in enumerate(pairs):
        place[i, j] = place[j, i] = position
    best = samples.mean(axis=2).argmax(axis=1)
    with_best = place[best]
    return Tests(
        2 * stdtr(freedom, -t),
        np.take_along_axis(t, with_best, axis=1),
        np.take_along_axis(freedom, with_best, axis=1),
        best,
        with_best,
        np.arange(k) != best[:, None],
    )


def stepped_down(p: Floats, factors: list[int]) -> Floats:
    """Adjust p of shape (R, P): the smallest times the first factor, and so on, never falling."""
    order = np.argsort(p, axis=1)
    steps = np.maximum.accumulate(np.take_along_axis(p, order, axis=1) * np.array(factors), axis=1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, steps, axis=1)
    return adjusted


def holm_with_the_best(tests: Tests) -> Excluded:
    """Holm's correction for the k - 1 tests with the best one, as if it had been named beforehand."""
    k = tests.is_other.shape[1]
    p = np.where(tests.is_other, np.take_along_axis(tests.p, tests.with_best, axis=1), np.inf)
    return (stepped_down(p, [*range(k - 1, 0, -1), 1]) < LEVEL) & tests.is_other


def holm_of_all_pairs(tests: Tests) -> Excluded:
    """Holm's correction for all k (k - 1) / 2 tests."""
    return _of_all_pairs(tests, list(range(tests.p.shape[1], 0, -1)))


def shaffer_of_all_pairs(tests: Tests) -> Excluded:
    """Holm's, but counting at each step only how many pairs can still be equal (Shaffer 1986)."""
    possible = _numbers_of_equal_pairs(tests.is_other.shape[1])
    n_pairs = tests.p.shape[1]
    return _of_all_pairs(tests, [max(each for each in possible if each <= n_pairs - i) or 1 for i in range(n_pairs)])


def hsu(tests: Tests) -> Excluded:
    """Hsu's multiple comparisons with the best: one-sided t against Dunnett's quantile for k - 1 comparisons."""
    k = tests.is_other.shape[1]
    halves = np.floor(2 * tests.freedom).astype(int)
    critical = np.zeros(halves.shape)
    for half in np.unique(halves):
        critical[halves == half] = _dunnett(k, int(half))
    return (tests.t > critical) & tests.is_other


CANDIDATES: Mapping[str, Callable[[Tests], Excluded]] = {
    "Holm over the k - 1 with the best": holm_with_the_best,
    OURS: holm_of_all_pairs,
    "Shaffer over all pairs": shaffer_of_all_pairs,
    "Hsu, comparisons with the best": hsu,
}


@dataclass(frozen=True)
class Scenario:
    """True means, in units of the threshold; the truly best ones are those at 0. And which tables are shown of it."""

    title: str
    steps: Callable[[int], list[float]]
    errors: bool = True
    power: bool = True


SCENARIOS = (
    Scenario("All are equal", lambda k: [0.0] * k, power=False),
    Scenario("Two are best, the others are worse by the threshold", lambda k: [0.0, 0.0, *[-1.0] * (k - 2)]),
    Scenario("One is best, the others are worse by a third of it", lambda k: [0.0, *[-1 / 3] * (k - 1)], power=False),
    Scenario("One is best, the others are worse by the threshold", lambda k: [0.0, *[-1.0] * (k - 1)], errors=False),
)


def best_set_tables(repetitions: int) -> tuple[list[str], list[str]]:
    """Return the tables as Markdown, and what is wrong with the rule of the package."""
    parts, broken = [], []
    for scenario in SCENARIOS:
        rows = {name: {k: list(row) for k, row in _rows(scenario, name, repetitions)} for name in CANDIDATES}
        if scenario.errors:
            parts.append(_markdown(f"{scenario.title}: one of the best is excluded", rows, 0, _limit(repetitions)))
        if scenario.power:
            parts.append(_markdown(f"{scenario.title}: share of the worse that is excluded", rows, 1, math.inf))
        broken += [
            f"{scenario.title}: {k} configurations: one of the best is excluded in {max(row)[0]:.3f}"
            for k, row in rows[OURS].items()
            if max(row)[0] > _limit(repetitions)
        ]
    return parts, broken + list(_unlike_the_package())


def _limit(repetitions: int) -> float:
    """Return the level and three standard errors of what is simulated."""
    return LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / repetitions)


def _rows(scenario: Scenario, candidate: str, repetitions: int) -> Iterator[tuple[int, Iterator[tuple[float, float]]]]:
    for k in CONFIGURATIONS:
        yield k, (_measured(scenario, candidate, k, n, data, repetitions) for data in DATA for n in SEEDS)


def _measured(scenario: Scenario, candidate: str, k: int, n: int, data: Data, repetitions: int) -> tuple[float, float]:
    """Return how often one of the best is excluded, and the share of the worse ones that is."""
    steps = np.array(scenario.steps(k))
    excluded = CANDIDATES[candidate](_tests(tuple(steps * THRESHOLD[n]), n, data, repetitions))
    worse = excluded[:, steps < 0]
    return float(excluded[:, steps == 0].any(axis=1).mean()), float(worse.mean()) if worse.size else math.nan


@cache
def _tests(means: tuple[float, ...], n: int, data: Data, repetitions: int) -> Tests:
    return all_tests(data.draw(np.array(means), n, repetitions), paired=data.paired)


def _of_all_pairs(tests: Tests, factors: list[int]) -> Excluded:
    adjusted = np.take_along_axis(stepped_down(tests.p, factors), tests.with_best, axis=1)
    return (adjusted < LEVEL) & tests.is_other


@cache
def _numbers_of_equal_pairs(k: int) -> frozenset[int]:
    """Return how many pairs of k means can be equal: those within the groups of any partition."""
    if k < 2:
        return frozenset((0,))
    return frozenset(
        math.comb(size, 2) + rest for size in range(1, k + 1) for rest in _numbers_of_equal_pairs(k - size)
    )


@cache
def _dunnett(k: int, half_degrees: int) -> float:
    """Return the 95 % quantile of the largest of k - 1 t that share one sample, by simulation."""
    from scipy.stats import chi2

    largest, shares = _largest(k)
    freedom = half_degrees / 2
    return float(np.quantile(largest / np.sqrt(chi2.ppf(shares, freedom) / freedom), 1 - LEVEL))


@cache
def _largest(k: int) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(k)
    normal = generator.normal(size=(k, 100_000))
    return (normal[1:] - normal[0]).max(axis=0) / math.sqrt(2), generator.random(normal.shape[1])


def _unlike_the_package() -> Iterator[str]:
    """Name where the package marks others than those that `holm_of_all_pairs` leaves."""
    for data in DATA:
        for k in CONFIGURATIONS:
            samples = data.draw(-np.arange(k) * THRESHOLD[5] / 2, 5, CHECKED)
            excluded = holm_of_all_pairs(all_tests(samples, paired=data.paired))
            for drawn, out in zip(samples, excluded, strict=True):
                named = {str(i): values for i, values in enumerate(drawn)}
                best = str(int(drawn.mean(axis=1).argmax()))
                kept = AllPairs(named, paired=data.paired).not_worse_than(best, confidence=0.95, lower_is_better=False)
                if set(kept) != {str(i) for i in np.flatnonzero(~out)}:
                    yield f"{data.name}: the package marks {kept}, measured was {np.flatnonzero(~out)}."


def _markdown(title: str, rows: Mapping[str, Mapping[int, list[tuple[float, float]]]], which: int, limit: float) -> str:
    """Return one table; bold is above the limit."""
    heads = [f"{data.name}, n = {n}" if n == SEEDS[0] else f"{n}" for data in DATA for n in SEEDS]
    lines = [f"#### {title}", "", "| family of tests | k | " + " | ".join(heads) + " |"]
    lines.append("| --- | ---: |" + " ---: |" * len(heads))
    for name, by_k in rows.items():
        for place, (k, row) in enumerate(by_k.items()):
            cells = (f"**{each[which]:.3f}**" if each[which] > limit else f"{each[which]:.3f}" for each in row)
            lines.append(f"| {name if place == 0 else ''} | {k} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
