"""The driver dies, is interrupted, is started twice, or runs where Slurm's own variables are set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import PROFILES, Project, wait_until
from slurm_faults import UNTIL_GO, Queue, Row, assert_each_ran_once, assert_told, leaves, start, wait_for_starts

from tests import hidden_commands

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

ROWS = [Row("one", UNTIL_GO), Row("two", UNTIL_GO)]
# What somebody may have set for his own use of these commands, and what a job has.
VARIABLES = {
    "SQUEUE_FORMAT": "%j",
    "SQUEUE_PARTITION": "short",
    "SQUEUE_STATES": "PD",
    "SBATCH_EXPORT": "NONE",
    "SBATCH_REQUEUE": "1",
    "SBATCH_OUTPUT": "/nowhere/x",
    "SBATCH_ARRAY_INX": "1-2",
    "SLURM_TIME_FORMAT": "relative",
    "SLURM_MEM_PER_CPU": "900",
    "SLURM_JOB_ID": "1",
    "SLURM_ARRAY_TASK_ID": "7",
}


def test_a_killed_driver_is_followed_by_one_that_waits_for_its_tasks_and_a_second_one_is_refused(
    slurm_project: Callable[[str], Project], slurm_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = slurm_project("killed")
    first = start(project, ROWS, **VARIABLES)
    wait_for_starts(project, ROWS)
    first.kill()
    again = project.start()
    wait_until(lambda: "of an earlier call" in again.output.read_text(), 60)

    _, second = project.run()
    assert f"Another Snakemake submits jobs of this Snakefile: process {again.process.pid} on" in second
    # Nor may one on another scheduler: no two of them know of each other.
    elsewhere = Project(project.path, "sge")
    monkeypatch.setenv("PATH", hidden_commands.path_without(()))
    elsewhere.drivers.extend(project.drivers)
    status, said = elsewhere.run()
    assert status == 1
    assert f"Another Snakemake submits jobs of this Snakefile: process {again.process.pid} on" in said

    again.kill()
    status, said = elsewhere.run()
    assert status == 1
    assert "may still be in the queue of another scheduler, that of the executor mle-slurm" in said
    last = Project(project.path, "slurm", elsewhere.drivers).start()
    (project.path / "go").touch()
    assert "Submitted job" not in assert_told(last, ROWS)
    assert_each_ran_once(project, ROWS, slurm_queue)


def test_an_answer_of_sbatch_that_was_lost_is_found_and_changed_inputs_make_tasks_anew(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project = slurm_project("lost")
    fake = project.path / "bin" / "sbatch"
    fake.parent.mkdir()
    real = shutil.which("sbatch")
    fake.write_text(f'#!/bin/bash\n{real} "$@" > answer.of.sbatch\nkill -9 $PPID\nsleep 1\n')
    fake.chmod(0o755)
    dead = start(project, ROWS, PATH=f"{fake.parent}:{os.environ['PATH']}")
    dead.process.wait(timeout=60)
    wait_for_starts(project, ROWS)

    again = project.start()
    wait_until(lambda: "of an earlier call" in again.output.read_text(), 60)
    (project.path / "go").touch()

    assert "Submitted job" not in assert_told(again, ROWS)
    assert_each_ran_once(project, ROWS, slurm_queue)

    changing = slurm_project("changed")
    changing.write(
        "rule one:\n    input: 'input'\n    output: 'out'\n    resources: mem_mb=200\n"
        "    shell: 'cat input >> ran; until [ -e go ]; do sleep 0.2; done; cp {input} {output}'\n"
    )
    (changing.path / "input").write_text("old\n")
    left = changing.start()
    changing.wait_for_file("ran")
    left.kill()
    (changing.path / "input").write_text("new\n")
    replaced = changing.start()
    wait_until(lambda: changing.ran() == ["new", "old"], 60)
    (changing.path / "go").touch()
    status, said = replaced.wait()
    assert status == 0, said
    assert "whose inputs have changed" in said
    assert (changing.path / "out").read_text() == "new\n"
    wait_until(lambda: slurm_queue() == {}, 30)


def test_an_interrupt_tells_scripts_and_empties_the_queue_with_one_scancel(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project, rows = slurm_project("interrupted"), [Row(name, leaves("TERM")) for name in ("one", "two", "three")]
    fake = project.path / "bin" / "scancel"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho >> {project.path}/deletions\nexec {shutil.which("scancel")} "$@"\n')
    fake.chmod(0o755)
    driver = start(project, rows, PATH=f"{fake.parent}:{os.environ['PATH']}")
    wait_for_starts(project, rows)

    driver.interrupt()
    driver.wait()

    assert_each_ran_once(project, rows, slurm_queue)
    assert (project.path / "told").read_text().split() == ["TERM"] * 3
    assert (project.path / "deletions").read_text() == "\n"


def test_a_driver_within_a_job_submits_seed_runs_that_have_their_own_request(
    slurm_project: Callable[[str], Project], slurm_queue: Queue
) -> None:
    project = slurm_project("within")
    env = '{{ env | grep -E "^SLURM_(MEM_PER|CPUS_PER_TASK)" | sort | tr "\\\\n" " "; }} > env.{wildcards.n}'
    project.write(
        "rule all:\n    input: expand('out/{n}', n=range(2))\n"
        "rule train:\n    output: 'out/{n}'\n    threads: 2\n    resources: mem_mb=300\n"
        f"    shell: '''{env}; touch {{output}}'''\n"
    )
    command = f"{sys.executable} -m snakemake --profile {PROFILES / 'slurm'}"
    asked = ["sbatch", "--wait", "--output=said", "--cpus-per-task=1", "--mem-per-cpu=900", "--time=10"]
    done = subprocess.run([*asked, "--wrap", command], cwd=project.path, check=False, timeout=300)

    assert done.returncode == 0, (project.path / "said").read_text()
    for n in range(2):
        text = Path(project.path, f"env.{n}").read_text()
        assert text.split() == ["SLURM_CPUS_PER_TASK=2", "SLURM_MEM_PER_NODE=300"]
    wait_until(lambda: slurm_queue() == {}, 30)
