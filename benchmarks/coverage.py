"""How often each interval that mle-toolbox prints covers the truth, beside the percentile bootstrap of rliable.

    python benchmarks/coverage.py [--repetitions 10000] [--only intervals|best] [--quick] [--write] [--without-peer]

For every interval, number of seeds and shape of data: the share of repetitions in which the interval held the true
value; 0.95 is what it promises. ``--write`` puts the tables into docs/statistics.md. Ends with 1 when an interval
covers less than 0.93 on normal or moderately skewed data and does not say so.

Then how often one of the truly best configurations is not marked as such, and how many of the others are, with the
family of tests that decides and with its alternatives (benchmarks/best_set.py). ``--only best`` measures nothing else;
with ``--quick``, 1,000 repetitions, in seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from best_set import best_set_tables
from measure import environment_with, machine
from numpy.typing import NDArray

from mle_toolbox.statistics import (
    bca_interval,
    bootstrap_interval,
    estimate,
    improvement_interval,
    interquartile_mean,
    iqm_interval,
    mean_interval,
    median_interval,
    profile_interval,
)
from mle_toolbox.statistics.comparison import caution, difference_of
from mle_toolbox.statistics.difference_intervals import ratio_interval
from mle_toolbox.statistics.pairing import Pair

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]

SEEDS = (3, 5, 10, 20)
PROMISED, LEAST = 0.95, 0.93
DOCS = Path(__file__).resolve().parent.parent / "docs" / "statistics.md"
PEER = Path(__file__).resolve().parent / "peers" / "rliable_intervals.py"
BEGIN, END = "<!-- made by benchmarks/coverage.py -->", "<!-- end of what benchmarks/coverage.py made -->"
BEGIN_BEST, END_BEST = "<!-- made by benchmarks/coverage.py: best -->", "<!-- end of best -->"


@dataclass(frozen=True)
class Shape:
    """A distribution over seeds, and its true values: mean, middle-half mean, median, standard deviation."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], Floats]
    mean: float
    iqm: float
    median: float
    std: float
    must_cover: bool = False


def shapes() -> list[Shape]:
    """Return the distributions. What has no closed form comes from 4,000,000 quantiles."""
    from scipy.special import ndtri

    p = (np.arange(4_000_000) + 0.5) / 4_000_000
    middle = slice(1_000_000, 3_000_000)
    return [
        Shape("normal", lambda g, s: g.normal(size=s), 0.0, 0.0, 0.0, 1.0, must_cover=True),
        Shape(
            "moderately skewed",
            lambda g, s: g.lognormal(0.0, 0.5, s),
            math.exp(0.125),
            float(np.exp(0.5 * ndtri(p[middle])).mean()),
            1.0,
            math.sqrt((math.exp(0.25) - 1) * math.exp(0.25)),
            must_cover=True,
        ),
        Shape(
            "strongly skewed",
            lambda g, s: g.exponential(size=s),
            1.0,
            float(-np.log(1 - p[middle]).mean()),
            math.log(2),
            1.0,
        ),
        Shape("heavy tails", lambda g, s: g.standard_t(3, s), 0.0, 0.0, 0.0, math.sqrt(3)),
        Shape("two humps", _two_humps, 0.0, 0.0, 0.0, math.sqrt(4.25)),
        Shape("one in five fails", _failures, 0.8, *_failures_middle(), math.sqrt(0.16 + 0.0025)),
    ]


