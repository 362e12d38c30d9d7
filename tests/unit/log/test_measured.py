"""A NaN that means "not measured" is told from one that means "diverged"."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.log.measured import was_measured

FINITE = st.floats(-1e9, 1e9)
VALUES = st.lists(FINITE | st.sampled_from([math.nan, math.nan, math.inf, -math.inf]), max_size=40)


def kept(text: str) -> str:
    """Return what stays of a curve in which ``f`` is a finite value, ``.`` NaN and ``i`` infinite."""
    values = np.array([{"f": 1.0, ".": math.nan, "i": math.inf}[each] for each in text])
    return "".join(each for each, there in zip(text, was_measured(values), strict=True) if there)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ("f....f....f....f....", "ffff"),  # every fifth of twenty
        ("...f...f...f...f...", "ffff"),
        ("...f...f...f...f....", "ffff...."),  # longer than it ever was not measured
        ("f.f.f.", "fff"),
        ("....f....", "f"),
        ("f....", "f...."),
        ("fffff...", "fffff..."),
        ("fff.fff.", "ffffff."),  # there tick after tick, with one accident
        ("..........fffffffffffffff...", "fffffffffffffff..."),  # a warm-up proves nothing
        (".....", "....."),
        (".", "."),
        ("", ""),
        (".f", "f"),
        ("f.i.f", "fif"),
        ("f..f.i", "ff.i"),
        ("f..fi.", "ffi."),
        ("i", "i"),
        ("f..f..i..", "ff..i.."),
    ],
)
def test_a_gap_is_not_measured_and_an_end_has_diverged(curve: str, expected: str) -> None:
    assert kept(curve) == expected


@given(VALUES, FINITE)
def test_a_curve_that_ends_in_a_finite_value_has_no_nan_left(values: list[float], last: float) -> None:
    curve = np.array([*values, last])

    assert not np.isnan(curve[was_measured(curve)]).any()


@given(VALUES)
def test_nothing_but_nan_is_left_out_and_twice_is_the_same(values: list[float]) -> None:
    curve = np.array(values, dtype=np.float64)
    once = curve[was_measured(curve)]

    assert np.isnan(curve[~was_measured(curve)]).all()
    np.testing.assert_array_equal(once[was_measured(once)], once)


@given(st.integers(1, 12), st.integers(0, 11), st.integers(2, 120))
def test_a_metric_of_every_kth_tick_is_what_was_measured(k: int, first: int, n_ticks: int) -> None:
    first %= k
    there = np.arange(n_ticks) % k == first
    curve = np.where(there, np.arange(n_ticks), np.nan)
    n_gaps_before_the_last = int(there.sum()) - 1 + (first == k - 1)

    found = was_measured(curve)

    if there.sum() and (n_gaps_before_the_last > 0 or there[-1]):
        assert found.tolist() == there.tolist()


@given(st.integers(2, 60), st.integers(1, 60))
def test_a_curve_that_was_there_at_every_tick_and_ends_in_nan_has_diverged(n_finite: int, n_nan: int) -> None:
    curve = np.array([1.0] * n_finite + [math.nan] * n_nan)

    assert was_measured(curve).all()
