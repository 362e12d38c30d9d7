"""A disk that gets full under a running experiment: said without a traceback, and the same command goes on later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

import mle_toolbox
from tests.small_disk import MAY_MOUNT, assert_goes_on_with_room, finished_logs, remount, small_disk
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def before(project: Project) -> Iterator[list[str]]:
    """Make the results folder of the project a place with little room; yields what is typed before a command."""
    project.results.mkdir()
    if not MAY_MOUNT:
        yield ["bash", "-c", 'ulimit -f 60; exec "$@"', "-"]
        return
    with small_disk(project.results, "300k"):
        yield []


def run(project: Project, before: list[str]) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "mle_toolbox", "run", "--profile", "local"]
    return subprocess.run(command, cwd=project.path, capture_output=True, text=True, timeout=300, check=False)


def set_ticks(project: Project, number: int) -> None:
    for file in ("a.json", "b.json"):
        path = project.path / file
        path.write_text(path.read_text().replace('"num_steps": 5', f'"num_steps": {number}'))


def make_room(project: Project) -> None:
    if MAY_MOUNT:
        remount(project.results, "size=50m")


def test_a_full_disk_is_said_and_with_room_the_same_command_finishes(project: Project, before: list[str]) -> None:
    set_ticks(project, 3000)

    full = run(project, before)
    finished = finished_logs(project.results)
    make_room(project)
    again = run(project, [])

    assert_goes_on_with_room(full, again, finished)
    results = mle_toolbox.load(project.results)
    for name in ("a", "b"):
        assert results[name].lengths.tolist() == [3000] * 3


def read_only(project: Project, on: bool) -> None:
    if MAY_MOUNT:
        remount(project.results, "ro" if on else "rw")
    else:
        project.results.chmod(0o555 if on else 0o755)


def test_a_results_folder_that_cannot_be_written_is_said_at_once_and_can_be_read(
    project: Project, before: list[str]
) -> None:
    make_room(project)
    assert run(project, []).returncode == 0
    read_only(project, on=True)

    outcome = run(project, [])
    status = project.mle("status")
    read_only(project, on=False)

    # Root may write where nobody else may, unless the whole file system is read-only.
    if MAY_MOUNT or os.geteuid() != 0:
        assert outcome.returncode == 2
        assert outcome.stderr.startswith("exp.yaml:5: experiment_dir 'experiments' is not writable")
        assert outcome.stderr.count("\n") == 1
    assert "6 of 6 seed runs done" in status.stdout
