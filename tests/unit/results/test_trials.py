"""The trials of a search: their scores, their order, and what is said about the best of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.search_record import search_record
from mle_toolbox.results.trial_scores import score_of
from tests.made_results import made_results
from tests.made_search import made_search, search_content

NAN = float("nan")
VALUES = st.integers(-4, 4).map(float)


def padded(rows: list[list[float]]) -> NDArray[np.float64]:
    length = max(map(len, rows))
    return np.array([[*row, *[NAN] * (length - len(row))] for row in rows])


def expected_score(rows: NDArray[np.float64], problem_type: str, aggregate_seeds: str, maximize: bool) -> float:
    """The original's rule once more: over the seeds at each tick, then over time."""
    curve = []
    for tick in rows.T:
        there = np.sort(tick[~np.isnan(tick)])
        if aggregate_seeds == "mean":
            curve.append(there.sum() / len(there))
        else:
            place = float(aggregate_seeds[1:]) / 100 * (len(there) - 1)
            low = int(place)
            high = min(low + 1, len(there) - 1)
            curve.append(there[low] + (place - low) * (there[high] - there[low]))
    if problem_type == "final":
        return float(curve[-1])
    if problem_type == "mean":
        return float(sum(curve) / len(curve))
    return float(max(curve) if maximize else min(curve))


@given(
    st.lists(st.lists(VALUES, min_size=1, max_size=6), min_size=1, max_size=5),
    st.sampled_from(["final", "best", "mean"]),
    st.sampled_from(["mean", "p10", "p25", "p50", "p75", "p90"]),
    st.booleans(),
)
def test_a_score_is_that_of_the_original(
    rows: list[list[float]], problem_type: str, aggregate_seeds: str, maximize: bool
) -> None:
    curves = padded(rows)
    trial = made_results(Path("experiments"), {"a": curves})["a"]

    score = score_of(trial, "loss", problem_type, aggregate_seeds, best_is_maximum=maximize, confidence=0.95).estimate

    assert score.value == pytest.approx(expected_score(curves, problem_type, aggregate_seeds, maximize), abs=1e-12)
    assert np.isnan(score.low) or score.low <= score.value <= score.high


@given(st.permutations([0, 1, 2, 3]))
def test_the_order_of_the_seeds_changes_no_score(order: list[int]) -> None:
    curves = np.array([[1.0, 0.5, 0.7], [2.0, 0.1, 0.9], [1.5, 0.8, 0.2], [0.3, 0.4, 0.6]])

    def score(rows: NDArray[np.float64]) -> float:
        trial = made_results(Path("experiments"), {"a": rows})["a"]
        return score_of(trial, "loss", "best", "p25", best_is_maximum=False, confidence=0.95).estimate.value

    assert score(curves[order]) == pytest.approx(score(curves))


def test_the_best_score_is_the_best_point_of_the_mean_curve_and_not_the_mean_of_the_best_points() -> None:
    trial = made_results(Path("experiments"), {"a": np.array([[0.0, 1.0], [1.0, 0.0]])})["a"]

    score = score_of(trial, "loss", "best", "mean", best_is_maximum=False, confidence=0.95)

    assert score.estimate.value == 0.5
    assert score.sample.values.tolist() == [0.0, 1.0]


def test_a_seed_that_diverged_is_left_out_of_the_score_and_counted() -> None:
    trial = made_results(Path("experiments"), {"a": np.array([[1.0, 2.0], [1.0, 4.0], [1.0, np.inf]])})["a"]

    estimate = score_of(trial, "loss", "final", "mean", best_is_maximum=False, confidence=0.95).estimate

    assert (estimate.value, estimate.n, estimate.diverged) == (3.0, 2, 1)


def test_trials_are_ranked_by_the_first_metric_in_the_direction_of_the_file(tmp_path: Path) -> None:
    def rates(**search: object) -> list[float]:
        made = made_search(tmp_path, level=lambda values: 3 * values["lrate"], **search)
        return [trial.record.values["lrate"] for trial in made.ranking()]

    assert rates(maximize=False) == [0.01, 0.01, 0.1, 0.1, 1.0, 1.0]
    assert rates(maximize=True) == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]


