"""Bootstrap intervals: those of scipy, the same for the same seed, and the fast ways give what the plain way gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_samples import same, samples

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import bca_interval, bootstrap_interval, interquartile_mean

BOTH = [bootstrap_interval, bca_interval]


@pytest.mark.parametrize(("interval", "method"), [(bootstrap_interval, "percentile"), (bca_interval, "BCa")])
@pytest.mark.parametrize("statistic", [np.mean, np.ptp])
@pytest.mark.parametrize("n", [5, 8, 30])
def test_from_the_same_draws_it_is_that_of_scipy_to_ten_digits(
    interval: Any, method: str, statistic: Any, n: int
) -> None:
    from scipy import stats

    # Multiples of 1/64, n of which add up exactly: scipy's BCa takes resamples that differ by rounding as different.
    values = np.rint(64 * np.random.default_rng(n).lognormal(0, 0.5, n)) / 64

    found = interval(values, statistic, n_resamples=2000, seed=7)

    draws = np.random.default_rng(7)
    expected = stats.bootstrap((values,), statistic, n_resamples=2000, method=method, rng=draws).confidence_interval
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("statistic", [np.mean, np.median, interquartile_mean])
@pytest.mark.parametrize("shape", [(2, 1), (3, 4), (10, 26)])
def test_over_tasks_it_is_the_percentiles_of_scores_drawn_within_each_task(
    statistic: Any, shape: tuple[int, int]
) -> None:
    scores = np.random.default_rng(0).normal(size=shape).round(1)
    n, n_tasks = shape

    found = bootstrap_interval(scores, statistic, n_resamples=400, seed=3, stratified=True)

    picks = np.random.default_rng(3).integers(0, n, (400, n, n_tasks))
    drawn = [
        statistic(np.array([[scores[i, t] for t, i in enumerate(row)] for row in p]).ravel(), axis=0) for p in picks
    ]
    np.testing.assert_allclose(found, np.quantile(drawn, [0.025, 0.975]), atol=1e-12)


def test_over_tasks_each_task_is_drawn_from_its_own_seeds() -> None:
    scores = np.array([[1.0, 100.0], [1.0, 100.0], [1.0, 100.0]])

    interval = bootstrap_interval(scores, np.mean, stratified=True)

    assert tuple(map(float, interval)) == (50.5, 50.5)


@pytest.mark.parametrize("interval", BOTH)
def test_the_same_seed_gives_the_same_interval_and_another_nearly(interval: Any) -> None:
    values = np.random.default_rng(0).normal(size=12)

    first, again, other = interval(values), interval(values), interval(values, seed=1)

    assert first == again
    assert first != other
    np.testing.assert_allclose(first, other, atol=0.05)


@pytest.mark.parametrize("interval", BOTH)
@given(values=samples(smallest=3), shift=st.integers(-50, 50), scale=st.sampled_from([0.5, 2.0, 8.0]))
@settings(deadline=None, max_examples=25)
def test_it_moves_and_stretches_with_the_values(interval: Any, values: Any, shift: int, scale: float) -> None:
    low, high = interval(values, n_resamples=200)

    moved = interval(values * scale + shift, n_resamples=200)

    assert same(moved, (low * scale + shift, high * scale + shift))


@pytest.mark.parametrize("interval", BOTH)
@given(values=samples(), confidence=st.floats(0.3, 0.9))
@settings(deadline=None, max_examples=25)
def test_more_confidence_is_wider(interval: Any, values: Any, confidence: float) -> None:
    low, high = interval(values, confidence=confidence, n_resamples=300)

    wider = interval(values, confidence=confidence + 0.05, n_resamples=300)

    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9


@given(values=samples(), order=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=20)
def test_the_order_of_seeds_changes_no_more_than_another_seed_would(values: Any, order: Any) -> None:
    shuffled = list(values)
    order.shuffle(shuffled)

    low, high = bootstrap_interval(values, n_resamples=4000)
    again = bootstrap_interval(shuffled, n_resamples=4000)

    assert np.abs(np.subtract(again, (low, high))).max() <= 0.25 * float(high - low) + 1e-9


@pytest.mark.parametrize("interval", BOTH)
def test_columns_share_their_draws_so_each_is_as_if_alone(interval: Any) -> None:
    values = np.random.default_rng(0).normal(size=(2, 7, 3))

    low, high = interval(values, interquartile_mean, axis=1, n_resamples=300)

    assert low.shape == (2, 3)
    alone = interval(values[1, :, 2], interquartile_mean, n_resamples=300)
    np.testing.assert_allclose((low[1, 2], high[1, 2]), alone)


def test_more_columns_than_fit_at_once_are_done_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(5, 11))
    whole = bca_interval(values, n_resamples=100), bootstrap_interval(values, n_resamples=100)
    monkeypatch.setattr("mle_toolbox.statistics.bootstrap._BLOCK", 300)

    parts = bca_interval(values, n_resamples=100), bootstrap_interval(values, n_resamples=100)

    np.testing.assert_allclose(parts, whole)


@pytest.mark.parametrize("interval", BOTH)
def test_seeds_that_are_all_equal_have_an_interval_of_no_width(interval: Any) -> None:
    assert same(interval(np.full(5, 3.5), interquartile_mean), (3.5, 3.5))


@pytest.mark.parametrize("interval", BOTH)
@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_seeds_have_none(interval: Any, n: int) -> None:
    low, high = interval(np.ones((n, 2)))

    assert np.isnan(low).all()
    assert np.isnan(high).all()
    assert low.shape == high.shape == (2,)


def test_one_seed_of_several_tasks_has_none() -> None:
    low, high = bootstrap_interval(np.ones((1, 4)), stratified=True)

    assert low.shape == high.shape == ()
    assert np.isnan((low, high)).all()


@pytest.mark.parametrize("interval", BOTH)
@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        ([1.0, np.inf], {}, "1 of 2 values is not finite"),
        ([1.0, 2.0], {"n_resamples": 0}, "n_resamples is at least 1, found 0"),
        ([1.0, 2.0], {"confidence": 1.5}, "confidence must lie between 0 and 1"),
        ([1.0, 2.0], {"axis": 2}, "There is no axis 2"),
    ],
)
def test_what_has_no_meaning_is_refused(interval: Any, values: Any, arguments: Any, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        interval(values, **arguments)


def test_scores_over_tasks_have_two_axes() -> None:
    with pytest.raises(StatisticsError, match=r"shape \(S, tasks\), found \(4,\)"):
        bootstrap_interval(np.ones(4), stratified=True)
