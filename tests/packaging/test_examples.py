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
from mle_toolbox.results import SeedResults

PROJECTS = {
    "digits": (Path("examples/digits"), 3 * 5),
    "mle init": (Path("mle_toolbox/templates/project"), 2 * 3),
    "reference": (Path(), 2 * 10),
}


def shortened(source: Path, target: Path, **settings: int) -> Path:
    """Write a configuration with other training settings."""
    content = dict(read_json(source))
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
        ("digits", "wide", {"num_updates": 40}),
        ("mle init", "small_steps", {"num_steps": 40}),
    ],
    indirect=["project"],
)
def test_a_seed_gives_the_same_numbers_again_and_another_seed_others(
    project: Path, configuration: str, settings: dict[str, int]
) -> None:
    short = shortened(project / "configs" / f"{configuration}.json", project / "short.json", **settings)
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
