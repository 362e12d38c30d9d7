"""constraints.txt pins a whole installation, and says nothing about where packages come from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet


@pytest.fixture(scope="module")
def pinned(repository: Path) -> dict[str, str]:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(repository: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and lower bound of every requirement of pyproject.toml, those of the extras included."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in chain(project["dependencies"], *project["optional-dependencies"].values()):
        if not requirement.startswith("mle-toolbox"):
            name, bounds = re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", requirement).groups()  # type: ignore[union-attr]
            yield name, bounds


def test_every_requirement_is_pinned(repository: Path, pinned: dict[str, str]) -> None:
    names = {normalised(name) for name in pinned}

    assert [name for name, _ in required(repository) if normalised(name) not in names] == []


def test_every_requirement_has_a_lower_bound(repository: Path) -> None:
    assert [name for name, bounds in required(repository) if not bounds.startswith(">=")] == []


def test_only_versions_are_pinned(pinned: dict[str, str]) -> None:
    assert all(re.fullmatch(r"[0-9A-Za-z.+!]+", version) for version in pinned.values())
    assert {"mle-toolbox", "mle-toolbox-snakemake"}.isdisjoint(normalised(name) for name in pinned)


def test_what_is_pinned_runs_on_the_oldest_python_that_is_named(repository: Path, pinned: dict[str, str]) -> None:
    """A newer Python finds versions, when they are pinned, that an older one of the same 3.11 refuses."""
    needed = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    oldest = needed.removeprefix(">=") + ".0"

    refusing = [name for name in pinned if oldest not in SpecifierSet(_needed_python(name))]

    assert refusing == []


def _needed_python(name: str) -> str:
    try:
        return str(metadata(name).get("Requires-Python") or "")
    except PackageNotFoundError:  # for another system, or not among what is installed here
        return ""


def test_no_message_installs_the_original(repository: Path) -> None:
    """`pip install mle-toolbox` takes the original from PyPI, which replaces this package."""
    folders = [
        "mle_toolbox",
        "snakemake_executor_plugin_mle_sge",
        "snakemake_executor_plugin_mle_slurm",
        "snakemake_logger_plugin_mle",
        "snakemake_scheduler_plugin_mle",
        "workflow",
        "profiles",
    ]
    files = [path for folder in folders for path in (repository / folder).rglob("*") if path.suffix in (".py", ".yaml")]

    original = re.compile(r"pip install[^\n]*mle-toolbox(?!-)\b|^ *- mle-toolbox$", re.MULTILINE)
    wrong = [str(path) for path in files if original.search(path.read_text(encoding="utf-8"))]

    assert len(files) > 100
    assert wrong == []
