"""The mean of several configurations is as sure as its seeds make it, however alike runs of one seed are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import estimate, estimate_over_tasks
from mle_toolbox.statistics.group_mean import estimate_of_group

RUNS = {"a": {0: 1.0, 1: 2.0, 2: 4.0}, "b": {0: 5.0, 1: 4.0, 2: 9.0}}


def ends(found: Any) -> tuple[float, float]:
    return found.low, found.high


def test_the_mean_of_one_configuration_is_its_own_estimate() -> None:
    found, own = estimate_of_group({"a": RUNS["a"]}), estimate(list(RUNS["a"].values()))

    assert (found.value, found.n, found.caution) == (own.value, own.n, own.caution)
    assert ends(found) == pytest.approx(ends(own))


def test_copies_of_one_configuration_make_it_no_surer() -> None:
    copies = {f"copy {number}": RUNS["a"] for number in range(10)}

    assert ends(estimate_of_group(copies)) == pytest.approx(ends(estimate(list(RUNS["a"].values()))))


def test_the_interval_is_that_of_the_seeds_averaged_over_the_configurations() -> None:
    found = estimate_of_group(RUNS, 0.9)

    assert found.value == pytest.approx(25 / 6)
    assert ends(found) == pytest.approx(ends(estimate([3.0, 3.0, 6.5], confidence=0.9)))
    assert found.method.startswith("90 % t interval over the seeds that they all share")
    assert found.n == 6


def test_a_seed_that_one_lacks_counts_in_the_mean_and_not_in_the_interval() -> None:
    whole = {**RUNS, "b": {**RUNS["b"], 3: 100.0}}

    found = estimate_of_group(whole, missing=1)

    assert found.value == pytest.approx((7 / 3 + 118 / 4) / 2)
    assert found.high - found.low == pytest.approx(np.subtract(*reversed(ends(estimate_of_group(RUNS)))))
    assert found.missing == 1


@pytest.mark.parametrize("values", [{"a": {0: 1.0}, "b": {0: 2.0}}, {"a": {0: 1.0, 1: 2.0}, "b": {1: 2.0, 2: 3.0}}])
def test_one_seed_in_common_gives_no_interval(values: dict[str, dict[int, float]]) -> None:
    found = estimate_of_group(values)

    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.caution == "No interval: that takes two seeds that all configurations share."


def test_seeds_that_change_nothing_are_told_and_not_taken_for_certainty() -> None:
    found = estimate_of_group({"a": {0: 1.0, 1: 1.0, 2: 1.0}, "b": {0: 2.0, 1: 2.0, 2: 2.0}})

    assert found.caution == estimate([1.5, 1.5, 1.5]).caution
    assert "All seeds have the same value" in str(found.caution)


@pytest.mark.parametrize("independent", [True, False])
def test_runs_that_have_no_seed_in_common_are_independent(independent: bool) -> None:
    first = 0 if independent else 10
    values = {"a": RUNS["a"], "b": {seed + first: value for seed, value in RUNS["b"].items()}}

    found = estimate_of_group(values, independent=independent)

    assert ends(found) == ends(estimate_over_tasks({name: list(each.values()) for name, each in values.items()}))
    assert "share no seeds" in found.method


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100), st.permutations([0, 1, 2]))
def test_shifts_scales_and_the_names_of_seeds_change_nothing_else(shift: float, scale: float, names: list[int]) -> None:
    moved = {name: {names[seed]: scale * value + shift for seed, value in each.items()} for name, each in RUNS.items()}

    found, before = estimate_of_group(moved), estimate_of_group(RUNS)

    assert ends(found) == pytest.approx([scale * end + shift for end in ends(before)], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("values", [{}, {"a": {}}, {"a": {0: 1.0, 1: math.nan}}])
def test_what_has_no_mean_is_refused(values: dict[str, dict[int, float]]) -> None:
    with pytest.raises(StatisticsError):
        estimate_of_group(values)
