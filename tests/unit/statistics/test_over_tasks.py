"""Statistics over tasks: the same point estimates as rliable, ranks as in Demšar 2006, and errors in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mle_toolbox import statistics
from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import improvement_interval, over_tasks, profile_interval, seeds_needed
from mle_toolbox.statistics.over_tasks import (
    STATISTICS_OVER_TASKS,
    common_tasks,
    comparable,
    difference_over_tasks,
    estimate_over_tasks,
    improvement_over_tasks,
    profile_over_tasks,
    ranks_over_tasks,
    seeds_needed_over_tasks,
    wins_over_tasks,
)


def by_task(scores: Any) -> dict[str, Any]:
    """Return an array of shape (seeds, tasks) as cells."""
    return {f"task {number}": column for number, column in enumerate(np.asarray(scores).T)}


def made(seed: int = 0, sizes: tuple[int, ...] = (3, 4, 5, 6), shift: float = 0.0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {f"task {n}": shift + n + generator.normal(size=size) for n, size in enumerate(sizes)}


@pytest.fixture(scope="module")
def rliable() -> dict[str, Any]:
    reference: dict[str, Any] = json.loads(Path(__file__).with_name("rliable_reference.json").read_text("utf-8"))
    return reference


def test_point_estimates_are_those_of_rliable_to_twelve_digits(rliable: dict[str, Any]) -> None:
    cells = by_task(rliable["first"])

    found = [estimate_over_tasks(cells, name).value for name in ("mean", "iqm", "optimality gap")]

    np.testing.assert_allclose(found, [rliable[name] for name in ("mean", "iqm", "optimality_gap")], rtol=1e-12)
    half = estimate_over_tasks(cells, "optimality gap", target=0.5).value
    assert half == pytest.approx(rliable["optimality_gap_half"], rel=1e-12)
    # rliable's aggregate_median is np.median(np.mean(scores, axis=0)).
    expected = np.median(np.mean(rliable["first"], axis=0))
    assert estimate_over_tasks(cells, "median").value == pytest.approx(expected, rel=1e-12)


def test_profile_and_probability_of_improvement_are_those_of_rliable(rliable: dict[str, Any]) -> None:
    share, low, high = profile_over_tasks(by_task(rliable["first"]), rliable["thresholds"])
    improvement = improvement_over_tasks(by_task(rliable["first"]), by_task(rliable["second"]))

    np.testing.assert_allclose(share, rliable["profile"], rtol=1e-12, atol=1e-15)
    assert ((low <= share) & (share <= high)).all()
    assert improvement.value == pytest.approx(rliable["improvement"], rel=1e-12)
    assert 0 <= improvement.low < improvement.value < improvement.high <= 1


def test_ranks_and_friedman_are_those_of_scipy() -> None:
    generator = np.random.default_rng(3)
    table = generator.integers(0, 6, (12, 4)) / 5  # tasks x methods, with ties
    names = ["a", "b", "c", "d"]

    found = ranks_over_tasks({name: by_task(table[:, [j]].T) for j, name in enumerate(names)}, lower_is_better=True)

    expected = stats.friedmanchisquare(*table.T)
    assert (found.friedman, found.friedman_p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)
    average = stats.rankdata(table, axis=1).mean(axis=0)
    assert found.average == pytest.approx(dict(zip(names, average, strict=True)))
    assert list(found.average.values()) == sorted(average)


# Table 6 of Demšar 2006: areas under the ROC curve of C4.5 with two ways of tuning, on 14 data sets.
# On the last but one two are printed as 0.975, with the ranks 2 and 3: they differ in digits that are not printed.
DEMSAR = {
    "C4.5": "763 599 954 628 882 936 661 583 775 1000 940 619 972 957",
    "C4.5+m": "768 591 971 661 888 931 668 583 838 1000 962 666 981 978",
    "C4.5+cf": "771 590 968 654 886 916 609 563 866 1000 965 614 975.01 946",
    "C4.5+m+cf": "798 569 967 657 898 931 685 625 875 1000 962 669 975 970",
}


def test_ranks_are_those_published_by_demsar_in_2006() -> None:
    scores = {name: {str(i): [float(text)] for i, text in enumerate(row.split())} for name, row in DEMSAR.items()}

    found = ranks_over_tasks(scores)

    published = {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    assert found.average == pytest.approx(published, abs=5e-4)
    # His chi-squared of 9.28 (F = 3.69) leaves ties out of account: four equal ones and three pairs, of 14 x (4³ - 4).
    untied = found.friedman * (1 - (60 + 3 * 6) / (14 * 60))
    assert untied == pytest.approx(9.28, abs=0.005)
    assert 13 * untied / (14 * 3 - untied) == pytest.approx(3.69, abs=0.005)
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    # "C4.5 and C4.5+m+cf differ by 1.18", less than 1.25.
    assert len(found.groups) == 1


def test_methods_far_apart_are_in_no_group_together() -> None:
    scores = {name: by_task(np.full((1, 30), value)) for name, value in {"bad": 0.0, "good": 2.0, "fair": 1.0}.items()}

    found = ranks_over_tasks(scores)

    assert found.average == {"good": 1.0, "fair": 2.0, "bad": 3.0}
    assert found.groups == ()
    assert found.f_p == 0.0


@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_with_one_task_the_mean_is_students_and_others_have_an_interval_around_the_value(statistic: str) -> None:
    values = np.array([0.1, 0.2, 0.4, 0.25])

    found = estimate_over_tasks({"only": values}, statistic)

    assert found.low < found.value < found.high
    if statistic == "mean":
        expected = stats.t.interval(0.95, 3, values.mean(), values.std(ddof=1) / 2)
        assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_estimates_follow_the_unit_of_the_scores(statistic: str) -> None:
    cells = made()
    scaled = {task: 3.0 * values + 10.0 for task, values in cells.items()}

    one = estimate_over_tasks(cells, statistic, target=4.0)
    other = estimate_over_tasks(scaled, statistic, target=22.0)

    shift = 0.0 if statistic == "optimality gap" else 10.0
    expected = [3.0 * number + shift for number in (one.value, one.low, one.high)]
    assert [other.value, other.low, other.high] == pytest.approx(expected)


@pytest.mark.parametrize("resample_tasks", [False, True])
@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_the_order_of_tasks_and_runs_changes_nothing(statistic: str, resample_tasks: bool) -> None:
    cells = made()
    turned = {task: cells[task][::-1] for task in reversed(cells)}

    one, other = (estimate_over_tasks(each, statistic, resample_tasks=resample_tasks) for each in (cells, turned))

    assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), abs=1e-9)


def test_tasks_with_more_seeds_weigh_no_more() -> None:
    cells = {"x": [0.0, 0.0], "y": [1.0] * 8}

    assert estimate_over_tasks(cells).value == 0.5
    assert estimate_over_tasks(cells, "iqm").value == 0.5
    assert profile_over_tasks(cells, [0.5])[0] == pytest.approx([0.5])


def test_a_task_with_one_seed_leaves_no_interval_and_says_so() -> None:
    found = estimate_over_tasks({"x": [1.0], "y": [1.0, 2.0]})

    assert found.value == 1.25
    assert np.isnan(found.low)
    assert found.caution == "No interval: x has one seed, which gives no spread."


@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_a_difference_of_few_seeds_says_that_failures_may_be_missing_in_it(statistic: str) -> None:
    few, many = made(1), {task: np.arange(20.0) for task in made(1)}

    found = difference_over_tasks(few, many, statistic)

    assert (
        found.caution
        == "With fewer than 20 seeds on a task the interval covers less than 95 % where runs fail now and then."
    )
    assert difference_over_tasks(many, {task: each + 1 for task, each in many.items()}, statistic).caution is None
    assert "x has one seed" in str(difference_over_tasks({"x": [1.0]}, {"x": [1.0, 2.0]}, statistic).caution)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_a_difference_turns_round_with_its_methods(statistic: str, paired: bool) -> None:
    a, b = made(1), made(2, shift=0.5)

    one = difference_over_tasks(a, b, statistic, paired=paired)
    other = difference_over_tasks(b, a, statistic, paired=paired)

    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low), abs=1e-9)
    assert one.p == pytest.approx(other.p, abs=1e-9)


@pytest.mark.parametrize("resample_tasks", [False, True])
@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_a_difference_is_significant_where_its_interval_excludes_zero(statistic: str, resample_tasks: bool) -> None:
    for seed in range(25):
        a, b = (made(2 * seed + side, (3, 4, 5, 3, 3), shift=-1.7 * side) for side in (0, 1))

        found = difference_over_tasks(a, b, statistic, target=4.0, resample_tasks=resample_tasks)

        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_the_difference_on_other_tasks_is_the_paired_t_test_over_tasks() -> None:
    a, b = made(1), made(2, shift=0.5)
    means = [[each.mean() for each in cells.values()] for cells in (a, b)]

    found = difference_over_tasks(a, b, resample_tasks=True)

    expected = stats.ttest_rel(*means)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    same_seed = {task: each[:1] for task, each in a.items()}, {task: each[:1] for task, each in b.items()}
    assert np.isfinite(difference_over_tasks(*same_seed, resample_tasks=True).p)


def test_few_tasks_with_few_seeds_have_wider_intervals_than_their_influences_say() -> None:
    # The wild task lies in the middle only by luck: with other seeds it would not.
    cells = {"low": [0.0, 0.01, 0.02], "wild": [0.5, 0.51, 0.49], "wilder": [-3.0, 0.6, 4.0], "high": [1.0, 1.01, 0.99]}

    few = estimate_over_tasks(cells, "iqm")
    many = estimate_over_tasks({f"{task} {i}": each for task, each in cells.items() for i in range(3)}, "iqm")

    assert few.high - few.low > 1.7 * (many.high - many.low)
    assert "the wider of t and generalised interval" in few.method
    assert "the wider" not in many.method


def test_with_one_task_profile_and_improvement_have_the_intervals_of_one_task() -> None:
    a, b = np.array([0.1, 0.4, 0.6, 0.9]), np.array([0.2, 0.3, 0.5])

    profile = profile_over_tasks({"x": a}, [0.0, 0.5, 1.0])
    improvement = improvement_over_tasks({"x": a}, {"x": b})

    np.testing.assert_allclose(profile[1:], profile_interval(a, [0.0, 0.5, 1.0]), rtol=1e-9)
    assert (improvement.low, improvement.high) == pytest.approx(improvement_interval(a, b))


def test_winning_everywhere_with_few_seeds_leaves_room_for_losing() -> None:
    a, b = ({f"task {n}": shift + np.arange(3.0) for n in range(4)} for shift in (10.0, 0.0))

    found = improvement_over_tasks(a, b)

    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.5 < found.low < 0.95
    single = {task: each[:1] for task, each in a.items()}
    assert np.isnan(improvement_over_tasks(single, b).low)


def test_cautions_say_where_an_interval_covers_too_little() -> None:
    many = {f"task {n}": np.random.default_rng(n).normal(size=20) for n in range(10)}
    fewer = {task: each[:10] for task, each in many.items()}

    few_runs = estimate_over_tasks(made())

    assert few_runs.caution is not None
    assert "fewer than 20 seeds on a task" in few_runs.caution
    assert "where values are skewed" in few_runs.caution
    assert [estimate_over_tasks(many, statistic).caution for statistic in STATISTICS_OVER_TASKS] == [None] * 4
    assert estimate_over_tasks(fewer, "median").caution is None
    assert "runs fail" in str(estimate_over_tasks(fewer, "iqm").caution)
    assert "median" in str(estimate_over_tasks({"x": np.arange(30.0)}, "median").caution)


@pytest.mark.parametrize("unit", [2.0**650, 2.0**-650])
@pytest.mark.parametrize("statistic", STATISTICS_OVER_TASKS)
def test_scores_whose_squares_leave_the_range_of_floats_have_intervals(statistic: str, unit: float) -> None:
    a, b = made(1), made(2, shift=0.5)
    far_a, far_b = ({task: each * unit for task, each in cells.items()} for cells in (a, b))

    estimated = estimate_over_tasks(far_a, statistic, target=4.0 * unit)
    difference = difference_over_tasks(far_a, far_b, statistic, target=4.0 * unit)

    near, apart = estimate_over_tasks(a, statistic, target=4.0), difference_over_tasks(a, b, statistic, target=4.0)
    assert (estimated.low / unit, estimated.high / unit) == pytest.approx((near.low, near.high))
    assert (difference.low / unit, difference.p) == pytest.approx((apart.low, apart.p))
    assert seeds_needed_over_tasks(far_a, far_b).each_task == seeds_needed_over_tasks(a, b).each_task


def test_two_tasks_do_not_show_that_other_tasks_have_a_difference() -> None:
    a, b = {"x": [1.0, 1.1], "y": [2.0, 2.1]}, {"x": [0.4, 0.5], "y": [1.0, 1.1]}

    differences = [difference_over_tasks(a, b, name, resample_tasks=True) for name in ("mean", "median", "iqm")]
    improvement = improvement_over_tasks(a, b, resample_tasks=True)

    assert [each.better() for each in differences] == [None] * 3
    assert (improvement.value, improvement.high) == (1.0, 1.0)
    assert improvement.low < 0.8


def test_everything_over_tasks_is_a_public_name() -> None:
    assert set(over_tasks.__all__) <= set(statistics.__all__)


def test_a_difference_on_one_task_is_welchs() -> None:
    a, b = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, 5.5, 7.0])

    found = difference_over_tasks({"x": a}, {"x": b})

    expected = stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_scores_between_references_are_those_of_the_literature_and_lower_may_be_better() -> None:
    scores = {"a": {"x": [5.0, 10.0], "y": [0.3]}}

    found = comparable(scores, "references", references={"x": (0.0, 20.0), "y": (0.4, 0.2)}, lower_is_better=True)

    np.testing.assert_allclose(found.scores["a"]["x"], [0.25, 0.5])
    np.testing.assert_allclose(found.scores["a"]["y"], [0.5])
    assert not found.lower_is_better


@pytest.mark.parametrize("how", ["range", "ranks"])
@pytest.mark.parametrize("lower_is_better", [False, True])
def test_on_scales_from_what_was_seen_the_best_run_is_1_and_a_caution_says_what_they_hang_on(
    how: str, lower_is_better: bool
) -> None:
    scores = {"a": {"x": [1.0, 2.0]}, "b": {"x": [3.0], "y": [7.0, 7.0]}}

    found = comparable(scores, how, lower_is_better=lower_is_better)

    everything = np.concatenate([found.scores["a"]["x"], found.scores["b"]["x"]])
    np.testing.assert_allclose(everything, [1.0, 0.5, 0.0] if lower_is_better else [0.0, 0.5, 1.0])
    np.testing.assert_allclose(found.scores["b"]["y"], [0.5, 0.5])
    assert "adding or removing one changes" in found.cautions[-1]


def test_wins_count_tasks_with_a_significant_difference() -> None:
    clear, near = np.array([0.0, 0.1, 0.2, 0.1]), np.array([0.05, 0.12, 0.2, 0.1])
    scores = {
        "a": {"x": clear + 9, "y": clear, "z": clear, "u": [1.0]},
        "b": {"x": clear, "y": near, "z": clear + 9, "u": [0.0]},
    }

    found = wins_over_tasks(scores)["a", "b"]

    assert (found.won, found.tied, found.lost, found.untested) == (("x",), ("y",), ("z",), ("u",))


def test_seeds_needed_agree_with_the_power_that_they_promise_and_name_the_noisiest_task_first() -> None:
    generator = np.random.default_rng(5)
    a = {"calm": generator.normal(0, 0.1, 5), "wild": generator.normal(0, 2.0, 5)}
    b = {"calm": generator.normal(0.5, 0.1, 5), "wild": generator.normal(0.5, 2.0, 5)}

    found = seeds_needed_over_tasks(a, b)

    assert next(iter(found.shares)) == "wild"
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.each_task is not None
    assert found.each_task > 5
    assert found.by_task["wild"] > found.by_task["calm"]
    assert sum(found.by_task.values()) < 2 * found.each_task
    assert seeds_needed_over_tasks({"x": [1.0, 2.0, 3.0]}, {"x": [2.0, 3.0, 4.0]}).each_task == 17


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: estimate_over_tasks({}), "at least one task"),
        (lambda: estimate_over_tasks({"x": []}), "no score on task 'x'"),
        (lambda: estimate_over_tasks({"x": [np.nan]}), "not finite"),
        (lambda: estimate_over_tasks({"x": [1.0, 2.0]}, "medain"), "Did you mean 'median'?"),
        (lambda: comparable({"a": {"x": [1.0]}}, "rank"), "Did you mean 'ranks'?"),
        (
            lambda: comparable({"a": {"Pong": [1.0]}}, "references", references={"pong": (0.0, 1.0)}),
            "no reference scores for task 'Pong'. Did you mean 'pong'?",
        ),
        (
            lambda: comparable({"a": {"x": [1.0]}}, "references", references={"x": (1.0, 1.0)}),
            "must be two different numbers, found 1 and 1",
        ),
        (
            lambda: difference_over_tasks({"x": [1.0, 2.0], "y": [1.0, 2.0]}, {"x": [1.0, 2.0]}),
            "'b' has no score on 'y', so aggregates would be over different tasks",
        ),
        (lambda: difference_over_tasks({"x": [1.0, 2.0]}, {"x": [1.0]}, paired=True), "same seeds"),
        (lambda: ranks_over_tasks({"a": {"x": [1.0]}}), "at least two methods"),
    ],
)
def test_mistakes_are_answered_in_words(call: Any, words: str) -> None:
    with pytest.raises(StatisticsError) as error:
        call()

    assert words in str(error.value)


def test_common_tasks_are_in_the_order_of_the_first_method() -> None:
    assert common_tasks({"a": {"z": 1, "x": 1, "y": 1}, "b": {"x": 1, "z": 1}}) == ("z", "x")  # type: ignore[dict-item]
    assert common_tasks({}) == ()


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("n_tests", [1, 6])
def test_on_one_task_seeds_needed_are_those_of_the_t_test_at_the_corrected_level(paired: bool, n_tests: int) -> None:
    a, b = np.array([0.1, 0.5, 0.2, 0.9]), np.array([0.2, 0.9, 0.4, 1.0])

    found = seeds_needed_over_tasks({"x": a}, {"x": b}, paired=paired, n_tests=n_tests).each_task

    level = 1 - 0.05 / n_tests
    spread = [(a - b).std(ddof=1)] if paired else [a.std(ddof=1), b.std(ddof=1)]
    assert found == seeds_needed(a.mean() - b.mean(), *spread, confidence=level, paired=paired)
