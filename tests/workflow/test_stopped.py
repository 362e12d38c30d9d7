"""A seed run that somebody told to end is stopped, whatever its script makes of it, and is told once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

import mle_toolbox
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record
from tests.workflow.conftest import Project, wait_for
from tests.workflow.endings import NAMES, all_train, signals_heard, write_endings

pytestmark = pytest.mark.slow


def interrupt(project: Project, driver: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, or the end of a terminal, at `mle run`, which has handed its Snakemake another session."""
    driver.send_signal(signal.SIGINT)


def terminate_the_group_as_timeout_does(project: Project, driver: subprocess.Popen[bytes]) -> None:
    """Once the command and once its group, at the same moment."""
    driver.send_signal(signal.SIGTERM)
    time.sleep(0.02)
    os.killpg(driver.pid, signal.SIGTERM)


def hang_up(project: Project, driver: subprocess.Popen[bytes]) -> None:
    """The shell and the system each tell the group, one after the other."""
    os.killpg(driver.pid, signal.SIGHUP)
    time.sleep(0.02)
    os.killpg(driver.pid, signal.SIGHUP)


def stop(project: Project, driver: subprocess.Popen[bytes]) -> None:
    assert project.mle("stop").returncode == 0


def stop_what_a_killed_driver_left(project: Project, driver: subprocess.Popen[bytes]) -> None:
    victims = [psutil.Process(driver.pid)]
    if (lock := project.results / ".driver" / "lock").exists():
        victims.append(psutil.Process(json.loads(lock.read_text())["snakemake"]))
    for victim in victims:
        victim.kill()
    stop(project, driver)


def interrupt_the_group(project: Project, driver: subprocess.Popen[bytes]) -> None:
    """Ctrl-C in the terminal of a Snakemake that was typed by hand."""
    os.killpg(driver.pid, signal.SIGINT)


MLE = ("mle_toolbox", "run", "exp.yaml", "--cores", "5")
SNAKEMAKE = ("snakemake", "--profile", "local", "--cores", "5", "--max-jobs-per-timespan", "100000/1s")


@pytest.fixture
def stoppable(project: Project) -> Project:
    """A project of five configurations, each with another manner of ending."""
    write_endings(project)
    path = project.path / "exp.yaml"
    # What the user has stopped is not tried again at once.
    path.write_text(path.read_text().replace("single_job_args:\n", "single_job_args:\n    retries: 2\n"))
    project.mle("generate", "exp.yaml")
    return project


@pytest.mark.parametrize(
    ("command", "way", "by"),
    [
        (MLE, interrupt, "SIGINT"),
        (MLE, terminate_the_group_as_timeout_does, "SIGINT"),
        pytest.param(MLE, hang_up, "SIGINT", marks=pytest.mark.soak),
        (MLE, stop, "SIGINT"),
        (MLE, stop_what_a_killed_driver_left, "SIGTERM"),
        (SNAKEMAKE, interrupt_the_group, "SIGINT"),
        pytest.param(SNAKEMAKE, stop, "SIGINT", marks=pytest.mark.soak),
    ],
)
def test_what_was_told_to_end_is_stopped_and_told_once_and_runs_again(
    stoppable: Project, command: tuple[str, ...], way: Callable[..., None], by: str
) -> None:
    driver = begin(stoppable, *command)

    way(stoppable, driver)
    driver.wait(timeout=120)
    left = {name: record_of(stoppable, name) for name in NAMES}
    told = signals_heard(stoppable)
    saved = {name for name in NAMES if (stoppable.path / f"saved_{name}").exists()}
    done = list(stoppable.results.glob("*/seed_0/.done")) + list(stoppable.results.glob("*/seed_0/log.h5*"))
    (stoppable.path / "go").touch()
    again = stoppable.mle("run", "exp.yaml", "--cores", "5")

    assert {name: record.status for name, record in left.items()} == dict.fromkeys(NAMES, "stopped")
    assert {record.attempt for record in left.values()} == {1}
    assert all(f"stopped after 3 ticks ({by}: " in (record.reason or "") for record in left.values())
    assert told == dict.fromkeys(told, f"{by}\n")
    # A signal that came twice would have cut the saving short. SIGTERM ends what does not listen.
    assert saved == (set() if by == "SIGTERM" else {"bare", "catches"})
    assert done == []
    assert again.returncode == 0, again.stderr
    results = mle_toolbox.load(stoppable.results)
    assert {results[name]["loss"].shape for name in NAMES} == {(1, 10)}


def begin(project: Project, *command: str) -> subprocess.Popen[bytes]:
    """Start a driver in a session of its own, as a terminal does, and return when all seed runs train."""
    # Behind `&` a shell makes its commands ignore this, and so it would be for these tests.
    with (project.path / "said").open("wb") as output:
        driver = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=project.path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    wait_for(lambda: all_train(project) or driver.poll() is not None)
    assert driver.poll() is None, (project.path / "said").read_text()
    return driver


def record_of(project: Project, name: str) -> RunRecord:
    record = read_run_record(ExperimentFolder(project.results).seed_run(name, 0))
    assert record is not None
    return record
