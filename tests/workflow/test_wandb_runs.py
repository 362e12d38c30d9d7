"""Experiments whose configurations ask for Weights & Biases, through `mle run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.workflow.conftest import Project
from tests.workflow.test_search import make_search

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


def test_seed_runs_of_a_search_use_the_key_of_the_base_which_is_in_none_of_its_results(tmp_path: Path) -> None:
    search = make_search(tmp_path / "search")
    search.write(seeds=1, params={"categorical": {"lrate": [0.1]}, "integer": {"units": [1, 1, 1]}})
    content = json.loads((search.path / "base.json").read_text())
    content["log_config"] |= {"use_wandb": True, "wandb_config": {"key": KEY}}
    (search.path / "base.json").write_text(json.dumps(content))
    nobody = {"WANDB_MODE": "", "WANDB_API_KEY": "", "NETRC": str(tmp_path / "netrc")}

    outcome = search.mle("run", "exp.yaml", WANDB_BASE_URL="http://127.0.0.1:1", **nobody)

    assert outcome.returncode == 0, outcome.stderr
    # Without a key it would not have looked whether the server is there.
    (said,) = search.results.glob("trial_0000/seed_0/wandb/sender.log")
    assert said.read_text().startswith("offline, because 127.0.0.1 cannot be reached")
    has_key = [each for each in search.results.rglob("*") if each.is_file() and KEY.encode() in each.read_bytes()]
    assert {each.relative_to(search.results).parts[0] for each in has_key} <= {".code"}


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