def test_of_trials_with_equal_scores_the_one_with_the_lower_number_comes_first(tmp_path: Path) -> None:
    curve = np.array([[1.0, 0.5], [1.0, 0.25]])
    results = made_search(
        tmp_path,
        [{"lrate": rate} for rate in (1, 2, 3, 4)],
        losses={f"trial_{number:04d}": curve - (0.25 if number == 2 else 0) for number in range(4)},
        n_seeds=2,
    )

    frame = results.trials()

    assert frame["number"].tolist() == [2, 0, 1, 3]
    assert frame["rank"].tolist() == [1, 2, 3, 4]


def test_a_trial_that_lost_a_seed_is_not_the_best_as_long_as_another_is_complete(tmp_path: Path) -> None:
    results = made_search(
        tmp_path,
        level=lambda values: values["lrate"],
        statuses={("trial_0000", 1): "failed", ("trial_0003", 0): "running"},
    )

    ranking = results.ranking()

    assert [trial.name for trial in ranking][-2:] == ["trial_0003", "trial_0000"]
    assert [trial.status for trial in ranking][-2:] == ["running", "failed"]
    assert ranking.best is not None
    assert ranking.best.complete


def test_the_best_of_trials_that_all_lost_a_seed_is_not_named_without_saying_so(tmp_path: Path) -> None:
    statuses = {(f"trial_{number:04d}", 0): "failed" for number in range(6)}
    results = made_search(tmp_path, level=lambda values: values["lrate"], statuses=statuses)  # type: ignore[arg-type]

    assert any("only by the seeds that ended well" in line for line in results.trial_table().cautions)


def test_a_trial_outside_the_space_is_kept_without_a_rank(tmp_path: Path) -> None:
    results = made_search(tmp_path, level=lambda values: values["lrate"], outside=[0])

    last = results.ranking().trials[-1]

    assert (last.name, last.rank, last.record.inside) == ("trial_0000", None, False)
    assert "trial_0000" not in results
    assert list(results.outside) == ["trial_0000"]
    assert any("outside the present space" in line for line in results.trial_table().cautions)


def test_no_trial_of_a_search_gets_the_mark_of_the_best(tmp_path: Path) -> None:
    results = made_search(tmp_path, level=lambda values: 10 * values["lrate"])

    assert results.answer().best == ()
    assert results.answer().not_worse != ()
    assert "*" not in str(results.summary())
    assert "*" not in str(results.trial_table())
    assert "**trial" not in results.trial_table().to_markdown()


def test_every_table_says_that_the_best_of_many_looks_better_than_it_is(tmp_path: Path) -> None:
    results = made_search(tmp_path)

    for shown in (results.trial_table(), results.summary(), results.compare(baseline="best")):
        assert "looks better than it is" in str(shown)


def test_the_trials_that_tests_do_not_separate_from_the_best_are_said(tmp_path: Path) -> None:
    results = made_search(tmp_path, level=lambda values: 10 * values["lrate"], n_seeds=8)

    ranking = results.ranking()

    # Two with the lowest rate, which are alike; the others are far away.
    assert {trial.record.values["lrate"] for trial in ranking if ranking.is_tied(trial)} == {0.01}
    assert "≈ Not significantly different from the best trial: 1 of the 5 others" in str(results.trial_table())


