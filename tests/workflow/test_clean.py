"""`mle clean`: what of a results folder may be deleted, and that nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mle_toolbox.drive.lock import driver_lock
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow


def files(project: Project) -> set[str]:
    paths = (path.relative_to(project.results) for path in project.results.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if path.parts[0] != ".driver"}


def test_nothing_is_deleted_without_yes_and_with_it_only_what_is_shown(finished: Project) -> None:
    finished.write_configuration("a.json", learning_rate=0.7)
    assert finished.mle("run", "exp.yaml").returncode == 0
    finished.write_experiment(["a.json"], seeds=3)
    before, logs = files(finished), finished.logs()

    dry = finished.mle("clean")
    assert files(finished) == before
    done = finished.mle("clean", "--yes")

    assert dry.returncode == done.returncode == 0
    assert "not in the file" in dry.stdout
    assert "experiments/b" in dry.stdout
    assert "earlier results" in dry.stdout
    assert "Nothing was deleted. `mle clean --yes` deletes this:" in dry.stderr
    assert "Deleted:" in done.stdout
    gone = {name for name in before if name.startswith(("b/", ".earlier/"))}
    remade = before - files(finished) - gone
    assert gone
    assert remade == {name for name in before if name in remade and "/seed_" not in name}
    assert {"a/log.h5", "results.h5", "report.html"} <= remade
    assert finished.logs() == {run: log for run, log in logs.items() if run[0] == "a"}
    assert finished.mle("run", "exp.yaml").returncode == 0
    assert "train" not in finished.jobs_of_last_run()
    assert (finished.results / "report.html").exists()


def test_what_can_be_made_again_stays_where_a_seed_run_is_missing(finished: Project) -> None:
    shutil.rmtree(finished.results / "a/seed_1")

    finished.mle("clean", "--yes")

    assert (finished.results / "a/log.h5").exists()
    assert (finished.results / "results.h5").exists()
    assert not (finished.results / "b/log.h5").exists()


def test_results_of_a_renamed_configuration_are_not_deleted(finished: Project) -> None:
    (finished.path / "b.json").rename(finished.path / "better.json")
    finished.write_experiment(["a.json", "better.json"], seeds=3)
    before = files(finished)

    outcome = finished.mle("clean", "--yes")

    assert outcome.returncode == 2
    assert "the next `mle run` uses earlier results again for 3 seed runs of better. Run it first." in outcome.stderr
    assert files(finished) == before


def test_nothing_is_deleted_while_a_driver_lives_or_for_another_experiment_file(finished: Project) -> None:
    shutil.copy(finished.path / "exp.yaml", finished.path / "other.yaml")
    before = files(finished)

    other = finished.mle("clean", "other.yaml", "--yes")
    with driver_lock(finished.results / ".driver", while_waiting=lambda _: None):
        driven = finished.mle("clean", "--yes")

    assert other.returncode == driven.returncode == 2
    assert "already holds the results of 'exp.yaml'" in other.stderr
    assert "a driver is running" in driven.stderr
    assert files(finished) == before


def test_a_link_is_deleted_and_not_what_it_leads_to(finished: Project, tmp_path: Path) -> None:
    (finished.results / "b").rename(tmp_path / "elsewhere")
    (finished.results / "b").symlink_to(tmp_path / "elsewhere")
    finished.write_experiment(["a.json"], seeds=3)

    outcome = finished.mle("clean", "--what", "configurations", "--yes")

    assert outcome.returncode == 0, outcome.stderr
    assert not (finished.results / "b").is_symlink()
    assert len([*(tmp_path / "elsewhere").glob("seed_*/log.h5")]) == 3