def _two_humps(generator: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return generator.choice([-2.0, 2.0], size) + generator.normal(0, 0.5, size)


def _failures(generator: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return np.where(generator.random(size) < 0.2, 0.0, 1.0) + generator.normal(0, 0.05, size)


def _failures_middle() -> tuple[float, float]:
    """Middle-half mean and median: the quartiles lie within the 80 % that succeed, from 1/16 of them to 11/16."""
    from scipy.special import ndtri

    share = (np.arange(1_000_000) + 0.5) / 1_000_000
    inside = ndtri(1 / 16 + share * 10 / 16)
    return 1 + 0.05 * float(inside.mean()), 1 + 0.05 * float(ndtri(0.375))


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, and by number of seeds and shape its share and whether it warned."""

    name: str
    n: int
    ours: bool
    shares: tuple[float, ...]
    warned: tuple[bool, ...]


def covered(interval: Interval, truth: float) -> float:
    """Return how often the interval held the truth; one that is not there (NaN) does not count."""
    low, high = np.asarray(interval[0]), np.asarray(interval[1])
    there = np.isfinite(low) & np.isfinite(high)
    return float(((low <= truth + 1e-12) & (truth <= high + 1e-12))[there].mean())


def by_chunks(interval: Callable[..., Interval], values: Floats, **options: object) -> Interval:
    """Bootstrap chunks of repetitions with draws of their own, so that the luck of one draw does not hit them all."""
    chunks = np.array_split(values, max(1, values.shape[1] // 200), axis=1)
    ends = [interval(chunk, seed=i, n_resamples=2000, **options) for i, chunk in enumerate(chunks)]
    return np.concatenate([low for low, _ in ends]), np.concatenate([high for _, high in ends])


def aggregates(repetitions: int, chosen: list[Shape]) -> Iterator[tuple[str, list[Row]]]:
    """Measure the intervals of one configuration: mean, interquartile mean, median."""
    methods: dict[str, list[tuple[str, bool, Callable[[Floats], Interval]]]] = {
        "mean": [
            ("Student t", True, mean_interval),
            ("BCa bootstrap", False, lambda x: by_chunks(bca_interval, x)),
            ("percentile bootstrap (rliable)", False, lambda x: by_chunks(bootstrap_interval, x)),
        ],
        "iqm": [
            ("`iqm_interval`", True, iqm_interval),
            ("BCa bootstrap", False, lambda x: by_chunks(bca_interval, x, statistic=interquartile_mean)),
            (
                "percentile bootstrap (rliable)",
                False,
                lambda x: by_chunks(bootstrap_interval, x, statistic=interquartile_mean),
            ),
        ],
        "median": [
            ("`median_interval`", True, median_interval),
            ("percentile bootstrap", False, lambda x: by_chunks(bootstrap_interval, x, statistic=np.median)),
        ],
    }
    titles = {"mean": "Mean", "iqm": "Interquartile mean", "median": "Median"}
    for statistic, candidates in methods.items():
        rows = []
        for name, ours, interval in candidates:
            for n in SEEDS:
                shares = []
                for shape in chosen:
                    values = shape.draw(np.random.default_rng(n), (n, repetitions))
                    shares.append(covered(interval(values), getattr(shape, statistic)))
                warned = ours and estimate(np.arange(n), statistic).caution is not None
                rows.append(Row(name, n, ours, tuple(shares), (warned,) * len(chosen)))
        yield titles[statistic], rows


def differences(repetitions: int, chosen: list[Shape]) -> Iterator[tuple[str, list[Row]]]:
    """Measure the difference of two means, independent or in pairs, and the ratio of two means that are positive."""
    for title, kind in (
        ("Difference of two means", "welch"),
        ("Difference of two means, in pairs that share half of their variance", "paired"),
        ("Ratio of two means (symmetric data around 5)", "ratio"),
    ):
        rows = []
        for spread, words in ((1.0, "as"), (0.5, "half as"), (0.25, "a quarter as")):
            for n in SEEDS:
                found = [_two_means(kind, shape, spread, n, repetitions) for shape in chosen]
                shares, warned = zip(*found, strict=True)
                rows.append(Row(f"b varies {words} much", n, True, shares, warned))
        yield title, rows


def _two_means(kind: str, shape: Shape, spread: float, n: int, repetitions: int) -> tuple[float, bool]:
    generator = np.random.default_rng(n)
    shift = 5.0 if kind == "ratio" and shape.mean <= 0 else 0.0
    a = shape.draw(generator, (repetitions, n)) + shift
    b = spread * (shape.draw(generator, (repetitions, n)) + shift)
    if kind == "paired":
        common = shape.draw(generator, (repetitions, n)) - shape.mean
        a, b = a + common, b + spread * common
    truth = (1 - spread) * (shape.mean + shift)
    ends: list[tuple[float, float]] = []
    for x, y in zip(a, b, strict=True):
        if kind == "ratio":
            ends.append(ratio_interval(x, y, PROMISED, paired=False))
        else:
            found = difference_of(Pair(x, y, 1.0, kind == "paired", False, 0, 0), PROMISED)
            ends.append((found.low, found.high))
    low, high = np.array(ends).T
    warned = [caution(x, y, PROMISED) is not None for x, y in zip(a[:200], b[:200], strict=True)]
    share = covered((low, high), 1 / spread if kind == "ratio" else truth)
    return share, kind != "ratio" and float(np.mean(warned)) > 0.5


def improvements(repetitions: int, chosen: list[Shape]) -> Iterator[tuple[str, list[Row]]]:
    """Measure the probability of improvement with a ahead by one or two standard deviations."""
    rows = []
    for name, ours in (("`improvement_interval`", True), ("percentile bootstrap (rliable)", False)):
        for ahead in (0, 1, 2):
            for n in SEEDS:
                shares = [_improvement(shape, ahead, n, repetitions, ours) for shape in chosen]
                words = f"{name}, a ahead by {ahead} s" if ahead else f"{name}, a as b"
                rows.append(Row(words, n, ours, tuple(shares), (False,) * len(chosen)))
    yield "Probability of improvement", rows


@cache
def _true_improvement(shape: Shape, ahead: float) -> float:
    many = np.sort(shape.draw(np.random.default_rng(99), (2_000_000,)))
    return float(np.searchsorted(many, many[::4] + ahead * shape.std).mean() / len(many)) if ahead else 0.5


def _improvement(shape: Shape, ahead: float, n: int, repetitions: int, ours: bool) -> float:
    generator = np.random.default_rng(n)
    a = shape.draw(generator, (repetitions, n)) + ahead * shape.std
    b = shape.draw(generator, (repetitions, n))
    truth = _true_improvement(shape, ahead)
    if ours:
        ends = np.array([improvement_interval(x, y) for x, y in zip(a, b, strict=True)])
        return covered((ends[:, 0], ends[:, 1]), truth)
    return covered(_bootstrap_improvement(a, b), truth)


def _bootstrap_improvement(a: Floats, b: Floats, n_resamples: int = 1000) -> Interval:
    """Resample both sides, as rliable does; all repetitions of a chunk share their draws."""
    n = a.shape[1]
    lows, highs = [], []
    for i, (x, y) in enumerate(
        zip(np.array_split(a, max(1, len(a) // 50)), np.array_split(b, max(1, len(b) // 50)), strict=True)
    ):
        generator = np.random.default_rng(i)
        draws = generator.integers(0, n, (2, n_resamples, n))
        weights = np.stack([np.apply_along_axis(np.bincount, 1, draw, minlength=n) for draw in draws]) / n
        wins = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
        replicates = ((weights[0] @ wins) * weights[1]).sum(axis=2)
        low, high = np.quantile(replicates, [0.025, 0.975], axis=1)
        lows.append(low)
        highs.append(high)
    return np.concatenate(lows), np.concatenate(highs)


@cache
def _true_share(shape: Shape, threshold: float) -> float:
    return float((shape.draw(np.random.default_rng(99), (2_000_000,)) > threshold).mean())


def profiles(repetitions: int, chosen: list[Shape]) -> Iterator[tuple[str, list[Row]]]:
    """Measure the performance profile where it is 0.5 and where it is about 0.16 or less."""
    rows = []
    for words, ahead in (("at the median", 0.0), ("one s above the median", 1.0)):
        for n in SEEDS:
            shares = []
            for shape in chosen:
                threshold = shape.median + ahead * shape.std
                truth = _true_share(shape, threshold) if ahead else 0.5
                values = shape.draw(np.random.default_rng(n), (repetitions, n))
                ends = np.array([np.ravel(profile_interval(row, [threshold])) for row in values])
                shares.append(covered((ends[:, 0], ends[:, 1]), truth))
            rows.append(Row(words, n, True, tuple(shares), (False,) * len(chosen)))
    yield "Performance profile, at one threshold", rows


def markdown(title: str, rows: list[Row], chosen: list[Shape]) -> str:
    """Return the table; a star says that a caution is printed, bold that it is below 0.93."""
    lines = [f"### {title}", "", "| interval | n | " + " | ".join(shape.name for shape in chosen) + " |"]
    lines.append("| --- | ---: |" + " ---: |" * len(chosen))
    for i, row in enumerate(rows):
        name = row.name if i == 0 or rows[i - 1].name != row.name else ""
        cells = [_cell(share, warned) for share, warned in zip(row.shares, row.warned, strict=True)]
        lines.append(f"| {name} | {row.n} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(share: float, warned: bool) -> str:
    if math.isnan(share):
        return "-"
    return (f"**{share:.3f}**" if share < LEAST else f"{share:.3f}") + ("\\*" if warned else "")


def broken_promises(title: str, rows: list[Row], chosen: list[Shape]) -> list[str]:
    """Name what of ours is below 0.93 on data where it must not be, and does not say so."""
    return [
        f"{title}: {row.name}, n = {row.n}, {shape.name}: {share:.3f}"
        for row in rows
        for shape, share, warned in zip(chosen, row.shares, row.warned, strict=True)
        if row.ours and shape.must_cover and not warned and share < LEAST
    ]


def spot_check() -> str | None:
    """Compare the bootstrap measured here with rliable itself on 40 samples; None without rliable."""
    python = environment_with("rliable", ["rliable==1.2.0", "pandas<3"])
    if python is None:
        return None
    samples = np.random.default_rng(0).normal(size=(40, 5))
    asked = json.dumps({"samples": samples.tolist(), "n_resamples": 2000})
    answer = subprocess.run([str(python), str(PEER)], input=asked, capture_output=True, text=True, check=True)
    theirs = np.array(json.loads(answer.stdout))
    ours = np.transpose(by_chunks(bootstrap_interval, samples.T, statistic=interquartile_mean))
    widths = theirs[:, 1] - theirs[:, 0]
    apart = np.abs(ours - theirs).max(axis=1) / widths
    return (
        f"rliable 1.2.0 itself, interquartile mean of 40 normal samples with n = 5: its interval and the percentile "
        f"bootstrap measured here differ by {100 * np.median(apart):.1f} % of the width (median), covering "
        f"{int(covered((theirs[:, 0], theirs[:, 1]), 0.0) * 40 + 0.5)} and "
        f"{int(covered((ours[:, 0], ours[:, 1]), 0.0) * 40 + 0.5)} of 40."
    )


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,000 repetitions")
    parser.add_argument("--only", choices=("intervals", "best"), help="leave out the other part")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/statistics.md")
    parser.add_argument("--without-peer", action="store_true", help="leave out rliable itself")
    options = parser.parse_args()
    repetitions = 1_000 if options.quick else options.repetitions
    statuses = []
    if options.only != "best":
        statuses.append(measure_intervals(repetitions, write=options.write, with_peer=not options.without_peer))
    if options.only != "intervals":
        statuses.append(measure_best_set(repetitions, write=options.write))
    return max(statuses)


def measure_intervals(repetitions: int, *, write: bool, with_peer: bool) -> int:
    """Measure and print all intervals; return 1 where one of ours covers too little."""
    chosen = shapes()
    broken, parts = [], [f"{repetitions:,} repetitions each; {machine()}.\n"]
    for measure in (aggregates, differences, improvements, profiles):
        for title, rows in measure(repetitions, chosen):
            parts.append(markdown(title, rows, chosen))
            print(parts[-1], flush=True)
            broken += broken_promises(title, rows, chosen)
    checked = spot_check() if with_peer else None
    if checked:
        parts.append(checked + "\n")
        print(checked)
    if write:
        put_into_docs(parts, BEGIN, END)
    if broken:
        print(f"Below {LEAST} on normal or moderately skewed data, without a caution:")
        print("\n".join(broken))
        return 1
    print(f"No interval is below {LEAST} on normal or moderately skewed data without saying so.")
    return 0


def measure_best_set(repetitions: int, *, write: bool) -> int:
    """Measure and print which family of tests may decide; return 1 where ours errs too often."""
    parts, broken = best_set_tables(repetitions)
    parts.insert(0, f"{repetitions:,} repetitions each; {machine()}.\n")
    print("\n".join(parts))
    if write:
        put_into_docs(parts, BEGIN_BEST, END_BEST)
    print(
        "\n".join(broken) or "One of the best is excluded in no more than 5 %, and the package does what was measured."
    )
    return 1 if broken else 0


def put_into_docs(parts: list[str], begin: str, end: str) -> None:
    """Replace what stands between two marks of docs/statistics.md."""
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    DOCS.write_text(f"{before}{begin}\n\n" + "\n".join(parts) + f"\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
