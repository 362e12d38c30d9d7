"""`mle run` while its code is edited: half of the runs wait, one runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

WAITING = """\
import time
from pathlib import Path

from mle_toolbox import MLExperiment
import helper

mle = MLExperiment()
Path(f"began_{mle.config_name}_{mle.seed}").touch()
while mle.seed == 1 and not Path("edited").exists():
    time.sleep(0.02)
import late

for step in range(3):
    mle.update_log({"step": step}, {"loss": helper.OFFSET + late.OFFSET + mle.train_config.learning_rate})
"""


def test_runs_that_wait_while_code_is_edited_and_deleted_run_the_code_of_the_start(
    new_project: Callable[[str], Project],
) -> None:
    project = new_project("edited")
    project.write_experiment(["a.json"], seeds=4)
    project.write_configuration("a.json", learning_rate=0.5)
    (project.path / "train.py").write_text(WAITING)
    (project.path / "helper.py").write_text("OFFSET = 1\n")
    (project.path / "late.py").write_text("OFFSET = 10\n")

    driver = project.start("run", "--cores", "1")
    while not (project.path / "began_a_1").exists():
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)
    (project.path / "train.py").write_text(WAITING.replace("late.OFFSET", "1000"))
    (project.path / "helper.py").write_text("OFFSET = 2\n")
    (project.path / "late.py").unlink()
    project.write_configuration("a.json", learning_rate=0.25)
    (project.path / "edited").touch()
    said, errors = driver.communicate(timeout=120)

    assert driver.returncode == 0, errors
    assert "11.5 ± 0 (n=4)" in said
    folder = ExperimentFolder(project.results)
    records = [read_run_record(folder.seed_run("a", seed)) for seed in range(4)]
    assert all(record is not None for record in records)
    assert len({json.dumps(record.code) for record in records if record}) == 1
    assert [record.not_frozen for record in records if record] == [[]] * 4


def test_snakemake_by_hand_stores_the_code_as_well(new_project: Callable[[str], Project]) -> None:
    project = new_project("by_hand")
    project.write_experiment(["a.json"], seeds=1)
    project.mle("generate", "exp.yaml")

    outcome = project.snakemake()

    assert outcome.returncode == 0, outcome.stderr
    record = read_run_record(ExperimentFolder(project.results).seed_run("a", 0))
    assert record is not None
    assert re.fullmatch("[0-9a-f]{64}", record.snapshot or "")
    assert (project.results / ".code" / "snapshots" / str(record.snapshot)).exists()
