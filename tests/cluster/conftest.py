"""A real Grid Engine for the tests marked `sge`, and projects to run on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mle_project import Project as MleProject
from mle_project import new_project
from sge_project import Project, wait_until

from mle_cluster.grid_engine import commands

SCRIPT = Path(__file__).with_name("grid_engine.sh")
STARTED_BY_TESTS = Path("/var/run/mle-test-cluster/by-tests")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the Grid Engine that the tests started, once all workers are through."""
    if not hasattr(session.config, "workerinput") and STARTED_BY_TESTS.exists():
        subprocess.run([SCRIPT, "stop"], check=False)


@pytest.fixture
def grid_engine() -> Iterator[Path]:
    """A Grid Engine whose queue accepts jobs, for one test at a time; answers with the script that controls it."""
    lock = Path(tempfile.gettempdir()) / "mle-test-cluster.lock"
    with lock.open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        _start()
        yield SCRIPT
        _wait_until_empty()


def _start() -> None:
    if subprocess.run([SCRIPT, "status"], check=False).returncode == 0:
        return
    if os.geteuid() != 0 or shutil.which("sge_qmaster") is None:
        pytest.skip(f"tests on a Grid Engine are left out: none answers. On Debian, as root: {SCRIPT.name} start")
    subprocess.run([SCRIPT, "start"], check=True)
    STARTED_BY_TESTS.touch()


def _wait_until_empty() -> None:
    tasks = {job for job, _ in commands.states()}
    commands.delete(dict.fromkeys(tasks))
    wait_until(lambda: not commands.states(), 30)


@pytest.fixture
def project(tmp_path: Path, grid_engine: Path) -> Iterator[Project]:
    """An empty project folder on a machine with Grid Engine."""
    project = Project(tmp_path)
    yield project
    for driver in project.drivers:
        if driver.process.poll() is None:
            driver.kill()


@pytest.fixture
def experiment(tmp_path: Path, grid_engine: Path) -> Iterator[MleProject]:
    """A project of four seed runs that end when they are let go."""
    project = new_project(tmp_path / "project")
    yield project
    project.end()


@pytest.fixture
def queue() -> Callable[[], dict[tuple[int, int], str]]:
    """What is in the queue now."""
    return commands.states
