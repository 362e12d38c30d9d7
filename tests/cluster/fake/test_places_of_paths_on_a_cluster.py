"""Jobs on a cluster of an experiment whose paths start above its folder, typed in either folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FakeGridEngine
from mle_project import Project as MleProject

from tests.workflow.conftest import EXPERIMENT, SCRIPT

pytestmark = pytest.mark.usefixtures("grid_engine")

EXTRA = """
rule extra:
    output: "extra.txt"
    run:
        with open(output[0], "w") as file:
            file.write(f"{os.getcwd()} {len(PLAN.seed_runs)}")
"""


@pytest.fixture
def top(tmp_path: Path) -> MleProject:
    """``ode/exp.yaml``, whose paths begin with ``ode/``."""
    project = MleProject(tmp_path / "the top")
    (project.path / "ode").mkdir(parents=True)
    write_experiment(project, seeds=2)
    (project.path / "ode/train.py").write_text(SCRIPT)
    project.write_configuration("ode/a.json")
    return project


def write_experiment(project: MleProject, seeds: int) -> None:
    text = EXPERIMENT.format(configurations='["ode/a.json"]', seeds=seeds)
    (project.path / "ode/exp.yaml").write_text(text.replace('"train.py"', '"ode/train.py"'))


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--profile", "sge", "--mle-sge-poll-seconds", "0.1", *words]
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome


def test_seed_runs_on_a_cluster_are_the_same_wherever_snakemake_is_typed(
    top: MleProject, grid_engine: FakeGridEngine
) -> None:
    outcome = top.mle("run", "ode/exp.yaml", "--profile", "sge")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    submitted = len(grid_engine.calls("qsub"))
    write_experiment(top, seeds=4)

    snakemake(top.path / "ode")

    (one,) = grid_engine.calls("qsub")[submitted:]
    assert " -t 1-2 " in one
    assert sorted(name for _, name in top.logs()) == ["seed_0", "seed_1", "seed_2", "seed_3"]
    assert not (top.path / "ode/.snakemake/mle_cluster").exists()
    assert not (top.path / "ode/experiments").exists()
    # The records of both are under the lock of one Snakefile.
    assert len(list((top.path / ".snakemake/mle_cluster").glob("driver-*.lock"))) == 1


def test_a_job_that_snakemake_itself_has_to_run_on_a_node_starts_where_paths_start(top: MleProject) -> None:
    assert top.mle("generate", "ode/exp.yaml").returncode == 0
    snakefile = top.path / "Snakefile"
    snakefile.write_text(snakefile.read_text() + EXTRA)

    snakemake(top.path / "ode", "extra.txt")

    assert (top.path / "extra.txt").read_text() == f"{top.path} 2"
