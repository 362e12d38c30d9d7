"""The wheel alone, in a fresh environment and an empty folder: what a user installs is complete."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOP_LEVEL = {"mle_cluster", "mle_toolbox", "snakemake_logger_plugin_mle", "snakemake_executor_plugin_mle_sge"}


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(clone)], cwd=clone)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _run(command: list[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    finished = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert finished.returncode == 0, f"{command} ended with {finished.returncode}:\n{finished.stdout}"
    return finished.stdout


@pytest.mark.parametrize("folder", ["workflow", "rules", "scripts", "profiles"])
def test_the_wheel_carries_every_file_of_the_root_folders(clone: Path, names: set[str], folder: str) -> None:
    at_the_root = {path.relative_to(clone) for path in (clone / folder).rglob("*") if path.is_file()}

    missing = {str(path) for path in at_the_root if f"mle_toolbox/_bundle/{path.as_posix()}" not in names}

    assert at_the_root
    assert missing == set()


def test_the_wheel_carries_every_file_of_the_package(clone: Path, names: set[str]) -> None:
    in_the_package = {
        path.relative_to(clone).as_posix()
        for folder in TOP_LEVEL
        for path in (clone / folder).rglob("*")
        if path.is_file()
    }

    assert in_the_package - names == set()
    assert {"mle_toolbox/py.typed", "mle_toolbox/templates/project/exp.yaml"} <= names


def test_the_wheel_carries_nothing_else(names: set[str]) -> None:
    roots = {name.split("/")[0] for name in names}

    assert {root for root in roots if not root.endswith(".dist-info")} == TOP_LEVEL
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_an_installed_wheel_runs_a_new_project_in_an_empty_folder(
    clone: Path, wheel: Path, bare_environment: Mapping[str, str], tmp_path: Path
) -> None:
    environment, folder = tmp_path / "environment", tmp_path / "empty"
    folder.mkdir()
    _run([sys.executable, "-m", "venv", str(environment)], cwd=folder)
    python, mle = str(environment / "bin" / "python"), str(environment / "bin" / "mle")
    constraints = str(clone / "constraints.txt")
    _run([python, "-m", "pip", "install", "-qq", "-c", constraints, str(wheel)], cwd=folder, env=bare_environment)

    _run([mle, "init", "demo"], cwd=folder, env=bare_environment)
    output = _run([mle, "run", "exp.yaml"], cwd=folder / "demo", env=bare_environment)

    results = folder / "demo" / "experiments"
    assert len(list(results.glob("*/seed_*/log.h5"))) == 6
    assert sorted(path.parent.name for path in results.glob("*/log.h5")) == ["large_steps", "small_steps"]
    assert (results / "results.h5").is_file()
    assert "small_steps" in output
    assert "large_steps" in output
