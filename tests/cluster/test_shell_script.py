"""A training script in shell on Grid Engine: finished, and told to end by `mle stop` while its program saves."""

from __future__ import annotations

import json

import pytest
from mle_project import Project
from sge_project import wait_until

import mle_toolbox

pytestmark = [pytest.mark.sge, pytest.mark.slow]

SAVING = """\
import pathlib, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(mle.resume() or 0, 40):
    mle.update_log({"step": step}, {"loss": 1.0}, save=True)
    if mle.should_stop():
        mle.checkpoint(step + 1)
        break
    if not pathlib.Path("go").exists():
        time.sleep(1)
"""


def test_a_script_in_shell_is_stopped_as_a_whole_and_continues_to_its_end(experiment: Project) -> None:
    experiment.write_experiment(["a.json"], seeds=2)
    file = experiment.path / "exp.yaml"
    file.write_text(file.read_text().replace("train.py", "run.sh"))
    (experiment.path / "train.py").write_text(SAVING)
    (experiment.path / "run.sh").write_text('#!/bin/bash -l\npython train.py "$@"\necho over\n')
    records = [experiment.results / "a" / f"seed_{seed}" / "run.json" for seed in (0, 1)]
    experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
    wait_until(lambda: all(record.exists() for record in records), 60)

    stopped = experiment.mle("stop", "exp.yaml")

    assert stopped.returncode == 0, stopped.stderr
    assert [json.loads(record.read_text())["status"] for record in records] == ["stopped", "stopped"]
    (experiment.path / "go").touch()
    outcome = experiment.mle("run", "exp.yaml", "--profile", "sge")
    assert outcome.returncode == 0, outcome.stderr
    assert mle_toolbox.load(experiment.results)["a"]["loss"].shape == (2, 40)
    assert [set(json.loads(record.read_text())["code"]) for record in records] == [{"run.sh", "train.py"}] * 2
