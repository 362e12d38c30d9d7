"""One number out of a curve: last, best, mean of the last k, area; and what a metric's name says of its direction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from statistics_samples import VALUES

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import Curve, area_under_curve, at, best_so_far, direction

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("where", "lower", "expected"),
    [
        ("last", False, [4.0, 5.0]),
        ("best", False, [4.0, 9.0]),
        ("best", True, [1.0, 5.0]),
        ("mean-last-2", False, [3.0, 7.0]),
        ("mean-last-99", False, [7 / 3, 7.0]),
        ("auc", False, [(1.5 * 1 + 3 * 2) / 3, 7.0]),
    ],
)
def test_each_seed_gives_one_number_from_its_own_ticks(where: str, lower: bool, expected: list[float]) -> None:
    time = np.array([0.0, 1.0, 3.0])
    values = np.array([[1.0, 2.0, 4.0], [9.0, 5.0, NAN]])
    curve = Curve("x", "loss", "t", time, values, (0, 1), ("done", "done"))

    found = [
        at(curve, where, lower),
        at(values, where, lower, time=time),
        at([[1.0, 2.0, 4.0], [9.0, 5.0]], where, lower, time=[time, time[:2]]),
    ]

    for each in found:
        np.testing.assert_allclose(each, expected)


@pytest.mark.parametrize(
    ("where", "finite"),
    [("last", False), ("best", True), ("mean-last-1", False), ("mean-last-2", False), ("auc", False)],
)
def test_a_seed_that_diverged_has_only_a_best_value(where: str, finite: bool) -> None:
    found = at([[3.0, NAN], [3.0, INF]], where)

    assert (np.isfinite(found) == finite).all()


def test_a_seed_that_had_diverged_and_come_back_has_a_last_value() -> None:
    np.testing.assert_array_equal(at([[INF, 2.0]], "last"), [2.0])
    assert np.isnan(at([[INF, 2.0]], "auc"))


@pytest.mark.parametrize("where", ["last", "best", "mean-last-2", "auc"])
def test_nan_where_nothing_was_measured_does_not_count(where: str) -> None:
    measured = at([[4.0, 2.0, 3.0]], where, True, time=[[0, 4, 8]])

    np.testing.assert_array_equal(at([[4.0, *3 * [NAN], 2.0, *3 * [NAN], 3.0, *3 * [NAN]]], where, True), measured)


@pytest.mark.parametrize("where", ["last", "best", "mean-last-3", "auc"])
def test_a_seed_without_values_has_none(where: str) -> None:
    assert np.isnan(at([[]], where)).all()
    assert np.isnan(at(np.full((1, 3), NAN), where)).all()


@pytest.mark.parametrize("where", ["mean-last-0", "mean-last-", "mean-last-x", "lastt", ""])
def test_another_place_is_refused_with_the_nearest(where: str) -> None:
    with pytest.raises(StatisticsError, match="at 'last', 'best', 'auc' or 'mean-last-K'"):
        at([[1.0]], where)


def test_the_nearest_place_is_suggested() -> None:
    with pytest.raises(StatisticsError, match="Did you mean 'best'"):
        at([[1.0]], "bests")


@pytest.mark.parametrize("time", [[[0.0]], [[0.0], [1.0]]])
def test_times_that_do_not_fit_are_refused(time: Any) -> None:
    with pytest.raises(StatisticsError, match="as many times as it has values"):
        at([[1.0, 2.0], [1.0]], "auc", time=time)


@given(
    values=npst.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 8)), elements=VALUES),
    shift=VALUES,
    lower=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_they_move_with_the_values(values: Any, shift: float, lower: bool) -> None:
    for where in ("last", "best", "auc", "mean-last-3"):
        np.testing.assert_allclose(at(values + shift, where, lower), at(values, where, lower) + shift, atol=1e-8)


@given(values=npst.arrays(np.float64, st.integers(1, 8), elements=VALUES | st.just(NAN) | st.just(INF)))
@settings(deadline=None, max_examples=40)
def test_the_best_so_far_ends_at_the_best_and_only_improves(values: Any) -> None:
    found = best_so_far(values)

    known = found[np.isfinite(found)]
    assert (np.diff(known) >= 0).all()
    assert np.isnan(found[np.isnan(values)]).all()
    if len(known):
        assert known[-1] == values[np.isfinite(values)].max()
    np.testing.assert_array_equal(best_so_far(-values, lower_is_better=True), -found)


def test_the_area_of_a_line_is_its_middle_whatever_the_ticks() -> None:
    time = np.array([0.0, 1.0, 7.0, 10.0])

    assert float(area_under_curve(time, 2 * time + 1)) == pytest.approx(11.0)
    np.testing.assert_allclose(area_under_curve(time, [[NAN, 1.0, 1.0, 3.0], [5.0, NAN, NAN, NAN]]), [4 / 3, 5.0])


def test_an_area_needs_a_time_for_each_value() -> None:
    with pytest.raises(StatisticsError, match=r"\(2,\) times for values of shape \(1, 3\)"):
        area_under_curve([0.0, 1.0], [[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    "metric",
    [
        "loss", "test_loss", "val/topKLoss", "trainLoss2", "logloss", "RMSE", "error_rate", "Err", "regret", "nll",
        "wall time", "latency_ms", "FID", "perplexity", "cumulative-cost",
    ],
)  # fmt: skip
def test_lower_is_better_of_what_is_lost(metric: str) -> None:
    assert direction(metric) == "lower"


@pytest.mark.parametrize(
    "metric", ["accuracy", "return", "reward", "F1", "metric1", "timeliness", "glossary", "", "R²"]
)
def test_higher_is_better_of_the_rest(metric: str) -> None:
    assert direction(metric) == "higher"
