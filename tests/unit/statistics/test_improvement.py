"""The probability of improvement: Mann and Whitney's U, and an interval that solves Newcombe's equation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_samples import samples

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import improvement_interval, probability_of_improvement


@given(a=samples(smallest=1), b=samples(smallest=1))
@settings(deadline=None, max_examples=40)
def test_it_is_the_u_statistic_of_scipy(a: Any, b: Any) -> None:
    from scipy import stats

    found = probability_of_improvement(a, b)

    assert found == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))


@given(a=samples(), b=samples(), confidence=st.floats(0.5, 0.98))
@settings(deadline=None, max_examples=40)
def test_exchanging_the_two_or_the_direction_mirrors_it(a: Any, b: Any, confidence: float) -> None:
    low, high = improvement_interval(a, b, confidence)

    mirrored = improvement_interval(b, a, confidence)
    lower = improvement_interval(a, b, confidence, lower_is_better=True)

    assert probability_of_improvement(a, b) + probability_of_improvement(b, a) == pytest.approx(1)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)
    assert lower == pytest.approx(mirrored)


@given(a=samples(), b=samples(), confidence=st.floats(0.5, 0.98))
@settings(deadline=None, max_examples=40)
def test_the_interval_holds_it_and_more_confidence_is_wider(a: Any, b: Any, confidence: float) -> None:
    low, high = improvement_interval(a, b, confidence)

    wider = improvement_interval(a, b, confidence + 0.01)

    assert 0 <= wider[0] <= low <= probability_of_improvement(a, b) <= high <= wider[1] <= 1


def test_only_order_matters() -> None:
    a, b = np.array([0.1, 0.5, 0.7]), np.array([0.2, 0.6, 0.4])

    assert improvement_interval(a, b) == improvement_interval(np.exp(a), np.exp(b))


def test_the_ends_solve_the_equation_of_newcombe() -> None:
    from scipy.special import stdtrit

    a, b = np.arange(7.0) + 0.5, np.arange(5.0)
    p = probability_of_improvement(a, b)

    for end in improvement_interval(a, b):
        variance = end * (1 - end) / 35 * (1 + 5 * ((1 - end) / (2 - end) + end / (1 + end)))
        assert abs(end - p) == pytest.approx(stdtrit(10, 0.975) * math.sqrt(variance))


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10])
def test_it_covers_where_one_nearly_always_wins(n: int) -> None:
    generator = np.random.default_rng(n)
    truth = 0.9213504  # of standard normals two apart: Phi(2 / sqrt(2))

    covered = [
        low <= truth <= high
        for low, high in (
            improvement_interval(generator.normal(2, 1, n), generator.normal(0, 1, n)) for _ in range(2000)
        )
    ]

    assert np.mean(covered) > 0.93


def test_winning_every_time_is_not_certainty() -> None:
    low, high = improvement_interval([2.0, 3.0, 4.0], [0.0, 1.0, 1.5])

    assert low < 0.6
    assert high == 1


def test_over_tasks_it_is_the_mean_over_tasks() -> None:
    a, b = np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [0.5, 3.0], [0.1, 2.0]])

    assert probability_of_improvement(a, b) == pytest.approx((1 + 1 / 3) / 2)


def test_tasks_that_are_not_the_same_are_refused() -> None:
    with pytest.raises(StatisticsError, match="a has 2 tasks and b has 3"):
        probability_of_improvement(np.ones((4, 2)), np.ones((4, 3)))


@pytest.mark.parametrize("lower", [False, True])
def test_over_tasks_the_interval_is_seeded_and_has_a_direction(lower: bool) -> None:
    a, b = np.random.default_rng(0).normal([[[0.3]], [[0.0]]], 1.0, (2, 8, 5))

    low, high = improvement_interval(a, b, lower_is_better=lower)

    assert low < probability_of_improvement(a, b, lower_is_better=lower) < high
    assert (low, high) == improvement_interval(a, b, lower_is_better=lower)
    assert (1 - high, 1 - low) == pytest.approx(improvement_interval(a, b, lower_is_better=not lower), abs=0.02)


def test_many_seeds_are_counted_by_sorting_and_few_by_looking_at_all_pairs() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 1000, 2)).round(1)

    pairs = (a.T[:, :, None] > b.T[:, None, :]).mean() + 0.5 * (a.T[:, :, None] == b.T[:, None, :]).mean()
    assert probability_of_improvement(a, b) == pytest.approx(pairs)


def test_without_seeds_there_is_none() -> None:
    assert math.isnan(probability_of_improvement([], [1.0]))
    assert np.isnan(improvement_interval([1.0], [1.0, 2.0])).all()
