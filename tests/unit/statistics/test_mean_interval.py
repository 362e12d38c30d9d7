"""The interval of the mean covers what it says it covers."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import mean_interval

FINITE = st.floats(-1e6, 1e6)


def test_the_interval_is_that_of_the_textbook() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0])

    # t(0.975, 3) = 3.182446, s = 1.290994, n = 4
    assert math.isclose(float(low), 2.5 - 3.182446305 * 1.290994449 / 2, rel_tol=1e-8)
    assert math.isclose(float(high), 2.5 + 3.182446305 * 1.290994449 / 2, rel_tol=1e-8)


def test_it_agrees_with_scipy_for_any_axis_and_confidence() -> None:
    from scipy import stats

    values = np.random.default_rng(0).normal(size=(3, 7, 2))

    low, high = mean_interval(values, confidence=0.8, axis=1)

    expected = stats.t.interval(0.8, 6, loc=values.mean(1), scale=stats.sem(values, axis=1))
    np.testing.assert_allclose((low, high), expected)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_it_covers_the_true_mean_of_normal_data_as_often_as_promised(n: int) -> None:
    samples = np.random.default_rng(n).normal(loc=3.0, size=(n, 20_000))

    low, high = mean_interval(samples)

    coverage = ((low <= 3.0) & (high >= 3.0)).mean()
    assert abs(coverage - 0.95) < 0.006  # four standard errors


@settings(deadline=None, max_examples=50)
@given(values=npst.arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 4)), elements=FINITE))
def test_the_mean_is_inside_and_the_order_of_seeds_is_irrelevant(values: Any) -> None:
    low, high = mean_interval(values)
    again = mean_interval(values[::-1])

    assert (low <= values.mean(axis=0) + 1e-6).all()
    assert (values.mean(axis=0) - 1e-6 <= high).all()
    np.testing.assert_allclose(again, (low, high), rtol=1e-6, atol=1e-6)


def test_equal_values_have_no_spread() -> None:
    assert tuple(map(float, mean_interval([2, 2, 2]))) == (2.0, 2.0)


@pytest.mark.parametrize("shape", [(1,), (1, 3), (0, 2)])
def test_fewer_than_two_seeds_have_no_interval(shape: tuple[int, ...]) -> None:
    low, high = mean_interval(np.ones(shape))

    assert low.shape == high.shape == shape[1:]
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_diverged_seed_is_never_averaged_away(bad: float) -> None:
    with pytest.raises(StatisticsError, match="1 of 3 values is not finite"):
        mean_interval([1.0, bad, 2.0])


@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        ([1.0, 2.0], {"confidence": 95}, "confidence must lie between 0 and 1, found 95. Use 0.95 for 95 %."),
        ([1.0, 2.0], {"confidence": 1}, "confidence must lie between 0 and 1"),
        ([1.0, 2.0], {"axis": 1}, r"There is no axis 1 in an array of shape \(2,\)"),
        (["a", "b"], {}, "needs real numbers, found the type <U1"),
        ([1j, 2], {}, "needs real numbers, found the type complex128"),
        (3.0, {}, r"There is no axis 0 in an array of shape \(\)"),
    ],
)
def test_what_has_no_meaning_is_refused(values: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        mean_interval(values, **arguments)


def test_importing_it_does_not_import_scipy() -> None:
    script = "import sys, mle_toolbox.statistics; print('scipy' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"
