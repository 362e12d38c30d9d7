"""What people pass by mistake: each public function answers with a number that is right, or with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mle_toolbox.statistics as st
from mle_toolbox.errors import StatisticsError

AGGREGATES = (st.mean, st.median, st.interquartile_mean, lambda x: st.percentiles(x, 50))
OF_ONE_SAMPLE: dict[str, Any] = {
    **{name: getattr(st, name) for name in ("std", "standard_error", "mean_interval", "iqm_interval")},
    **{name: getattr(st, name) for name in ("median_interval", "bca_interval", "bootstrap_interval", "estimate")},
    **{name: getattr(st, name) for name in ("mean", "median", "interquartile_mean", "band", "best_so_far", "holm")},
    "percentiles": lambda x: st.percentiles(x, 50),
    "optimality_gap": st.optimality_gap,
    "performance_profile": lambda x: st.performance_profile(x, [0.5]),
    "profile_interval": lambda x: st.profile_interval(x, [0.5]),
    "area_under_curve": lambda x: st.area_under_curve([0.0, 1.0], x),
    "compare": lambda x: st.compare(x, [1.0, 2.0, 4.0]),
    "probability_of_improvement": lambda x: st.probability_of_improvement(x, [1.0, 2.0, 4.0]),
    "improvement_interval": lambda x: st.improvement_interval([1.0, 2.0, 4.0], x),
    "permutation_p": lambda x: st.permutation_p(x, [1.0, 2.0, 4.0], paired=False),
    "align": lambda x: st.align([x], [x]),
}


@pytest.mark.parametrize("name", OF_ONE_SAMPLE)
@pytest.mark.parametrize(
    "values",
    [[[1.0, 2.0], [3.0]], ["0.1", "0.2"], [1.0, None], {1.0, 2.0}, np.array([1 + 2j])],
    ids=["unequal rows", "text", "None", "a set", "complex"],
)
def test_what_are_no_real_numbers_is_refused_in_a_sentence(name: str, values: Any) -> None:
    with pytest.raises(StatisticsError, match=r"^A statistic over seeds needs real numbers.*found .*\.$"):
        OF_ONE_SAMPLE[name](values)


@pytest.mark.parametrize("bad", [np.array([1.0, np.nan, 2.0]), np.ma.masked_array([1.0, 5.0, 2.0], [0, 1, 0])])
def test_a_permutation_test_refuses_what_is_not_finite_or_masked(bad: Any) -> None:
    with pytest.raises(StatisticsError, match="1 of 3 values is not finite"):
        st.permutation_p(bad, [1.0, 2.0, 4.0], paired=False)


def test_a_permutation_test_in_pairs_needs_pairs() -> None:
    with pytest.raises(StatisticsError, match="as many values of a as of b, found 2 and 3"):
        st.permutation_p([1.0, 2.0], [1.0, 2.0, 4.0], paired=True)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_the_middle_of_very_large_numbers_is_finite(aggregate: Any) -> None:
    assert aggregate([1.5e308, 1.6e308, 1.7e308, 1.7e308]) == pytest.approx(1.65e308, rel=0.02)


def test_an_interval_of_very_large_numbers_is_around_their_mean() -> None:
    found = st.estimate([1.5e308, 1.6e308, 1.7e308])

    assert found.value == pytest.approx(1.6e308)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_bca_does_not_depend_on_the_unit(unit: float) -> None:
    values = np.random.default_rng(0).lognormal(0, 1, 8)

    ends = np.array(st.bca_interval(values * unit, n_resamples=999)) / unit

    assert ends == pytest.approx(np.array(st.bca_interval(values, n_resamples=999)), rel=1e-9)


@pytest.mark.parametrize("interval", [st.bca_interval, st.bootstrap_interval])
def test_no_columns_give_no_intervals(interval: Any) -> None:
    low, high = interval(np.empty((3, 0)))

    assert low.shape == high.shape == (0,)


@pytest.mark.parametrize("curve", [[0.1, 0.2, 0.3], np.arange(3.0), np.zeros((2, 3, 4))])
def test_numbers_are_not_taken_for_curves(curve: Any) -> None:
    with pytest.raises(StatisticsError, match=r"Each seed needs a row of values, found the shape"):
        st.at(curve)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: st.at(0.5), r"A curve for each seed is needed, found 0\.5"),
        (lambda: st.best_so_far(0.5), "There is no axis -1"),
        (lambda: st.area_under_curve([0.0], np.zeros((2, 2, 1))), r"shape \(T,\) or \(S, T\), found \(2, 2, 1\)"),
        (lambda: st.holm([0.1, 1.2]), r"p must lie between 0 and 1, found 1\.2"),
        (lambda: st.percentiles([1.0], 101), "A percentile must lie between 0 and 100, found q=101"),
        (lambda: st.proportion_interval(6, 5), "Of 5 there are 0 to 5 successes, found 6"),
        (lambda: st.optimality_gap([1.0], float("nan")), "The target of a score is a finite number, found nan"),
        (lambda: st.estimate([1.0], diverged=None), "'exclude', 'refuse' or a finite number, found None"),  # type: ignore[arg-type]
        (lambda: st.mean_interval([1.0, 2.0], "0.95"), "confidence must lie between 0 and 1, found '0.95'"),  # type: ignore[arg-type]
        (lambda: st.compare_all({"a": [1.0], "b": [2.0]}, seeds={"a": [0]}), "seeds has no entry for 'b'"),
        (lambda: st.compare_all([[1.0], [2.0]]), "a mapping from name to values"),  # type: ignore[arg-type]
        (lambda: st.compare_all({"a": [1.0], "b": [2.0]}, baseline=3), "There is no configuration 3"),  # type: ignore[arg-type]
        (lambda: st.compare([1.0], [2.0], paired="no"), "paired must be True, False or None, found 'no'"),  # type: ignore[arg-type]
        (lambda: st.compare([1.0], [2.0], paired=True, seeds_a=[0]), "Pairs need the seeds of both"),
        (lambda: st.compare([1.0], [2.0], paired=True, seeds_a=[0], seeds_b=[1]), "no seed in common"),
        (lambda: st.compare([1.0], [2.0], confidence=1 - 1e-16), "confidence must lie between 0 and 1"),
        (
            lambda: st.area_under_curve([0.0, 2.0, 1.0], [0.0, 1.0, 2.0]),
            "times of a curve must be finite and increasing",
        ),
        (lambda: st.band(np.ones((2, 2)), [0.0, np.nan]), "times of a curve must be finite and increasing"),
        (lambda: st.align(3.0, 3.0), "one row of times and one row of values"),  # type: ignore[arg-type]
        (lambda: st.at([[1.0]], None), "found 'None'"),  # type: ignore[arg-type]
        (lambda: st.estimate([1.0], np.mean), "There is no statistic <function mean"),  # type: ignore[arg-type]
        (lambda: st.estimate([1.0], missing=-1), "number of missing seeds is at least 0, found -1"),
        (lambda: st.proportion_interval(0, "a"), "number of trials is a whole number, found 'a'"),  # type: ignore[arg-type]
        (lambda: st.proportion_interval(0, np.inf), "number of trials is a whole number, found inf"),  # type: ignore[arg-type]
        (lambda: st.detectable_difference(np.nan, 1.0), "number of seeds is a whole number, found nan"),  # type: ignore[arg-type]
        (lambda: st.detectable_difference(5, "1"), "standard deviation must be finite and not negative, found '1'"),  # type: ignore[arg-type]
        (lambda: st.seeds_needed("1", 1.0), "No number of seeds can show a difference of '1'"),  # type: ignore[arg-type]
        (lambda: st.optimality_gap([1.0], "a"), "The target of a score is a finite number, found 'a'"),  # type: ignore[arg-type]
        (lambda: st.mean_interval([1.0, 2.0], axis=None), "There is no axis None"),  # type: ignore[arg-type]
        (lambda: st.bootstrap_interval([1.0, 2.0], "mean"), "statistic must be a function such as numpy.mean"),  # type: ignore[arg-type]
        (lambda: st.bootstrap_interval([1.0, 2.0], lambda x, axis: x), r"makes \(1,\), found \(2, 1\)"),
        (lambda: st.bca_interval([1.0, 2.0], seed=-1), "seed is at least 0, found -1"),
        (lambda: st.bca_interval([1.0, 2.0], n_resamples=1.5), "n_resamples is a whole number, found 1.5"),  # type: ignore[arg-type]
        (lambda: st.improvement_interval(np.ones((2, 2)), np.ones((2, 2)), n_resamples=0), "n_resamples is at least 1"),
    ],
)
def test_what_has_no_meaning_is_said(call: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()


def test_a_profile_takes_a_single_threshold() -> None:
    assert st.performance_profile([0.2, 0.6], 0.5) == 0.5


def test_seeds_may_be_arrays() -> None:
    seeds = np.arange(3)

    found = st.compare([1.0, 2.0, 3.0], [2.0, 3.0, 5.0], seeds_a=seeds, seeds_b=seeds)  # type: ignore[arg-type]

    assert found.paired


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_power_does_not_depend_on_the_unit(unit: float) -> None:
    assert st.detectable_difference(5, unit) / unit == pytest.approx(st.detectable_difference(5, 1.0))
    assert st.seeds_needed(0.5 * unit, unit) == st.seeds_needed(0.5, 1.0)


@pytest.mark.slow
def test_a_confidence_near_1_has_an_answer() -> None:
    # The quantile of the t distribution with 2 degrees of freedom, and of its spread, in closed form.
    confidence = 1 - 1e-10
    quantile = np.sqrt(2) * confidence / np.sqrt(1 - confidence**2)

    found = st.detectable_difference(2, 1.0, confidence=confidence)

    assert found == pytest.approx(quantile * np.sqrt(-np.log(1 - 0.8)), rel=1e-3)


def test_a_level_above_the_power_leaves_the_power_open() -> None:
    found = st.compare([1.0, 2.0, 3.0], [2.0, 3.0, 5.0], confidence=0.1)

    assert (found.better(), found.seeds_needed) == ("b", None)
    assert np.isnan(found.detectable)


def test_numbers_at_the_end_of_the_range_give_no_warnings() -> None:
    values = [1e308, 1e308, -1e308]

    for each in (st.bootstrap_interval, st.bca_interval, st.estimate):
        each(values)
    st.permutation_p(values, [1.0, 2.0, 4.0], paired=False)
    st.align([[0.0, 1.0, 2.0]], [values], method="linear")
    st.area_under_curve([0.0, 1.0, 2.0], values)
    assert "unknown" in st.compare(values, [1.0, 2.0, 4.0]).power_words()
