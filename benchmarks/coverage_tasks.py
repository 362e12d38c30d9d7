"""How often the intervals over tasks cover the truth, beside the stratified percentile bootstrap of rliable.

    python benchmarks/coverage_tasks.py [--repetitions 10000] [--tasks 3 5 10 26] [--quick] [--write] [--without-peer]

3 to 26 tasks, 2 to 10 seeds on each, six kinds of scores; 0.95 is what is promised. The intervals are computed here for
all repetitions at once, from the same formulas; that the package gives the same is checked on some of them. ``--write``
puts the tables into docs/statistics.md; ``--quick`` makes 300 repetitions. Ends with 1 when an interval for 3 seeds or
more covers less than 0.93 where scores neither fail nor are strongly skewed and prints no caution, or when the package
computes something else.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from measure import environment_with, machine
from numpy.typing import NDArray

from mle_toolbox.statistics import interquartile_mean
from mle_toolbox.statistics.improvement import newcombe_interval
from mle_toolbox.statistics.over_tasks import (
    difference_over_tasks,
    estimate_over_tasks,
    improvement_over_tasks,
    profile_over_tasks,
)

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]

TASKS, SEEDS = (3, 5, 10, 26), (2, 3, 5, 10)
PROMISED, LEAST = 0.95, 0.93
DRAWS = 384
THRESHOLD = 0.5
STATISTICS = {"mean": "Mean", "median": "Median", "iqm": "Interquartile mean", "optimality gap": "Optimality gap"}
DOCS = Path(__file__).resolve().parent.parent / "docs" / "statistics.md"
PEER = Path(__file__).resolve().parent / "peers" / "rliable_intervals.py"
BEGIN, END = "<!-- made by benchmarks/coverage_tasks.py -->", "<!-- end of what benchmarks/coverage_tasks.py made -->"
_BLOCK = 20_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of scores: draws of shape (repetitions, tasks, seeds), and whether intervals must hold."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, int, int]], Floats]
    must_cover: bool = True


def levels(tasks: int) -> Floats:
    """Return the true scores of tasks like those of a normalised benchmark, shape (tasks, 1): some easy, most hard."""
    from scipy.special import ndtri

    return np.exp(-0.7 + 0.9 * ndtri((np.arange(tasks) + 0.5) / tasks))[:, None]


def spreads(tasks: int) -> Floats:
    """Return standard deviations from 0.02 to 0.5, in no relation to the levels."""
    return np.random.default_rng(7).permutation(0.02 * 25 ** (np.arange(tasks) / max(tasks - 1, 1)))[:, None]


def kinds() -> list[Kind]:
    """Return the kinds of scores."""
    return [
        Kind("all tasks alike", lambda g, s: 0.7 + 0.2 * g.normal(size=s)),
        Kind("unlike tasks", lambda g, s: levels(s[1]) + 0.15 * g.normal(size=s)),
        Kind("unlike spreads", lambda g, s: levels(s[1]) + spreads(s[1]) * g.normal(size=s)),
        Kind("moderately skewed", lambda g, s: levels(s[1]) * g.lognormal(0.0, 0.5, s)),
        Kind("strongly skewed", lambda g, s: levels(s[1]) * g.exponential(size=s), must_cover=False),
        Kind("a third of tasks fails 1 in 5", _failing, must_cover=False),
    ]


def _failing(generator: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    fails = (generator.random(shape) < 0.2) & (np.arange(shape[1])[:, None] % 3 == 0)
    return np.where(fails, 0.0, levels(shape[1])) + 0.05 * generator.normal(size=shape)


@dataclass
class Side:
    """One method in all repetitions: what its intervals are made of."""

    value: Floats  # (repetitions,)
    variances: Floats  # (repetitions, tasks), what each adds to the variance of the value
    draws: Floats | None = field(default=None)  # (repetitions, draws)


def side(scores: Floats, statistic: str, seed: int) -> Side:
    """Compute value, variances and, where the package draws, draws of a statistic."""
    _, tasks, n = scores.shape
    if statistic == "optimality gap":
        influences = np.maximum(1 - scores, 0.0) / tasks
        value = influences.mean(axis=2).sum(axis=1)
    elif statistic == "iqm":
        pooled = np.sort(scores.reshape(len(scores), -1), axis=1)
        cut = tasks * n // 4
        low, high = pooled[:, cut, None, None], pooled[:, -cut - 1, None, None]
        influences = np.clip(scores, low, high) / (0.5 * tasks)
        value = pooled[:, cut : tasks * n - cut].mean(axis=1)
    else:
        influences = scores / tasks
        value = _values(scores, statistic)
    drawn = statistic == "median" or (statistic != "mean" and tasks < 10 and n < 10)
    return Side(value, influences.var(axis=2, ddof=1) / n, _draws(scores, statistic, seed) if drawn else None)


def _values(scores: Floats, statistic: str) -> Floats:
    """Return the statistic of scores of shape (…, tasks, seeds)."""
    if statistic == "mean":
        return np.asarray(scores.mean(axis=(-1, -2)))
    if statistic == "median":
        return np.asarray(np.median(scores.mean(axis=-1), axis=-1))
    if statistic == "optimality gap":
        return np.asarray(np.maximum(1 - scores, 0.0).mean(axis=(-1, -2)))
    return interquartile_mean(scores.reshape(*scores.shape[:-2], -1), axis=-1)


def _draws(scores: Floats, statistic: str, seed: int) -> Floats:
    from scipy.special import stdtrit

    repetitions, tasks, n = scores.shape
    generator = np.random.default_rng(seed)
    quantiles = np.tile(stdtrit(n - 1, (np.arange(DRAWS) + 0.5) / DRAWS), (tasks, 1))
    means, errors = scores.mean(axis=2), scores.std(axis=2, ddof=1) / math.sqrt(n)
    found = []
    for some in np.array_split(np.arange(repetitions), max(4, repetitions * DRAWS * tasks * n // _BLOCK)):
        if not len(some):
            continue
        t = generator.permuted(quantiles, axis=1).T
        moves = errors[some, None] * t
        if statistic == "median":
            found.append(np.median(means[some, None] + moves, axis=2))
        else:
            found.append(_values(scores[some, None] + moves[..., None], statistic))
    return np.concatenate(found)


def t_ends(value: Floats, variances: Floats, n: int) -> Ends:
    """Return the t interval with Satterthwaite's degrees of freedom; variances of shape (repetitions, parts)."""
    from scipy.special import stdtrit

    total = variances.sum(axis=1)
    below = (variances**2).sum(axis=1) / (n - 1)
    parts = variances.shape[1] * (n - 1)
    freedom = np.divide(total**2, below, out=np.full(len(total), float(parts)), where=below > 0)
    half = stdtrit(freedom, (1 + PROMISED) / 2) * np.sqrt(total)
    return value - half, value + half


