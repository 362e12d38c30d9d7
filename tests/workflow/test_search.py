"""A search from its experiment file to its results, and what runs when it grows: counted from Snakemake's job table."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.log.merge import read_configuration, read_configuration_names
from tests.workflow.conftest import Project

SCRIPT = """\
import os
from pathlib import Path

from mle_toolbox import MLExperiment


def main(mle):
    name = os.environ["MLE_SEED_RUN"].split("/")[-2:]
    if Path("fails").exists() and "/".join(name) in Path("fails").read_text().split():
        raise RuntimeError("as it was told")
    for step in range(3):
        mle.update_log({"step": step}, {"loss": mle.train_config.lrate * mle.train_config.units + mle.seed / 10})


if __name__ == "__main__":
    main(MLExperiment())
"""


class SearchProject(Project):
    """A project with a search: two values of each of two variables, and two seeds."""

    def write(self, **changes: Any) -> None:
        """Write the experiment file; parts that are not named are as at the beginning."""
        params = changes.get("params", {"categorical": {"lrate": [0.1, 0.2]}, "integer": {"units": [1, 3, 2]}})
        params["integer"] = {
            name: dict(zip(("begin", "end", "bins"), given, strict=True)) for name, given in params["integer"].items()
        }
        content = {
            "meta_job_args": {
                "project_name": "quick",
                "job_type": "hyperparameter-search",
                "base_train_fname": "train.py",
                "base_train_config": changes.get("bases", "base.json"),
                "experiment_dir": "experiments/",
            },
            "param_search_args": {
                "search_logging": {"eval_metrics": "loss", "max_objective": False},
                "search_resources": {
                    "num_search_batches": 1,
                    "num_evals_per_batch": changes.get("budget", 10),
                    "num_seeds_per_eval": changes.get("seeds", 2),
                },
                "search_config": {"search_type": "Grid", "search_params": params},
            },
        }
        (self.path / "exp.yaml").write_text(json.dumps(content, indent=2))

    def write_base(self, name: str = "base.json", **more: Any) -> None:
        content = {
            "train_config": {"lrate": 1.0, "units": 7, **more},
            "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
        }
        (self.path / name).write_text(json.dumps(content))

    def run(self, expected: int = 0) -> str:
        """Type `mle run` and return what it says."""
        # On more cores a trial that fails may end before any other, which stops a search.
        done = self.mle("run", "exp.yaml", "--profile", "local", "--cores", "2")
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    def runs_now(self) -> dict[str, int]:
        """Return how many jobs of each rule `mle run` has run, but for those that come at every end."""
        table = self.jobs_of_last_run()
        return {rule: n for rule, n in table.items() if rule in ("ask", "train", "merge")}


def make_search(path: Path) -> SearchProject:
    path.mkdir()
    project = SearchProject(path)
    project.write()
    project.write_base()
    (path / "train.py").write_text(SCRIPT)
    return project


@pytest.fixture(scope="session")
def searched_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return made_once("searched", lambda folder: make_search(folder).run())


@pytest.fixture
def search(searched_once: Path, tmp_path: Path) -> SearchProject:
    """A search of four trials with two seeds each that has run."""
    return SearchProject(Path(shutil.copytree(searched_once, tmp_path / "search", symlinks=True)))


def test_a_search_runs_each_trial_with_each_seed(search: SearchProject) -> None:
    assert search.runs_now() == {"ask": 1, "train": 8, "merge": 4}
    record = json.loads((search.results / "experiment.json").read_text())
    assert record["search"] == {
        "type": "grid",
        "variables": [
            {"name": "lrate", "kind": "categorical", "place": ["train_config", "lrate"], "choices": [0.1, 0.2]},
            {
                "name": "units",
                "kind": "integer",
                "place": ["train_config", "units"],
                "begin": 1,
                "end": 3,
                "bins": 2,
                "choices": [1, 3],
            },
        ],
        "metrics": ["loss"],
        "maximize": False,
        "problem_type": "final",
        "best_is_maximum": False,
        "aggregate_seeds": "mean",
        "budget": 10,
        "grid_size": 4,
        "left_out": 0,
        "seed": 42,
        "bases": ["base"],
        "base_files": ["base.json"],
    }
    trial = record["configurations"][1]["trial"]
    assert trial["values"] == {"lrate": 0.1, "units": 3}
    assert (trial["number"], trial["base"], trial["original_id"], trial["inside"]) == (1, "base", "b_1_eval_1", True)


def test_nothing_is_left_to_do_for_either_command(search: SearchProject) -> None:
    assert search.jobs_to_run() == {}

    search.run()

    assert search.runs_now() == {}

    # An edit of a trial's file is no change of the search, and is neither lost nor passed over in silence.
    file = search.results / "trial_0001" / "trial_0001.json"
    file.write_text('{"train_config": {"lrate": 7}}')
    said = search.run()
    assert search.runs_now() == {"ask": 1}
    assert "trial_0001/trial_0001.json was edited, but a trial keeps its settings" in said
    assert file.with_name("trial_0001.json.edited").read_text() == '{"train_config": {"lrate": 7}}'
    assert json.loads(file.read_text())["train_config"]["lrate"] == 0.1


def test_a_grid_smaller_than_the_budget_says_so_once(search: SearchProject) -> None:
    said = search.run()

    assert said.count("4 points") == 1


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({"params": {"categorical": {"lrate": [0.1, 0.15, 0.2]}, "integer": {"units": [1, 3, 2]}}}, (1, 4, 2)),
        ({"params": {"categorical": {"lrate": [0.1, 0.2]}, "integer": {"units": [1, 5, 3]}}}, (1, 4, 2)),
        ({"seeds": 3}, (0, 4, 4)),
        ({"bases": ["base.json", "other.json"]}, (1, 8, 4)),
    ],
    ids=["a value added", "the range widened", "seeds raised", "a base added"],
)
def test_growing_a_search_runs_exactly_what_is_due(
    search: SearchProject, change: dict[str, Any], due: tuple[int, int, int]
) -> None:
    before = search.logs()
    search.write_base("other.json", epochs=3)
    search.write(**change)
    expected = {rule: n for rule, n in zip(("ask", "train", "merge"), due, strict=True) if n}

    dry = search.jobs_to_run()
    search.run()

    assert {rule: n for rule, n in dry.items() if rule in ("ask", "train", "merge")} == expected
    assert search.runs_now() == expected
    assert {place: log for place, log in search.logs().items() if place in before} == before


def test_a_bigger_budget_runs_the_points_that_were_left_out(searched_once: Path, tmp_path: Path) -> None:
    search = make_search(tmp_path / "project")
    search.write(budget=3)
    assert "The grid has 4 points: the first 3 run, in its order, and 1 is left out." in search.run()
    search.write(budget=10)

    search.run()

    assert search.runs_now() == {"ask": 1, "train": 2, "merge": 1}


def test_after_an_edit_of_the_base_everything_runs_and_undoing_it_brings_everything_back(search: SearchProject) -> None:
    before = search.logs()
    search.write_base(epochs=3)

    search.run()
    assert search.runs_now() == {"ask": 1, "train": 8, "merge": 4}

    search.write_base()
    search.run()
    assert "train" not in search.runs_now()
    assert search.logs() == before


def test_a_finished_search_has_its_table_and_its_best_configuration(search: SearchProject) -> None:
    rows = list(csv.DictReader((search.results / "search.csv").read_text().splitlines()))

    assert [row["trial"] for row in rows] == ["trial_0000", "trial_0002", "trial_0001", "trial_0003"]
    assert [(row["lrate"], row["units"], row["loss_n"]) for row in rows[:2]] == [("0.1", "1", "2"), ("0.2", "1", "2")]
    best = json.loads((search.results / "best.json").read_text())
    assert best == json.loads((search.results / "trial_0000" / "trial_0000.json").read_text())
    assert "trial_0000" in (search.results / "best.txt").read_text()


def test_with_failed_seed_runs_the_table_is_written_and_the_failure_is_in_it(
    searched_once: Path, tmp_path: Path
) -> None:
    search = make_search(tmp_path / "project")
    (search.path / "fails").write_text("trial_0000/seed_1")

    said = search.run(expected=1)

    rows = {row["trial"]: row for row in csv.DictReader((search.results / "search.csv").read_text().splitlines())}
    assert (rows["trial_0000"]["failed"], rows["trial_0000"]["rank"]) == ("1", "4")
    assert "1 trial has failed seed runs: trial_0000." in said
    assert json.loads((search.results / "best.json").read_text())["train_config"]["lrate"] == 0.2


def test_the_best_configuration_runs_as_it_is_in_the_next_experiment(search: SearchProject) -> None:
    (search.path / "next.yaml").write_text(
        json.dumps(
            {
                "meta_job_args": {
                    "project_name": "next",
                    "job_type": "single-experiment",
                    "base_train_fname": "train.py",
                    "base_train_config": "experiments/best.json",
                    "experiment_dir": "next/",
                }
            }
        )
    )

    done = search.mle("run", "next.yaml", "--profile", "local")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (search.path / "next" / "best" / "seed_0" / "log.h5").exists()


def test_a_failing_seed_blocks_nothing_and_the_same_command_tries_it_again(tmp_path: Path) -> None:
    search = make_search(tmp_path / "project")
    (search.path / "fails").write_text("trial_0001/seed_1 trial_0002/seed_0 trial_0002/seed_1")

    said = search.run(expected=1)

    assert "trial_0001 seed 1" in said
    assert "as it was told" in said
    table = (search.results / "results.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:3] for line in table if ",done," not in line] == [
        ["trial_0001", "1", "failed"],
        ["trial_0002", "0", "failed"],
        ["trial_0002", "1", "failed"],
    ]
    assert list(read_configuration_names(search.results / "results.h5")) == ["trial_0000", "trial_0001", "trial_0003"]
    assert read_configuration(search.results / "trial_0001" / "log.h5").seeds.tolist() == [0]
    assert (search.results / "report.html").exists()

    (search.path / "fails").unlink()
    search.run()

    assert search.runs_now() == {"train": 3, "merge": 2}
    assert len(read_configuration_names(search.results / "results.h5")) == 4
    assert read_configuration(search.results / "trial_0001" / "log.h5").seeds.tolist() == [0, 1]


def test_a_failing_seed_blocks_nothing_in_a_snakemake_that_is_started_by_hand(tmp_path: Path) -> None:
    search = make_search(tmp_path / "project")
    assert search.mle("generate").returncode == 0
    (search.path / "fails").write_text("trial_0001/seed_1")

    done = search.snakemake()

    assert done.returncode == 1
    table = (search.results / "results.csv").read_text().splitlines()[1:]
    assert len([line for line in table if ",done," in line]) == 7
    (search.path / "fails").unlink()
    assert search.snakemake().returncode == 0
    assert search.jobs_to_run() == {}
