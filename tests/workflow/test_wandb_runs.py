"""Experiments whose configurations ask for Weights & Biases, through `mle run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.workflow.conftest import Project

KEY = "0123456789abcdef0123456789abcdef01234567"


def test_an_experiment_sends_a_run_for_each_seed_run_and_makes_its_table(project: Project) -> None:
    content = json.loads((project.path / "a.json").read_text())
    content["log_config"] |= {"use_wandb": True, "wandb_config": {"key": KEY}}
    (project.path / "a.json").write_text(json.dumps(content))
    project.write_experiment(["a.json"], seeds=2)

    outcome = project.mle("run", "exp.yaml", WANDB_MODE="offline")

    assert outcome.returncode == 0, outcome.stderr
    assert "2/2" in outcome.stdout
    assert len(list(project.results.glob("a/seed_*/wandb/offline-run-*"))) == 2
    assert KEY not in (project.results / "experiment.json").read_text()


def test_without_the_package_a_sentence_comes_before_anything_starts(project: Project, tmp_path: Path) -> None:
    content = json.loads((project.path / "a.json").read_text())
    content["log_config"]["use_wandb"] = True
    (project.path / "a.json").write_text(json.dumps(content, indent=2))
    project.write_experiment(["a.json"], seeds=1)
    environment = tmp_path / "envs" / "bare"
    (environment / "conda-meta").mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(sys.executable)
    file = project.path / "exp.yaml"
    file.write_text(f"{file.read_text()}    env_name: bare\n")

    outcome = project.mle("run", "exp.yaml", CONDA_ENVS_DIRS=str(tmp_path / "envs"))

    assert outcome.returncode == 2
    assert "the package wandb is not installed: pip install 'mle-toolbox-snakemake[wandb]'" in outcome.stderr
    assert not project.results.exists()
