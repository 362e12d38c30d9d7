"""A real Grid Engine for the tests marked `sge`, and projects to run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from mle_project import Project as MleProject
from mle_project import new_project
from sge_project import Project, states_of, wait_until

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import TaskId
from tests.cluster_turn import GRID_ENGINE, cluster_turn

SCRIPT = Path(__file__).with_name("grid_engine.sh")
STARTED_BY_TESTS = Path("/var/run/mle-test-cluster/by-tests")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the Grid Engine that the tests started, once all workers are through."""
    if not hasattr(session.config, "workerinput") and STARTED_BY_TESTS.exists():
        subprocess.run([SCRIPT, "stop"], check=False)


@pytest.fixture
def grid_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A Grid Engine whose queues accept jobs; answers with the script that controls it.

    Tests share it, each with its own tasks (`queue`), but for those marked `alone`.
    """
    alone = request.node.get_closest_marker("alone") is not None
    with cluster_turn(GRID_ENGINE, alone=alone, start=_start):
        if alone:
            _empty()
        yield SCRIPT
        # What goes on is nobody's: another test has tasks of its own, and one that is alone empties the queue first.
        _delete(states_of(tmp_path))
        if alone:
            _empty()


def _start() -> None:
    if subprocess.run([SCRIPT, "status"], check=False).returncode == 0:
        return
    if os.geteuid() != 0 or shutil.which("sge_qmaster") is None:
        pytest.skip(f"tests on a Grid Engine are left out: none answers. On Debian, as root: {SCRIPT.name} start")
    subprocess.run([SCRIPT, "start"], check=True)
    STARTED_BY_TESTS.touch()


def _empty() -> None:
    _delete(commands.states())
    wait_until(lambda: not commands.states(), 30)


def _delete(tasks: Iterable[TaskId]) -> None:
    commands.delete(dict.fromkeys(job for job, _ in tasks))


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
def queue(tmp_path: Path) -> Callable[[], dict[tuple[int, int], str]]:
    """What this test has in the queue now."""
    return lambda: states_of(tmp_path)
