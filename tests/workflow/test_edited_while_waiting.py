"""`mle run` while its code is edited: half of the runs wait, one runs."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

WAITING = """\
import time
from pathlib import Path

from mle_toolbox import MLExperiment
import helper

mle = MLExperiment()
Path(f"began_{mle.config_name}_{mle.seed}").touch()
while len(list(Path().glob("began_*"))) == HALF and not Path("edited").exists():
    time.sleep(0.02)
import late

for step in range(3):
    mle.update_log({"step": step}, {"loss": helper.OFFSET + late.OFFSET + mle.train_config.learning_rate})
"""


@dataclass(frozen=True)
class HalfDone:
    """A driver half of whose seed runs wait, because the one before them waits for the file `edited`."""

    project: Project
    seeds: int
    driver: subprocess.Popen[str]

    def go_on(self) -> str:
        """Let it come to its end, which must be a good one; return what it says."""
        (self.project.path / "edited").touch()
        said, errors = self.driver.communicate(timeout=240)
        assert self.driver.returncode == 0, errors
        return said

    def records(self) -> list[RunRecord]:
        folder = ExperimentFolder(self.project.results)
        records = [read_run_record(folder.seed_run("a", seed)) for seed in range(self.seeds)]
        return [record for record in records if record is not None]


@pytest.fixture
def half_done(request: pytest.FixtureRequest, new_project: Callable[[str], Project]) -> HalfDone:
    project = new_project("edited")
    project.write_experiment(["a.json"], seeds=request.param)
    project.write_configuration("a.json", learning_rate=0.5)
    (project.path / "train.py").write_text(WAITING.replace("HALF", str(request.param // 2)))
    (project.path / "helper.py").write_text("OFFSET = 1\n")
    (project.path / "late.py").write_text("OFFSET = 10\n")
    driver = project.start("run", "--cores", "1")
    while len(list(project.path.glob("began_*"))) < request.param / 2:
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)
    return HalfDone(project, request.param, driver)


@pytest.mark.parametrize("half_done", [20], indirect=True)
def test_runs_that_wait_while_code_is_edited_and_deleted_run_the_code_of_the_start(half_done: HalfDone) -> None:
    path = half_done.project.path

    (path / "train.py").write_text(WAITING.replace("late.OFFSET", "1000"))
    (path / "helper.py").write_text("OFFSET = 2\n")
    (path / "late.py").unlink()
    half_done.project.write_configuration("a.json", learning_rate=0.25)
    said = half_done.go_on()

    assert re.search(rf"{half_done.seeds}/{half_done.seeds} │ +11\.5 ± 0", said)
    records = half_done.records()
    assert len(records) == half_done.seeds
    assert len({json.dumps(record.code) for record in records}) == 1
    assert [record.not_frozen for record in records] == [[]] * half_done.seeds


@pytest.mark.parametrize("half_done", [4], indirect=True)
def test_runs_that_wait_need_neither_the_script_nor_the_configuration_nor_the_experiment_file(
    half_done: HalfDone,
) -> None:
    for name in ("train.py", "helper.py", "late.py", "a.json", "exp.yaml"):
        (half_done.project.path / name).unlink()
    said = half_done.go_on()

    assert re.search(rf"{half_done.seeds}/{half_done.seeds} │ +11\.5 ± 0", said)
    records = half_done.records()
    assert len(records) == half_done.seeds
    assert len({json.dumps([record.code, record.identity]) for record in records}) == 1
    assert [record.not_frozen for record in records] == [[]] * half_done.seeds


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
