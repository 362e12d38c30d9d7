"""Which jobs ask the trials of a search that learns, and what each of them sees: from files alone."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.asking import ask, asks_of
from mle_toolbox.drive.idle import idle_words
from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import read_experiment_record, write_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.trial_files import trials_to_ask

BASE = {
    "train_config": {"lrate": 0.5, "units": 8, "layers": 2},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
}
PARAMS: dict[str, Any] = {
    "real": {"lrate": {"begin": 1e-4, "end": 1.0, "prior": "log-uniform"}},
    "categorical": {"units": [8, 16]},
}


class LearningSearch:
    """A project with a search that learns, whose trials are asked and scored without running anything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        (path / "train.py").write_text("from mle_toolbox import MLExperiment\nMLExperiment()\n")
        self.resources: dict[str, Any] = {"num_total_evals": 8, "max_running_evals": 3, "num_seeds_per_eval": 1}
        self.params = PARAMS
        self.write_base(BASE)

    def write_base(self, content: dict[str, Any]) -> None:
        (self.path / "base.json").write_text(json.dumps(content))

    @property
    def folder(self) -> ExperimentFolder:
        return ExperimentFolder(self.path / "experiments")

    def plan(self) -> Plan:
        content = {
            "meta_job_args": {
                "project_name": "s",
                "job_type": "hyperparameter-search",
                "base_train_fname": "train.py",
                "base_train_config": "base.json",
                "experiment_dir": "experiments",
            },
            "param_search_args": {
                "search_logging": {"eval_metrics": "loss", "max_objective": False},
                "search_resources": self.resources,
                "search_config": {
                    "search_type": "SMBO",
                    "search_params": self.params,
                    "search_config": {"n_initial_points": 2},
                },
                "search_final": False,
            },
        }
        (self.path / "exp.yaml").write_text(json.dumps(content))
        return load_plan(self.path / "exp.yaml", check_sources=False)

    def ask_all(self, most: int = 100) -> list[str]:
        """Do what the jobs do, each as soon as it may start; return the names of the trials."""
        plan = self.plan()
        write_experiment_record(plan)
        asked: list[str] = []
        for job in asks_of(plan)[:most]:
            assert all(self.folder.configuration(name).score.exists() or self.score(name) for name in job.scored)
            record = read_experiment_record(self.folder)
            assert record is not None
            asked += [name for name, _ in ask(self.folder, record, job.names.split(","))]
        return asked

    def score(self, name: str) -> bool:
        values = json.loads(self.folder.configuration(name).trial.read_bytes())["values"]
        value = None if values["lrate"] > 0.5 else values["lrate"]
        self.folder.configuration(name).score.write_text(json.dumps({"value": value, "seeds": {"0": value}}))
        return True

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.path.glob("trial_*/trial_*.json")}

    def notes(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.folder.configuration(name).trial.read_bytes())["asked"])


@pytest.fixture
def search(tmp_path: Path) -> LearningSearch:
    return LearningSearch(tmp_path / "project")


def test_jobs_wait_for_the_scores_that_their_trials_may_know_and_for_each_other(search: LearningSearch) -> None:
    jobs = asks_of(search.plan())

    assert [job.names for job in jobs] == ["trial_0000,trial_0001,trial_0002", *(f"trial_000{t}" for t in range(3, 8))]
    assert [job.scored for job in jobs] == [(), *((f"trial_000{t}",) for t in range(5))]
    assert [str(path) for path in jobs[2].after] == ["experiments/trial_0003/trial_0003.json"]


def test_an_asked_trial_is_never_asked_again(search: LearningSearch) -> None:
    assert len(search.ask_all()) == 8
    before = search.files()

    assert asks_of(search.plan()) == []
    assert trials_to_ask(search.plan()) == []
    assert search.ask_all() == []
    assert search.files() == before
    assert search.notes("trial_0006") | {"optuna": ""} == {
        "known": 4,
        "told": "0-3",
        "pending": "4-5",
        "outside": "",
        "sampler": "TPE",
        "optuna": "",
    }


def test_a_search_that_is_broken_off_anywhere_asks_the_same_trials(search: LearningSearch, tmp_path: Path) -> None:
    search.ask_all()
    for most in range(1, 7):
        other = LearningSearch(tmp_path / f"broken-{most}")
        other.ask_all(most)
        other.ask_all(1)
        other.ask_all()

        assert other.files() == search.files()


