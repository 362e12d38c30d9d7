"""On Grid Engine too: what was told to end is stopped, whatever its script makes of that, and is told once."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest
from cluster_project import wait_until
from mle_project import Project, edit_profile

from tests.workflow.endings import all_train, signals_heard, write_endings

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


def interrupt(project: Project, queue: Queue) -> None:
    project.begun[-1].send_signal(signal.SIGINT)


def stop(project: Project, queue: Queue) -> None:
    stopped = project.mle("stop")
    assert "Stopped: 1 driver, 5 tasks.\n" in stopped.stdout, stopped.stdout


def delete(project: Project, queue: Queue) -> None:
    subprocess.run(["qdel", *{str(job) for job, _ in queue()}], check=True, capture_output=True)


@pytest.fixture
def stoppable(experiment: Project) -> Project:
    """A project of five configurations, each with another manner of ending."""
    write_endings(experiment)
    return experiment


def begin(project: Project, *command: str) -> None:
    project.begin(*command)
    wait_until(lambda: all_train(project), 90)


@pytest.mark.parametrize("way", [interrupt, stop, delete])
def test_seed_runs_that_are_deleted_are_stopped_and_told_once(
    stoppable: Project, queue: Queue, way: Callable[..., None]
) -> None:
    begin(stoppable, "mle_toolbox", "run", "exp.yaml")

    way(stoppable, queue)
    status = stoppable.begun[-1].wait(timeout=360)
    said, statuses, told = stoppable.said(), stoppable.statuses(), signals_heard(stoppable)
    (stoppable.path / "go").touch()
    again = stoppable.mle("run", "exp.yaml")

    assert statuses == ["stopped"] * 5
    assert status == (1 if way is delete else 130), said
    assert "0 of 5 seed runs done, 5 stopped." in said
    assert told == dict.fromkeys(told, "SIGUSR2\n")
    assert again.returncode == 0, again.stderr


def test_without_a_notice_whoever_deletes_them_puts_them_down_as_stopped(stoppable: Project, queue: Queue) -> None:
    edit_profile(stoppable, notice_seconds="0")
    begin(stoppable, "mle_toolbox", "run", "exp.yaml")

    interrupt(stoppable, queue)
    stoppable.begun[-1].wait(timeout=360)

    assert stoppable.statuses() == ["stopped"] * 5
    assert "0 of 5 seed runs done, 5 stopped." in stoppable.said()
