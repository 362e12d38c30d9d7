"""A real Grid Engine for the tests marked `sge`, a real Slurm for those marked `slurm`, and projects to run on them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from cluster_project import Project, slurm_states_of, states_of, wait_until
from mle_project import Project as MleProject
from mle_project import new_project

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import TaskId
from tests import hidden_commands
from tests.cluster_turn import GRID_ENGINE, SLURM, cluster_turn

SCRIPT = Path(__file__).with_name("grid_engine.sh")
SLURM_SCRIPT = Path(__file__).with_name("slurm.sh")
STARTED_BY_TESTS = {
    SCRIPT: Path("/var/run/mle-test-cluster/by-tests"),
    SLURM_SCRIPT: Path("/var/run", SLURM, "by-tests"),
}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the schedulers that the tests started, once all workers are through."""
    for script, mark in STARTED_BY_TESTS.items():
        if not hasattr(session.config, "workerinput") and mark.exists():
            subprocess.run([script, "stop"], check=False)


@pytest.fixture
def grid_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A Grid Engine whose queues accept jobs; answers with the script that controls it.

    Tests share it, each with its own tasks (`queue`), but for those marked `alone`.
    """
    alone = request.node.get_closest_marker("alone") is not None
    with cluster_turn(GRID_ENGINE, alone=alone, start=lambda: _start(SCRIPT, "sge_qmaster", "Grid Engine")):
        if alone:
            _empty()
        yield SCRIPT
        # What goes on is nobody's: another test has tasks of its own, and one that is alone empties the queue first.
        _delete(states_of(tmp_path))
        if alone:
            _empty()


@pytest.fixture
def slurm(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with Slurm and nothing else; answers with the script that controls it."""
    alone = request.node.get_closest_marker("alone") is not None
    with cluster_turn(SLURM, alone=alone, start=lambda: _start(SLURM_SCRIPT, "slurmctld", "Slurm")):
        monkeypatch.setenv("PATH", hidden_commands.path_without(hidden_commands.GRID_ENGINE))
        if number := os.environ.get("MLE_SLURM_NUMBER"):
            monkeypatch.setenv("SLURM_CONF", f"/etc/slurm-{number}/slurm.conf")
        if alone:
            subprocess.run(["scancel", "--user=root"], check=True)
            wait_until(lambda: not slurm_states_of(Path("/")), 30)
        yield SLURM_SCRIPT
        if left := {str(job) for job, _ in slurm_states_of(tmp_path)}:
            subprocess.run(["scancel", *left], check=False)


def _start(script: Path, daemon: str, name: str) -> None:
    if subprocess.run([script, "status"], check=False).returncode == 0:
        return
    if os.geteuid() != 0 or shutil.which(daemon, path=f"/usr/sbin:{os.environ['PATH']}") is None:
        pytest.skip(f"tests on a {name} are left out: none answers. On Debian, as root: {script.name} start")
    mark = STARTED_BY_TESTS[script]
    was_there = mark.parent.exists()  # and a test has left it without a node, say
    subprocess.run([script, "start"], check=True)
    if not was_there:
        mark.touch()


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
def slurm_project(tmp_path: Path, slurm: Path) -> Iterator[Callable[[str], Project]]:
    """A function that makes a folder for a Snakefile, on a machine with Slurm."""
    made: list[Project] = []

    def make(name: str) -> Project:
        made.append(Project(tmp_path / name, "slurm"))
        made[-1].path.mkdir()
        return made[-1]

    yield make
    for driver in (driver for project in made for driver in project.drivers):
        if driver.process.poll() is None:
            driver.kill()


@pytest.fixture
def slurm_queue(tmp_path: Path, slurm: Path) -> Callable[[], dict[tuple[int, int], str]]:
    """What this test has in the queue of Slurm now."""
    return lambda: slurm_states_of(tmp_path)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> str:
    """The profile of the only cluster that this machine has: Grid Engine, or what a test asks for (`both_clusters`)."""
    profile: str = getattr(request, "param", "sge")
    request.getfixturevalue({"sge": "grid_engine", "slurm": "slurm"}[profile])
    return profile


@pytest.fixture
def experiment(tmp_path: Path, cluster: str) -> Iterator[MleProject]:
    """A project of four seed runs that end when they are let go."""
    project = new_project(tmp_path / "project", cluster)
    yield project
    project.end()


@pytest.fixture
def queue(tmp_path: Path, cluster: str) -> Callable[[], dict[tuple[int, int], str]]:
    """What this test has in the queue now."""
    return lambda: {"sge": states_of, "slurm": slurm_states_of}[cluster](tmp_path)
