"""Comparing two configurations: against scipy and statsmodels, invariances, pairing, words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_samples import VALUES, same, samples

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import compare, compare_all, holm

GENERATOR = np.random.default_rng(5)
A, B = GENERATOR.normal(1.0, 1.0, 8), GENERATOR.normal(0.2, 2.0, 8)


def test_welch_is_that_of_scipy_to_ten_digits() -> None:
    from scipy import stats

    found = compare(A, B[:5])

    expected = stats.ttest_ind(A, B[:5], equal_var=False)
    assert found.t_test_p == pytest.approx(expected.pvalue, rel=1e-10)
    interval = expected.confidence_interval(0.95)
    assert (found.difference_low, found.difference_high) == pytest.approx((interval.low, interval.high), rel=1e-10)


def test_the_paired_test_is_that_of_scipy_to_ten_digits() -> None:
    from scipy import stats

    found = compare(A, B, paired=True)

    expected = stats.ttest_rel(A, B)
    assert found.t_test_p == pytest.approx(expected.pvalue, rel=1e-10)
    interval = expected.confidence_interval(0.95)
    assert (found.difference_low, found.difference_high) == pytest.approx((interval.low, interval.high), rel=1e-10)


@pytest.mark.parametrize(("paired", "kind"), [(False, "independent"), (True, "samples")])
@pytest.mark.parametrize("n", [3, 6, 8])
def test_the_exact_permutation_test_is_that_of_scipy(paired: bool, kind: Any, n: int) -> None:
    from scipy import stats

    def difference(x: Any, y: Any, axis: int) -> Any:
        return np.mean(x, axis=axis) - np.mean(y, axis=axis)

    found = compare(A[:n], B[:n], paired=paired).permutation_p

    expected = stats.permutation_test((A[:n], B[:n]), difference, permutation_type=kind, n_resamples=np.inf)
    assert found == pytest.approx(expected.pvalue, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_permutation_test_of_unequal_numbers_is_that_of_the_absolute_difference(n: int) -> None:
    from scipy import stats

    def distance(x: Any, y: Any, axis: int) -> Any:
        return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))

    found = compare(A, B[:n]).permutation_p

    expected = stats.permutation_test((A, B[:n]), distance, n_resamples=np.inf, alternative="greater")
    assert found == pytest.approx(expected.pvalue, rel=1e-12)


@pytest.mark.parametrize("paired", [False, True])
def test_many_seeds_are_permuted_at_random_but_seeded(paired: bool) -> None:
    a, b = np.random.default_rng(0).normal([[0.0], [0.1]], 1.0, (2, 40))

    found = [compare(a, b, paired=paired, seed=seed).permutation_p for seed in (0, 0, 1)]

    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(compare(a, b, paired=paired).t_test_p, abs=0.01)


def test_a_permutation_p_is_never_zero() -> None:
    assert compare(np.arange(30.0), 100 + np.arange(30.0)).permutation_p == pytest.approx(1 / 10_000)


def test_equal_arrangements_count_as_equal_whatever_their_rounding() -> None:
    a, b = np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.2, 0.1])

    assert compare(a, b).permutation_p == 1.0


def test_hedges_g_is_that_of_its_definition() -> None:
    pooled = math.sqrt((A.var(ddof=1) + B.var(ddof=1)) / 2)
    correction = 1 - 3 / (4 * 14 - 1)  # Hedges' own approximation to the exact factor

    assert compare(A, B).effect_size == pytest.approx(correction * (A.mean() - B.mean()) / pooled, rel=1e-3)


@pytest.mark.slow
def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(0).random(12) ** 3

    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_a_test_that_could_not_be_made_does_not_count() -> None:
    np.testing.assert_allclose(holm([0.02, math.nan, 0.01]), [0.02, math.nan, 0.02])
    assert holm([]).shape == (0,)


MIRRORED = ("t_test_p", "permutation_p", "detectable", "seeds_needed")


@given(a=samples(largest=7), b=samples(largest=7), lower=st.booleans())
@settings(deadline=None, max_examples=40)
def test_exchanging_a_and_b_mirrors_everything(a: Any, b: Any, lower: bool) -> None:
    one, other = compare(a, b, lower_is_better=lower), compare(b, a, lower_is_better=lower)

    assert same(
        (one.difference, one.difference_low, one.difference_high, one.effect_size),
        (-other.difference, -other.difference_high, -other.difference_low, -other.effect_size),
    )
    assert same((one.poi_low, one.poi_high), (1 - other.poi_high, 1 - other.poi_low))
    if np.ptp(a) > 0.01 and np.ptp(b) > 0.01 and abs(one.difference) > 1e-3:
        assert same([getattr(one, name) for name in MIRRORED], [getattr(other, name) for name in MIRRORED])
    assert {one.better(), other.better()} in ({None}, {"a", "b"})


@given(a=samples(largest=7), b=samples(largest=7), shift=VALUES, scale=st.sampled_from([0.25, 2.0, 64.0]))
@settings(deadline=None, max_examples=40)
def test_differences_stretch_with_the_values_and_do_not_move(a: Any, b: Any, shift: float, scale: float) -> None:
    one, other = compare(a, b), compare(a * scale + shift, b * scale + shift)

    ends = np.array([one.difference, one.difference_low, one.difference_high])
    assert np.allclose(ends * scale, [other.difference, other.difference_low, other.difference_high], atol=1e-5)
    if np.ptp(a) > 0.01 and np.ptp(b) > 0.01:
        assert same((one.t_test_p, one.permutation_p), (other.t_test_p, other.permutation_p))


@given(a=samples(largest=7), b=samples(largest=7), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_the_order_of_seeds_is_irrelevant(a: Any, b: Any, seed: int) -> None:
    shuffle = np.random.default_rng(seed).permutation
    order = shuffle(len(a))
    seeds_a, seeds_b = list(range(len(a))), list(range(len(b)))

    one = compare(a, b, seeds_a=seeds_a, seeds_b=seeds_b)
    other = compare(a[order], b, seeds_a=[seeds_a[i] for i in order], seeds_b=seeds_b)

    assert same((one.difference_low, one.difference_high), (other.difference_low, other.difference_high))
    assert one.paired == other.paired == (len(a) == len(b))


@pytest.mark.parametrize("paired", [False, True])
def test_the_ratio_differs_from_one_exactly_where_the_difference_is_told_from_zero(paired: bool) -> None:
    generator = np.random.default_rng(0)
    found = [
        compare(10 + shift + generator.normal(size=6), 10 + generator.normal(size=6), paired=paired)
        for shift in np.linspace(0, 3, 60)
    ]

    assert 5 < sum(each.better() is None for each in found) < 55
    for each in found:
        assert each.ratio_low < each.ratio < each.ratio_high
        assert (each.ratio_low <= 1 <= each.ratio_high) == (each.better() is None)


def test_a_ratio_to_something_near_zero_has_no_interval() -> None:
    found = compare([5.0, 6.0, 7.0], [-1.0, 0.2, 1.0])

    assert math.isnan(found.ratio_low)
    assert math.isnan(found.ratio_high)


def test_the_same_seeds_are_compared_in_pairs_in_whatever_order_they_come() -> None:
    found = compare(A, B[::-1], seeds_a=range(8), seeds_b=range(8)[::-1])

    assert found.paired
    assert found.t_test_p == compare(A, B, paired=True).t_test_p
    assert "paired by seed" in found.method


def test_other_seeds_are_not_paired_and_the_method_says_why() -> None:
    found = compare(A, B, seeds_a=range(8), seeds_b=range(1, 9))

    assert not found.paired
    assert found.method.endswith("not paired, because the seeds are not the same")


def test_pairs_that_are_asked_for_are_made_of_the_seeds_that_both_have() -> None:
    found = compare(A, B[:5], seeds_a=range(8), seeds_b=range(5), paired=True)

    assert (found.n_a, found.n_b) == (5, 5)
    assert found.t_test_p == compare(A[:5], B[:5], paired=True).t_test_p


def test_nobody_has_to_pair() -> None:
    found = compare(A, B, seeds_a=range(8), seeds_b=range(8), paired=False)

    assert found.t_test_p == compare(A, B).t_test_p


def test_a_diverged_seed_takes_its_pair_with_it() -> None:
    a, b = A.copy(), B.copy()
    a[2], b[5] = math.nan, math.inf
    kept = [0, 1, 3, 4, 6, 7]

    found = compare(a, b, paired=True)

    assert (found.n_a, found.n_b, found.diverged_a, found.diverged_b) == (6, 6, 1, 1)
    assert found.t_test_p == compare(A[kept], B[kept], paired=True).t_test_p


def test_diverged_seeds_may_count_as_the_worst_value() -> None:
    found = compare([1.0, math.nan, 2.0], [3.0, 4.0, 5.0], diverged=0.0)

    assert (found.n_a, found.mean_a, found.diverged_a) == (3, 1.0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"b": [1.0, 2.0], "paired": True}, "Pairs need as many values of a as of b, found 3 and 2"),
        ({"b": [1.0, 2.0], "seeds_a": [1, 2, 3], "seeds_b": [1]}, "seeds_b needs one seed, each another"),
        ({"b": [1.0, 2.0], "seeds_a": [1, 1, 3]}, "found 3 seeds, 2 of them different"),
        ({"b": [[1.0, 2.0]]}, r"shape \(S,\), found an array of shape \(1, 2\)"),
        ({"b": [1.0, math.nan], "diverged": "refuse"}, "1 of 2 seeds have diverged"),
        ({"b": [1.0, 2.0], "confidence": 95}, "confidence must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        compare([1.0, 2.0, 3.0], **arguments)


def test_one_seed_shows_a_difference_and_no_test() -> None:
    found = compare([1.0], [2.0, 3.0])

    assert found.difference == -1.5
    assert math.isnan(found.t_test_p)
    assert found.better() is None
    assert found.caution == "No test: one seed gives no spread."
    assert str(found) == "a - b = -1.5, no p: no significant difference. One seed cannot show a difference."


def test_no_seed_shows_nothing() -> None:
    found = compare([math.nan], [2.0, 3.0])

    assert math.isnan(found.difference)
    assert math.isnan(found.permutation_p)
    assert found.caution == "One of the two has no seed with a finite value."
    assert "With no seed no difference can be shown." in str(found)


def test_equal_seeds_raise_the_question_whether_the_seed_is_used() -> None:
    found = compare([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])

    assert found.better() is None
    assert math.isnan(found.t_test_p)
    assert math.isnan(found.p)
    assert "Does the script use its seed?" in str(found.caution)


@pytest.mark.parametrize(("a", "better"), [([0.91, 0.93], None), ([0.91, 0.93, 0.95], None), ([1.5, 1.51, 1.52], "a")])
def test_pairs_that_all_differ_by_the_same_are_compared_as_if_not_paired(a: list[float], better: str | None) -> None:
    """On a coarse scale, such as accuracies of few images, two or three equal differences are no wonder."""
    b = np.array(a) - (0.01 if better is None else 0.5)

    found = compare(a, b, paired=True)

    expected = compare(a, b)
    assert (found.p, found.difference_low, found.better()) == (expected.p, expected.difference_low, better)
    assert found.paired
    assert found.method.endswith("Welch interval and test, because all pairs of seeds differ by the same amount")


def test_values_that_differ_by_rounding_alone_are_equal() -> None:
    varied = np.array([0.1, 0.7, 0.4])

    for found in (compare([0.1 + 0.2] * 3, [0.3] * 3), compare(varied, np.nextafter(varied, 1), paired=True)):
        assert found.p == pytest.approx(1.0)
        assert found.better() is None


def test_spreads_far_apart_warn_of_skewness_below_25_seeds() -> None:
    generator = np.random.default_rng(0)

    def caution(n: int, factor: float) -> str | None:
        values = generator.normal(size=n)
        return compare(values * factor, values[::-1].copy()).caution

    assert "differ by more than a factor of 2" in str(caution(10, 3.0))
    assert caution(10, 1.5) is None
    assert caution(25, 3.0) is None


def test_the_direction_decides_which_is_better() -> None:
    a, b = np.arange(9.0), 20 + np.arange(9.0)

    assert compare(a, b).better() == "b"
    assert compare(a, b, lower_is_better=True).better() == "a"
    assert compare(a, b, lower_is_better=True).probability_of_improvement == 1.0


def test_the_words_say_what_can_be_seen_and_what_is_needed() -> None:
    unclear = compare(A[:5], B[:5])
    clear = compare(A + 10, B)

    assert f"about {unclear.seeds_needed} seeds of each are needed to see this one" in unclear.words()
    assert unclear.power_words().startswith("With n = 5 you see differences above ")
    assert "net is better than linear. With n = 8" in clear.words("net", "linear")
    assert "needed" not in clear.words()
    assert "With n = 8 and 5" in compare(A, B[:5]).power_words()


def test_all_pairs_are_corrected_for_being_many() -> None:
    samples_by_name = {"x": A, "y": B, "z": A + 3}

    found = compare_all(samples_by_name, seeds={name: list(range(8)) for name in samples_by_name})

    assert list(found) == [("x", "y"), ("x", "z"), ("y", "z")]
    np.testing.assert_allclose([c.adjusted_p for c in found.values()], holm([c.t_test_p for c in found.values()]))
    assert all(c.p == c.adjusted_p for c in found.values())
    assert all(c.paired for c in found.values())
    assert "after Holm's correction" in str(found["x", "z"])


def test_a_baseline_is_compared_with_all_others() -> None:
    found = compare_all({"x": A, "y": B, "z": A + 3}, baseline="y")

    assert list(found) == [("x", "y"), ("z", "y")]


def test_an_unknown_baseline_suggests_the_nearest_one() -> None:
    with pytest.raises(StatisticsError, match=r"no configuration 'linaer'\. Did you mean 'linear'?"):
        compare_all({"linear": A, "net": B}, baseline="linaer")


def test_one_configuration_has_no_pairs() -> None:
    assert compare_all({"x": A}) == {}


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e160, 1e307])
@pytest.mark.parametrize("paired", [False, True])
def test_numbers_whose_squares_are_out_of_range_compare_like_any_others(scale: float, paired: bool) -> None:
    a, b = np.array([1.0, 1.2, 0.9, 1.1]), np.array([1.5, 1.7, 1.4, 1.9])

    found, usual = compare(a * scale, b * scale, paired=paired), compare(a, b, paired=paired)

    assert found.t_test_p == pytest.approx(usual.t_test_p)
    assert found.difference_low / scale == pytest.approx(usual.difference_low)
    assert found.detectable / scale == pytest.approx(usual.detectable)
    assert (found.seeds_needed, found.better()) == (usual.seeds_needed, "b")


@pytest.mark.parametrize("paired", [False, True])
def test_equal_seeds_have_no_spread_whatever_their_mean_is_rounded_to(paired: bool) -> None:
    found = compare([0.297] * 10, [0.99] * 10, paired=paired)

    assert math.isnan(found.effect_size)
    assert (found.difference_low, found.difference_high) == (found.difference, found.difference)
    assert math.isnan(found.detectable)
