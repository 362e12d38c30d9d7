"""Slurm's daemons go down and come back, and a node loses its power: seed runs go on, and none of them runs twice."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import Project, wait_until
from slurm_faults import UNTIL_GO, Queue, Row, assert_each_ran_once, assert_told, slurm_says, start, wait_for_starts

pytestmark = [pytest.mark.slurm, pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(autouse=True)
def all_back(slurm: Path) -> object:
    """Start again what a test has stopped."""
    yield
    for daemon in (["accounting"], ["master"], ["node", "1"], ["node", "2"]):
        subprocess.run([slurm, daemon[0], "start", *daemon[1:]], check=True)
    subprocess.run([slurm, "start"], check=True)
    wait_until(lambda: subprocess.run([slurm, "status"], check=False).returncode == 0, 60)


def control(slurm: Path, *words: str) -> None:
    subprocess.run([slurm, *words], check=True)


def test_a_node_that_loses_its_power_and_one_whose_slurmd_dies(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path
) -> None:
    project = slurm_project("nodes")
    rows = [
        Row("lost", "sleep 300", r"^was lost with its node node2", "include_nodes='node2'"),
        Row("goes_on", UNTIL_GO, None, "include_nodes='node1'"),
    ]
    driver = start(project, rows)
    wait_for_starts(project, rows)

    control(slurm, "node", "kill", "2")
    control(slurm, "node", "stop", "1")
    (project.path / "go").touch()
    wait_until((project.path / "out/goes_on").exists, 20)
    wait_until(lambda: "of 3 steps" in driver.output.read_text(), 20)
    control(slurm, "node", "start", "1")

    assert_told(driver, rows)
    control(slurm, "node", "start", "2")
    assert_each_ran_once(project, rows, slurm_queue)


def test_a_seed_run_that_a_node_has_lost_before_its_start_is_deleted_and_made_again(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path, tmp_path: Path
) -> None:
    project, prolog = slurm_project("never begun"), tmp_path / "prolog"
    project.write(
        "rule one:\n    output: 'out'\n    retries: 1\n    resources: mem_mb=200\n"
        "    shell: 'echo one >> ran; touch {output}'\n"
    )
    prolog.write_text(f"#!/bin/sh\nmkdir {tmp_path}/first 2>/dev/null && exec sleep 60\nexit 0\n")
    prolog.chmod(0o755)
    control(slurm, "set", "Prolog", str(prolog))
    try:
        driver = project.start()
        wait_until((tmp_path / "first").exists, 60)
        # The controller waits for the task until the node reports what it has, some minutes later.
        control(slurm, "node", "kill", "1")
        control(slurm, "node", "start", "1")
        status, said = driver.wait()
    finally:
        control(slurm, "set", "Prolog")

    assert status == 0, said
    assert "has never begun, although Slurm lists it as running: its node does not have it. It was deleted." in said
    assert project.ran() == ["one"]
    wait_until(lambda: slurm_queue() == {}, 40)


def test_the_end_of_seed_runs_is_noticed_while_the_controller_is_down(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path
) -> None:
    project, rows = slurm_project("stopped"), [Row("one", UNTIL_GO), Row("two", UNTIL_GO)]
    driver = start(project, rows)
    wait_for_starts(project, rows)

    control(slurm, "master", "stop")
    (project.path / "go").touch()
    assert_told(driver, rows)
    later = slurm_project("later")
    # Of several nodes any will do, which takes the names of all others: nobody can tell them now.
    several = [Row("one", UNTIL_GO, None, "include_nodes='node1,node2'")]
    waiting = start(later, several)
    (later.path / "go").touch()
    wait_until(lambda: "The scheduler does not answer" in waiting.output.read_text(), 60)
    control(slurm, "master", "start")

    assert "that had waited." in assert_told(waiting, several)
    assert_each_ran_once(later, several, slurm_queue)
    assert_each_ran_once(project, rows, slurm_queue)


def test_a_controller_that_is_killed_may_forget_seed_runs_and_they_are_finished_all_the_same(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path
) -> None:
    project, rows = slurm_project("killed"), [Row("one", "sleep 4"), Row("two", "sleep 4")]
    driver = start(project, rows)
    wait_for_starts(project, rows)

    control(slurm, "master", "kill")
    time.sleep(3)
    control(slurm, "master", "start")
    # It has forgotten job numbers too, and the nodes would refuse to start a second job of the same one.
    taken = [slurm_says("sbatch", "--parsable", "--hold", "--output=/dev/null", "--wrap=true") for _ in range(10)]
    slurm_says("scancel", *taken)
    subprocess.run([slurm, "start"], check=True)

    assert_told(driver, rows)
    assert_each_ran_once(project, rows, slurm_queue)


def test_without_an_answer_of_the_accounting_ends_are_told_from_the_queue(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path
) -> None:
    project = slurm_project("accounting")
    rows = [Row("well", "true"), Row("deleted", "sleep 300", r"^was deleted with scancel while it ran on node\d")]
    control(slurm, "accounting", "stop")
    driver = start(project, rows)
    wait_for_starts(project, rows)
    time.sleep(1)

    slurm_says("scancel", (project.path / "deleted.id").read_text().strip())

    assert_told(driver, rows)
    assert_each_ran_once(project, rows, slurm_queue)
