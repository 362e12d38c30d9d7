"""Of which configurations Snakemake need not look at the seed runs, by the times of files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mle_toolbox.drive.untouched import untouched
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

MERGED_AT = 1_800_000_000


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Two configurations of three seeds, all of which are there and merged."""
    log = {"time_to_track": ["step"], "what_to_track": ["loss"]}
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"train_config": {}, "log_config": log}))
    (tmp_path / "train.py").touch()
    experiment = {
        "meta_job_args": {
            "project_name": "untouched",
            "job_type": "multiple-experiments",
            "base_train_fname": "train.py",
            "experiment_dir": "experiments",
        },
        "multi_experiment_args": {"config_fnames": ["a.json", "b.json"], "num_seeds": 3},
        "single_job_args": {"num_logical_cores": 1},
    }
    (tmp_path / "exp.yaml").write_text(json.dumps(experiment))
    plan = load_plan(tmp_path / "exp.yaml", check_sources=False)
    for name in "ab":
        configuration = folder(plan).configuration(name)
        for seed in range(3):
            made(configuration.seed(seed).log, MERGED_AT - 10)
        made(configuration.log, MERGED_AT)
    return plan


def folder(plan: Plan) -> ExperimentFolder:
    return ExperimentFolder(plan.experiment_path)


def made(path: Path, when: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (when, when))


def test_what_has_finished_and_is_merged_is_untouched(plan: Plan) -> None:
    assert untouched(plan, []) == ["a", "b"]


def test_a_configuration_of_which_one_seed_has_to_run_is_touched(plan: Plan) -> None:
    assert untouched(plan, [folder(plan).seed_run("b", 2)]) == ["a"]


def test_a_configuration_is_touched_when_the_log_of_a_seed_is_newer_than_the_merged_one(plan: Plan) -> None:
    made(folder(plan).seed_run("a", 1).log, MERGED_AT + 1)

    assert untouched(plan, []) == ["b"]


@pytest.mark.parametrize("missing", ["the merged log", "the log of a seed"])
def test_a_configuration_is_touched_when_a_file_is_missing(plan: Plan, missing: str) -> None:
    configuration = folder(plan).configuration("b")
    (configuration.log if missing == "the merged log" else configuration.seed(0).log).unlink()

    assert untouched(plan, []) == ["a"]
