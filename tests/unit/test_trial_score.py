"""The score of a trial from which a search learns: a failed seed is the worst value there is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mle_toolbox.trial_score import value_of_curves

CURVES = np.array([[3.0, 1.0], [5.0, 2.0], [4.0, 3.0]])


@pytest.mark.parametrize(
    ("aggregate", "n_worst", "worst", "expected"),
    [
        ("mean", 0, math.inf, 2.0),
        ("mean", 1, math.inf, math.inf),
        ("p50", 1, math.inf, 2.5),
        ("p50", 1, -math.inf, 1.5),
        ("p25", 1, math.inf, 1.75),
        ("p75", 1, math.inf, math.inf),
        ("p90", 0, math.inf, 2.8),
        ("p10", 1, -math.inf, -math.inf),
    ],
)
def test_failed_seeds_count_as_the_worst(aggregate: str, n_worst: int, worst: float, expected: float) -> None:
    value, by_seed = value_of_curves(CURVES, "final", aggregate, False, n_worst=n_worst, worst=worst)

    assert value == pytest.approx(expected)
    assert by_seed.tolist() == [1.0, 2.0, 3.0]


def test_with_enough_good_seeds_a_percentile_is_that_of_numpy() -> None:
    rows = np.random.default_rng(0).normal(size=(7, 1))
    value, _ = value_of_curves(rows, "final", "p25", False, n_worst=2)

    assert value == pytest.approx(np.percentile([*rows[:, 0], 1e9, 1e9], 25))
