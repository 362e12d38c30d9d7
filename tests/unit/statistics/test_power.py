"""How many seeds are needed: against statsmodels, and against what the tests really see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import compare, detectable_difference, seeds_needed


@pytest.mark.parametrize("difference", [0.2, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_seeds_needed_are_those_of_statsmodels(difference: float, power: float) -> None:
    from statsmodels.stats.power import TTestIndPower, TTestPower

    independent = TTestIndPower().solve_power(difference, power=power, alpha=0.05)
    pairs = TTestPower().solve_power(difference, power=power, alpha=0.05)

    assert seeds_needed(difference, 1.0, power=power) == max(2, math.ceil(independent))
    assert seeds_needed(difference, 1.0, power=power, paired=True) == max(2, math.ceil(pairs))


@pytest.mark.parametrize("n", [3, 5, 10, 50])
def test_the_detectable_difference_is_that_of_statsmodels(n: int) -> None:
    from statsmodels.stats.power import TTestIndPower

    expected = TTestIndPower().solve_power(None, nobs1=n, power=0.8, alpha=0.05)

    assert detectable_difference(n, 2.0) == pytest.approx(2 * expected, rel=1e-5)


@given(n=st.integers(2, 40), std=st.floats(0.01, 100), power=st.floats(0.2, 0.95), paired=st.booleans())
@example(n=2, std=11.0, power=0.9453125, paired=False)
@settings(deadline=None, max_examples=40)
def test_the_detectable_difference_needs_just_so_many_seeds(n: int, std: float, power: float, paired: bool) -> None:
    difference = detectable_difference(n, std, power=power, paired=paired)

    assert seeds_needed(difference * 1.001, std, power=power, paired=paired) <= n
    assert seeds_needed(difference * 0.999, std, power=power, paired=paired) >= n


def test_power_far_out_is_not_lost_with_the_other_tail() -> None:
    # scipy has no lower tail here, and the power was taken for 1. The power by integration is 0.96 at 88.668.
    assert detectable_difference(2, 11.0, power=0.96) == pytest.approx(88.668, abs=0.01)


@pytest.mark.slow
def test_eight_of_ten_such_differences_are_seen() -> None:
    generator = np.random.default_rng(0)
    difference = detectable_difference(6, 1.0, 3.0)

    seen = [
        compare(generator.normal(difference, 1.0, 6), generator.normal(0.0, 3.0, 6)).better() == "a"
        for _ in range(1000)
    ]

    assert 0.76 < np.mean(seen) < 0.84


def test_larger_spreads_need_more_seeds_and_smaller_differences_too() -> None:
    assert seeds_needed(1.0, 1.0) < seeds_needed(1.0, 1.0, 2.0) < seeds_needed(0.5, 1.0, 2.0)


def test_where_nothing_varies_two_seeds_are_enough() -> None:
    assert seeds_needed(0.1, 0.0) == 2
    assert detectable_difference(5, 0.0) == 0.0
    assert detectable_difference(5, 0.0, 1.0) > 0.0


def test_there_is_a_most() -> None:
    assert seeds_needed(1e-9, 1.0) == 1_000_000


def test_one_seed_sees_nothing() -> None:
    assert math.isnan(detectable_difference(1, 1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0), "No number of seeds can show a difference of 0.0"),
        ((math.nan, 1.0), "No number of seeds can show a difference of nan"),
        ((1.0, -1.0), "standard deviation must be finite and not negative, found -1.0"),
        ((1.0, 1.0, math.inf), "standard deviation must be finite and not negative, found inf"),
        ((1.0, 1.0, None, 1.0), r"power must lie between 0.05 \(the level\) and 1, found 1.0"),
        ((1.0, 1.0, None, 0.8, 0.0), "confidence must lie between 0 and 1"),
    ],
)
def test_what_has_no_answer_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        seeds_needed(*arguments)
