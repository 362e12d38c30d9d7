"""An estimate says its value, interval, n, what was left out, how it was made and where it may promise too much."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import (
    estimate,
    interquartile_mean,
    interval_text,
    iqm_interval,
    mean_interval,
    median_interval,
    p_text,
)

VALUES = np.random.default_rng(0).normal(1.0, 0.1, 10)


@pytest.mark.parametrize(
    ("statistic", "value", "interval"),
    [
        ("mean", np.mean, mean_interval),
        ("median", np.median, median_interval),
        ("iqm", interquartile_mean, iqm_interval),
    ],
)
def test_value_and_interval_are_those_of_the_functions(statistic: str, value: Any, interval: Any) -> None:
    found = estimate(VALUES, statistic, 0.9)

    assert (found.value, found.low, found.high) == (float(value(VALUES)), *map(float, interval(VALUES, 0.9)))
    assert (found.n, found.statistic, found.confidence) == (10, statistic, 0.9)


@pytest.mark.parametrize(
    ("statistic", "n", "words"),
    [
        ("mean", 5, "95 % Student t interval of the mean over seeds"),
        ("median", 5, "95 % interval of the median (t, as for normal values) over seeds"),
        ("median", 6, "95 % interval of the median (order statistics) over seeds"),
        ("iqm", 9, "95 % t interval of the interquartile mean (plain variance) over seeds"),
        ("iqm", 10, "95 % t interval of the interquartile mean (winsorised variance) over seeds"),
    ],
)
def test_the_method_says_how_the_interval_was_made(statistic: str, n: int, words: str) -> None:
    assert estimate(np.arange(n), statistic).method == words


def test_diverged_seeds_are_left_out_and_counted() -> None:
    found = estimate([1.0, math.nan, 2.0, math.inf, 3.0], missing=1)

    assert (found.value, found.n, found.diverged, found.missing) == (2.0, 3, 2, 1)
    assert found.method.endswith("; diverged seeds left out")
    assert str(found) == "2.0 ± 2.5 (n=3, 2 diverged, 1 missing)"


def test_diverged_seeds_may_count_as_a_value() -> None:
    found = estimate([1.0, math.nan, 1.0], diverged=-2.0)

    assert (found.value, found.n, found.diverged) == (0.0, 3, 1)
    assert found.method.endswith("; diverged seeds count as -2")


def test_diverged_seeds_may_be_refused() -> None:
    with pytest.raises(StatisticsError, match=r"1 of 2 seeds have diverged \(diverged='refuse'\)"):
        estimate([1.0, math.nan], diverged="refuse")


@pytest.mark.parametrize("policy", ["ignore", math.nan, math.inf])
def test_a_policy_that_is_none_is_refused(policy: Any) -> None:
    with pytest.raises(StatisticsError, match="'exclude', 'refuse' or a finite number"):
        estimate([1.0, 2.0], diverged=policy)


def test_an_unknown_statistic_suggests_the_nearest_one() -> None:
    with pytest.raises(StatisticsError, match=r"no statistic 'meen'; known: mean, median, iqm\. Did you mean 'mean'"):
        estimate([1.0, 2.0], "meen")


def test_more_than_one_number_a_seed_is_refused() -> None:
    with pytest.raises(StatisticsError, match=r"shape \(S,\), found an array of shape \(2, 2\)"):
        estimate([[1.0, 2.0], [3.0, 4.0]])


def test_one_seed_has_a_value_and_no_interval() -> None:
    found = estimate([0.123456])

    assert str(found) == "0.1235 (n=1, no interval)"
    assert found.caution == "No interval: one seed gives no spread."


def test_no_seed_has_no_value() -> None:
    found = estimate([math.nan])

    assert math.isnan(found.value)
    assert str(found) == "- (n=0, 1 diverged)"
    assert found.caution == "No seed has a finite value."


def test_seeds_that_are_all_equal_raise_the_question_whether_the_seed_is_used() -> None:
    found = estimate([2.0, 2.0, 2.0])

    assert str(found) == "2 ± 0 (n=3)"
    assert "Does the script use its seed?" in str(found.caution)


def test_two_equal_seeds_have_no_interval_to_trust_but_may_be_equal_by_chance() -> None:
    found = estimate([0.94, 0.94])

    assert found.caution == "All seeds have the same value, so the interval means nothing."


@pytest.mark.parametrize(
    ("statistic", "n", "warned"), [("mean", 24, True), ("mean", 25, False), ("iqm", 5, False), ("median", 5, False)]
)
def test_the_mean_of_few_seeds_warns_of_skewness(statistic: str, n: int, warned: bool) -> None:
    caution = estimate(np.arange(n), statistic).caution

    assert (caution is not None) == warned


def test_the_warning_has_a_number_only_where_it_was_measured() -> None:
    assert "less than 95 % (about 92 %) where" in str(estimate(VALUES).caution)
    assert "less than 90 % where" in str(estimate(VALUES, confidence=0.9).caution)


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.12345, 0.11245, 0.13445, "0.123 ± 0.011"),
        (0.12, 0.1, 0.17, "0.120 [0.100, 0.170]"),
        (1234.5, 1134.5, 1334.5, "1234 ± 100"),
        (-3.0, -3.5, -2.5, "-3.00 ± 0.50"),
        (1.234e-9, 1.134e-9, 1.334e-9, "(1.23 ± 0.10)e-09"),
        (1.234e12, 1.134e12, 1.334e12, "(1.23 ± 0.10)e+12"),
        (1.234e-9, 1.134e-9, 1.434e-9, "1.23 [1.13, 1.43] e-09"),
        (5.0, 5.0, 5.0, "5 ± 0"),
        (-0.01, -3.61, 3.59, "0.0 ± 3.6"),
        (0.99999999812, 0.99999987812, 1.00000011812, "1.00000000 ± 0.00000012"),
        (0.0099999999999, 0.0099999999989, 0.0100000000009, "(0.99999999999 ± 0.00000000010)e-02"),
        (1e16, 1e16 - 12, 1e16 + 12, "10000000000000000 ± 12"),
        (5e-324, 0.0, 1e-323, "(4.9 ± 4.9)e-324"),
        (0.0, 0.0, 0.0, "0 ± 0"),
        (0.5, math.nan, math.nan, "0.5"),
        (math.nan, math.nan, math.nan, "-"),
    ],
)
def test_a_number_has_as_many_digits_as_its_interval_allows(value: float, low: float, high: float, text: str) -> None:
    assert interval_text(value, low, high) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (1.0, "p = 1"), (math.nan, "no p")]
)
def test_a_p_is_not_written_as_zero(p: float, text: str) -> None:
    assert p_text(p) == text


@pytest.mark.parametrize("statistic", ["mean", "median", "iqm"])
@pytest.mark.parametrize("scale", [1e-300, 1e200, 1e306])
def test_numbers_whose_squares_are_out_of_range_have_an_interval(statistic: str, scale: float) -> None:
    found, usual = estimate(VALUES * scale, statistic), estimate(VALUES, statistic)

    assert found.low / scale == pytest.approx(usual.low)
    assert found.high / scale == pytest.approx(usual.high)


def test_a_masked_seed_is_not_taken_for_a_value() -> None:
    found = estimate(np.ma.masked_equal([1.0, 99.0, 3.0], 99.0))

    assert (found.value, found.n, found.diverged) == (2.0, 2, 1)
