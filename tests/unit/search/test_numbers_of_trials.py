"""Which trials a search has, whatever it was before: numbers, values and files are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_text import parse_configuration
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.trial_files import edited_by_hand, trials_to_ask, write_trial

BASE = {
    "train_config": {"lrate": 0.5, "units": 8, "groups": {"a": 1, "b": 2}},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
}


class Search:
    """A project with a search, of which only the files are made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bases: list[str] = ["base.json"]
        self.params: dict[str, Any] = {"categorical": {"lrate": [0.1, 0.2], "units": [16, 32]}}
        self.budget = 100
        self.search_type = "Grid"
        self.more: dict[str, Any] = {}
        path.mkdir(parents=True, exist_ok=True)
        (path / "train.py").write_text("from mle_toolbox import MLExperiment\nMLExperiment()\n")
        self.write_base(BASE)

    def write_base(self, content: dict[str, Any], name: str = "base.json") -> None:
        (self.path / name).write_text(json.dumps(content))

    @property
    def folder(self) -> ExperimentFolder:
        return ExperimentFolder(self.path / "experiments")

    def plan(self) -> Plan:
        content = {
            "meta_job_args": {
                "project_name": "s",
                "job_type": "hyperparameter-search",
                "base_train_fname": "train.py",
                "base_train_config": self.bases[0] if len(self.bases) == 1 else self.bases,
                "experiment_dir": "experiments",
            },
            "param_search_args": {
                "search_logging": {"eval_metrics": "loss", "max_objective": False},
                "search_resources": {"num_search_batches": 1, "num_evals_per_batch": self.budget},
                "search_config": {"search_type": self.search_type, "search_params": self.params, **self.more},
            },
        }
        (self.path / "exp.yaml").write_text(json.dumps(content))
        return load_plan(self.path / "exp.yaml", check_sources=False)

    def ask(self, at_most: int | None = None) -> list[str]:
        """Write what is due, as the rule `ask` does; return the names of the trials that were written."""
        plan = self.plan()
        due = {each.name for each in trials_to_ask(plan)}
        entries = [entry for entry in plan.to_json()["configurations"] if entry["name"] in due]
        return [entry["name"] for entry in entries[:at_most] if write_trial(self.folder, entry)]

    def values(self) -> dict[str, dict[str, Any]]:
        """Return what is due, by the names of the trials."""
        trials = [each.trial for each in self.plan().configurations]
        return {trial.name: dict(trial.values) for trial in trials if trial is not None}

    def outside(self) -> dict[str, bool]:
        """Return what is on disk and not due, and whether each is a point of the space."""
        search = self.plan().search
        assert search is not None
        return {each.name: each.trial.inside for each in search.outside if each.trial is not None}


@pytest.fixture
def search(tmp_path: Path) -> Search:
    return Search(tmp_path / "project")


def test_a_trial_has_the_whole_configuration_and_a_note_of_its_values(search: Search) -> None:
    assert search.ask() == ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]

    place = search.folder.configuration("trial_0002")
    content = json.loads((place.path / "trial_0002.json").read_text())
    assert content == {**BASE, "train_config": {**BASE["train_config"], "lrate": 0.2, "units": 16}}
    note = json.loads(place.trial.read_text())
    assert {name: note[name] for name in ("format", "number", "base", "values", "search_type", "original_id")} == {
        "format": 1,
        "number": 2,
        "base": "base",
        "values": {"lrate": 0.2, "units": 16},
        "search_type": "grid",
        "original_id": "b_1_eval_2",
    }


def test_what_has_been_asked_is_not_asked_again(search: Search) -> None:
    search.ask()

    assert search.ask() == []


def test_a_value_added_to_a_grid_asks_only_the_new_points_and_renames_nothing(search: Search) -> None:
    search.ask()
    before = search.values()
    search.params["categorical"]["lrate"].insert(0, 0.05)

    assert search.ask() == ["trial_0004", "trial_0005"]

    assert search.values() == {
        **before,
        "trial_0004": {"lrate": 0.05, "units": 16},
        "trial_0005": {"lrate": 0.05, "units": 32},
    }


def test_a_variable_added_takes_earlier_trials_with_the_value_of_their_base(search: Search) -> None:
    search.params = {"categorical": {"lrate": [0.1, 0.2]}}
    search.ask()
    search.params["categorical"]["units"] = [8, 16]

    # The notes of the first two now hold the value that they had from the base configuration.
    assert search.ask() == ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]

    assert search.values() == {
        "trial_0000": {"lrate": 0.1, "units": 8},
        "trial_0001": {"lrate": 0.2, "units": 8},
        "trial_0002": {"lrate": 0.1, "units": 16},
        "trial_0003": {"lrate": 0.2, "units": 16},
    }


