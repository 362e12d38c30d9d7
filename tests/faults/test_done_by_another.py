"""A launcher finds its seed run done, or being done, by one whose driver was killed: nothing is done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import read_run_record

LAUNCHER = Path(__file__).resolve().parents[2] / "scripts" / "train.py"
SCRIPT = """
import os, time
time.sleep(float(os.environ.get("BEFORE", "0")))
from mle_toolbox import MLExperiment
mle = MLExperiment()
with open("started.txt", "a") as file:
    file.write("started\\n")
mle.update_log({"t": 0}, {"x": 1})
time.sleep(float(os.environ.get("AFTER", "0")))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a script that counts its starts."""
    write_configuration(tmp_path, 0.1)
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def write_configuration(project: Path, lrate: float) -> None:
    log_config = {"time_to_track": ["t"], "what_to_track": ["x"], "overwrite_experiment_dir": 1}
    (project / "c.json").write_text(json.dumps({"train_config": {"lrate": lrate}, "log_config": log_config}))


def launch(project: Path, *extra: str, **variables: str) -> subprocess.Popen[str]:
    given = ["--script=train.py", "--config=c.json", "--seed=0", "--experiment-dir=experiments", "--", *extra]
    environment = {name: value for name, value in os.environ.items() if name != STARTED_VARIABLE}
    return subprocess.Popen(
        [sys.executable, str(LAUNCHER), *given],
        cwd=project,
        env={**environment, **variables},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said


def seed_folder(project: Path) -> SeedFolder:
    return ExperimentFolder(project / "experiments").seed_run("c", 0)


def n_starts(project: Path) -> int:
    return len((project / "started.txt").read_text().splitlines())


def test_a_run_that_was_finished_after_the_driver_had_made_its_plan_is_not_repeated(project: Path) -> None:
    started = time.time_ns() - 10**9
    finish(launch(project))
    seed_folder(project).done.unlink()  # as Snakemake does it before it starts the job

    finish(launch(project, **{STARTED_VARIABLE: str(started)}))

    assert n_starts(project) == 1
    assert seed_folder(project).done.exists()


def test_it_is_the_end_of_the_run_that_counts_and_not_the_making_of_its_log(project: Path) -> None:
    finish(launch(project))
    seed_folder(project).done.unlink()
    finished = seed_folder(project).run_record.stat().st_mtime_ns
    os.utime(seed_folder(project).log, ns=(0, finished - 10**9))

    finish(launch(project, **{STARTED_VARIABLE: str(finished - 10**6)}))

    assert n_starts(project) == 1


@pytest.mark.parametrize("change", ["older", "without a driver", "configuration", "arguments", "failed"])
def test_a_run_that_is_wanted_again_is_repeated(project: Path, change: str) -> None:
    started = time.time_ns() - 10**9
    finish(launch(project))
    seed_folder(project).done.unlink()
    variables = {STARTED_VARIABLE: str(started if change != "older" else time.time_ns() + 10**10)}
    if change == "configuration":
        write_configuration(project, 0.2)
    elif change == "failed":
        record = json.loads(seed_folder(project).run_record.read_text())
        seed_folder(project).run_record.write_text(json.dumps({**record, "status": "failed"}))

    finish(
        launch(
            project,
            *(["-more", "1"] if change == "arguments" else []),
            **(variables if change != "without a driver" else {}),
        )
    )

    assert n_starts(project) == 2
    assert seed_folder(project).done.exists()


def test_of_two_launchers_that_begin_at_the_same_time_one_does_the_run_and_both_end_well(project: Path) -> None:
    started = {STARTED_VARIABLE: str(time.time_ns() - 10**9)}
    first = launch(project, BEFORE="0.3", AFTER="1.5", **started)
    second = launch(project, BEFORE="0.8", AFTER="1.5", **started)

    finish(first)
    finish(second)

    record = read_run_record(seed_folder(project))
    assert record is not None
    assert (record.status, record.attempt, record.exit_status) == ("done", 1, 0)
    assert n_starts(project) == 1


def test_a_run_that_another_finishes_while_this_one_begins_keeps_its_record(project: Path) -> None:
    started = {STARTED_VARIABLE: str(time.time_ns() - 10**9)}
    script = SCRIPT.replace("mle = MLExperiment()", "mle = MLExperiment() if 'FAIL' not in os.environ else 1 / 0")
    (project / "train.py").write_text(script)
    first = launch(project, AFTER="0.2", **started)
    second = launch(project, BEFORE="2.0", FAIL="1", **started)

    finish(first)
    finish(second)

    record = read_run_record(seed_folder(project))
    assert record is not None
    assert record.status == "done"
    assert seed_folder(project).log.exists()
