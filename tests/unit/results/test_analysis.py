"""What results answer: numbers are those of the seeds that count, and what does not count is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mle_toolbox import statistics
from mle_toolbox.errors import ResultsError
from mle_toolbox.results import ExperimentCollection, ExperimentResults, load

if TYPE_CHECKING:
    from conftest import Builder


def load_experiment(path: Path) -> ExperimentResults:
    results = load(path)
    assert isinstance(results, ExperimentResults)
    return results


@pytest.fixture
def results(experiment: Builder) -> ExperimentResults:
    """Ticks ``x`` = seed + t / 10; of b seed 1 failed, seed 2 still runs and seed 3 has not begun."""
    for seed in range(4):
        experiment.finish("a", seed, 4)
    experiment.finish("b", 0, 4)
    experiment.fail("b", 1, 2)
    experiment.start("b", 2, 3)
    experiment.plan(["a", "b"], 4)
    return load_experiment(experiment.folder.path)


@pytest.mark.parametrize(
    ("at", "of_seed_0"), [("last", 0.3), ("best", 0.3), ("mean-last-2", 0.25), ("mean-last-9", 0.15), ("auc", 0.15)]
)
def test_a_sample_has_one_number_for_each_seed(at: str, of_seed_0: float, results: ExperimentResults) -> None:
    sample = results.samples("x", at)["a"]

    assert sample.seeds == (0, 1, 2, 3)
    np.testing.assert_allclose(sample.values, of_seed_0 + np.arange(4))


def test_the_best_value_depends_on_the_direction(results: ExperimentResults) -> None:
    assert results.samples("x", "best", lower_is_better=True)["a"].values.tolist() == [0, 1, 2, 3]


def test_only_finished_seeds_count_and_the_others_are_counted(results: ExperimentResults) -> None:
    sample = results.samples()["b"]

    assert sample.seeds == (0,)
    assert sample.left_out == {"failed": 1, "running": 1, "not started": 1}
    assert sample.missing == 3
    assert results.summary()["b"].seeds == "1/4, 1 failed, 1 running, 1 not started"


def test_unfinished_seeds_count_when_it_is_asked_for(results: ExperimentResults) -> None:
    sample = results.samples(include_unfinished=True)["b"]

    assert sample.seeds == (0, 1, 2)
    assert sample.values.tolist() == [0.3, 1.1, 2.2]
    assert sample.left_out == {"not started": 1}


def test_a_seed_that_has_diverged_is_shown_as_such(experiment: Builder) -> None:
    for seed in range(3):
        experiment.finish("a", seed, 3, y=float("nan") if seed == 1 else 1.0 + seed)

    summary = load_experiment(experiment.folder.path).summary("y")

    estimate = summary["a"].estimates["y"]
    assert (estimate.value, estimate.n, estimate.diverged) == (2.0, 2, 1)
    assert "1 diverged" in str(summary)


def test_the_summary_is_what_statistics_says_of_the_samples(results: ExperimentResults) -> None:
    values = results.samples("x")["a"].values

    for statistic in ("mean", "median", "iqm"):
        summary = results.summary("x", statistic=statistic, confidence=0.9)

        assert summary["a"].estimates["x"] == statistics.estimate(values, statistic, 0.9)


def test_a_comparison_is_paired_where_the_seeds_are_the_same(experiment: Builder) -> None:
    for seed in range(3):
        experiment.finish("a", seed, 2)
        experiment.finish("b", seed, 4)
        experiment.finish("c", seed + 1, 4)
    results = load_experiment(experiment.folder.path)

    assert results.compare("a", "b").found["a", "b"].paired
    assert not results.compare("a", "c").found["a", "c"].paired
    assert not results.compare("a", "b", paired=False).found["a", "b"].paired


def test_comparisons_are_with_one_with_the_best_or_all(experiment: Builder) -> None:
    for name, n_ticks in (("a", 2), ("b", 4), ("c", 3)):
        for seed in range(3):
            experiment.finish(name, seed, n_ticks)
    results = load_experiment(experiment.folder.path)

    assert list(results.compare()) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert list(results.compare(baseline="best", lower_is_better=False)) == [("a", "b"), ("c", "b")]
    assert list(results.compare(baseline="best", lower_is_better=True)) == [("b", "a"), ("c", "a")]
    assert list(results.compare("c")) == [("a", "c"), ("b", "c")]
    assert results.compare("a", "b").found["a", "b"].adjusted_p is None
    with pytest.raises(ResultsError, match="has no 'bst'"):
        results.compare(baseline="bst")
    with pytest.raises(ResultsError, match="there is only one configuration"):
        results.select(["a"]).compare()


@pytest.mark.slow
def test_ties_with_the_best_are_marked_and_single_seeds_are_not(experiment: Builder) -> None:
    for seed in range(6):
        experiment.finish("far", seed, 2, y=float(seed % 2))
        experiment.finish("near", seed, 2, y=100.0 + seed % 3)
        experiment.finish("top", seed, 2, y=100.0 + (seed + 1) % 3)
    experiment.finish("single", 0, 2, y=1000.0)

    (metric,) = load_experiment(experiment.folder.path).summary("y", lower_is_better=False).metrics

    assert metric.best == ("near", "top")


def test_curves_have_a_row_for_each_seed_that_counts(results: ExperimentResults) -> None:
    curves = results.curve("x")

    assert curves["a"].values.shape == (4, 4)
    assert curves["a"].time.tolist() == [0, 1, 2, 3]
    assert curves["a"].time_name == "t"
    assert curves["b"].seeds == (0,)
    assert curves.left_out["b"] == {"failed": 1, "running": 1, "not started": 1}
    assert "4 seeds, 4 points of 't'" in repr(curves)


def test_a_curve_is_drawn_without_further_ado(results: ExperimentResults) -> None:
    figure = results.curve("x").plot()

    assert len(figure.axes) >= 1


def test_a_misspelt_metric_is_answered_with_the_nearest(experiment: Builder) -> None:
    experiment.finish("a", 0, 2, accuracy=1.0)
    results = load_experiment(experiment.folder.path)

    with pytest.raises(ResultsError, match="Did you mean 'accuracy'"):
        results.summary("acuracy")
    with pytest.raises(ResultsError, match="The time of configuration 'a' has no 'tt'"):
        results.curve("x", time="tt")


def test_without_a_scalar_metric_it_is_said(experiment: Builder) -> None:
    experiment.plan(["a"], 2)

    with pytest.raises(ResultsError, match="no configuration has logged a metric that is one number a tick"):
        load_experiment(experiment.folder.path).summary()


def test_what_differs_comes_from_the_record_or_from_the_seed_runs(experiment: Builder) -> None:
    for name, lrate in (("a", 0.1), ("b", 0.2)):
        run = experiment.finish(name, 0, 1)
        run.config.write_text(json.dumps({"train": {"lrate": lrate, "steps": 5}}))

    results = load_experiment(experiment.folder.path)

    assert results.differences() == {"a": {"train.lrate": 0.1}, "b": {"train.lrate": 0.2}}


def test_several_folders_are_a_collection(experiment: Builder, tmp_path: Path) -> None:
    from mle_toolbox.layout import ExperimentFolder

    other = type(experiment)(ExperimentFolder(tmp_path / "other"))
    for seed in range(2):
        experiment.finish("base", seed, 2)
        experiment.finish("first", seed, 2)
        other.finish("base", seed, 4)

    for results in (load(tmp_path / "experiments", tmp_path / "other"), load(tmp_path), load([tmp_path])):
        assert isinstance(results, ExperimentCollection)
        assert results.names == ("experiments/base", "first", "other/base")
        assert results["other/base"].name == "other/base"
        assert results.samples("x")["other/base"].values.tolist() == [0.3, 1.3]
        assert results.curve("x")["other/base"].configuration == "other/base"
        assert set(results.to_dataframe()["configuration"]) == set(results)
        assert results.differences()["first"] == {"experiment": "experiments"}
        assert len(results.select(["first", "other/base"]).compare("first", "other/base")) == 1
        assert "3 configurations" in repr(results)
    other.open[0].release()


def test_a_folder_that_is_given_twice_counts_once(experiment: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment.finish("a", 0, 1)
    experiment.finish("b", 0, 1)
    path = experiment.folder.path
    monkeypatch.chdir(path)

    for given in ([path, path], [path, ".", path / "a"], [path / "a", path], [path / "a", path / "b"]):
        collection = load(given)
        assert collection.names == ("a", "b")
        assert collection.title == "1 experiment"
        assert collection["b"].seeds == (0,)
    assert load([path / "b", path / "b"]).names == ("b",)


def test_one_name_may_be_selected_without_a_list(experiment: Builder) -> None:
    experiment.finish("small_steps", 0, 2)
    experiment.finish("large_steps", 0, 2)
    path = experiment.folder.path

    for results in (load(path), load([path])):
        assert isinstance(results, ExperimentResults | ExperimentCollection)
        assert tuple(results.select("small_steps")) == ("small_steps",)
        with pytest.raises(ResultsError, match=r"has no 'small'.*Did you mean 'small_steps'"):
            results.select("small")
        with pytest.raises(ResultsError, match="has no 3"):
            results.select(3)  # type: ignore[arg-type]


def test_the_same_folder_name_twice_is_told_apart_by_what_is_above(experiment: Builder, tmp_path: Path) -> None:
    import shutil

    experiment.finish("base", 0, 2)
    for project in ("p", "q"):
        shutil.copytree(experiment.folder.path, tmp_path / project / "experiments")

    collection = load(tmp_path / "p" / "experiments", tmp_path / "q" / "experiments")

    assert collection.names == ("p/base", "q/base")


def test_a_configuration_is_an_experiment_of_its_own_in_a_collection(experiment: Builder) -> None:
    experiment.finish("a", 0, 1)
    experiment.finish("b", 0, 1)

    assert load([experiment.folder.path / "a"]).names == ("a",)
    with pytest.raises(ResultsError, match="is the folder of one seed run"):
        load([experiment.folder.path / "a" / "seed_0"])


def test_notebooks_show_text_as_text(experiment: Builder) -> None:
    hostile = "<script>alert(1)</script>&\"'"
    experiment.finish("a", 0, 2, **{hostile: 1.0})
    experiment.finish("b", 0, 2, **{hostile: 2.0})
    content = [{"name": name, "content": {hostile: f"{hostile}{name}"}} for name in "ab"]
    experiment.folder.record.write_text(json.dumps({"configurations": content, "seeds": [0]}))
    results = load_experiment(experiment.folder.path)

    shown = [
        results._repr_html_(),
        results["a"]._repr_html_(),
        results["a"].seed(0)._repr_html_(),
        results.summary(hostile)._repr_html_(),
        results.compare(metric=hostile)._repr_html_(),
        results.curve(hostile)._repr_html_(),
    ]

    assert all("<script" not in each for each in shown)
    assert all("&lt;script&gt;" in each for each in shown)
