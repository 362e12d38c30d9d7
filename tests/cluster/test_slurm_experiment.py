"""The reference experiment on a machine with Slurm only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import wait_until
from mle_project import Project

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
