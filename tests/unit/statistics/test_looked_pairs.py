"""Comparisons at several looks: each p is divided by the share of its look, and intervals are as much wider."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.statistics import AllPairs, estimate
from mle_toolbox.statistics.looks import LookedPairs, Looks, estimate_after_looks, level_of

SEEDS = tuple(range(20))


def looked(samples: dict[str, np.ndarray], last: dict[str, int], **options: bool) -> LookedPairs:
    looks = Looks((5, 10, 15, 20), (0.25,) * 4, SEEDS, last)
    return LookedPairs(samples, {name: SEEDS[: len(each)] for name, each in samples.items()}, **options, looks=looks)


def drawn(number: int, *sizes: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(number)
    return {name: generator.normal(place, 1, n) for place, (name, n) in enumerate(zip("abc", sizes, strict=False))}


def single_p(samples: dict[str, np.ndarray], n: int) -> float:
    two = {name: samples[name][:n] for name in "ab"}
    return AllPairs(two, paired=True).adjusted_p("a", "b")


def test_p_is_the_smallest_of_the_looks_divided_by_the_share_of_its_look() -> None:
    samples = drawn(1, 10, 10)

    found = looked(samples, {"a": 2, "b": 2}).adjusted_p("a", "b")

    assert found == pytest.approx(4 * min(single_p(samples, 5), single_p(samples, 10)))


def test_one_look_with_the_whole_error_rate_is_an_ordinary_test() -> None:
    samples = drawn(2, 20, 20)
    looks = Looks((20,), (1.0,), SEEDS, {"a": 1, "b": 1})
    seeds = dict.fromkeys("ab", SEEDS)

    one = LookedPairs(samples, seeds, looks=looks).compare([("a", "b")])["a", "b"]
    plain = AllPairs(samples, seeds).compare([("a", "b")])["a", "b"]

    assert (one.p, one.difference_low, one.permutation_p) == (plain.p, plain.difference_low, plain.permutation_p)


def test_a_pair_is_compared_by_the_seeds_of_the_last_look_at_both() -> None:
    samples = drawn(3, 15, 15, 5)

    comparisons = looked(samples, {"a": 3, "b": 3, "c": 1}).compare([("a", "b"), ("a", "c")])

    assert [(each.n_a, each.n_b) for each in comparisons.values()] == [(15, 15), (5, 5)]
    assert comparisons["a", "c"].mean_a == pytest.approx(samples["a"][:5].mean())


@given(st.integers(0, 200), st.integers(1, 4))
def test_an_interval_is_that_of_a_stricter_level_and_is_called_by_the_promised_one(number: int, last: int) -> None:
    samples = drawn(number, 5 * last, 5 * last)

    found = looked(samples, {"a": last, "b": last}).compare([("a", "b")])["a", "b"]
    strict = AllPairs(samples, dict.fromkeys("ab", SEEDS[: 5 * last])).compare([("a", "b")], confidence=0.9875)

    assert found.difference_low == pytest.approx(strict["a", "b"].difference_low)
    assert found.confidence == 0.95
    assert (
        found.method
        == "95 % t interval and t test of the differences, paired by seed, corrected for looking up to 4 times"
    )


def test_what_was_found_at_a_look_stays_found_at_the_next_ones() -> None:
    generator = np.random.default_rng(5)
    samples = {
        "a": np.r_[np.full(5, 5.0) + generator.normal(0, 0.1, 5), generator.normal(0, 9, 15)],
        "b": generator.normal(0, 0.1, 20),
    }

    ps = [
        looked({name: each[: 5 * k] for name, each in samples.items()}, {"a": k, "b": k}).adjusted_p("a", "b")
        for k in (1, 2, 3, 4)
    ]

    assert ps[0] < 0.05
    assert max(ps) == ps[0]


def test_a_failed_seed_is_left_out_and_the_looks_are_of_the_others() -> None:
    samples = drawn(6, 9, 10)
    looks = Looks((5, 10), (0.5, 0.5), SEEDS, {"a": 2, "b": 2})
    own = {"a": (0, 1, 3, 4, 5, 6, 7, 8, 9), "b": SEEDS[:10]}

    found = LookedPairs(samples, own, looks=looks)

    first = AllPairs({"a": samples["a"][:4], "b": samples["b"][:5]}, {"a": own["a"][:4], "b": SEEDS[:5]}).adjusted_p(
        "a", "b"
    )
    both = AllPairs(samples, own).adjusted_p("a", "b")
    assert found.adjusted_p("a", "b") == pytest.approx(2 * min(first, both))


def test_the_interval_of_a_mean_holds_at_all_looks_together() -> None:
    values = np.random.default_rng(7).normal(size=10)

    found = estimate_after_looks(
        values, "mean", 0.95, missing=0, share=0.25, words="corrected for looking up to 4 times"
    )

    assert level_of(0.95, 0.25) == pytest.approx(0.9875)
    assert found.low == pytest.approx(estimate(values, confidence=0.9875).low)
    assert found.method == "95 % Student t interval of the mean over seeds, corrected for looking up to 4 times"


def test_equal_numbers_are_never_told_apart_and_numbers_without_spread_by_the_number_itself() -> None:
    same = {"a": np.full(5, 0.3), "b": np.full(5, 0.3), "c": np.full(5, 0.1)}

    kept = looked(same, dict.fromkeys("abc", 1)).not_worse_than("a", confidence=0.95, lower_is_better=False)

    assert kept == ("a", "b")
