"""Intervals in closed form: against independent implementations, invariances, and how often they cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_samples import VALUES, same, samples

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import (
    interquartile_mean,
    iqm_interval,
    mean_interval,
    median_interval,
    proportion_interval,
    trimmed_mean_interval,
)

OVER_SEEDS = [mean_interval, iqm_interval, median_interval]


@pytest.mark.parametrize("n", [5, 10, 21])
@pytest.mark.parametrize("trim", [0.0, 0.1, 0.25])
def test_the_trimmed_interval_has_the_standard_error_of_scipys_trimmed_t_test(n: int, trim: float) -> None:
    from scipy import stats

    values = np.random.default_rng(n).standard_t(3, n) + 1

    low, high = trimmed_mean_interval(values, trim, confidence=0.9)

    center = stats.trim_mean(values, trim)
    # Against its own mirror image the difference is twice the mean, its variance twice that of one.
    statistic = stats.ttest_ind(values, -values, trim=trim, equal_var=False).statistic
    half = stats.t.ppf(0.95, n - 2 * int(trim * n) - 1) * math.sqrt(2) * center / statistic
    np.testing.assert_allclose((low, high), (center - half, center + half), rtol=1e-10)


def test_statsmodels_trimmed_interval_differs_by_the_factor_between_two_known_standard_errors() -> None:
    from statsmodels.stats.robust_compare import TrimmedMean

    values = np.random.default_rng(3).normal(size=20)

    low, high = trimmed_mean_interval(values, 0.25)

    peer = TrimmedMean(values, 0.25)
    from scipy.special import stdtrit

    # Yuen's, from the h values left, against Tukey and McLaughlin's, from n and the share.
    factor = math.sqrt(19 / 20 * 10 / 9)
    np.testing.assert_allclose((high - low) / 2, factor * stdtrit(9, 0.975) * peer.std_mean_trimmed, rtol=1e-10)


@pytest.mark.parametrize("n", [0, 1, 5, 10])
def test_the_interval_of_a_proportion_is_that_of_statsmodels(n: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        assert np.isnan(proportion_interval([0], 0)).all()
        return
    counts = np.arange(n + 1)

    low, high = proportion_interval(counts, n, 0.9)

    expected = proportion_confint(counts, n, alpha=0.1, method="beta")
    np.testing.assert_allclose((low, high), expected, atol=1e-12)


@pytest.mark.parametrize("n", [6, 8, 11, 20])
def test_between_order_statistics_the_median_is_covered_whatever_the_distribution(n: int) -> None:
    generator = np.random.default_rng(n)

    for values in (generator.exponential(size=(n, 20_000)) - math.log(2), generator.standard_cauchy((n, 20_000))):
        low, high = median_interval(values)
        assert abs(((low <= 0) & (high >= 0)).mean() - 0.95) < 0.01


def test_at_a_confidence_that_order_statistics_have_exactly_they_are_the_ends() -> None:
    values = np.random.default_rng(0).normal(size=8)
    confidence = 1 - 2 * (1 + 8) / 2**8

    low, high = median_interval(values, confidence)

    np.testing.assert_allclose((low, high), np.sort(values)[[1, 6]])


@pytest.mark.parametrize("n", [3, 5, 9, 10, 20])
def test_the_interval_of_the_interquartile_mean_covers_at_every_n(n: int) -> None:
    normal = np.random.default_rng(n).normal(size=(n, 20_000))

    low, high = iqm_interval(normal)

    assert ((low <= 0) & (high >= 0)).mean() > 0.93


@pytest.mark.parametrize("interval", OVER_SEEDS)
@given(values=samples(), shift=VALUES, scale=st.floats(-4, 4).filter(lambda x: abs(x) > 0.01))
@settings(deadline=None, max_examples=40)
def test_it_moves_and_stretches_with_the_values(interval: Any, values: Any, shift: float, scale: float) -> None:
    low, high = interval(values)

    moved = interval(values * scale + shift)

    assert same(sorted(map(float, moved)), sorted((float(low) * scale + shift, float(high) * scale + shift)))


@pytest.mark.parametrize("interval", OVER_SEEDS)
@given(values=samples(), order=st.randoms(use_true_random=False), confidence=st.floats(0.5, 0.98))
@settings(deadline=None, max_examples=40)
def test_more_confidence_is_wider_and_the_order_of_seeds_is_irrelevant(
    interval: Any, values: Any, order: Any, confidence: float
) -> None:
    low, high = interval(values, confidence)
    shuffled = list(values)
    order.shuffle(shuffled)

    again = interval(shuffled, confidence)
    wider = interval(values, confidence + 0.01)

    assert same(again, (low, high))
    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9


@pytest.mark.parametrize("interval", OVER_SEEDS)
def test_columns_are_computed_each_by_itself_and_axis_moves_them(interval: Any) -> None:
    values = np.random.default_rng(0).normal(size=(11, 4))

    low, high = interval(values.T, axis=1)

    for i in range(4):
        np.testing.assert_allclose((low[i], high[i]), interval(values[:, i]))


@pytest.mark.parametrize("interval", OVER_SEEDS)
@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_seeds_have_none(interval: Any, n: int) -> None:
    low, high = interval(np.ones((n, 2)))

    assert np.isnan(low).all()
    assert np.isnan(high).all()
    assert low.shape == high.shape == (2,)


@pytest.mark.parametrize("interval", OVER_SEEDS)
def test_what_is_not_finite_is_refused(interval: Any) -> None:
    with pytest.raises(StatisticsError, match="1 of 4 values is not finite"):
        interval([1.0, np.nan, 2.0, 3.0])


@pytest.mark.parametrize("interval", OVER_SEEDS)
def test_seeds_that_are_all_equal_have_an_interval_of_no_width(interval: Any) -> None:
    assert tuple(map(float, interval(np.full(12, 7.0)))) == (7.0, 7.0)


def test_a_share_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(StatisticsError, match=r"must be at least 0 and below 0\.5, found 0\.5"):
        trimmed_mean_interval([1.0, 2.0], 0.5)


def test_the_interval_lies_around_the_interquartile_mean() -> None:
    values = np.random.default_rng(0).exponential(size=(15, 3))

    low, high = iqm_interval(values)

    np.testing.assert_allclose((low + high) / 2, interquartile_mean(values))
