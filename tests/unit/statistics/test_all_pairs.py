"""The family of tests that decides which configurations are the best."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statistics_samples import VALUES

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import AllPairs, compare, compare_all, holm
from mle_toolbox.statistics.all_pairs import HOLM_UP_TO

Samples = dict[str, NDArray[np.float64]]


def drawn(count: int, n_seeds: int = 5, seed: int = 0) -> Samples:
    generator = np.random.default_rng(seed)
    return {f"c{place}": generator.normal(place / 2, 1.0, n_seeds) for place in range(count)}


def test_comparisons_with_the_best_count_all_pairs() -> None:
    given_samples = drawn(4)
    pairs = AllPairs(given_samples)

    found = pairs.compare([("c0", "c3"), ("c1", "c3"), ("c2", "c3")])

    everything = compare_all(given_samples)
    assert {pair: each.adjusted_p for pair, each in found.items()} == {
        pair: each.adjusted_p for pair, each in everything.items() if "c3" in pair
    }
    assert {str(each.correction) for each in everything.values()} == {"Holm over all pairs"}


def test_a_baseline_that_was_named_counts_its_own_tests_only() -> None:
    found = compare_all(drawn(4), baseline="c3")

    p = [each.t_test_p for each in found.values()]
    np.testing.assert_allclose([each.adjusted_p for each in found.values()], holm(p))
    assert {str(each.correction) for each in found.values()} == {"Holm over these comparisons"}


def test_two_configurations_need_no_correction() -> None:
    ((pair, found),) = compare_all(drawn(2)).items()

    assert (found.adjusted_p, found.correction) == (found.t_test_p, None)
    assert "correction" not in found.words(*pair)


@pytest.mark.slow
def test_of_many_configurations_the_tests_with_the_best_are_made_only() -> None:
    """Bonferroni's p of a pair is the same whether or not the other pairs are tested."""
    many = drawn(HOLM_UP_TO + 1)
    pairs = AllPairs(many)

    found = pairs.compare([("c0", "c24")])["c0", "c24"]

    assert found.adjusted_p == min(1.0, compare(many["c0"], many["c24"]).t_test_p * math.comb(25, 2))
    assert str(found.correction) == "Bonferroni over all pairs"
    assert compare_all(many)["c0", "c24"].adjusted_p == found.adjusted_p


@pytest.mark.parametrize("count", [3, 30])
def test_one_seed_is_no_test_and_does_not_count(count: int) -> None:
    some = drawn(count)
    pairs = AllPairs({**some, "single": np.array([99.0])})

    assert "single" not in pairs.tested
    assert math.isnan(pairs.adjusted_p("single", "c0"))
    assert pairs.adjusted_p("c0", "c1") == AllPairs(some).adjusted_p("c0", "c1")
    assert "single" not in pairs.not_worse_than("c2", confidence=0.95, lower_is_better=False)


def test_the_best_median_may_belong_to_a_worse_mean_and_both_are_kept() -> None:
    skewed = np.array([1.0] * 12 + [10.0] * 8) + np.arange(20) / 100
    steady = np.array([2.0] * 20) + np.arange(20) / 100
    pairs = AllPairs({"skewed": skewed, "steady": steady})

    assert pairs.adjusted_p("skewed", "steady") < 0.05
    assert pairs.not_worse_than("skewed", confidence=0.95, lower_is_better=True) == ("skewed", "steady")


def test_seeds_of_each_are_needed_where_there_are_any() -> None:
    with pytest.raises(StatisticsError, match="seeds has no entry for 'c1'"):
        AllPairs(drawn(2), {"c0": range(5)})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=2, max_size=4), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_best_set_does_not_depend_on_the_order_of_configurations(rows: list[list[float]], random: object) -> None:
    samples = {f"c{place}": np.array(row) for place, row in enumerate(rows)}
    names = list(samples)
    random.shuffle(names)  # type: ignore[attr-defined]
    turned = AllPairs({name: samples[name] for name in names})

    for a, b in combinations(samples, 2):
        assert turned.adjusted_p(a, b) == pytest.approx(AllPairs(samples).adjusted_p(a, b), nan_ok=True)
    kept = AllPairs(samples).not_worse_than("c0", confidence=0.9, lower_is_better=False)
    assert set(turned.not_worse_than("c0", confidence=0.9, lower_is_better=False)) == set(kept)
