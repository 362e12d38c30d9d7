"""The example and the project of `mle init` are valid, run, and give the same numbers for the same seed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox import load
from mle_toolbox.experiment_file.json_file import read_json
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.yaml_file import read_yaml
from mle_toolbox.results import SeedResults

PROJECTS = {
    "digits": (Path("examples/digits"), 3 * 5),
    "search": (Path("examples/search"), 4 * 4 * 2),
    "tasks": (Path("examples/tasks"), 3 * 4 * 10),
    "mle init": (Path("mle_toolbox/templates/project"), 2 * 3),
    "reference": (Path(), 2 * 10),
}


def shortened(source: Path, target: Path, **settings: int) -> Path:
    """Write a configuration with other training settings."""
    content = dict(read_json(source) if source.suffix == ".json" else read_yaml(source).data)
    content["train_config"] = {**content["train_config"], **settings}
    target.write_text(json.dumps(content), encoding="utf-8")
    return target


def run_by_hand(project: Path, configuration: Path, seed: int, results: Path) -> None:
    arguments = ["-config", str(configuration), "-seed", str(seed), "-exp_dir", str(results)]
    subprocess.run([sys.executable, "train.py", *arguments], cwd=project, check=True, capture_output=True, timeout=120)


def load_seed(path: Path) -> SeedResults:
    run = load(path)
    assert isinstance(run, SeedResults)
    return run


@pytest.fixture
def project(repository: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder, _ = PROJECTS[request.param]
    return Path(
        shutil.copytree(repository / folder, tmp_path / "project", ignore=shutil.ignore_patterns("experiments"))
    )


@pytest.mark.parametrize("name", PROJECTS)
def test_the_experiment_file_is_valid(repository: Path, name: str) -> None:
    folder, seed_runs = PROJECTS[name]

    plan = load_plan(repository / folder / "exp.yaml")

    assert len(plan.seed_runs) == seed_runs


@pytest.mark.parametrize(
    ("project", "configuration", "settings"),
    [
        ("digits", "wide.json", {"num_updates": 40}),
        ("mle init", "small_steps.json", {"num_steps": 40}),
        ("search", "base.yaml", {"num_epochs": 2}),
        ("tasks", "forest_iris.yaml", {}),
    ],
    indirect=["project"],
)
def test_a_seed_gives_the_same_numbers_again_and_another_seed_others(
    project: Path, configuration: str, settings: dict[str, int]
) -> None:
    short = shortened(project / "configs" / configuration, project / "short.json", **settings)
    for results, seed in [("first", 3), ("second", 3), ("second", 4)]:
        run_by_hand(project, short, seed, project / results)

    first, again, other = (
        load_seed(project / path) for path in ("first/short/seed_3", "second/short/seed_3", "second/short/seed_4")
    )

    for name in first.metrics:
        np.testing.assert_array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])


@pytest.mark.slow
@pytest.mark.parametrize("project", ["digits"], indirect=True)
def test_the_digits_are_learnt(project: Path) -> None:
    run_by_hand(project, project / "configs" / "momentum.json", 0, project / "results")

    run = load_seed(project / "results" / "momentum" / "seed_0")

    assert run.status == "done"
    assert run["test_accuracy"][0] < 0.3
    assert run["test_accuracy"][-1] > 0.95
    assert run["train_loss"][-1] < run["train_loss"][0] / 10
    assert (project / "results" / "momentum" / "seed_0" / "models" / "final.npz").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("project", ["search"], indirect=True)
def test_the_search_starts_from_a_network_that_learns(project: Path) -> None:
    run_by_hand(project, project / "configs" / "base.yaml", 0, project / "results")

    run = load_seed(project / "results" / "base" / "seed_0")

    assert run.status == "done"
    assert run["validation_accuracy"][-1] > 0.9
    assert run["validation_loss"][-1] < run["validation_loss"][0] / 2


def test_the_trials_of_the_search_are_its_grid_by_name(repository: Path) -> None:
    plan = load_plan(repository / "examples" / "search" / "exp.yaml")

    trials = [each.trial.values for each in plan.configurations if each.trial is not None]

    assert trials[:2] == [
        {"learning_rate": 0.01, "model:hidden_units": 8},
        {"learning_rate": 0.01, "model:hidden_units": 16},
    ]
    assert plan.configurations[-1].content["train_config"]["learning_rate"] == 0.3
    assert plan.configurations[-1].content["model_config"]["hidden_units"] == 64
    assert plan.search is not None
    assert plan.search.notices == ()