def test_a_trial_whose_folder_is_removed_is_asked_again_as_it_was(search: LearningSearch) -> None:
    search.ask_all()
    before = search.files()
    shutil.rmtree(search.folder.configuration("trial_0005").path)

    jobs = asks_of(search.plan())

    assert [(job.names, job.scored) for job in jobs] == [("trial_0005", ("trial_0000", "trial_0001", "trial_0002"))]
    assert search.ask_all() == ["trial_0005"]
    assert search.files() == before


def test_a_job_that_a_killed_driver_has_left_may_be_quicker(search: LearningSearch) -> None:
    write_experiment_record(search.plan())
    record = read_experiment_record(search.folder)
    assert record is not None
    list(ask(search.folder, record, ["trial_0000"]))
    before = search.files()
    (search.folder.configuration("trial_0000").path / "trial_0000.json").unlink()  # as Snakemake does

    record = read_experiment_record(search.folder)
    assert record is not None
    assert list(ask(search.folder, record, ["trial_0000"])) == []

    assert search.files() == before


def test_a_search_grows_by_what_is_missing_and_files_stay_as_they_are(search: LearningSearch) -> None:
    search.ask_all()
    before = search.files()

    search.resources = {"num_total_evals": 10, "max_running_evals": 5, "num_seeds_per_eval": 2}
    search.params = {**PARAMS, "categorical": {"units": [8, 16, 32]}, "integer": {"layers": {"begin": 1, "end": 3}}}

    assert len(search.plan().configurations) == 10
    assert [job.names for job in asks_of(search.plan())] == ["trial_0008", "trial_0009"]
    assert {name: content for name, content in search.files().items() if name in before} == before


def test_trials_outside_a_narrower_range_are_left_out_of_the_model_and_stay(search: LearningSearch) -> None:
    search.ask_all()
    before = search.files()
    values = {name: json.loads(content)["train_config"]["lrate"] for name, content in before.items()}
    end = sorted(values.values())[4]
    outside = [int(name[6:10]) for name, lrate in values.items() if lrate > end]
    search.resources["num_total_evals"] = 10
    search.params = {**PARAMS, "real": {"lrate": {"begin": 1e-4, "end": end, "prior": "log-uniform"}}}

    plan = search.plan()

    assert plan.search is not None
    assert [each.trial.number for each in plan.search.outside if each.trial] == sorted(outside)
    assert search.ask_all() == ["trial_0008", "trial_0009"]
    assert search.notes("trial_0009")["outside"] == ",".join(map(str, sorted(outside))) or len(outside) > 1
    assert {name: content for name, content in search.files().items() if name in before} == before


def test_another_base_configuration_begins_anew_and_undoing_the_edit_brings_the_trials_back(
    search: LearningSearch,
) -> None:
    search.ask_all()
    before = search.files()
    search.write_base({**BASE, "train_config": {"lrate": 0.5, "units": 8, "layers": 2, "decay": 0.1}})

    asked = search.ask_all(2)

    assert asked == [f"trial_00{number:02d}" for number in range(8, 12)]
    assert search.notes("trial_0011")["outside"] == "0-2"
    search.write_base(BASE)
    assert [each.name for each in search.plan().configurations] == [f"trial_000{t}" for t in range(8)]
    assert asks_of(search.plan()) == []
    assert {name: content for name, content in search.files().items() if name in before} == before


def test_without_the_package_a_search_says_how_to_install_it(
    search: LearningSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> str:
        raise PackageNotFoundError

    search.plan()
    monkeypatch.setattr("importlib.metadata.version", missing)

    with pytest.raises(ExperimentFileError) as caught:
        load_plan(search.path / "exp.yaml")

    sentence = "search_type 'SMBO' needs the package optuna, which is not installed: pip install "
    assert f"{sentence}'mle-toolbox-snakemake[search]'" in str(caught.value)


def test_a_few_trials_for_a_wide_window_are_worth_a_word(search: LearningSearch) -> None:
    plan = search.plan()

    assert plan.search is not None
    assert plan.search.notices[-1] == (
        "8 trials are few for max_running_evals 3: with fewer than 30, most are asked before there is anything to "
        "learn from."
    )


def test_cores_without_work_are_worth_a_word(search: LearningSearch) -> None:
    assert idle_words(search.plan(), "local", 3) is None
    said = idle_words(search.plan(), "local", 8)

    assert said == (
        "Some cores will have nothing to do: 3 trials x 1 seed run at a time, and there is room for 8. "
        "max_running_evals: 16 would keep them busy; it changes which trials are asked."
    )
