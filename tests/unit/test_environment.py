"""Which Python runs the seed runs."""

import os
from pathlib import Path

import pytest

from mle_toolbox.environment import Environment, find_environment


@pytest.fixture(autouse=True)
def no_conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONDA_EXE", "CONDA_DEFAULT_ENV", "CONDA_ENVS_DIRS", "CONDA_ENVS_PATH", "MAMBA_ROOT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def make_environment(prefix: Path) -> Path:
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").touch()
    return prefix


def test_no_name_means_the_current_python_without_a_word() -> None:
    assert find_environment(None) == Environment(None, None)


def test_a_machine_without_conda_is_said_to_be_one() -> None:
    found = find_environment("lab")

    assert found.prefix is None
    assert found.notice is not None
    assert "there is no conda on this machine, so the current Python runs" in found.notice


def test_an_environment_that_conda_has_noted_is_found(tmp_path: Path) -> None:
    prefix = make_environment(tmp_path / "somewhere" / "lab")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_text(f"{tmp_path / 'other'}\n{prefix}\n")

    assert find_environment("lab") == Environment(prefix, None)


def test_an_environment_beside_the_conda_command_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = make_environment(tmp_path / "miniforge" / "envs" / "lab")
    monkeypatch.setenv("CONDA_EXE", os.fspath(tmp_path / "miniforge" / "bin" / "conda"))

    assert find_environment("lab").prefix == prefix


def test_an_environment_that_conda_does_not_have_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_EXE", "/nowhere/bin/conda")

    notice = find_environment("lab").notice

    assert notice is not None
    assert "'lab': there is no such conda environment" in notice


def test_the_environment_that_is_active_needs_no_looking_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "lab")

    assert find_environment("lab") == Environment(None, None)