def test_trials_outside_a_narrower_space_are_kept_and_marked(search: Search) -> None:
    search.ask()
    search.params["categorical"]["lrate"] = [0.2]

    assert list(search.values()) == ["trial_0002", "trial_0003"]
    assert search.outside() == {"trial_0000": False, "trial_0001": False}


def test_trials_beyond_a_smaller_budget_are_kept_and_are_points_of_the_space(search: Search) -> None:
    search.ask()
    search.budget = 3

    assert search.outside() == {"trial_0003": True}


def test_the_configuration_of_a_trial_is_made_anew_from_an_edited_base(search: Search) -> None:
    search.ask()
    search.write_base({**BASE, "train_config": {**BASE["train_config"], "epochs": 7}})

    assert len(search.ask()) == 4

    content = json.loads((search.folder.path / "trial_0000" / "trial_0000.json").read_text())
    assert content["train_config"] == {**BASE["train_config"], "epochs": 7, "lrate": 0.1, "units": 16}


@pytest.mark.parametrize("harm", ["edited", "removed", "note removed", "folder removed"])
def test_only_the_trial_whose_files_are_not_as_they_were_is_asked_again(search: Search, harm: str) -> None:
    search.ask()
    before = search.values()
    place = search.folder.configuration("trial_0001")
    match harm:
        case "edited":
            place.trial_configuration(".json").write_text("{}")
        case "removed":
            place.trial_configuration(".json").unlink()
        case "note removed":
            place.trial.unlink()
        case _:
            for file in place.path.iterdir():
                file.unlink()
            place.path.rmdir()

    if harm == "note removed":
        # The folder may hold seed runs: its number is not given away, and its runs are found by what they are.
        assert search.ask() == ["trial_0004"]
        assert [each for name, each in search.values().items() if name == "trial_0004"] == [before["trial_0001"]]
    else:
        assert search.ask() == ["trial_0001"]
        assert search.values() == before


def test_a_trial_that_was_edited_by_hand_keeps_its_settings_and_no_edit_is_lost(search: Search) -> None:
    search.ask()
    file = search.folder.configuration("trial_0001").trial_configuration(".json")
    written = file.read_text()
    for edit in ('{"train_config": {"lrate": 7}}', "not even JSON"):
        file.write_text(edit)
        assert edited_by_hand(search.plan(), keep=False) == [file]
        assert edited_by_hand(search.plan(), keep=True) == [file]
        search.ask()

    assert file.read_text() == written
    assert file.with_name("trial_0001.json.edited").read_text() == '{"train_config": {"lrate": 7}}'
    assert file.with_name("trial_0001.json.edited2").read_text() == "not even JSON"
    assert edited_by_hand(search.plan(), keep=True) == []


def test_a_trial_that_was_only_laid_out_anew_is_left_as_it_is(search: Search) -> None:
    search.ask()
    file = search.folder.configuration("trial_0001").trial_configuration(".json")
    text = json.dumps(json.loads(file.read_text())).replace(", ", ",\r\n")
    file.write_text(f"# the best one\n{text}")

    assert search.ask() == []

    assert file.read_text().startswith("# the best one")


def test_a_base_that_is_added_gets_the_next_numbers(search: Search) -> None:
    search.ask()
    search.write_base(BASE, "other.json")
    search.bases = ["other.json", "base.json"]

    assert search.ask() == ["trial_0004", "trial_0005", "trial_0006", "trial_0007"]

    bases = {each.name: each.trial.base for each in search.plan().configurations if each.trial is not None}
    assert list(bases.values()) == ["base"] * 4 + ["other"] * 4


def test_trials_of_a_base_that_was_removed_are_kept(search: Search) -> None:
    search.write_base(BASE, "other.json")
    search.bases = ["base.json", "other.json"]
    search.ask()
    search.bases = ["base.json"]

    assert list(search.values()) == ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]
    assert list(search.outside()) == ["trial_0004", "trial_0005", "trial_0006", "trial_0007"]
    assert len(search.plan().to_json()["outside"]) == 4


