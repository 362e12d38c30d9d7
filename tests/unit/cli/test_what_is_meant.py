"""Which experiment a command means that names none, or only a folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mistakes import copy_reference_project

from mle_toolbox.cli.files import find_experiment
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose experiment file is not called exp.yaml, with a results folder."""
    project = copy_reference_project(tmp_path / "project")
    (project / "exp.yaml").rename(project / "grid.yaml")
    (project / "other.yaml").write_text("a: 1\n")
    results = ExperimentFolder(project / "experiments")
    results.seed_run("a", 0).path.mkdir(parents=True)
    results.record.write_text("{}")
    return project


@pytest.mark.parametrize("folder", ["experiments", "experiments/a/seed_0"])
def test_within_a_results_folder_it_is_that_one(project: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / folder)

    meant = find_experiment(None)

    assert isinstance(meant, ExperimentFolder)
    assert meant.path.resolve() == project / "experiments"


@pytest.mark.parametrize(("folder", "given"), [(".", None), (".", "."), ("experiments", ".."), ("/", None)])
def test_the_only_experiment_file_of_a_folder_stands_for_it(
    project: Path, folder: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / folder)
    named = project if folder == "/" else given and Path(given)

    meant = find_experiment(named or None)

    assert isinstance(meant, Plan)
    assert meant.experiment_file.name == "grid.yaml"


def test_of_several_none_is_chosen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "more.yaml").write_text((project / "grid.yaml").read_text())
    monkeypatch.chdir(project)

    with pytest.raises(ResultsError, match="but there are grid\\.yaml and more\\.yaml\\. Name one of them"):
        find_experiment(None)


def test_elsewhere_in_the_project_its_experiment_file_is_suggested(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "ode")

    with pytest.raises(ResultsError, match=re.escape("Did you mean ../grid.yaml?")):
        find_experiment(None)
