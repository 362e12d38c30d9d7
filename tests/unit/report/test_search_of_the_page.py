"""The search on the page and in the files beside it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.report import write_report, write_search
from mle_toolbox.report.search_section import search_view
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.text import NOTHING
from tests.made_final import loaded, write_final
from tests.made_results import made_results
from tests.made_search import made_search
from tests.made_search import write_search as made_folder

POINTS = [{"es_config/sigma": sigma, "lrate": rate} for sigma in (0.1, 0.2) for rate in (1e-4, 1e-3, 1e-2)]


def level(values: Any) -> float:
    return abs(np.log10(values["lrate"]) + 3) + float(values["es_config/sigma"])


@pytest.fixture
def search(tmp_path: Path) -> ExperimentResults:
    """A grid of two variables, whose best point is the middle rate with the first sigma; one seed failed elsewhere."""
    return made_search(tmp_path, POINTS, level=level, statuses={("trial_0005", 1): "failed"})


def page_of(results: ExperimentResults, path: Path) -> tuple[str, dict[str, Any]]:
    text = write_report(results, path / "report.html").read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    return text, json.loads(data[1])


def test_the_best_configuration_is_written_as_a_configuration_file_and_how_sure_it_is_beside_it(
    search: ExperimentResults, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path)

    write_search(search, folder)

    assert json.loads(folder.best.read_text()) == search.contents["trial_0001"]
    words = folder.best_words.read_text()
    assert "trial_0001 (b_1_eval_1 in the original toolbox)" in words
    assert re.search(r"loss: 0\.1\d* ± .* \(n=3\)", words)
    assert "looks better than it is" in words


@pytest.mark.parametrize(("first", "is_changed"), [(0.2, True), (0.1, False)])
def test_a_member_of_a_population_whose_values_have_changed_is_not_said_to_be_reproducible(
    first: float, is_changed: bool, tmp_path: Path
) -> None:
    path, folder = tmp_path / "search", ExperimentFolder(tmp_path / "search")
    losses = iter([0.3] * 3 + [0.2] * 3 + [0.1] * 3)
    made_folder(path, [{"lrate": first}, {"lrate": 0.1}, {"lrate": 0.1}], lambda _, seed: [next(losses)], type="pbt")
    record = json.loads(folder.record.read_text())
    for number, entry in enumerate(record["configurations"]):
        entry["trial"]["asked"] = {"steps": number + 1} | ({"parent": number - 1} if number else {})
        entry["content"] |= {"continues": f"trial_{number - 1:04d}"} if number else {}
    folder.record.write_text(json.dumps(record))
    results = load(path)
    assert isinstance(results, ExperimentResults)

    write_search(results, folder)

    words = folder.best_words.read_text()
    sentence = "It has these values only since it continued trial_0000, so best.json does not reproduce its score."
    assert "trial_0002 (b_1" in words
    assert (sentence in words) == is_changed
    # In the results folder of the next experiment, a trial of that number would be another one.
    assert json.loads(folder.best.read_text()) == {"train_config": {"lrate": 0.1}}


def test_a_final_is_advised_only_where_a_search_has_none_and_may_have_one(tmp_path: Path) -> None:
    points = [{"lrate": rate} for rate in (0.1, 0.2)]
    pages = []
    for kind in ("grid", "pbt"):
        made_folder(tmp_path / kind, points, lambda values, _: [values["lrate"]], type=kind)
        pages.append(page_of(loaded(ExperimentFolder(tmp_path / kind)), tmp_path / kind)[0])
    folder = write_final(tmp_path / "final", lambda rate, seed: rate + seed / 1e6)
    pages.append(page_of(loaded(folder), folder.path)[0])

    assert ["search_final: True" in page for page in pages] == [True, False, False]


def test_which_trial_one_continues_is_no_setting_of_it(tmp_path: Path) -> None:
    results = made_search(tmp_path / "search", [{"lrate": rate} for rate in (0.1, 0.2, 0.3)])
    for number, entry in enumerate(results.record["configurations"]):
        entry["content"]["continues"] = f"trial_{number + 10:04d}"

    text, _ = page_of(results, tmp_path)

    assert {*results.differences()["trial_0000"]} == {"train_config.lrate"}
    assert '<bdi class="mono">continues</bdi>' not in text
    assert "continues" not in str(results.compare(metric="loss", baseline="trial_0000"))


def test_the_head_of_the_page_counts_the_seed_runs_of_the_final_too(tmp_path: Path) -> None:
    folder = write_final(tmp_path, lambda rate, seed: rate + seed / 1e6, failed={"base": (2001,)})

    text, _ = page_of(loaded(folder), tmp_path)

    assert "17 of 18 seed runs done, 1 failed" in text
    assert "17 / 18" in text
    assert "4 configurations x 2 seeds, and 10 of the final" in text
    assert "<bdi>base</bdi>, seed 2001" in text


def test_a_narrow_terminal_leaves_out_what_a_trial_continues_before_its_values(tmp_path: Path) -> None:
    path, folder = tmp_path / "search", ExperimentFolder(tmp_path / "search")
    made_folder(path, [{"lrate": rate} for rate in (0.1, 0.2)], lambda values, _: [values["lrate"]])
    record = json.loads(folder.record.read_text())
    record["configurations"][1]["trial"]["asked"] = {"steps": 2, "parent": 0}
    folder.record.write_text(json.dumps(record))
    results = load(path)
    assert isinstance(results, ExperimentResults)

    ranks = {column.title: column.rank for column in results.trial_table().table().columns}

    assert ranks["lrate"] < ranks["parent"] < ranks["original id"]


def test_the_table_of_the_trials_is_the_same_whatever_was_written_before(
    search: ExperimentResults, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path)
    write_search(search, folder)
    first = folder.trials.read_bytes()

    write_search(search, folder)

    assert folder.trials.read_bytes() == first
    rows = list(csv.DictReader(io.StringIO(first.decode())))
    assert rows[0]["trial"] == "trial_0001"
    assert rows[-1]["failed"] == "1"
    assert rows[0]["es_config/sigma"] == "0.1"


def test_a_best_configuration_of_an_earlier_run_does_not_stay_when_there_is_none(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.best.write_text("{}")
    empty = {f"trial_{number:04d}": np.empty((0, 0)) for number in range(6)}

    write_search(made_search(tmp_path, losses=empty), folder)

    assert not folder.best.exists()
    assert "no best one" in folder.best_words.read_text()
    assert len(folder.trials.read_text().splitlines()) == 7


def test_nothing_that_is_given_to_others_contains_the_key_of_weights_and_biases(tmp_path: Path) -> None:
    results = made_search(tmp_path)
    for each in results.record["configurations"]:
        each["content"]["log_config"] = {"use_wandb": True, "wandb_config": {"key": "5ecre7", "project": "digits"}}
    folder = ExperimentFolder(tmp_path)

    text, _ = page_of(results, tmp_path)
    write_search(results, folder)

    best = json.loads(folder.best.read_text())
    assert best["log_config"] == {"use_wandb": True, "wandb_config": {"project": "digits"}}
    assert "5ecre7" not in text
    assert "5ecre7" not in results.trial_table().to_json()


def test_page_and_table_say_the_same_of_what_the_budget_leaves_out(tmp_path: Path) -> None:
    results = made_search(tmp_path, grid_size=1200, budget=6, left_out=1194)

    text, _ = page_of(results, tmp_path)

    sentence = "The grid has 1,200 points; the budget of 6 leaves out 1,194."
    assert sentence in text
    assert sentence in results.trial_table().table().method


def test_the_page_says_what_was_searched_and_shows_the_best_trials(search: ExperimentResults, tmp_path: Path) -> None:
    text, data = page_of(search, tmp_path)

    assert "A grid over 2 variables from base: 6 trials of a budget of 6, 3 seeds each." in text
    assert "looks better than it is" in text
    assert 'id="space"' in text
    assert [each["name"] for each in data["search"]["variables"]] == ["es_config/sigma", "lrate"]
    assert [each["log"] for each in data["search"]["variables"]] == [False, True]
    assert data["search"]["trials"][0]["name"] == "trial_0001"


def test_the_heat_map_has_the_mean_and_the_best_over_the_other_variables(tmp_path: Path) -> None:
    points = [{"a": a, "b": b, "c": c} for a in (1, 2) for b in ("x", "y") for c in (0, 3)]
    levels = {f"trial_{number:04d}": np.full((2, 2), float(number)) for number in range(8)}
    view = search_view(made_search(tmp_path, points, losses=levels, n_seeds=2))

    assert view is not None
    # Trials 0 and 1 share a = 1 and b = "x"; 6 and 7 share a = 2 and b = "y".
    assert [0, 0, 0.5, 0.0, 2] in view.data["heat"]["0|1|0"]
    assert [1, 1, 6.5, 6.0, 2] in view.data["heat"]["0|1|0"]


def test_failures_are_counted_by_region_of_the_space(search: ExperimentResults) -> None:
    view = search_view(search)

    assert view is not None
    failed = {(row["variable"], row["range"]): row["failed"] for row in view.page["failures"]}
    assert failed["lrate", "0.01"] == "1"
    assert failed["lrate", "0.001"] == NOTHING
    assert failed["es_config/sigma", "0.2"] == "1"


def test_of_a_large_search_the_curves_are_those_of_the_first_trials(tmp_path: Path) -> None:
    points = [{"lrate": rate / 100} for rate in range(1, 61)]
    results = made_search(tmp_path, points, level=lambda values: values["lrate"])

    text, data = page_of(results, tmp_path)

    assert len(data["configurations"]) == 20
    assert data["configurations"][0] == results.ranking().trials[0].name
    assert len(data["search"]["trials"]) == 60
    assert "The first 20 of 60 trials" in text
    assert "60 configurations x 3 seeds" in text
    assert data["comparisons"] == {}


def test_names_and_values_of_the_space_are_shown_as_text(tmp_path: Path) -> None:
    points = [{"<b>x</b>": "</script><script>alert(1)</script>", "y": [1, 2]}, {"<b>x</b>": "ü", "y": True}]

    text, data = page_of(made_search(tmp_path, points), tmp_path)

    assert "<b>x</b>" not in text
    assert "<script>alert" not in text
    assert data["search"]["variables"][0]["name"] == "<b>x</b>"


def test_an_experiment_that_is_no_search_has_no_such_section(tmp_path: Path) -> None:
    text, data = page_of(made_results(tmp_path, {"a": np.ones((2, 3)), "b": np.zeros((2, 3))}), tmp_path)

    assert 'id="search"' not in text
    assert data["search"] is None


def test_the_page_begins_with_the_metric_that_ranks_the_trials(tmp_path: Path) -> None:
    folder = made_folder(tmp_path, POINTS[:2], lambda values, _: [level(values)], logged=("accuracy", "loss"))

    search = load(folder.path)
    assert isinstance(search, ExperimentResults)

    assert search.metrics == ("loss", "accuracy")
    assert [each["name"] for each in page_of(search, tmp_path)[1]["metrics"]] == ["loss", "accuracy"]


def real(name: str, begin: float, end: float, prior: str = "uniform") -> dict[str, Any]:
    place = ["train_config", name]
    return {"name": name, "kind": "real", "place": place, "begin": begin, "end": end, "prior": prior}


def scattered(path: Path, number: int = 40, **search: Any) -> ExperimentResults:
    """Return a random search over three variables; only the second one matters, and the third has no numbers."""
    rng = np.random.default_rng(1)
    points = [
        {"a": float(rng.uniform()), "b": float(10 ** rng.uniform(-4, -1)), "c": "xyz"[int(rng.integers(3))]}
        for _ in range(number)
    ]
    variables = [
        real("a", 0, 1),
        real("b", 1e-4, 0.1, "log-uniform"),
        {"name": "c", "kind": "categorical", "place": ["train_config", "c"], "choices": ["x", "y", "z"]},
    ]
    return made_search(
        path,
        points,
        level=lambda values: abs(np.log10(values["b"]) + 2),
        **{"type": "random", "grid_size": None, "variables": variables, **search},
    )


def test_the_page_says_which_variables_matter_as_far_as_trials_drawn_at_random_say_it(tmp_path: Path) -> None:
    results = scattered(tmp_path)
    text, _ = page_of(results, tmp_path)

    found = results.importance()
    view = search_view(results)

    assert view is not None
    assert [(row["name"], row["is_chance"]) for row in view.page["importance"]] == [
        (each.name, each.is_chance) for each in found.variables
    ]
    assert view.page["importance"][0]["name"] == "b"
    assert "Which variables matter" in text
    assert "no more than chance" in text
    assert all(note in text for note in found.notes)


@pytest.mark.parametrize(
    ("number", "search", "sentence"),
    [
        (40, {"type": "smbo"}, "The search chose these trials by earlier results, so variables without effect can"),
        (19, {}, "The importance of variables needs 20 trials that have ended, and there are 19."),
    ],
)
def test_where_importance_would_mislead_the_page_has_a_sentence_in_place_of_numbers(
    tmp_path: Path, number: int, search: dict[str, Any], sentence: str
) -> None:
    text, _ = page_of(scattered(tmp_path, number, **search), tmp_path)

    assert sentence in text
    assert "PED-ANOVA" not in text


def test_two_variables_begin_with_the_most_important_numbers_where_there_is_a_surface_between_them(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(1)
    points = [{name: float(rng.uniform()) for name in "abcd"} | {"e": "xy"[k % 2]} for k in range(60)]

    variables = [real(name, 0, 1) for name in "abcd"]
    variables.append({"name": "e", "kind": "categorical", "place": ["train_config", "e"], "choices": ["x", "y"]})

    def pair(kind: str) -> list[int]:
        level = {
            "random": lambda values: values["b"] + values["d"],
            "grid": lambda values: values["b"] + (values["e"] == "x"),
        }
        view = search_view(made_search(tmp_path / kind, points, level=level[kind], type=kind, variables=variables))
        assert view is not None
        first = view.data["first"]
        assert isinstance(first, list)
        return first

    assert pair("random") == [1, 3]
    assert pair("grid") == [1, 4]
