"""What the experiment file asks for reaches the scheduler, and the profile is found under its bare name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mle_project import Project, ask_for, edit_profile

from tests.workflow.conftest import SCRIPT

pytestmark = [pytest.mark.sge, pytest.mark.slow]

# What the scheduler knows of the job goes to the seed run's stdout, and a line to its stderr.
ASKING = SCRIPT.replace(
    "    value = 0.0\n",
    "    import os, subprocess, sys\n"
    "    print(subprocess.run(['qstat', '-j', os.environ['JOB_ID']], capture_output=True, text=True).stdout)\n"
    "    print('slots', os.environ['NSLOTS'], 'threads', os.environ['OMP_NUM_THREADS'])\n"
    "    print('to stderr', file=sys.stderr)\n"
    "    value = 0.0\n",
)


def test_every_request_of_the_experiment_file_reaches_the_scheduler(experiment: Project) -> None:
    (experiment.path / "train.py").write_text(ASKING)
    ask_for(
        experiment,
        job_name='"fast"',
        num_logical_cores="2",
        memory_per_job="20",
        time_per_job='"00:00:20"',
        num_gpus="1",
        queue='"other.q"',
        log_file='"l-ode"',
        err_file='"e-ode"',
    )
    edit_profile(experiment, memory_resource="mem_free", memory_per="job")

    outcome = experiment.mle("run", "exp.yaml", "--profile", "sge")

    assert outcome.returncode == 0, outcome.stderr
    for folder in experiment.results.glob("*/seed_*"):
        said = (folder / "l-ode").read_text()
        asked = dict(re.findall(r"^([\w ]+?): +(.*)$", said, re.MULTILINE))
        assert sorted(asked["hard resource_list"].split(",")) == ["gpu=1", "h_rt=1200", "mem_free=20M", "s_rt=1080"]
        assert asked["job_name"] == "fast"
        assert asked["hard_queue_list"] == "other.q"
        assert asked["parallel environment"] == "smp range: 2"
        assert "slots 2 threads 2\n" in said
        assert (folder / "e-ode").read_text() == "to stderr\n"


def test_the_bare_name_of_the_profile_works_right_after_the_generator(experiment: Project) -> None:
    experiment.let_go()
    _run(experiment.path, "mle-gen-snakefile", "exp.yaml")

    said = _run(experiment.path, "snakemake", "--profile", "sge")

    assert "with 4 tasks" in said
    assert len(list(experiment.results.glob("*/seed_*/log.h5"))) == 4


def test_the_profile_of_a_checkout_works_under_its_path(grid_engine: Path, repository: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("workflow", "rules", "scripts", "profiles", "ode"):
        shutil.copytree(repository / name, checkout / name)
    shutil.copy(repository / "Snakefile", checkout)
    text = (repository / "exp.yaml").read_text().replace("num_seeds: 10", "num_seeds: 2")
    (checkout / "exp.yaml").write_text(text)

    said = _run(checkout, "snakemake", "--profile", "profiles/sge")

    assert "with 4 tasks" in said
    assert len(list(checkout.glob("experiments/*/seed_*/log.h5"))) == 4


def _run(folder: Path, command: str, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
