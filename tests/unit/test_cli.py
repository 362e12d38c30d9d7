"""The command line itself: what it says to a wrong command, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox import __version__
from mle_toolbox.cli import generate_main, main
from tests.mistakes import MISTAKES, Mistake, copy_reference_project


def mle(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mle_toolbox", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_in_a_file_ends_with_its_message_and_starts_nothing(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_reference_project(tmp_path)
    mistake.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    statuses = [main(["run", "exp.yaml"]), generate_main(["exp.yaml"])]

    output = capsys.readouterr()
    assert statuses == [2, 2]
    assert output.err == 2 * (mistake.message + "\n")
    assert output.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_command_suggests_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["stauts"])

    assert status == 2
    assert capsys.readouterr().err == "mle: there is no command 'stauts'. Did you mean 'status'?\n"


def test_a_missing_experiment_file_is_one_line(tmp_path: Path) -> None:
    outcome = mle("run", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("exp.yaml: ")


def test_status_without_an_experiment_says_what_to_give(tmp_path: Path) -> None:
    outcome = mle("status", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr == (
        "There is no exp.yaml in this folder. Say which experiment is meant: its experiment file or its results "
        "folder.\n"
    )


def test_status_before_anything_was_started_says_so(tmp_path: Path) -> None:
    copy_reference_project(tmp_path)

    outcome = mle("status", cwd=tmp_path)

    assert outcome.returncode == 2
    assert "no experiment has been started here" in outcome.stderr


def test_init_never_writes_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()

    outcome = mle("init", "mine", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr == "mine is not empty. Give the name of a new folder.\n"
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_init_says_what_to_type_next(tmp_path: Path) -> None:
    outcome = mle("init", "my project", cwd=tmp_path)

    assert outcome.returncode == 0
    assert outcome.stdout.splitlines()[-1] == "next: cd 'my project' && mle run exp.yaml"
    assert (tmp_path / "my project" / "exp.yaml").is_file()


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert mle("--version", cwd=tmp_path).stdout == f"mle-toolbox {__version__}\n"


def test_the_help_of_every_command_is_printed(tmp_path: Path) -> None:
    for command in ("run", "status", "logs", "init", "generate"):
        outcome = mle(command, "--help", cwd=tmp_path)

        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stdout.startswith(f"usage: mle {command}")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m mle_toolbox --help | head -n 1"

    outcome = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert outcome.stdout.startswith("usage: mle")
    assert outcome.stderr == ""
