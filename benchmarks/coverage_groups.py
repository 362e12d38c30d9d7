"""How often the interval of a group (`mle results --group-by`) covers the truth where runs of one seed are alike.

    python benchmarks/coverage_groups.py [--repetitions 4000] [--write]

Groups of 2, 4 and 10 configurations with 3, 5 and 10 seeds. A share of the variance belongs to the seed and is the same
in all configurations: what a data split or first weights do. Beside it the interval that adds up the variances of the
configurations as if all runs were independent, which groups had before. The last rows: one configuration has lost a
seed, or every second one has 20 of them. ``--write`` puts the table into docs/statistics.md. Ends with 1 when ours
covers less than 0.93.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from measure import machine

from mle_toolbox.statistics.group_mean import estimate_of_group

PROMISED, LEAST = 0.95, 0.93
SHARES = (0.0, 0.3, 0.7, 1.0)
DOCS = Path(__file__).resolve().parent.parent / "docs" / "statistics.md"
BEGIN, END = "<!-- made by benchmarks/coverage_groups.py -->", "<!-- end of what benchmarks/coverage_groups.py made -->"


def main() -> int:
    """Print the table; return 1 where our interval is too narrow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4_000)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    shares = " | ".join(f"{share:.1f}" for share in SHARES)
    lines = ["| configurations | seeds | " + shares + " | as if independent: " + shares + " |"]
    lines.append("| ---: | --- |" + " ---: |" * 2 * len(SHARES))
    least = 1.0
    cases = [(k, [n] * k, f"{n}") for n in (3, 5, 10) for k in (2, 4, 10)]
    cases += [(4, [4, 5, 5, 5], "5, one lost"), (4, [5, 20, 5, 20], "5 and 20")]
    for n_configurations, sizes, words in cases:
        ours, other = zip(*(covered(sizes, share, arguments.repetitions) for share in SHARES), strict=True)
        least = min(least, *ours)
        cells = " | ".join(f"{each:.3f}" for each in (*ours, *other))
        lines.append(f"| {n_configurations} | {words} | {cells} |")
    table = "\n".join(lines)
    print(f"{machine()}, {arguments.repetitions:,} repetitions\n\n{table}")
    if arguments.write:
        before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        made = f"{arguments.repetitions:,} repetitions; {machine()}.\n\n{table}\n"
        DOCS.write_text(f"{before}{BEGIN}\n\n{made}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 1 if least < LEAST else 0


def covered(sizes: list[int], share: float, repetitions: int) -> tuple[float, float]:
    """Return how often both intervals hold the true mean, 0, of configurations with so many seeds."""
    generator = np.random.default_rng(17)
    hits = np.zeros(2)
    for _ in range(repetitions):
        of_seed = generator.normal(size=max(sizes))
        values = {}
        for number, n in enumerate(sizes):
            runs = np.sqrt(share) * of_seed + np.sqrt(1 - share) * generator.normal(size=max(sizes))
            # From the end, so that the seed which one has lost is the first.
            values[f"c{number}"] = {seed: float(runs[seed]) for seed in range(max(sizes) - n, max(sizes))}
        for place, independent in enumerate((False, True)):
            found = estimate_of_group(values, PROMISED, independent=independent)
            hits[place] += found.low <= 0 <= found.high
    ours, other = hits / repetitions
    return float(ours), float(other)


if __name__ == "__main__":
    raise SystemExit(main())