def test_one_row_a_trial_with_a_column_a_variable(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    results = made_search(tmp_path, statuses={("trial_0001", 1): "failed"}, outside=[2])

    trials = results.trials()

    assert list(trials["trial"]) == [trial.name for trial in results.ranking()]
    assert {"rank", "number", "original_id", "batch_size", "lrate", "loss", "loss_low", "loss_high", "loss_n"} <= set(
        trials
    )
    assert trials.set_index("trial").loc["trial_0001", ["seeds_done", "failed", "status"]].tolist() == [2, 1, "failed"]
    assert trials["rank"].isna().sum() == 1
    assert "base" not in trials


def test_several_base_configurations_get_a_column(tmp_path: Path) -> None:
    records = made_search(tmp_path, bases=["small", "large"]).trial_table().records()

    assert {record["base"] for record in records} == {"small", "large"}


def test_a_variable_with_the_name_of_a_metric_or_of_a_column_of_ours_keeps_apart(tmp_path: Path) -> None:
    points = [{"loss": "l1", "rank": 3, "status": "x"}, {"loss": "l2", "rank": 4, "status": "y"}]

    record = made_search(tmp_path, points).trial_table().records()[0]

    assert (record["loss_"], record["rank_"], record["status_"]) in (("l1", 3, "x"), ("l2", 4, "y"))
    assert isinstance(record["loss"], float)
    assert record["rank"] == 1


def test_a_search_without_any_results_has_a_table(tmp_path: Path) -> None:
    empty = {f"trial_{number:04d}": np.empty((0, 0)) for number in range(6)}

    table = made_search(tmp_path, losses=empty).trial_table()

    assert "No trial has logged loss yet" in str(table)
    assert {record["status"] for record in table.records()} == {"not started"}


def test_a_search_without_metrics_of_its_own_is_ranked_by_none_but_a_given_one(tmp_path: Path) -> None:
    results = made_search(tmp_path, metrics=[])

    assert "This search scores nothing" in str(results.trial_table())
    assert {trial.rank for trial in results.ranking()} == {None}
    assert results.ranking("loss").best is not None


def test_in_the_older_form_the_best_of_a_curve_is_its_maximum_whatever_is_better(tmp_path: Path) -> None:
    losses = {f"trial_{number:04d}": np.array([[2.0 + number, 1.0]]) for number in range(6)}
    results = made_search(tmp_path, losses=losses, problem_type="best", maximize=False, best_is_maximum=True)

    assert [trial.scores["loss"].estimate.value for trial in results.ranking()] == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert "the highest point" in str(results.trial_table())


def test_an_experiment_that_is_no_search_has_no_trials() -> None:
    results = made_results(Path("experiments"), {"a": np.ones((2, 3))})

    with pytest.raises(ResultsError, match="this is no search"):
        results.trials()


def test_a_variable_that_was_added_later_has_the_value_of_the_base_in_earlier_trials(tmp_path: Path) -> None:
    record = search_content([{"lrate": 0.1}, {"lrate": 0.2, "units": 8}])
    record["configurations"][0]["content"]["train_config"]["units"] = 4

    search = search_record(record)

    assert search is not None
    assert [each.values["units"] for each in search.trials.values()] == [4, 8]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "trial", "values", "variables", "place", "choices", "metrics", "content"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_a_record_of_any_shape_is_read_without_an_error(anything: object) -> None:
    for record in ({"search": anything}, {"search": {}, "configurations": anything, "outside": anything}):
        search_record(record)


def test_a_nested_variable_has_a_short_heading_where_that_is_clear(tmp_path: Path) -> None:
    points = [
        {"es/sigma": 0.1, "model:units": 4, "a/n": 1, "b/n": 2},
        {"es/sigma": 0.2, "model:units": 8, "a/n": 1, "b/n": 3},
    ]

    table = made_search(tmp_path, points).trial_table()

    assert {"sigma", "units", "a/n", "b/n"} <= {each.title for each in table.table().columns}
    assert {"es/sigma", "model:units"} <= set(table.records()[0])


def test_in_a_narrow_terminal_a_variable_with_one_value_gives_way_to_those_that_vary(tmp_path: Path) -> None:
    points = [{"env": "brax/reacher", "lrate": rate, "flag": flag} for rate in (0, 0.1) for flag in (True, False)]

    table = made_search(tmp_path, points).trial_table().table()

    rank = {each.title: each.rank for each in table.columns}
    assert rank["original id"] > rank["env"] > rank["lrate"] == rank["flag"] > 0
