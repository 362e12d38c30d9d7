"""The wheel alone, in a fresh environment and an empty folder: what a user installs is complete."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

TOP_LEVEL = {
    *("mle_command.py", "mle_cluster", "mle_toolbox"),
    *("snakemake_logger_plugin_mle", "snakemake_scheduler_plugin_mle"),
    *("snakemake_executor_plugin_mle_sge", "snakemake_executor_plugin_mle_slurm"),
}


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
        for name in TOP_LEVEL
        for path in (clone / name, *(clone / name).rglob("*"))
        if path.is_file()
    }

    assert in_the_package - names == set()
    assert {"mle_toolbox/py.typed", "mle_toolbox/templates/project/exp.yaml"} <= names


def test_the_wheel_carries_nothing_else(names: set[str]) -> None:
    roots = {name.split("/")[0] for name in names}

    assert {root for root in roots if not root.endswith(".dist-info")} == TOP_LEVEL
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The programs of a fresh environment with the wheel, what it requires, and nothing else.

    pip takes the wheel alone. What it requires is linked from the environment of the tests, which has the versions of
    constraints.txt too, and pip says whether anything is missing. test_readme.py lets pip find and fetch all of it.
    """
    environment = tmp_path / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)], cwd=tmp_path)
    [packages] = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        needed = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    for each in _with_what_they_need(map(Requirement, needed)):
        _link(each, packages)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "--disable-pip-version-check"]
    _run([*pip, "install", "-qq", "--no-deps", "--no-index", str(wheel)], cwd=tmp_path)
    _run([*pip, "check"], cwd=tmp_path)
    return environment / "bin"


def _with_what_they_need(requirements: Iterable[Requirement]) -> list[Distribution]:
    """Find distributions, and those that they need themselves, in the environment of the tests."""
    found: dict[tuple[str, str], Distribution] = {}
    asked = [(each, "") for each in requirements]
    while asked:
        requirement, extra = asked.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            key = (canonicalize_name(requirement.name), wanted)
            if key not in found:
                found[key] = distribution(requirement.name)
                asked += [(Requirement(each), wanted) for each in found[key].requires or ()]
    return list(found.values())


def _link(installed: Distribution, packages: Path) -> None:
    """Put a distribution into another environment, its bytecode included; its programs are not needed."""
    for file in installed.files or ():
        source = Path(str(file.locate()))
        if ".." in file.parts or not source.exists():
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        pairs = [(source, target)]
        pairs += [
            (each, target.parent / "__pycache__" / each.name)
            for each in source.parent.glob(f"__pycache__/{source.stem}.*.pyc")
            if source.suffix == ".py"
        ]
        for here, there in pairs:
            there.parent.mkdir(exist_ok=True)
            if there.exists():
                continue
            try:
                there.hardlink_to(here)
            except OSError:  # on another file system
                shutil.copy2(here, there)


def test_an_installed_wheel_runs_a_new_project_in_an_empty_folder(
    installed: Path, bare_environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder, mle = tmp_path / "empty", str(installed / "mle")
    folder.mkdir()

    _run([mle, "init", "demo"], cwd=folder, env=bare_environment)
    output = _run([mle, "run", "exp.yaml"], cwd=folder / "demo", env=bare_environment)

    results = folder / "demo" / "experiments"
    assert len(list(results.glob("*/seed_*/log.h5"))) == 6
    assert sorted(path.parent.name for path in results.glob("*/log.h5")) == ["large_steps", "small_steps"]
    assert (results / "results.h5").is_file()
    assert "small_steps" in output
    assert "large_steps" in output
