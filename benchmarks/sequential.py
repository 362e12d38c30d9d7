"""How many seeds decide: error, power and seeds of the ways to look at results several times.

    python benchmarks/sequential.py [--repetitions 10000] [--configurations 3 4 6] [--quick] [--write]

Each repetition draws k configurations of up to 20 seeds and looks at them after 5, 10, 15 and 20. At each look those
that are significantly worse than the best of the others get no more seeds. For every way: how often a difference is
found that is not there, or one of the truly best is stopped; the share of the truly worse that is found; and the seeds
that were run. Compared are always 20 seeds, looking without a correction, equal shares of the error rate (ours: a
p-value is divided by the share of its look), shares that grow with the number of seeds, Pocock's and O'Brien and
Fleming's bounds, and the spending of Lan and DeMets with a linear function, each with Holm's correction over all pairs;
and AdaStop (Mathieu et al., TMLR 2024).

``--write`` puts the tables into docs/statistics.md. Ends with 1 when ours errs in more than 5 % by more than three
standard errors of the simulation on data of equal spreads, or when the package does not do what is measured here.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from best_set import LEVEL, stepped_down
from coverage import put_into_docs
from measure import machine
from numpy.typing import NDArray

from mle_toolbox.statistics.looks import LookedPairs, Looks

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIGURATIONS = (3, 4, 6)
SIZES = (5, 10, 15, 20)
BEGIN, END = "<!-- made by benchmarks/sequential.py -->", "<!-- end of what benchmarks/sequential.py made -->"
THRESHOLD = 1.3
"""In standard deviations: a difference that 20 seeds show in most cases, and five in few."""
CLEAR = 4.0
"""The same of a difference that nobody needs 20 seeds to see."""
OURS = "equal shares (ours)"
CHECKED = 40
_PERMUTATIONS = 400
# AdaStop takes a millisecond a repetition, the others a hundredth.
_ADASTOP_PART = 5


@dataclass(frozen=True)
class Shape:
    """How seeds are drawn, with mean 0 and standard deviation 1."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], Floats]
    paired: bool = True
    unequal: bool = False
    judged: bool = True


