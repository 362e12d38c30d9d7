"""Seeds that logged at different times share a time axis, and nothing is made up beyond what they logged."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import align, area_under_curve

TIMES = st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True).map(sorted)
SEEDS = st.lists(TIMES, min_size=1, max_size=5)


@given(times=SEEDS, method=st.sampled_from(["previous", "linear"]), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_every_tick_is_kept_and_nothing_lies_outside(times: Any, method: Any, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = [generator.normal(size=len(time)) for time in times]

    grid, aligned = align(times, values, method=method)

    assert list(grid) == sorted(set(functools.reduce(operator.iadd, times, [])))
    for row, time, value in zip(aligned, times, values, strict=True):
        np.testing.assert_array_equal(row[np.isin(grid, time)], value)
        inside = (grid >= time[0]) & (grid <= time[-1])
        assert np.isfinite(row[inside]).all()
        assert np.isnan(row[~inside]).all()
        assert row[inside].min() >= value.min()
        assert row[inside].max() <= value.max()


@given(times=SEEDS, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_straight_lines_are_those_of_numpy_and_keep_the_area(times: Any, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = [generator.normal(size=len(time)) for time in times]

    grid, aligned = align(times, values, method="linear")

    for row, time, value in zip(aligned, times, values, strict=True):
        np.testing.assert_allclose(row, np.interp(grid, time, value, left=np.nan, right=np.nan), atol=1e-12)
        np.testing.assert_allclose(area_under_curve(grid, row), area_under_curve(time, value), atol=1e-12)


def test_between_ticks_the_last_value_holds() -> None:
    grid, aligned = align([[0, 10], [5, 20]], [[1.0, 2.0], [3.0, 4.0]])

    np.testing.assert_array_equal(grid, [0, 5, 10, 20])
    np.testing.assert_array_equal(aligned, [[1, 1, 2, math.nan], [math.nan, 3, 3, 4]])


def test_seeds_with_the_same_times_are_left_as_they_are() -> None:
    values = np.random.default_rng(0).normal(size=(3, 5))

    grid, aligned = align([[1, 2, 3, 4, 9]] * 3, list(values))

    np.testing.assert_array_equal(aligned, values)
    np.testing.assert_array_equal(grid, [1, 2, 3, 4, 9])


def test_ticks_are_put_in_order_and_the_last_of_several_at_a_time_counts() -> None:
    grid, aligned = align([[3, 1, 2, 1]], [[30.0, 10.0, 20.0, 11.0]])

    np.testing.assert_array_equal(grid, [1, 2, 3])
    np.testing.assert_array_equal(aligned, [[11, 20, 30]])


def test_a_diverged_value_is_seen_as_such_and_not_as_missing() -> None:
    _grid, aligned = align([[0, 1, 2], [0.5]], [[1.0, math.nan, -math.inf], [1.0]], method="linear")

    np.testing.assert_array_equal(aligned[0], [1.0, 1.0, math.inf, -math.inf])


def test_a_gap_between_measurements_is_no_divergence() -> None:
    grid, aligned = align([[0, 1, 2, 3], [0, 2, 3]], [[1.0, math.nan, 2.0, math.nan], [5.0, 6.0, 7.0]])

    assert grid.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(aligned, [[1.0, 2.0, math.nan], [5.0, 6.0, 7.0]])


def test_seeds_without_ticks_have_no_values() -> None:
    _grid, aligned = align([[], [1, 2]], [[], [5.0, 6.0]])

    np.testing.assert_array_equal(aligned, [[math.nan, math.nan], [5, 6]])
    assert align([], [])[1].shape == (0, 0)


def test_clock_times_are_thinned_to_a_bounded_number_with_both_ends() -> None:
    generator = np.random.default_rng(0)
    times = [np.sort(generator.random(500)) for _ in range(50)]

    grid, aligned = align(times, times, max_points=1000)

    assert aligned.shape == (50, 1000)
    assert grid[0] == min(time[0] for time in times)
    assert grid[-1] == max(time[-1] for time in times)
    assert (np.diff(grid) > 0).all()


@pytest.mark.parametrize(
    ("times", "values", "options", "message"),
    [
        ([[1, 2]], [[1.0, 2.0], [3.0]], {}, "times of 1 seeds and values of 2"),
        ([[1, 2]], [[1.0]], {}, "A seed has 2 times and 1 values"),
        ([[1, math.nan]], [[1.0, 2.0]], {}, "A time is not finite"),
        ([[1, 2]], [[1.0, 2.0]], {"method": "cubic"}, "found 'cubic'"),
        ([[1, 2]], [[1.0, 2.0]], {"max_points": 1}, "at least 2 points, found max_points=1"),
    ],
)
def test_what_cannot_be_aligned_is_refused(times: Any, values: Any, options: Any, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        align(times, values, **options)
