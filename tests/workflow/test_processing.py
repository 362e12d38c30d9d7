"""What an experiment file has to be done before the first seed run and after the last."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.seed_run.processing_record import processing_status, read_processing_record
from tests.workflow.conftest import Project, job_table, wait_for
from tests.workflow.test_search import make_search

FEATURES = """\
import argparse
from pathlib import Path

from constants import FACTOR

parser = argparse.ArgumentParser()
parser.add_argument("-exp_dir")
parser.add_argument("-model_type")
parser.add_argument("-sampling_rate", type=int)
given = parser.parse_args()
with Path("features.txt").open("a") as file:
    print(Path(given.exp_dir).name, given.model_type, given.sampling_rate * FACTOR, file=file)
print("made")
"""
FIGURES = 'ls "$2"/*/seed_*/log.h5 | wc -l >> figures.txt\necho "$3 $4" > words.txt\n'
SCRIPT = """\
from pathlib import Path
from mle_toolbox import MLExperiment

mle = MLExperiment()
Path("features.txt").read_text()
mle.update_log({"step": 0}, {"loss": mle.seed}, save=True)
"""
BEFORE = {
    "processing_fname": "features.py",
    "processing_job_args": {"num_logical_cores": 1, "time_per_job": "00:00:05"},
    "extra_cmd_line_input": {"model_type": "simclr 2x", "sampling_rate": 2},
}
AFTER = {"processing_fname": "figures.sh", "extra_cmd_line_input": {"figures_dir": "figs"}}


def edit(project: Project, **sections: Any) -> None:
    """Replace sections of the experiment file, or remove those that are None."""
    content = yaml.safe_load((project.path / "exp.yaml").read_text())
    for name, section in sections.items():
        content.pop(name, None)
        if section is not None:
            content[name] = section
    (project.path / "exp.yaml").write_text(yaml.safe_dump(content))


def set_seeds(project: Project, number: int) -> None:
    edit(project, multi_experiment_args={"config_fnames": ["a.json", "b.json"], "num_seeds": number})


def write_scripts(folder: Path) -> None:
    (folder / "features.py").write_text(FEATURES)
    (folder / "constants.py").write_text("FACTOR = 1\n")
    (folder / "figures.sh").write_text(FIGURES)


def lines_of(project: Project, name: str) -> list[str]:
    path = project.path / name
    return path.read_text().splitlines() if path.exists() else []


def run(project: Project, expected: int = 0) -> str:
    done = project.mle("run", "exp.yaml", "--profile", "local")
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def processed(project: Project) -> Project:
    """A project of two configurations and two seeds with scripts before and after."""
    write_scripts(project.path)
    (project.path / "train.py").write_text(SCRIPT)
    edit(project, pre_processing_args=BEFORE, post_processing_args=AFTER)
    set_seeds(project, 2)
    return project


def test_both_run_once_and_again_only_when_something_of_theirs_has_changed(processed: Project) -> None:
    run(processed)
    assert lines_of(processed, "features.txt") == ["experiments simclr 2x 2"]
    assert lines_of(processed, "figures.txt") == ["4"]
    assert lines_of(processed, "words.txt") == ["-figures_dir figs"]
    logs = processed.logs()

    run(processed)
    assert processed.jobs_of_last_run() == {}
    assert processed.jobs_to_run() == {}

    # A module that the script imports, and then an argument: neither repeats seed runs, whoever plans the jobs.
    (processed.path / "constants.py").write_text("FACTOR = 10\n")
    assert processed.jobs_to_run() == {"pre_processing": 1}
    said = run(processed)
    assert "pre-processing: its script, what that imports, or its arguments have changed" in said
    assert processed.jobs_of_last_run() == {"pre_processing": 1}
    edit(processed, post_processing_args=AFTER | {"extra_cmd_line_input": {"figures_dir": "others"}})
    done = processed.snakemake()
    assert job_table(done.stdout + done.stderr) == {"post_processing": 1}, done.stderr
    assert lines_of(processed, "words.txt") == ["-figures_dir others"]
    assert lines_of(processed, "features.txt") == ["experiments simclr 2x 2", "experiments simclr 2x 20"]
    assert processed.logs() == logs

    # One more seed: the features are there, the figures are made again.
    set_seeds(processed, 3)
    run(processed)
    table = processed.jobs_of_last_run()
    assert "pre_processing" not in table
    assert (table["train"], table["post_processing"]) == (2, 1)
    assert lines_of(processed, "figures.txt")[-1] == "6"
    assert {place: log for place, log in processed.logs().items() if place in logs} == logs


def test_a_failed_pre_processing_is_told_and_the_same_command_goes_on(processed: Project) -> None:
    (processed.path / "constants.py").write_text("raise SystemExit('no features today')\n")

    said = run(processed, expected=1)

    assert "pre-processing: ended with exit status 1" in said
    assert "no features today" in said
    assert "4 seed runs were not started: the pre-processing comes first." in said
    assert processed.logs() == {}
    shown = processed.mle("status").stdout
    assert "pre-processing: failed, ended with exit status 1" in shown
    assert "post-processing: not started" in shown
    assert "no features today" in processed.mle("logs", "pre_processing").stdout
    assert json.loads(processed.mle("status", "--json").stdout)["pre_processing"]["status"] == "failed"

    write_scripts(processed.path)
    run(processed)

    assert len(processed.logs()) == 4
    assert lines_of(processed, "figures.txt") == ["4"]
    assert "made" in processed.mle("logs", "pre-processing").stdout


def test_a_failed_post_processing_is_told_after_the_results(processed: Project) -> None:
    (processed.path / "figures.sh").write_text("echo out of paint >&2; exit 3\n")

    said = run(processed, expected=1)

    assert "post-processing: ended with exit status 3" in said
    assert "out of paint" in said
    assert "4 of 4 seed runs done" in said

    write_scripts(processed.path)
    run(processed)
    assert processed.jobs_of_last_run() == {"post_processing": 1}


def test_a_pre_processing_that_comes_later_repeats_no_seed_run(finished: Project) -> None:
    write_scripts(finished.path)
    logs = finished.logs()
    edit(finished, pre_processing_args=BEFORE)

    # Planned by Snakemake alone, which knows from what the logs were made.
    assert finished.jobs_to_run() == {"pre_processing": 1}
    run(finished)
    assert finished.jobs_of_last_run() == {"pre_processing": 1}
    edit(finished, pre_processing_args=None)
    run(finished)

    assert finished.logs() == logs
    assert "pre-processing" not in finished.mle("status").stdout


def test_in_a_search_post_processing_waits_for_the_trials_that_failed(tmp_path: Path) -> None:
    search = make_search(tmp_path / "search")
    write_scripts(search.path)
    edit(search, pre_processing_args=BEFORE, post_processing_args=AFTER)
    (search.path / "fails").write_text("trial_0001/seed_0")

    said = search.run(expected=1)

    assert "post-processing: not started, it waits for all seed runs." in said
    assert (search.results / "search.csv").exists()
    assert lines_of(search, "figures.txt") == []

    (search.path / "fails").unlink()
    search.run()
    assert search.runs_now()["train"] == 1
    assert lines_of(search, "features.txt") == ["experiments simclr 2x 2"]
    assert lines_of(search, "figures.txt") == ["8"]


@pytest.mark.parametrize("how", ["Ctrl-C", pytest.param("mle stop", marks=pytest.mark.soak), "kill -9, then mle stop"])
def test_a_running_pre_processing_is_stopped(processed: Project, how: str) -> None:
    (processed.path / "features.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    folder = ExperimentFolder(processed.results).processing("pre_processing")
    driver = processed.start("run", "exp.yaml", "--profile", "local")
    pid = processed.path / "pid"
    wait_for(lambda: pid.exists() and bool(pid.read_text()))
    assert "pre-processing: running" in processed.mle("status").stdout

    if how.startswith("kill"):
        driver.kill()
        driver.wait()
    if how == "Ctrl-C":
        driver.send_signal(signal.SIGINT)
    else:
        stopped = processed.mle("stop")
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    driver.communicate(timeout=120)

    wait_for(lambda: not is_alive(int(pid.read_text())), seconds=30)
    wait_for(lambda: processing_status(folder, read_processing_record(folder)) == "stopped", seconds=30)
    assert "pre-processing: stopped" in processed.mle("status").stdout
    write_scripts(processed.path)
    run(processed)
    assert len(processed.logs()) == 4


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