def ends(value: Floats, variances: Floats, draws: Floats | None, n: int, statistic: str) -> Ends:
    """Return our interval."""
    low, high = t_ends(value, variances, n) if statistic != "median" else (value, value)
    if draws is None:
        return low, high
    drawn = np.quantile(draws, [(1 - PROMISED) / 2, (1 + PROMISED) / 2], axis=1)
    if statistic == "median":
        half = np.maximum(value - drawn[0], drawn[1] - value)
        return value - half, value + half
    return np.minimum(low, drawn[0]), np.maximum(high, drawn[1])


def bootstrap_ends(scores: Floats, n_resamples: int = 1000) -> dict[str, Ends]:
    """Return rliable's percentile intervals: seeds are resampled within each task; a draw serves some repetitions."""
    repetitions, tasks, n = scores.shape
    found: dict[str, list[Floats]] = {name: [] for name in STATISTICS}
    for i, some in enumerate(np.array_split(scores, max(4, repetitions * n_resamples * tasks * n // _BLOCK))):
        places = np.random.default_rng(i).integers(0, n, (n_resamples, tasks, n))
        resamples = some[:, np.arange(tasks)[:, None], places]
        for name in STATISTICS:
            found[name].append(np.quantile(_values(resamples, name), [0.025, 0.975], axis=1))
    return {name: (np.concatenate(each, axis=1)[0], np.concatenate(each, axis=1)[1]) for name, each in found.items()}


def share(interval: Ends, truth: float) -> float:
    """Return how often the interval held the truth."""
    return float(((interval[0] <= truth + 1e-9) & (truth <= interval[1] + 1e-9)).mean())


def by_task(scores: Floats) -> dict[str, Floats]:
    """Return scores of shape (tasks, seeds) as the package wants them."""
    return {str(task): row for task, row in enumerate(scores)}


@cache
def truths(kind: Kind, tasks: int) -> tuple[dict[str, float], dict[str, float], Floats, float, float]:
    """Return the true values of a and b, the means of the tasks, P(a beats b) and the share of a above the threshold.

    b is 0.1 better on each task and varies half as much. From 2,000,000 runs.
    """
    many = kind.draw(np.random.default_rng(99), (1, tasks, 2_000_000 // tasks))
    centre = many.mean(axis=2, keepdims=True)
    others = 0.1 + centre + 0.5 * (many - centre)
    wins = [np.searchsorted(np.sort(y), x[::4]).mean() / len(y) for x, y in zip(many[0], others[0], strict=True)]
    of_a, of_b = ({name: float(_values(each, name)[0]) for name in STATISTICS} for each in (many, others))
    return of_a, of_b, centre, float(np.mean(wins)), float((many > THRESHOLD).mean())


@dataclass
class Cell:
    """What was measured for a kind of scores, a number of tasks and of seeds."""

    ours: float
    peer: float | None
    warned: bool


Table = dict[tuple[int, int], list[Cell]]


class Measured:
    """All tables, filled kind by kind, and where the package computes something else than what is measured."""

    def __init__(self, repetitions: int) -> None:
        self.repetitions = repetitions
        titles = [*STATISTICS.values(), *(f"Difference: {name}" for name in STATISTICS)]
        self.tables: dict[str, Table] = {
            title: {} for title in (*titles, "Probability of improvement", "Performance profile, at 0.5")
        }
        self.unlike: list[str] = []

    def add(self, title: str, size: tuple[int, int], cell: Cell) -> None:
        """Add one cell."""
        self.tables[title].setdefault(size, []).append(cell)

    def check(self, what: str, package: list[tuple[float, float]], here: Ends, tolerance: float) -> None:
        """Compare intervals of the package with those measured; the tolerance is a share of their width."""
        theirs, ours = np.asarray(package), np.transpose(here)[: len(package)]
        width = np.maximum(theirs[:, 1] - theirs[:, 0], 1e-9)
        apart = float(np.median(np.abs(theirs - ours).max(axis=1) / width))
        if apart > tolerance:
            self.unlike.append(f"{what}: the package differs by {100 * apart:.1f} % of the width")

    def measure(self, kind: Kind, tasks: int, n: int) -> None:
        """Measure everything for one kind of scores and size."""
        truth_of_a, truth_of_b, centre, improvement, above = truths(kind, tasks)
        a = kind.draw(np.random.default_rng(n), (self.repetitions, tasks, n))
        b = 0.1 + centre + 0.5 * (kind.draw(np.random.default_rng(100 + n), a.shape) - centre)
        peers = bootstrap_ends(a[: max(100, self.repetitions // 10)])
        size, some = (tasks, n), 8
        for name, title in STATISTICS.items():
            what = f"{title}, {kind.name}, {tasks} tasks, n = {n}"
            truth, other = truth_of_a[name], truth_of_b[name]
            of_a, of_b = side(a, name, 1), side(b, name, 2)
            found = ends(of_a.value, of_a.variances, of_a.draws, n, name)
            package = [estimate_over_tasks(by_task(each), name) for each in a[:some]]
            tolerance = 1e-9 if of_a.draws is None else 0.12
            self.check(what, [(each.low, each.high) for each in package], found, tolerance)
            warned = np.mean([each.caution is not None for each in package]) > 0.5
            self.add(title, size, Cell(share(found, truth), share(peers[name], truth), bool(warned)))
            draws = None if of_a.draws is None or of_b.draws is None else of_a.draws - of_b.draws
            apart = ends(of_a.value - of_b.value, np.hstack([of_a.variances, of_b.variances]), draws, n, name)
            pairs = [
                difference_over_tasks(by_task(x), by_task(y), name) for x, y in zip(a[:some], b[:some], strict=True)
            ]
            self.check(f"Difference: {what}", [(each.low, each.high) for each in pairs], apart, tolerance)
            self.add(f"Difference: {name}", size, Cell(share(apart, truth - other), None, False))
        self.add("Probability of improvement", size, self._improvement(a, b, improvement))
        self.add("Performance profile, at 0.5", size, self._profile(a, above))

    def _improvement(self, a: Floats, b: Floats, truth: float) -> Cell:
        _, tasks, n = a.shape
        wins = np.zeros(a.shape[:2])
        for i in range(n):
            wins += (a[:, :, i, None] > b).sum(axis=2)
        # Scores without ties: the mean over tasks is a share of all pairs, and each share has one interval.
        totals = wins.sum(axis=1).astype(int)
        shares, places = np.unique(totals, return_inverse=True)
        pairs = tasks * n * n
        table = np.asarray([newcombe_interval(u / pairs, [(n, n)] * tasks, PROMISED) for u in shares])
        low, high = table[places].T
        package = [improvement_over_tasks(by_task(x), by_task(y)) for x, y in zip(a[:4], b[:4], strict=True)]
        self.check("Probability of improvement", [(each.low, each.high) for each in package], (low, high), 1e-9)
        return Cell(share((low, high), truth), None, False)

    def _profile(self, a: Floats, truth: float) -> Cell:
        _, tasks, n = a.shape
        above = (a > THRESHOLD).sum(axis=2)
        likely = (above + 0.5) / (n + 1)
        variance = (likely * (1 - likely)).sum(axis=1) / n / tasks**2
        mean, runs = above.mean(axis=1) / n, tasks * n
        likely = (mean * runs + 0.5) / (runs + 1)
        effective = np.maximum(likely * (1 - likely) / variance, runs)
        exact = [beta_interval(x, y) for x, y in zip(mean, effective, strict=True)]
        found = (np.asarray([low for low, _ in exact]), np.asarray([high for _, high in exact]))
        package = [profile_over_tasks(by_task(each), [THRESHOLD])[1:] for each in a[:4]]
        self.check("Profile", [(float(lower[0]), float(upper[0])) for lower, upper in package], found, 1e-9)
        return Cell(share(found, truth), None, False)

    def broken(self) -> list[str]:
        """Name what covers too little without saying so."""
        return [
            f"{title}: {tasks} tasks, n = {n}, {kind.name}: {cell.ours:.3f}"
            for title, table in self.tables.items()
            for (tasks, n), cells in table.items()
            for kind, cell in zip(kinds(), cells, strict=True)
            if kind.must_cover and n > 2 and not cell.warned and cell.ours < LEAST
        ]

    def markdown(self) -> Iterator[str]:
        """Return the tables."""
        names = [kind.name for kind in kinds()]
        for title, table in self.tables.items():
            lines = [f"#### {title}", "", "| tasks | n | " + " | ".join(names) + " |"]
            lines.append("| ---: | ---: |" + " ---: |" * len(names))
            before = 0
            for (tasks, n), cells in sorted(table.items()):
                lines.append(f"| {tasks if tasks != before else ''} | {n} | {' | '.join(map(_shown, cells))} |")
                before = tasks
            yield "\n".join(lines) + "\n"


def beta_interval(share_above: float, n: float) -> tuple[float, float]:
    """Return the exact interval of a proportion from quantiles of beta distributions."""
    from scipy.special import betaincinv

    count, tail = share_above * n, (1 - PROMISED) / 2
    low = 0.0 if count < 1e-9 else float(betaincinv(count, n - count + 1, tail))
    return low, 1.0 if n - count < 1e-9 else float(betaincinv(count + 1, n - count, 1 - tail))


def _shown(cell: Cell) -> str:
    ours = (f"**{cell.ours:.3f}**" if cell.ours < LEAST else f"{cell.ours:.3f}") + ("\\*" if cell.warned else "")
    return ours if cell.peer is None else f"{ours} ({cell.peer:.2f})"


def spot_check() -> str | None:
    """Compare the bootstrap measured here with rliable itself on 40 samples; None without rliable."""
    python = environment_with("rliable", ["rliable==1.2.0", "pandas<3"])
    if python is None:
        return None
    scores = kinds()[1].draw(np.random.default_rng(0), (40, 5, 3))
    asked = json.dumps({"samples": scores.transpose(0, 2, 1).tolist(), "n_resamples": 2000})
    answer = subprocess.run([str(python), str(PEER)], input=asked, capture_output=True, text=True, check=True)
    theirs, ours = np.array(json.loads(answer.stdout)), np.transpose(bootstrap_ends(scores, 2000)["iqm"])
    apart = np.abs(ours - theirs).max(axis=1) / (theirs[:, 1] - theirs[:, 0])
    return (
        "rliable 1.2.0 itself, interquartile mean over 5 unlike tasks with n = 3, 40 samples: its interval and the "
        f"bootstrap measured here differ by {100 * np.median(apart):.1f} % of the width (median)."
    )


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, nargs="+", default=TASKS, help="numbers of tasks")
    parser.add_argument("--quick", action="store_true", help="300 repetitions")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/statistics.md")
    parser.add_argument("--without-peer", action="store_true", help="leave out rliable itself")
    options = parser.parse_args()
    measured = Measured(300 if options.quick else options.repetitions)
    for kind in kinds():
        for tasks in options.tasks:
            for n in SEEDS:
                measured.measure(kind, tasks, n)
    checked = None if options.without_peer else spot_check()
    peers = max(100, measured.repetitions // 10)
    parts = [f"{measured.repetitions:,} repetitions ({peers:,} of the bootstrap); {machine()}.\n"]
    parts += [*measured.markdown(), *([checked + "\n"] if checked else [])]
    print("\n".join(parts))
    if options.write:
        before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        text = f"{before}{BEGIN}\n\n" + "\n".join(parts) + f"\n{END}{rest.partition(END)[2]}"
        DOCS.write_text(text, encoding="utf-8")
    broken = [*measured.broken(), *measured.unlike]
    print("\n".join(broken) or f"No interval is below {LEAST} where it must hold without saying so.")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
