"""What statistics over seeds cost, beside rliable 1.2.0 in an environment of its own.

    python benchmarks/statistics.py [--quick]

The same scores on both sides, the same numbers of resamples. Where rliable would take minutes it does a part of them,
and its time is scaled up. Then what rliable has no counterpart for: 1,000 seeds x 10,000 ticks, and all pairs of 40
configurations. ``--quick`` leaves rliable out and makes the rest small: it shows that everything runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from measure import environment_with, machine, measure, print_table
from numpy.typing import NDArray

from mle_toolbox.statistics import (
    STATISTICS_OVER_TASKS,
    band,
    bootstrap_interval,
    compare_all,
    estimate_over_tasks,
    improvement_interval,
    interquartile_mean,
    iqm_interval,
    probability_of_improvement,
)
from mle_toolbox.statistics.over_tasks import simulated

PEER = Path(__file__).resolve().parent / "peers" / "rliable_timing.py"
RESAMPLES = {"iqm": 50_000, "over_tasks": 50_000, "one_task": 50_000, "curve": 50_000, "improvement_interval": 2_000}
# What rliable really does; the rest is scaled.
MEASURED = {"iqm": 10_000, "over_tasks": 500, "one_task": 10_000, "curve": 500, "improvement_interval": 200}
WANTED = {"iqm": 5, "over_tasks": 5, "curve": 50, "improvement": 50, "improvement_interval": 50}
WORDS = {
    "iqm": "interval of the IQM, 10 x 26, 50,000 resamples",
    "over_tasks": "10 methods x 26 tasks, 10 seeds: all four aggregates, 50,000 resamples of rliable",
    "one_task": "interval of the IQM, 5 x 1, 50,000 resamples",
    "curve": "curve of 100 points, 10 seeds, 50,000 resamples",
    "curve_printed": "the same curve, our default interval (no resampling)",
    "improvement": "probability of improvement, 10 x 26 each",
    "improvement_interval": "its interval, 2,000 resamples",
}

LARGE = """
import numpy as np
from mle_toolbox.statistics import band
values = np.random.default_rng(0).standard_normal({shape})
{then}
"""


def seconds(call: Callable[[], object]) -> float:
    """Return the shortest of five calls, after one that imports what is needed."""
    call()
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def all_aggregates(methods: Sequence[Mapping[str, NDArray[np.float64]]]) -> None:
    """Estimate every statistic over tasks for every method, without what an earlier call has kept."""
    simulated._drawn.cache_clear()
    for cells in methods:
        for statistic in STATISTICS_OVER_TASKS:
            estimate_over_tasks(cells, statistic)


def ours(*, quick: bool) -> dict[str, float]:
    """Time our side; ``quick`` with a hundredth of the resamples."""
    resamples = {name: number // 100 if quick else number for name, number in RESAMPLES.items()}
    generator = np.random.default_rng(0)
    tasks, other = generator.normal(size=(2, 10, 26))
    curve = generator.normal(size=(10, 1, 100))[:, 0]
    methods = [
        {str(task): column for task, column in enumerate(each.T)} for each in generator.normal(size=(10, 10, 26))
    ]
    iqm = interquartile_mean
    return {
        "iqm": seconds(lambda: bootstrap_interval(tasks, iqm, n_resamples=resamples["iqm"], stratified=True)),
        "over_tasks": seconds(lambda: all_aggregates(methods)),
        "one_task": seconds(
            lambda: bootstrap_interval(tasks[:5, :1], iqm, n_resamples=resamples["one_task"], stratified=True)
        ),
        "curve": seconds(lambda: bootstrap_interval(curve, iqm, n_resamples=resamples["curve"])),
        "curve_printed": seconds(lambda: iqm_interval(curve)),
        "improvement": seconds(lambda: probability_of_improvement(tasks, other)),
        "improvement_interval": seconds(
            lambda: improvement_interval(tasks, other, n_resamples=resamples["improvement_interval"])
        ),
    }


def theirs() -> dict[str, float] | None:
    """Time rliable, scaled up; None where it cannot be installed."""
    python = environment_with("rliable", ["rliable==1.2.0", "pandas<3"])
    if python is None:
        return None
    answers = []
    for _ in range(3):
        run = subprocess.run(
            [str(python), str(PEER)], input=json.dumps(MEASURED), capture_output=True, text=True, check=True
        )
        answers.append(json.loads(run.stdout))
    best = {name: min(answer[name] for answer in answers) for name in answers[0]}
    return {name: best[name] * RESAMPLES.get(name, 1) / MEASURED.get(name, 1) for name in best}


def beside_rliable(*, quick: bool) -> list[str]:
    """Print the comparison; return where we are not as much faster as promised."""
    mine, peer = ours(quick=quick), None if quick else theirs()
    rows, missed = [], []
    for name, words in WORDS.items():
        if peer is None or name not in peer:
            rows.append((words, _time(mine[name]), "-", "-"))
            continue
        factor = peer[name] / mine[name]
        rows.append((words, _time(mine[name]), _time(peer[name]), f"{factor:,.0f} x"))
        if factor < WANTED.get(name, 1):
            missed.append(f"{words}: {factor:.1f} x faster, {WANTED[name]} x wanted")
    print_table("Beside rliable 1.2.0", ("", "mle-toolbox", "rliable", "faster"), rows)
    return missed


def large(seeds: int, ticks: int) -> None:
    """Print what so many seeds and ticks take, the process as a whole and what it adds to holding the values."""
    shape = (seeds, ticks)
    nothing = measure([sys.executable, "-c", LARGE.format(shape=shape, then="")])
    rows = []
    for statistic in ("mean", "median", "iqm"):
        usage = measure(
            [sys.executable, "-c", LARGE.format(shape=shape, then=f"band(values, statistic={statistic!r})")]
        )
        rows.append(
            (
                f"{statistic} and its interval",
                _time(usage.wall_seconds - nothing.wall_seconds),
                f"{nothing.peak_mb:.0f} MB",
                f"+ {usage.peak_mb - nothing.peak_mb:.0f} MB",
            )
        )
    print_table(f"{seeds:,} seeds x {ticks:,} ticks", ("", "time", "values alone", "peak on top"), rows)


def all_pairs(configurations: int) -> None:
    """Print what comparing all pairs takes."""
    generator = np.random.default_rng(0)
    pairs = configurations * (configurations - 1) // 2
    rows = []
    for n in (5, 10, 100):
        samples = {str(i): generator.normal(i / 20, 1, n) for i in range(configurations)}
        begin = time.perf_counter()
        compare_all(samples)
        rows.append((f"{configurations} configurations, {n} seeds: {pairs} pairs", _time(time.perf_counter() - begin)))
    rows.append(("a band of 10 seeds x 1,000 points", _time(seconds(lambda: band(generator.normal(size=(10, 1000)))))))
    print_table("Comparisons and bands", ("", "time"), rows)


def _time(took: float) -> str:
    if took >= 1:
        return f"{took:,.1f} s"
    return f"{1e3 * took:.1f} ms" if took >= 1e-3 else f"{1e6 * took:.0f} µs"


def main() -> int:
    """Print the tables; 1 when we are not as much faster as promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave rliable out and make everything small")
    quick = parser.parse_args().quick
    print(machine())
    missed = beside_rliable(quick=quick)
    large(*((10, 20) if quick else (1000, 10_000)))
    all_pairs(4 if quick else 40)
    if quick:
        return 0
    print(
        "\n".join(["", *missed]) if missed else "\nAt least 5 x (IQM), 50 x (curve, improvement) faster, as promised."
    )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
