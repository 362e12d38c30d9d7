"""The master daemon dies and is started again: while tasks run, while they end, and while they are to be submitted."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from cluster_project import EXEC_DAEMON, kill_at_once, wait_until, without_master
from mle_project import Project, edit_profile

pytestmark = [pytest.mark.sge, pytest.mark.slow, pytest.mark.alone]

Queue = Callable[[], dict[tuple[int, int], str]]

# Beyond the moment at which the driver has noticed.
A_MOMENT = pytest.param(0, id="a moment")
A_MINUTE = pytest.param(60, id="a minute", marks=pytest.mark.soak)
for_a_while = pytest.mark.parametrize("seconds", [A_MOMENT, A_MINUTE])


def begin(experiment: Project, **settings: str) -> subprocess.Popen[bytes]:
    """Start a driver that asks the scheduler often, and wait until all of its seed runs have started."""
    edit_profile(experiment, query_seconds="1", **settings)
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    return run


def is_noticed(experiment: Project) -> bool:
    """Tell whether the driver has said that it gets no answer."""
    return "The scheduler does not answer" in _heard(experiment)


def _heard(experiment: Project) -> str:
    return "".join(path.read_text() for path in (experiment.results / ".driver").glob("*.log"))


@pytest.mark.parametrize("seconds", [A_MINUTE])
def test_tasks_that_run_on_without_a_scheduler_are_found_again(
    experiment: Project, grid_engine: Path, queue: Queue, seconds: float
) -> None:
    run = begin(experiment)

    with without_master(grid_engine):
        wait_until(lambda: is_noticed(experiment), 60)
        time.sleep(seconds)
    assert run.poll() is None, experiment.said()
    experiment.let_go()

    assert run.wait(timeout=360) == 0, experiment.said()
    assert experiment.started() == ["a 0", "a 1", "b 0", "b 1"]
    wait_until(lambda: queue() == {}, 60)


@for_a_while
def test_tasks_that_end_without_a_scheduler_are_taken_for_what_they_are(
    experiment: Project, grid_engine: Path, queue: Queue, seconds: float
) -> None:
    run = begin(experiment)

    with without_master(grid_engine):
        wait_until(lambda: is_noticed(experiment), 60)
        time.sleep(seconds)
        experiment.let_go()
        assert run.wait(timeout=360) == 0, experiment.said()

    assert experiment.started() == ["a 0", "a 1", "b 0", "b 1"]
    wait_until(lambda: queue() == {}, 60)


@for_a_while
def test_a_task_that_is_killed_without_a_scheduler_is_told_when_it_is_back(
    experiment: Project, grid_engine: Path, seconds: float
) -> None:
    run = begin(experiment, patience_seconds="2")

    with without_master(grid_engine):
        wait_until(lambda: is_noticed(experiment), 60)
        kill_task()
        experiment.let_go()
        time.sleep(seconds)

    assert run.wait(timeout=360) == 1, experiment.said()
    pattern = r"\(train configuration=(\w) seed=(\d)\) was killed on \S+ \(exit status 137"
    # At once, and again at the end.
    [told] = set(re.findall(pattern, experiment.said()))
    again = experiment.mle("run", "exp.yaml")
    assert again.returncode == 0, again.stderr
    assert experiment.started() == sorted(["a 0", "a 1", "b 0", "b 1", " ".join(told)])


def kill_task() -> None:
    """Kill all processes of one task, so that it can write nothing down itself."""
    shepherd = min(psutil.Process(int(EXEC_DAEMON.read_text())).children(), key=lambda process: process.pid)
    kill_at_once(shepherd.children(recursive=True))


@for_a_while
def test_what_cannot_be_submitted_without_a_scheduler_is_submitted_when_it_is_back(
    experiment: Project, grid_engine: Path, seconds: float
) -> None:
    experiment.let_go()
    with without_master(grid_engine):
        run = experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
        wait_until(lambda: "4 tasks wait and are submitted later" in _heard(experiment), 120)
        time.sleep(seconds)

    assert run.wait(timeout=360) == 0, experiment.said()
    assert experiment.started() == ["a 0", "a 1", "b 0", "b 1"]
