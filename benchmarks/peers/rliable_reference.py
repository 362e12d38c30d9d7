"""What rliable answers for fixed scores, as JSON: the reference for tests/unit/statistics/test_rliable.py.

Runs in an environment with rliable 1.2.0 and pandas < 3 (with pandas 3 it fails at import):

    python -m venv build/rliable && build/rliable/bin/pip install 'rliable==1.2.0' 'pandas<3'
    build/rliable/bin/python benchmarks/peers/rliable_reference.py > tests/unit/statistics/rliable_reference.json

Knows nothing of mle_toolbox.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version

import numpy as np
from rliable import library, metrics

N_RUNS, N_TASKS, N_RESAMPLES = 10, 26, 20_000
THRESHOLDS = np.linspace(0.0, 2.0, 21)


def scores(generator: np.random.Generator, level: float) -> np.ndarray:
    """Return normalised scores like those of the Atari 100k benchmark: tasks of different difficulty, skewed."""
    difficulty = generator.lognormal(-0.7, 0.9, N_TASKS) * level
    return np.round(difficulty * generator.lognormal(0.0, 0.4, (N_RUNS, N_TASKS)), 6)


def aggregates(sample: np.ndarray) -> np.ndarray:
    """Compute what is compared, in one array, because rliable resamples one function at a time."""
    return np.array([metrics.aggregate_iqm(sample), metrics.aggregate_mean(sample)])


def main() -> None:
    """Print the reference."""
    generator = np.random.default_rng(20211)
    first, second = scores(generator, 1.0), scores(generator, 1.4)
    np.random.seed(1)
    _, interval = library.get_interval_estimates({"first": first}, aggregates, reps=N_RESAMPLES)
    pair = {"first,second": (first, second)}
    improvement, improvement_interval = library.get_interval_estimates(
        pair, metrics.probability_of_improvement, reps=2_000
    )
    profiles, profile_intervals = library.create_performance_profile({"first": first}, THRESHOLDS, reps=2_000)
    reference = {
        "versions": {name: version(name) for name in ("rliable", "arch", "numpy", "scipy", "pandas")},
        "python": platform.python_version(),
        "n_resamples": N_RESAMPLES,
        "first": first.tolist(),
        "second": second.tolist(),
        "thresholds": THRESHOLDS.tolist(),
        "iqm": metrics.aggregate_iqm(first),
        "mean": metrics.aggregate_mean(first),
        "optimality_gap": metrics.aggregate_optimality_gap(first),
        "optimality_gap_half": metrics.aggregate_optimality_gap(first, 0.5),
        "iqm_interval": interval["first"][:, 0].tolist(),
        "mean_interval": interval["first"][:, 1].tolist(),
        "improvement": float(improvement["first,second"]),
        "improvement_interval": improvement_interval["first,second"].ravel().tolist(),
        "profile": profiles["first"].tolist(),
        "profile_interval": profile_intervals["first"].tolist(),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in reference.items()]
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
