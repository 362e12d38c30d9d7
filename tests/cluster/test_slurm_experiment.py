"""Experiments on a machine with Slurm only: the reference one, and scripts that save when they are told to end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import wait_until
from mle_project import SAVING, Project, ask_for, new_project, saved_and_continued

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


def test_the_reference_experiment_unchanged_gives_the_table_that_it_gives_locally(
    slurm_queue: Queue, tmp_path: Path, repository: Path, slurm: Path
) -> None:
    here, there = Project(tmp_path / "here", profile="local"), Project(tmp_path / "there", profile="slurm")
    for project in (here, there):
        project.path.mkdir()
        shutil.copy(repository / "exp.yaml", project.path)
        shutil.copytree(repository / "ode", project.path / "ode")

    local = here.mle("run", "exp.yaml", MLE_PROFILE="local")
    outcome = there.mle("run", "exp.yaml")

    assert local.returncode == 0, local.stderr
    assert outcome.returncode == 0, outcome.stderr
    assert "20 of 20 seed runs done" in outcome.stdout
    assert "Submitted job" in outcome.stderr
    assert (there.results / "results.csv").read_bytes() == (here.results / "results.csv").read_bytes()
    records = [json.loads(path.read_text()) for path in there.results.glob("*/seed_*/run.json")]
    assert len({(each["scheduler"]["job"], each["scheduler"]["task"]) for each in records}) == 20
    wait_until(lambda: slurm_queue() == {}, 30)


def saving(folder: Path, seeds: int, **keys: str) -> Project:
    project = new_project(folder, "slurm")
    project.write_experiment(["a.json"], seeds=seeds)
    (project.path / "train.py").write_text(SAVING)
    ask_for(project, memory_per_job="300", retries="2", **keys)
    return project


@pytest.mark.alone
@pytest.mark.parametrize("times", [1, pytest.param(7, marks=pytest.mark.soak)])
def test_seed_runs_go_on_from_their_checkpoint_after_a_time_limit_a_deletion_and_a_preemption(
    slurm_queue: Queue, tmp_path: Path, slurm: Path, times: int
) -> None:
    for time in range(times):
        told_to_end_and_resumed(tmp_path, time)
    wait_until(lambda: slurm_queue() == {}, 30)


def told_to_end_and_resumed(tmp_path: Path, time: int) -> None:
    # All of them at once: node1, which is filled first, has eight cores, and half of the GPUs.
    limited = saving(tmp_path / f"limited {time}", 3, time_per_job='"00:00:01"')
    deleted = saving(tmp_path / f"deleted {time}", 3)
    preempted = saving(tmp_path / f"preempted {time}", 4, queue="scavenge", num_gpus="1")
    projects = ((limited, 3), (deleted, 3), (preempted, 4))
    runs = [project.begin("mle_toolbox", "run", "exp.yaml") for project, _ in projects]
    try:
        for project, seeds in projects:
            project.wait_for_starts(seeds)
        # After their first words, which say what they are resumed from.
        wait_until(lambda: all(journals(project) == seeds for project, seeds in projects), 60)
        job = json.loads(next(deleted.results.glob("a/seed_*/run.json")).read_text())["scheduler"]["job"]
        subprocess.run(["scancel", job], check=True)
        for node in ("node1", "node2"):
            taker = ["sbatch", "--gres=gpu:2", f"--nodelist={node}", "--output=/dev/null", "--wrap=sleep 3"]
            subprocess.run(taker, cwd=tmp_path, check=True, capture_output=True)

        statuses = [run.wait(timeout=500) for run in runs]
    finally:
        for project, _ in projects:
            project.end()

    assert statuses == [0, 0, 0], "\n".join(project.said() for project, _ in projects)
    assert [saved_and_continued(project, seeds) for project, seeds in projects] == [[], [], []]


def journals(project: Project) -> int:
    """Count the seed runs that have logged something."""
    return sum(path.stat().st_size > 200 for path in project.results.glob("a/seed_*/journal.bin"))
