"""Where results may go."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mistakes import swap

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.results_place import trouble_with_results_place


def test_a_folder_that_may_not_be_written_is_refused() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)

        with ordinary_user():
            trouble = trouble_with_results_place(folder / "results", "results", folder.parent / "exp.yaml", [])

    assert trouble == f"'results' is not writable: you have no write permission in '{folder}'."


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    trouble = trouble_with_results_place(tmp_path / ("x" * 300), "x…", tmp_path / "exp.yaml", [])

    assert trouble == "'x…' cannot be used: File name too long."


def test_a_folder_that_does_not_exist_yet_is_not_made(project: Path) -> None:
    load_plan("exp.yaml")

    assert not (project / "experiments").exists()


def test_the_folder_of_this_experiment_is_taken_again(project: Path) -> None:
    record(project / "experiments", load_plan("exp.yaml").to_json())

    assert load_plan("exp.yaml").seeds == tuple(range(10))


def test_the_folder_of_this_experiment_is_taken_again_after_the_project_has_moved(project: Path) -> None:
    record(project / "experiments", load_plan("exp.yaml").to_json())
    moved = project.rename(project.parent / "moved")

    assert load_plan(moved / "exp.yaml").seeds == tuple(range(10))


def test_results_reached_by_a_link_belong_to_this_experiment(project: Path) -> None:
    (project.parent / "scratch" / "deep").mkdir(parents=True)
    (project / "experiments").symlink_to(project.parent / "scratch" / "deep")
    record(project / "experiments", load_plan("exp.yaml").to_json())

    assert load_plan("exp.yaml").seeds == tuple(range(10))


def test_a_link_to_the_sources_swallows_them(project: Path) -> None:
    (project / "experiments").symlink_to(project / "ode")

    with pytest.raises(ExperimentFileError, match=r"also contains the script 'ode/run_ode_int.py'"):
        load_plan("exp.yaml")


def test_a_link_to_nowhere_is_said_to_be_one(project: Path) -> None:
    (project / "experiments").symlink_to("gone")

    with pytest.raises(ExperimentFileError, match=r"experiments'? is a broken link: 'gone' does not exist\."):
        load_plan("exp.yaml")


def test_links_in_a_circle_are_refused(project: Path) -> None:
    (project / "experiments").symlink_to(project / "around")
    (project / "around").symlink_to(project / "experiments")

    with pytest.raises(ExperimentFileError, match=r"exp.yaml:7: experiment_dir 'experiments' "):
        load_plan("exp.yaml")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"experiment_file": 3}', "[" * 100_000])
def test_a_damaged_record_holds_nobody(text: str, project: Path) -> None:
    (project / "experiments").mkdir()
    (project / "experiments" / "experiment.json").write_text(text)

    assert load_plan("exp.yaml").seeds == tuple(range(10))


def test_results_beside_the_sources_are_fine(project: Path) -> None:
    path = project / "exp.yaml"
    path.write_text(swap('"experiments/"', '"ode/results"')(path.read_text()))

    assert load_plan("exp.yaml").experiment_path == project / "ode" / "results"


def record(folder: Path, content: dict[str, object]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "experiment.json").write_text(json.dumps(content))


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be a user whom permissions bind, also when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    os.setresuid(nobody, nobody, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
