"""Who decides where seed runs execute: --profile, then MLE_PROFILE, then what is found; and who is not asked then."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def watched(tmp_path: Path) -> Callable[[], bool]:
    """Commands of a Grid Engine that notes when it is asked; answers whether it was."""
    for name in ("qsub", "qstat"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 1\n")
        path.chmod(0o755)
    return (tmp_path / "asked").exists


@pytest.fixture
def project(project: Project) -> Project:
    """One seed run is enough to see where it is done."""
    project.write_experiment(["a.json"], seeds=1)
    return project


def run(project: Project, *arguments: str, **variables: str) -> str:
    path = f"{project.path.parent / 'bin'}:{os.environ['PATH']}"
    outcome = project.mle("run", "exp.yaml", *arguments, PATH=path, **{"MLE_PROFILE": "", **variables})
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stderr


def test_a_profile_that_is_asked_for_is_used_without_a_question(project: Project, watched: Callable[[], bool]) -> None:
    said = run(project, "--profile", "local")

    assert "running" not in said.splitlines()[0]
    assert not watched()


def test_the_variable_is_the_default_profile_and_is_named(project: Project, watched: Callable[[], bool]) -> None:
    said = run(project, MLE_PROFILE="local")

    assert "Profile local, because MLE_PROFILE says so." in said
    assert not watched()


def test_who_counts_cores_means_this_machine(project: Project, watched: Callable[[], bool]) -> None:
    said = run(project, "--cores", "1")

    assert "--cores applies to this machine: running here (--profile sge runs on Grid Engine, --profile slurm" in said
    assert not watched()


def test_otherwise_the_scheduler_is_asked_and_what_came_of_it_is_said(
    project: Project, watched: Callable[[], bool]
) -> None:
    said = run(project)

    assert "qsub is there, but the scheduler does not answer" in said
    assert watched()


def test_where_sbatch_is_nothing_runs_on_the_login_node_unless_it_is_asked_for(
    project: Project, watched: Callable[[], bool]
) -> None:
    sbatch = project.path.parent / "bin" / "sbatch"
    sbatch.write_text("#!/bin/sh\nexit 1\n")
    sbatch.chmod(0o755)
    path = f"{sbatch.parent}:{os.environ['PATH']}"

    outcome = project.mle("run", "exp.yaml", PATH=path, MLE_PROFILE="")

    assert watched()
    assert outcome.returncode == 2
    assert "sbatch is there, but the scheduler does not answer" in outcome.stderr
    assert "nothing was started, because this is probably its login node. --cores 4 runs here" in outcome.stderr
    assert not (project.path / "experiments").exists()
    # A seed run knows the job by the number that squeue and scancel show.
    ids = {"SLURM_ARRAY_JOB_ID": "1803", "SLURM_JOB_ID": "1900", "SLURM_ARRAY_TASK_ID": "18"}
    run(project, "--cores", "1", **ids)
    record = json.loads(next((project.path / "experiments").glob("*/seed_0/run.json")).read_text("utf-8"))
    assert record["scheduler"] == {"job": "1803", "task": "18"}
