"""What is said about seed runs that Slurm, somebody or they themselves end; each fault is a real one on a real Slurm.

All of them share a driver: a time limit is never shorter than a minute. Who hears a signal, and how too much memory
ends, depends on what tracks the processes; what is known of an end, on the accounting.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import Project, wait_until
from slurm_faults import (
    DEAF,
    GREEDY,
    UNTIL_GO,
    Queue,
    Row,
    assert_each_ran_once,
    assert_told,
    changed,
    leaves,
    slurm_says,
    start,
    task,
    wait_for_starts,
)

pytestmark = [pytest.mark.slurm, pytest.mark.slow, pytest.mark.alone]

DELETED = r"was deleted with scancel while it ran on node\d"
OVER_MEMORY = r"was killed on node\d for its memory: it asked for (mem=)?200M"
ROWS = [
    Row("well", "true"),
    Row("ends_with_3", "exit 3", r"^ended on \S+ with exit status 3\."),
    Row("kills_itself", "kill -9 $$", r"^ended on node\d with exit status 137 \(signal 9\)"),
    Row("over_memory", GREEDY, OVER_MEMORY),
    Row("over_time_deaf", DEAF, r"at its time limit of 60 s.* Ask for more time\.", "runtime=1"),
    Row("over_time_leaves", leaves("TERM"), r"^ended on \S+ with exit status 85\.", "runtime=1"),
    Row("deleted", "sleep 300", DELETED),
    Row("deleted_deaf", DEAF, DELETED),
    Row("deleted_by_force", "sleep 300", DELETED),
    Row("shell_killed", "sleep 300", r"^was killed on node\d|^was deleted with scancel"),
    Row("told_by_usr1", leaves("USR1"), r"^ended on \S+ with exit status 85\."),
    Row("ignores_usr1", UNTIL_GO),
    Row("suspended", UNTIL_GO),
    Row("preempted", "sleep 300", r"was preempted on node1", "queue='scavenge', gpu=2, include_nodes='node1'"),
]
PREEMPTING = ["sbatch", "--parsable", "--nodelist=node1", "--gres=gpu:2", "--output=/dev/null", "--wrap=sleep 5"]


@pytest.mark.parametrize(
    ("cgroups", "accounting"),
    [
        pytest.param("auto", "yes", id="cgroups"),
        pytest.param("no", "yes", id="no cgroups", marks=pytest.mark.soak),
        pytest.param("auto", "no", id="no accounting", marks=pytest.mark.soak),
    ],
)
def test_each_end_is_told_by_its_cause(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, slurm: Path, cgroups: str, accounting: str
) -> None:
    project = slurm_project("deaths")
    with changed(slurm, MLE_SLURM_CGROUPS=cgroups, MLE_SLURM_ACCOUNTING=accounting):
        driver = start(project, ROWS)
        wait_for_starts(project, ROWS)
        time.sleep(1)
        slurm_says("scancel", task(project, "deleted"), task(project, "deleted_deaf"))
        slurm_says("scancel", "--full", "--signal=KILL", task(project, "deleted_by_force"))
        slurm_says("scancel", "--batch", "--signal=KILL", task(project, "shell_killed"))
        slurm_says("scancel", "--batch", "--signal=USR1", task(project, "told_by_usr1"))
        slurm_says("scancel", "--batch", "--signal=USR1", task(project, "ignores_usr1"))
        slurm_says("scontrol", "suspend", task(project, "suspended"))
        subprocess.run(PREEMPTING, cwd=project.path, check=True, capture_output=True)
        wait_until(lambda: "(suspended) is suspended" in driver.output.read_text(), 60)
        slurm_says("scontrol", "resume", task(project, "suspended"))
        (project.path / "go").touch()
        said = assert_told(driver, ROWS)
        assert_each_ran_once(project, ROWS, slurm_queue)

    assert (project.path / "told").read_text().split().count("USR1") == 1
    # Without cgroups Slurm tells every process, and the shell of the task passes on what it was told all the same.
    assert (project.path / "told").read_text().split().count("TERM") in ((1, 2) if cgroups == "no" else (1,))
    assert said.count("is suspended.") == 1