def test_a_random_search_keeps_what_was_drawn_and_draws_what_a_bigger_budget_adds(search: Search) -> None:
    search.search_type, search.budget = "Random", 3
    search.params = {"real": {"lrate": {"begin": 1e-5, "end": 0.1, "prior": "log-uniform"}}}
    search.ask()
    before = search.values()
    search.budget = 5

    assert search.ask() == ["trial_0003", "trial_0004"]

    assert {name: search.values()[name] for name in before} == before


def test_a_random_search_counts_trials_outside_its_space_and_does_not_run_them(search: Search) -> None:
    search.search_type, search.budget = "Random", 6
    search.params = {"real": {"lrate": {"begin": 0.0, "end": 1.0}}}
    search.ask()
    before = search.values()
    search.params = {"real": {"lrate": {"begin": 0.0, "end": 0.5}}}

    inside = {name: values for name, values in before.items() if values["lrate"] <= 0.5}
    assert 0 < len(inside) < 6
    assert search.values() == inside
    assert search.ask() == []


def test_a_random_search_of_a_small_space_draws_every_point_once(search: Search) -> None:
    search.search_type, search.budget = "Random", 50

    search.ask()

    points = [tuple(values.values()) for values in search.values().values()]
    assert len(points) == len(set(points)) == 4
    search_plan = search.plan().search
    assert search_plan is not None
    assert "4 points" in " ".join(search_plan.notices)


LRATES = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=4, unique=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            LRATES, st.lists(st.sampled_from([8, 16]), min_size=1, unique=True), st.integers(1, 9), st.integers(0, 9)
        ),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from(["Grid", "Random"]),
)
def test_a_trial_keeps_its_number_and_its_point_through_every_history(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[list[float], list[int], int, int]], search_type: str
) -> None:
    search = Search(tmp_path_factory.mktemp("history"))
    search.search_type = search_type
    known: dict[str, dict[str, Any]] = {}
    for lrates, units, budget, asked_before_a_kill in history:
        search.params = {"categorical": {"lrate": lrates, "units": units}}
        search.budget = budget
        planned = search.plan().to_json()
        search.ask(at_most=asked_before_a_kill)
        assert search.plan().to_json() == planned  # whatever `ask` has come to
        search.ask()
        assert search.plan().to_json() == planned
        assert search.ask() == []
        values = search.values()
        assert all(known[name] == values[name] for name in known.keys() & values.keys())
        points = [tuple(each.items()) for each in values.values()]
        assert len(points) == len(set(points))
        if search_type == "Grid":
            assert len(points) == min(budget, len(lrates) * len(units))
        assert search.outside().keys() == known.keys() - values.keys()
        known |= values


def test_a_trial_has_the_format_of_its_base(search: Search) -> None:
    content = {**BASE, "train_config": {**BASE["train_config"], "lrate": 1e-5, "text": "1e-5", "on": True}}
    (search.path / "base.yaml").write_text(json.dumps(content))
    search.bases = ["base.yaml"]
    search.ask()

    text = (search.folder.path / "trial_0000" / "trial_0000.yaml").read_text()
    expected = {**content, "train_config": {**content["train_config"], "lrate": 0.1, "units": 16}}
    assert parse_configuration(text, "trial_0000.yaml").content == expected


@pytest.mark.parametrize("search_type", ["Grid", "Random"])
def test_a_budget_of_any_size_means_all_points_of_a_small_space(tmp_path: Path, search_type: str) -> None:
    search = Search(tmp_path)
    search.budget, search.search_type = 10**12, search_type

    names = search.ask()

    assert sorted(names) == ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]
    plan = search.plan()
    assert plan.search is not None
    assert "fewer than the 1,000,000,000,000 trials asked for" in plan.search.notices[0]
    search.params["categorical"]["units"] = [16, 64]  # two trials are outside now, and two points are new
    assert len(search.ask()) == 2
    assert search.ask() == []


@pytest.mark.parametrize(
    ("search_type", "variable"), [("Grid", {"begin": 0, "end": 1, "bins": 1000}), ("Random", {"begin": 0, "end": 1})]
)
def test_a_search_of_too_many_trials_is_refused(tmp_path: Path, search_type: str, variable: dict[str, Any]) -> None:
    search = Search(tmp_path)
    search.budget, search.search_type = 100_001, search_type
    search.params = {"real": {"lrate": variable, "units": variable}}

    with pytest.raises(ExperimentFileError, match=r"100,001 trials are too many: at most 100,000 are supported\."):
        search.plan()