def _lognormal(generator: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return (generator.lognormal(0.0, 0.5, size) - math.exp(0.125)) / math.sqrt((math.exp(0.25) - 1) * math.exp(0.25))


SHAPES = (
    Shape("normal", lambda g, s: g.normal(size=s)),
    Shape("moderately skewed", _lognormal),
    Shape("strongly skewed", lambda g, s: g.exponential(size=s) - 1),
    Shape("heavy tails", lambda g, s: g.standard_t(3, s) / math.sqrt(3)),
    Shape("normal, no pairs", lambda g, s: g.normal(size=s), paired=False),
    Shape("skewed, no pairs", _lognormal, paired=False),
    # As for single tests, skewness does not cancel where the spreads differ.
    Shape("skewed, spreads 0.5 to 2", _lognormal, unequal=True, judged=False),
)


@dataclass(frozen=True)
class Scenario:
    """True means, in standard deviations; the best ones are those at 0."""

    title: str
    means: Callable[[int], list[float]]
    errors: bool = True
    power: bool = True
    """Whether what is found and the seeds are shown."""


SCENARIOS = (
    Scenario("All are equal", lambda k: [0.0] * k, power=False),
    Scenario("Two are best, the others are worse by the threshold", lambda k: [0.0, 0.0, *[-THRESHOLD] * (k - 2)]),
    Scenario(
        "One is best, the others are worse by a third of it", lambda k: [0.0, *[-THRESHOLD / 3] * (k - 1)], power=False
    ),
    Scenario(
        "One is best, the others are worse by the threshold", lambda k: [0.0, *[-THRESHOLD] * (k - 1)], errors=False
    ),
    Scenario("One is best, the others are clearly worse", lambda k: [0.0, *[-CLEAR] * (k - 1)], errors=False),
)


@dataclass(frozen=True)
class Outcome:
    """What came of R repetitions.

    Attributes
    ----------
    stopped
        Which configurations were found to be worse, shape (R, k).
    rejected
        Which pairs were found to differ, shape (R, P).
    seeds
        How many each has got, shape (R, k).
    """

    stopped: Bools
    rejected: Bools
    seeds: NDArray[np.intp]


Way = Callable[[Floats, bool], Outcome]


def draw(shape: Shape, means: Sequence[float], repetitions: int) -> Floats:
    """Return samples of shape (R, k, 20)."""
    k = len(means)
    generator = np.random.default_rng(1000 * k + 7)
    spreads = np.linspace(0.5, 2, k) if shape.unequal else np.ones(k)
    return shape.draw(generator, (repetitions, k, SIZES[-1])) * spreads[:, None] + np.array(means)[:, None]


def p_values(samples: Floats, paired: bool) -> Floats:
    """Return two-sided p of the t tests of all pairs at each look, shape (R, P, looks)."""
    from scipy.special import stdtr

    pairs = list(combinations(range(samples.shape[1]), 2))
    a, b = samples[:, [i for i, _ in pairs]], samples[:, [j for _, j in pairs]]
    found = []
    for n in SIZES:
        x, y = a[..., :n], b[..., :n]
        if paired:
            error, freedom = np.sqrt((x - y).var(axis=2, ddof=1) / n), np.full(x.shape[:2], n - 1.0)
        else:
            share_a, share_b = x.var(axis=2, ddof=1) / n, y.var(axis=2, ddof=1) / n
            error = np.sqrt(share_a + share_b)
            freedom = (share_a + share_b) ** 2 / ((share_a**2 + share_b**2) / (n - 1))
        found.append(2 * stdtr(freedom, -np.abs(x.mean(axis=2) - y.mean(axis=2)) / error))
    return np.stack(found, axis=2)


def by_p_values(corrected: Callable[[Floats], Floats], looks: Sequence[int] = (0, 1, 2, 3)) -> Way:
    """Return the way that corrects p-values for the looks, and then by Holm for all pairs.

    ``corrected`` takes the p-values of all looks, shape (R, P, looks), and returns for each look and pair the smallest
    error rate of all looks together at which that look finds a difference.
    """

    def way(samples: Floats, paired: bool) -> Outcome:
        repetitions, k = samples.shape[:2]
        pairs = np.array(list(combinations(range(k), 2)))
        each = corrected(p_values(samples, paired))
        so_far = np.ones(each.shape[:2])
        active = np.ones((repetitions, k), dtype=bool)
        seeds = np.zeros((repetitions, k), dtype=np.intp)
        rejected = np.zeros(so_far.shape, dtype=bool)
        for look in looks:
            going = active & (active.sum(axis=1) > 1)[:, None]
            seeds[going] = SIZES[look]
            tested = going[:, pairs[:, 0]] & going[:, pairs[:, 1]]
            so_far = np.where(tested, np.minimum(so_far, each[:, :, look]), so_far)
            rejected = stepped_down(so_far, list(range(len(pairs), 0, -1))) < LEVEL
            active &= ~(_worse_than_leader(samples, look, rejected, pairs, going))
        return Outcome(~active, rejected, seeds)

    return way


def _worse_than_leader(samples: Floats, look: int, rejected: Bools, pairs: NDArray[np.intp], going: Bools) -> Bools:
    """Return which configurations are significantly worse than the best of those that go on, shape (R, k)."""
    k = going.shape[1]
    place = np.zeros((k, k), dtype=np.intp)
    for position, (i, j) in enumerate(pairs):
        place[i, j] = place[j, i] = position
    means = np.where(going, samples[..., : SIZES[look]].mean(axis=2), -np.inf)
    leader = means.argmax(axis=1)
    with_leader = np.take_along_axis(rejected, place[leader], axis=1)
    return with_leader & going & (np.arange(k) != leader[:, None])


def equal_shares(p: Floats) -> Floats:
    """Each look may use a quarter of the error rate: Bonferroni over the looks."""
    return np.minimum(1.0, p * len(SIZES))


def growing_shares(p: Floats) -> Floats:
    """Return the same with the shares of the spending n^1.5 (Kim & DeMets 1987): fewer at first, more at the end."""
    return np.minimum(1.0, p / np.diff(np.array([0.0, *_TIMES]) ** 1.5))


def bounded(bounds: Callable[[float], tuple[float, ...]]) -> Callable[[Floats], Floats]:
    """Return the correction by bounds that are known for the normal distribution, by their levels (Pocock 1977)."""
    from scipy.special import ndtr

    @cache
    def table() -> tuple[Floats, Floats]:
        rates = np.geomspace(1e-7, 0.5, 60)
        return rates, np.array([[2 * ndtr(-z) for z in bounds(float(rate))] for rate in rates])

    def corrected(p: Floats) -> Floats:
        rates, levels = table()
        logs = [
            np.interp(np.log(np.maximum(p[..., i], 1e-300)), np.log(np.maximum(levels[:, i], 1e-300)), np.log(rates))
            for i in range(len(SIZES))
        ]
        found = np.exp(np.stack(logs, axis=-1))
        # Below the table nothing is known, above it nothing is found.
        return np.where(p > levels[-1], 1.0, np.where(p < levels[0], 0.0, found))

    return corrected


def crossings(bounds: Sequence[float]) -> list[float]:
    """Return the probability that a Brownian motion first leaves ±bound at each look (Armitage et al. 1969).

    The bounds are in standard deviations of the look.
    """
    density, found = _Density(), []
    for look, bound in enumerate(bounds):
        found.append(density.beyond(look, bound))
        density = density.after(look, bound)
    return found


@dataclass(frozen=True)
class _Density:
    """Of the motion at a look, as far as it has not left the bounds: at points, with their weights."""

    points: Floats | None = None
    weights: Floats | None = None

    def beyond(self, look: int, bound: float) -> float:
        from scipy.special import ndtr

        if self.points is None or self.weights is None:
            return float(2 * ndtr(-bound))
        limit, step = bound * math.sqrt(_TIMES[look]), math.sqrt(_TIMES[look] - _TIMES[look - 1])
        return float((self.weights * (ndtr((-limit - self.points) / step) + ndtr((self.points - limit) / step))).sum())

    def after(self, look: int, bound: float) -> _Density:
        limit = min(bound, 9.0) * math.sqrt(_TIMES[look])
        points, spacing = np.linspace(-limit, limit, 301, retstep=True)
        if self.points is None or self.weights is None:
            there = np.exp(-(points**2) / (2 * _TIMES[0])) / math.sqrt(2 * math.pi * _TIMES[0])
        else:
            step = _TIMES[look] - _TIMES[look - 1]
            apart = points[:, None] - self.points
            there = (np.exp(-(apart**2) / (2 * step)) / math.sqrt(2 * math.pi * step)) @ self.weights
        simpson = np.ones(301)
        simpson[1:-1:2], simpson[2:-1:2] = 4, 2
        return _Density(points, there * simpson * spacing / 3)


_TIMES = tuple(n / SIZES[-1] for n in SIZES)


def _solved(rising: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def pocock(rate: float) -> tuple[float, ...]:
    """Return the same bound for each look."""
    bound = _solved(lambda z: rate - sum(crossings([z] * len(SIZES))), 0.0, 9.0)
    return (bound,) * len(SIZES)


def obrien_fleming(rate: float) -> tuple[float, ...]:
    """Return bounds that are the same for the sums of all seeds so far."""
    last = _solved(lambda z: rate - sum(crossings([z / math.sqrt(t) for t in _TIMES])), 0.0, 9.0)
    return tuple(last / math.sqrt(t) for t in _TIMES)


def linear_spending(rate: float) -> tuple[float, ...]:
    """Return bounds by which each look uses the same part, apart from what earlier looks have found."""
    density, bounds = _Density(), []
    for look in range(len(SIZES)):
        now, at = density, look
        bounds.append(_solved(lambda z, now=now, at=at: rate / len(SIZES) - now.beyond(at, z), 0.0, 12.0))  # type: ignore[misc]
        density = density.after(look, bounds[-1])
    return tuple(bounds)


def adastop(samples: Floats, paired: bool) -> Outcome:
    """AdaStop: permutations within each block of seeds, all pairs stepped down, a quarter of the error rate a look.

    Who is worse than the best of the others gets no more seeds, as for the other ways.
    """
    del paired  # it permutes the seeds of two configurations together
    repetitions, k = samples.shape[:2]
    pairs = np.array(list(combinations(range(k), 2)))
    generator = np.random.default_rng(5)
    block = SIZES[0]
    signs = np.ones(2 * block)
    signs[block:] = -1
    stopped, rejected = np.zeros((repetitions, k), dtype=bool), np.zeros((repetitions, len(pairs)), dtype=bool)
    seeds = np.zeros((repetitions, k), dtype=np.intp)
    for r in range(repetitions):
        active = np.ones(k, dtype=bool)
        # The first arrangement is the observed one.
        sums, kept = np.zeros((_PERMUTATIONS + 1, len(pairs))), np.ones(_PERMUTATIONS + 1, dtype=bool)
        for look in range(len(SIZES)):
            if active.sum() < 2:
                break
            seeds[r, active] = SIZES[look]
            new = samples[r, :, SIZES[look] - block : SIZES[look]]
            both = np.concatenate([new[pairs[:, 0]], new[pairs[:, 1]]], axis=1)
            arranged = np.vstack([signs, generator.permuted(np.tile(signs, (_PERMUTATIONS, 1)), axis=1)])
            going = active[pairs].all(axis=1)
            sums[:, going] += (arranged @ both.T)[:, going]
            size = np.abs(sums)
            candidates = going & ~rejected[r]
            bound = math.inf
            while candidates.any():
                largest = size[:, candidates].max(axis=1)
                # Of all arrangements a quarter of 5 %, among those that no earlier look has found.
                ordered = np.sort(largest[1:][kept[1:]])[::-1]
                allowed = int(LEVEL / len(SIZES) * _PERMUTATIONS)
                bound = ordered[allowed] if allowed < len(ordered) else 0.0
                best = np.flatnonzero(candidates)[size[0, candidates].argmax()]
                if size[0, best] <= bound:
                    break
                rejected[r, best] = True
                candidates[best] = False
            kept &= size[:, going].max(axis=1) <= bound
            worse = _worse_than_leader(samples[r : r + 1], look, rejected[r : r + 1], pairs, active[None])
            active &= ~worse[0]
        stopped[r] = ~active
    return Outcome(stopped, rejected, seeds)


WAYS: Mapping[str, Way] = {
    "always 20 seeds": by_p_values(lambda p: p, (3,)),
    "looks without correction": by_p_values(lambda p: p),
    OURS: by_p_values(equal_shares),
    "shares of n^1.5": by_p_values(growing_shares),
    "Pocock": by_p_values(bounded(pocock)),
    "O'Brien-Fleming": by_p_values(bounded(obrien_fleming)),
    "Lan-DeMets, linear": by_p_values(bounded(linear_spending)),
    "AdaStop": adastop,
}


@dataclass(frozen=True)
class Row:
    """One way, for one k: error, false findings, power and seeds by shape; NaN where there is none."""

    stopped_best: float
    false_finding: float
    found: float
    seeds: float


def measure(scenario: Scenario, name: str, k: int, shape: Shape, repetitions: int) -> Row:
    """Measure one cell."""
    means = np.array(scenario.means(k))
    samples = draw(shape, scenario.means(k), repetitions)
    outcome = WAYS[name](
        samples[: max(1, repetitions // _ADASTOP_PART)] if name == "AdaStop" else samples, shape.paired
    )
    equal = np.array([means[i] == means[j] for i, j in combinations(range(k), 2)])
    best = outcome.stopped[:, means == 0].any(axis=1)
    worse = outcome.stopped[:, means < 0]
    return Row(
        float(best.mean()),
        float((best | outcome.rejected[:, equal].any(axis=1)).mean()),
        float(worse.mean()) if worse.size else math.nan,
        float(outcome.seeds.mean()) / SIZES[-1],
    )


def unlike_the_package() -> list[str]:
    """Name where the package finds others to be worse than `by_p_values` does."""
    broken = []
    for shape in (SHAPES[0], SHAPES[4]):
        for k in CONFIGURATIONS:
            samples = draw(shape, list(-np.arange(k) * THRESHOLD / 3), CHECKED)
            outcome = WAYS[OURS](samples, shape.paired)
            for drawn, stopped, seeds in zip(samples, outcome.stopped, outcome.seeds, strict=True):
                names = [str(i) for i in range(k)]
                looks = Looks(
                    SIZES,
                    (1 / len(SIZES),) * len(SIZES),
                    tuple(range(SIZES[-1])),
                    {name: SIZES.index(n) + 1 for name, n in zip(names, seeds, strict=True)},
                )
                values = {name: drawn[i][: seeds[i]] for i, name in enumerate(names)}
                own = {name: tuple(range(n)) for name, n in zip(names, seeds, strict=True)}
                tests = LookedPairs(values, own, None if shape.paired else False, looks=looks)
                for i in range(k):
                    ps = [tests.adjusted_p(names[i], other) for other in names if other != names[i]]
                    if stopped[i] and min(ps) >= LEVEL:
                        broken.append(
                            f"{shape.name}: the package does not find {i} of {k} to be worse: p = {min(ps):.3g}"
                        )
                left = [i for i in range(k) if not stopped[i]]
                broken += [
                    f"{shape.name}: the package tells {i} and {j} of {k} apart"
                    for i, j in combinations(left, 2)
                    if len(left) == 2 and tests.adjusted_p(names[i], names[j]) < LEVEL
                ]
    return broken


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--configurations", type=int, nargs="+", default=CONFIGURATIONS, metavar="K")
    parser.add_argument("--quick", action="store_true", help="1,000 repetitions")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/statistics.md")
    options = parser.parse_args()
    repetitions = 1_000 if options.quick else options.repetitions
    limit = LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / repetitions)
    parts = [f"{repetitions:,} repetitions each (AdaStop: {repetitions // _ADASTOP_PART:,}); {machine()}.\n"]
    broken = []
    for scenario in SCENARIOS:
        rows = {
            name: {
                k: [measure(scenario, name, k, shape, repetitions) for shape in SHAPES] for k in options.configurations
            }
            for name in WAYS
        }
        if scenario.errors:
            title = f"{scenario.title}: a difference is found that is not there, or one of the best is stopped"
            parts.append(markdown(title, rows, lambda row: row.false_finding, limit))
        if scenario.power:
            parts.append(markdown(f"{scenario.title}: share of the worse that is found", rows, lambda row: row.found))
            parts.append(markdown(f"{scenario.title}: seeds, as a share of always 20", rows, lambda row: row.seeds))
        broken += [
            f"{scenario.title}: {k} configurations, {shape.name}: {row.false_finding:.3f}"
            for k, by_shape in rows[OURS].items()
            for shape, row in zip(SHAPES, by_shape, strict=True)
            if shape.judged and row.false_finding > limit
        ]
    print("\n".join(parts))
    if options.write:
        put_into_docs(parts, BEGIN, END)
    broken += unlike_the_package()
    print("\n".join(broken) or "All looks together err in no more than 5 %, and the package does what was measured.")
    return 1 if broken else 0


def markdown(
    title: str,
    rows: Mapping[str, Mapping[int, Sequence[Row]]],
    number: Callable[[Row], float],
    limit: float = math.inf,
) -> str:
    """Return one table; bold is above the limit."""
    lines = [f"#### {title}", "", f"| way | k | {' | '.join(each.name for each in SHAPES)} |"]
    lines.append("| --- | ---: |" + " ---: |" * len(SHAPES))
    for name, by_k in rows.items():
        for place, (k, row) in enumerate(by_k.items()):
            # Of two configurations none is worse where two are best.
            cells = (f"**{x:.3f}**" if x > limit else "" if math.isnan(x) else f"{x:.3f}" for x in map(number, row))
            lines.append(f"| {name if place == 0 else ''} | {k} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
