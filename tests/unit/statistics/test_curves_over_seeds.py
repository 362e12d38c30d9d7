"""Bands over seeds: point by point the same numbers as without a curve, holes and diverged seeds counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import Curve, band, estimate

STATISTICS = ["mean", "median", "iqm"]


def with_holes(shape: tuple[int, int]) -> Any:
    generator = np.random.default_rng(0)
    values = generator.normal(size=shape)
    values[generator.random(shape) < 0.2] = np.nan
    values[:, -1] = np.nan
    values[3, 4:] = np.inf
    return values


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("values", [with_holes((12, 9)), with_holes((5, 40)), np.arange(12.0).reshape(4, 3)])
def test_each_point_is_the_estimate_of_its_seeds(statistic: str, values: Any) -> None:
    found = band(values, statistic=statistic, confidence=0.9)

    for i in range(values.shape[1]):
        point = estimate(values[np.isfinite(values[:, i]), i], statistic, 0.9)
        np.testing.assert_allclose((found.center[i], found.low[i], found.high[i]), (point.value, point.low, point.high))
        assert found.n[i] == point.n


@pytest.mark.parametrize("statistic", STATISTICS)
def test_many_columns_are_done_in_turn(statistic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = with_holes((7, 30))
    whole = band(values, statistic=statistic)
    monkeypatch.setattr("mle_toolbox.statistics.bands._BLOCK", 50)

    parts = band(values, statistic=statistic)

    for name in ("center", "low", "high", "n"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_what_is_given_is_not_changed() -> None:
    values = with_holes((6, 5))
    before = values.copy()

    band(values, statistic="iqm")

    np.testing.assert_array_equal(values, before)


def test_a_diverged_seed_is_counted_once_and_a_seed_that_ended_early_is_not() -> None:
    values = [[1.0, 2.0, math.nan], [1.0, math.inf, math.inf], [1.0, 3.0, 4.0]]

    found = band(values)

    assert found.diverged == 1
    np.testing.assert_array_equal(found.n, [3, 2, 1])
    assert found.caution is not None
    assert found.caution.startswith("The number of seeds changes along the curve, from 3 down to 1.")


def test_the_method_says_that_each_point_stands_for_itself() -> None:
    found = band(np.ones((3, 2)), statistic="iqm")

    assert found.method == (
        "95 % t interval of the interquartile mean (winsorised variance; below 10 seeds, the plain one) over seeds, at "
        "each point in time by itself"
    )
    assert found.caution is None


@pytest.mark.parametrize(("n", "caution"), [(0, "There are no seeds."), (1, "No interval: one seed")])
def test_without_two_seeds_there_is_no_interval(n: int, caution: str) -> None:
    found = band(np.ones((n, 4)))

    assert np.isnan(found.low).all()
    assert str(found.caution).startswith(caution)


def test_a_curve_makes_its_band() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3))
    curve = Curve("net", "loss", "epoch", np.array([1.0, 2.0, 5.0]), values, (0, 1, 2, 3), ("done",) * 4)

    found = curve.band("median", 0.8)

    np.testing.assert_array_equal(found.time, curve.time)
    np.testing.assert_array_equal(found.center, np.median(values, axis=0))
    assert (found.statistic, found.confidence) == ("median", 0.8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0],), r"A curve has the shape \(S, T\), found \(2,\)"),
        (([[1.0, 2.0]], [1.0]), r"There are \(1,\) times for values of shape \(1, 2\)"),
        (([[1.0, 2.0]], None, "mode"), "no statistic 'mode'"),
    ],
)
def test_what_is_no_curve_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        band(*arguments)
