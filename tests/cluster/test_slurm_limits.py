"""Requests that Slurm refuses or can never meet, and limits of a site: of an array, of a user, of the whole cluster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster_project import Project, wait_until
from slurm_faults import Queue, Row, assert_each_ran_once, slurm_says, start

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

REFUSED = [
    Row("partition", "true", r"invalid partition.*nope.*`sinfo -s` lists the partitions", "queue='nope'"),
    Row("gpus", "true", r"node configuration is not available", "gpu=9"),
    Row("feature", "true", r"[Ii]nvalid feature.*`sinfo -o '%P %f'`", "gpu=1, gpu_type='a,b'"),
]


@pytest.fixture
def site(slurm: Path) -> Callable[..., object]:
    """A function that changes values of slurm.conf for the length of a block."""

    @contextmanager
    def values(**changed: str) -> Iterator[None]:
        for key, value in changed.items():
            subprocess.run([slurm, "set", key, value], check=True)
        try:
            yield
        finally:
            subprocess.run([slurm, "reset"], check=True)

    return values


def counted(project: Project) -> dict[str, str]:
    """Give a PATH on which every sbatch leaves a line in `submissions`."""
    folder = project.path / "bin"
    folder.mkdir()
    (folder / "sbatch").write_text(
        f'#!/bin/sh\necho >> {project.path}/submissions\nexec {shutil.which("sbatch")} "$@"\n'
    )
    (folder / "sbatch").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def tasks(number: int, script: str = "true") -> str:
    """Write a Snakefile of equal seed runs."""
    return (
        f"rule all:\n    input: expand('out/{{n}}', n=range({number}))\n"
        "rule train:\n    output: 'out/{n}'\n    resources: mem_mb=200\n"
        f"    shell: 'echo {{wildcards.n}} >> ran; {script}; touch {{output}}'\n"
    )


def accepted(said: str) -> int:
    """Return how many tasks the driver says to have submitted."""
    return sum(int(n) for n in re.findall(r"Submitted job \d+ with (\d+) task", said))


def test_what_slurm_refuses_is_told_with_the_setting_that_helps(slurm_project: Callable[[str], Project]) -> None:
    project = slurm_project("refused")
    driver = start(project, REFUSED)

    status, said = driver.wait()

    assert status == 1
    for row in REFUSED:
        assert re.search(row.told or "", said), (row.name, said)
    assert project.ran() == []


def test_what_can_never_start_or_is_held_is_named_once_and_an_interrupt_takes_it_out_of_the_queue(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project = slurm_project("never")
    rows = [
        Row("time", "true", "", "queue='short', runtime=60"),
        Row("cores", "true", "", threads=40),
        Row("held", "true", "", "sbatch_options='--hold'"),
    ]
    driver = start(project, rows)
    said = driver.output.read_text
    wait_until(lambda: said().count("can never start here") == 2 and "(held) is held back" in said(), 60)
    driver.interrupt()
    driver.wait()

    # For too long a time Slurm says PartitionTimeLimit or PartitionConfig, whichever it has looked at last.
    assert "can never start here: its partition has or allows less than it asks for (Partition" in said()
    assert said().count("can never start here") == 2
    assert said().count("is held back (JobHeldUser).") == 1
    wait_until(lambda: slurm_queue() == {}, 30)
    assert project.ran() == []


def test_throttled_and_deleted_in_the_queue_and_without_a_place_for_its_output(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    throttled, held, nowhere = slurm_project("throttled"), slurm_project("held"), slurm_project("nowhere")
    throttled.write(tasks(6, "sleep 1"))
    few = throttled.start("--mle-slurm-tasks-at-once", "2")
    held.write(tasks(2))
    waiting = held.start("--mle-slurm-sbatch-options=--hold")
    nowhere.write(tasks(1))
    lost = nowhere.start("--mle-slurm-sbatch-options=--hold")
    wait_until(lambda: "is held" in waiting.output.read_text() or "are held" in waiting.output.read_text(), 60)
    job = re.findall(r"Submitted job (\d+)", waiting.output.read_text())[-1]
    slurm_says("scancel", job)
    wait_until(lambda: "Submitted job" in lost.output.read_text(), 30)
    job = re.findall(r"Submitted job (\d+)", lost.output.read_text())[-1]
    slurm_says("scontrol", "update", f"JobId={job}", "StdOut=/nowhere/log")
    slurm_says("scontrol", "release", job)

    status, said = waiting.wait()
    assert status == 1
    assert said.count("was taken out of the queue before it started, with scancel.") == 2, said
    status, said = lost.wait()
    assert status == 1
    assert re.search(r"could not be started on node\d.*Its folder, or that of its output, may be missing", said), said
    assert nowhere.ran() == []
    status, said = few.wait()
    assert status == 0, said
    assert few.output.read_text().count("Submitted job") == 1
    assert throttled.ran() == [str(n) for n in range(6)]
    wait_until(lambda: slurm_queue() == {}, 30)


@pytest.mark.alone
def test_a_partition_that_is_down_is_named_and_waited_for(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project, rows = slurm_project("down"), [Row("waits", "true", None, "queue='short'")]
    slurm_says("scontrol", "update", "PartitionName=short", "State=DOWN")
    try:
        driver = start(project, rows)
        wait_until(lambda: "waiting for a queue that accepts jobs" in driver.output.read_text(), 60)
    finally:
        slurm_says("scontrol", "update", "PartitionName=short", "State=UP")
    status, said = driver.wait()

    assert status == 0, said
    assert "is waiting for a queue that accepts jobs (its partition is down (PartitionDown))." in said
    assert_each_ran_once(project, rows, slurm_queue)


@pytest.mark.alone
def test_arrays_are_as_large_as_the_site_takes_them(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, site: Callable[..., object]
) -> None:
    project = slurm_project("arrays")
    project.write(tasks(7))

    with site(MaxArraySize="4"):
        status, said = project.run(**counted(project))

    assert status == 0, said
    assert re.findall(r"Submitted job \d+ with (\d) tasks?", said) == ["3", "3", "1"]
    assert "accepts jobs" not in said
    assert project.ran() == [str(n) for n in range(7)]
    # One that is refused tells what the site takes.
    assert (project.path / "submissions").read_text().count("\n") == 4


@pytest.mark.alone
def test_as_many_tasks_as_one_may_submit_are_in_the_queue_and_the_others_wait(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, site: Callable[..., object]
) -> None:
    project = slurm_project("submitted")
    project.write(tasks(8, "sleep 1"))
    slurm_says("sacctmgr", "--immediate", "modify", "user", "root", "set", "MaxSubmitJobs=3")
    try:
        with site(AccountingStorageEnforce="associations,limits"):
            status, said = project.run(**counted(project))
    finally:
        slurm_says("sacctmgr", "--immediate", "modify", "user", "root", "set", "MaxSubmitJobs=-1")

    assert status == 0, said
    assert "takes no more jobs now" in said
    assert project.ran() == [str(n) for n in range(8)]
    # 8 and 4 are refused, 2 and 1 accepted; then three at a time, or fewer if they do not end at the same moment.
    assert (project.path / "submissions").read_text().count("\n") <= 8, said
    wait_until(lambda: slurm_queue() == {}, 30)


@pytest.mark.alone
def test_a_cluster_that_is_full_is_waited_for_without_blocking(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, site: Callable[..., object]
) -> None:
    project = slurm_project("full")
    project.write(tasks(60))
    # Those that have ended count as well, as long as they are remembered.
    known = slurm_says("squeue", "--all", "--states=all", "--array", "--noheader").count("\n") + 1
    with site(MaxJobCount=str(known + 4)):
        driver = project.start()
        # sbatch itself would say nothing for minutes.
        wait_until(lambda: "takes no more jobs now" in driver.output.read_text(), 60)
        # The block ends with a new controller, which forgets to start what the old one has only just accepted.
        wait_until(lambda: 1 <= accepted(driver.output.read_text()) <= len(project.ran()), 120)
    status, said = driver.wait()

    assert status == 0, said[-4_000:]
    assert project.ran() == sorted(str(n) for n in range(60))
    wait_until(lambda: slurm_queue() == {}, 30)


def test_a_seed_run_that_slurm_starts_in_another_folder_goes_to_its_own(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project = slurm_project("moved")
    project.write(tasks(1))
    driver = project.start("--mle-slurm-sbatch-options=--hold")
    wait_until(lambda: len(slurm_queue()) == 1, 60)
    [(job, _)] = slurm_queue()

    # What happens where the folder of the project is not mounted yet.
    slurm_says("scontrol", "update", f"JobId={job}", "WorkDir=/nowhere/project")
    slurm_says("scontrol", "release", str(job))

    status, said = driver.wait()
    assert status == 0, said
    assert project.ran() == ["0"]
