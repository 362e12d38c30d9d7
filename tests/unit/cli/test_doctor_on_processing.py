"""What `mle doctor` says of the requests of jobs that run before and after the seed runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mle_toolbox.cli import main

EXPERIMENT = {
    "meta_job_args": {
        "project_name": "demo",
        "job_type": "multiple-experiments",
        "base_train_fname": "train.py",
        "experiment_dir": "results",
    },
    "multi_experiment_args": {"config_fnames": ["a.json"], "num_seeds": 2},
    "single_job_args": {"job_name": "demo", "num_logical_cores": 1, "partition": "main"},
}
COMMANDS = {
    "sinfo": "case \"$*\" in *%D*) echo 'main|up|2|idle|infinite|(null)';; *--version*) echo slurm 22.05.8;; "
    "*) echo 'main|up';; esac",
    "scontrol": "echo 'KillWait = 30 sec'",
    "sacctmgr": "echo 'lab|normal'",
    "sbatch": "case \"$*\" in *mem=9999999*) echo 'sbatch: error: Memory specification can not be satisfied' >&2; "
    "exit 1;; esac",
}


def test_requests_before_and_after_are_checked_apart_from_those_of_seed_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    for name, body in COMMANDS.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    sections = {"log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}, "train_config": {}}
    (tmp_path / "a.json").write_text(json.dumps(sections))
    (tmp_path / "train.py").write_text("from mle_toolbox import MLExperiment\nMLExperiment()\n")
    (tmp_path / "after.sh").write_text("true\n")
    before = {"processing_fname": "after.sh", "processing_job_args": {"num_logical_cores": 1, "partition": "mian"}}
    large = {"num_logical_cores": 1, "partition": "main", "memory_per_job": 9999999}
    after = {"processing_fname": "after.sh", "processing_job_args": large}
    (tmp_path / "exp.yaml").write_text(
        yaml.safe_dump(EXPERIMENT | {"pre_processing_args": before, "post_processing_args": after})
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no other scheduler
    monkeypatch.chdir(tmp_path)

    status = main(["doctor", "--no-job"])

    said = " ".join(capsys.readouterr().out.split())
    assert status == 1
    assert "✗ pre-processing: exp.yaml asks for partition 'mian', which this Slurm does not have" in said
    assert "name another queue in pre_processing_args of exp.yaml" in said
    assert "✗ post-processing: " in said
    assert "Memory specification can not be satisfied" in said
    assert said.count("the scheduler answers: ") == 1
