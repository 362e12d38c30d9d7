"""What git says of the code of a run is put on record truly, whoever started it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.seed_run.own_code import git_in_words
from tests.unit.seed_run.frozen_project import BEGIN, END, FrozenProject, git

KINDS = ["frozen", "as on disk"]


@pytest.fixture
def project(tmp_path: Path) -> FrozenProject:
    """A project in a repository of which only a file above it is committed."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(tmp_path, "init", "-q")
    (tmp_path / "README").write_text("")
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "-qm", "begin")
    project = FrozenProject(folder)
    project.write(train="import helper\n" + BEGIN + END, helper="")
    project.write_experiment()
    return project


def words(project: FrozenProject, kind: str) -> str:
    if kind == "frozen":
        project.store()
    assert project.run().returncode == 0
    return git_in_words(project.record())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_script_that_is_in_no_commit_is_said_to_be_so(project: FrozenProject, kind: str) -> None:
    said = words(project, kind)

    assert said == "the script is not in any commit"
    assert project.record().git_dirty is True
    assert project.record().git_untracked == ["helper.py", "train.py"]
    assert project.record().git_commit == git(project.path, "rev-parse", "HEAD")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_ran_was_committed(project: FrozenProject, kind: str) -> None:
    git(project.path, "add", "-A")
    git(project.path, "commit", "-qm", "all")
    project.write(another="nobody imports this")

    said = words(project, kind)

    assert said == git(project.path, "rev-parse", "HEAD")
    assert project.record().git_dirty is False


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ignored", ["", "helper.py\n"])
def test_an_imported_module_that_was_not_committed_counts(project: FrozenProject, kind: str, ignored: str) -> None:
    (project.path / ".gitignore").write_text(ignored)
    git(project.path, "add", "train.py", ".gitignore")
    git(project.path, "commit", "-qm", "all but one")

    said = words(project, kind)

    assert said == f"{git(project.path, 'rev-parse', 'HEAD')} with uncommitted changes"
    assert project.record().git_untracked == ["helper.py"]
