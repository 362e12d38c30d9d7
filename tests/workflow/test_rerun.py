"""What runs again after which change, counted from Snakemake's own table of jobs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mle_toolbox.bundle import bundle_dir
from tests.workflow.conftest import SCRIPT, Project

pytestmark = pytest.mark.slow

FAILING = SCRIPT.replace(
    "    value = 0.0\n", "    value = 0.0\n    1 / (mle.seed not in (0, 2) or mle.config_name != 'b')\n"
)


def test_a_second_run_does_nothing(finished: Project) -> None:
    assert finished.jobs_to_run() == {}


def test_only_the_seed_runs_that_failed_run_again(project: Project) -> None:
    (project.path / "train.py").write_text(FAILING)

    first = project.mle("run", "exp.yaml")
    (project.path / "train.py").write_text(SCRIPT)
    planned = project.jobs_to_run()
    second = project.mle("run", "exp.yaml")

    assert first.returncode == 1
    assert "b seed 0: ZeroDivisionError" in first.stderr
    assert "b seed 2: ZeroDivisionError" in first.stderr
    assert "b seed 1" not in first.stderr
    assert "4 of 6 seed runs done, 2 failed" in first.stderr
    assert planned == {"train": 2, "merge": 1, "collect": 1, "report": 1}
    assert second.returncode == 0, second.stderr


def test_adding_seeds_runs_only_the_new_ones(finished: Project) -> None:
    finished.write_experiment(["a.json", "b.json"], seeds=5)

    assert finished.jobs_to_run() == {"train": 4, "merge": 2, "collect": 1, "report": 1}


def test_taking_seeds_away_only_merges_again(finished: Project) -> None:
    finished.write_experiment(["a.json", "b.json"], seeds=2)

    assert finished.jobs_to_run() == {"merge": 2, "collect": 1, "report": 1}


def test_editing_one_configuration_runs_only_its_seeds(finished: Project) -> None:
    finished.write_configuration("b.json", learning_rate=0.3)

    assert finished.jobs_to_run() == {"train": 3, "merge": 1, "collect": 1, "report": 1}


def test_a_seed_folder_that_was_deleted_is_made_again(finished: Project) -> None:
    shutil.rmtree(finished.results / "a" / "seed_1")

    assert finished.jobs_to_run() == {"train": 1, "merge": 1, "collect": 1, "report": 1}


def test_touching_files_runs_nothing(finished: Project) -> None:
    for name in ("exp.yaml", "a.json", "b.json", "train.py", "Snakefile"):
        os.utime(finished.path / name)

    assert finished.jobs_to_run() == {}


def test_editing_the_script_runs_nothing_and_marks_the_runs_stale(finished: Project) -> None:
    (finished.path / "train.py").write_text(SCRIPT + "# mended\n")

    assert finished.jobs_to_run() == {}
    said = finished.mle("status").stdout
    assert "6 made by older code" in said
    assert "a, b: 3 seed runs each were made before train.py changed." in said


def test_upgrading_the_package_runs_nothing(finished: Project) -> None:
    upgraded = finished.path / "upgraded"
    for folder in ("workflow", "rules", "scripts", "profiles"):
        shutil.copytree(bundle_dir() / folder, upgraded / folder)
    train = upgraded / "rules" / "train.smk"
    train.write_text(train.read_text().replace("train.py", "./train.py"))
    snakefile = finished.path / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("workflow_dir()", f"Path({str(upgraded / 'workflow')!r})"))

    assert finished.jobs_to_run() == {}


def test_a_rerun_that_fails_keeps_the_old_log_and_stays_due(finished: Project) -> None:
    log = finished.results / "b" / "seed_0" / "log.h5"
    before = log.read_bytes()
    (finished.path / "train.py").write_text(FAILING)
    finished.write_configuration("b.json", learning_rate=0.3)

    outcome = finished.mle("run", "exp.yaml")
    (finished.path / "train.py").write_text(SCRIPT)

    assert outcome.returncode == 1
    assert log.read_bytes() == before
    assert finished.jobs_to_run() == {"train": 2, "merge": 1, "collect": 1, "report": 1}


def test_without_overwrite_a_finished_log_is_never_replaced(finished: Project) -> None:
    log = finished.results / "b" / "seed_0" / "log.h5"
    before = log.read_bytes()
    finished.write_configuration("b.json", learning_rate=0.3, overwrite=0)

    outcome = finished.mle("run", "exp.yaml")

    assert outcome.returncode == 1
    assert "overwrite_experiment_dir" in outcome.stderr
    assert log.read_bytes() == before


def test_a_moved_project_goes_on_from_where_it_was(finished: Project, tmp_path: Path) -> None:
    moved = Project(tmp_path / "elsewhere")
    finished.path.rename(moved.path)
    shutil.rmtree(moved.results / "a" / "seed_1")

    assert moved.jobs_to_run() == {"train": 1, "merge": 1, "collect": 1, "report": 1}
