"""Aggregates are those of numpy and scipy, and refuse what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import interquartile_mean, mean, median, percentiles, standard_error, std

ALL = [mean, std, standard_error, median, interquartile_mean]


@given(n=st.integers(2, 13), axis=st.sampled_from([0, 1, -1, None]), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_they_agree_with_numpy_and_scipy_to_twelve_digits(n: int, axis: int | None, seed: int) -> None:
    from scipy import stats

    values = np.random.default_rng(seed).normal(size=(n, n + 1))

    found = [each(values, axis) for each in ALL]

    expected = [
        values.mean(axis),
        values.std(axis, ddof=1),
        stats.sem(values, axis=axis),
        np.median(values, axis),
        stats.trim_mean(values, 0.25, axis=axis),
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_percentiles_come_first_in_the_shape() -> None:
    values = np.arange(12.0).reshape(3, 4)

    found = percentiles(values, [0, 50, 100])

    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_with_fewer_than_four_seeds_the_interquartile_mean_is_the_mean(n: int) -> None:
    values = np.random.default_rng(0).normal(size=(n, 5))

    np.testing.assert_allclose(interquartile_mean(values), values.mean(axis=0))


@given(n=st.integers(1, 20), value=st.floats(-1e6, 1e6))
@settings(deadline=None, max_examples=30)
def test_the_interquartile_mean_of_a_constant_is_the_constant(n: int, value: float) -> None:
    assert np.isclose(float(interquartile_mean(np.full(n, value))), value, rtol=1e-12)


def test_the_odd_seed_does_not_move_the_interquartile_mean() -> None:
    assert float(interquartile_mean([0.0, 1.0, 2.0, 90.0])) == 1.5


@given(
    values=npst.arrays(np.int32, st.tuples(st.integers(1, 9), st.just(3)), elements=st.integers(-99, 99)),
    permutation=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=30)
def test_the_order_of_seeds_is_irrelevant(values: Any, permutation: Any) -> None:
    order = list(range(len(values)))
    permutation.shuffle(order)

    for each in ALL:
        np.testing.assert_allclose(each(values), each(values[order]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("each", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(each: Any, bad: float) -> None:
    with pytest.raises(StatisticsError, match=r"1 of 3 values is not finite\. Decide how diverged"):
        each([1.0, bad, 2.0])


@pytest.mark.parametrize("each", ALL)
def test_no_seeds_give_no_number_and_no_warning(each: Any) -> None:
    found = each(np.empty((0, 2)))

    assert found.shape == (2,)
    assert np.isnan(found).all()


@pytest.mark.parametrize("each", [std, standard_error])
def test_one_seed_has_no_spread(each: Any) -> None:
    assert np.isnan(each([3.0]))


def test_rows_of_different_lengths_are_refused() -> None:
    with pytest.raises(StatisticsError, match="rows of equal length, found objects"):
        mean(np.array([[1.0], [1.0, 2.0]], dtype=object))
