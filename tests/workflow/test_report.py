"""The report as a part of the workflow: made with the results, only again when it must, and in Snakemake's own."""

from __future__ import annotations

import zipfile

import pytest

from tests.workflow.conftest import SCRIPT, Project

pytestmark = pytest.mark.slow

FAILING = SCRIPT.replace("    value = 0.0\n", "    value = 0.0\n    1 / (mle.seed != 1 or mle.config_name != 'b')\n")


def test_run_ends_with_the_path_of_the_report(project: Project) -> None:
    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines()[-1] == "report  experiments/report.html"
    assert "all 6 seed runs done" in (project.results / "report.html").read_text()
    assert (project.results / "summary.csv").read_text().startswith("configuration,")
    assert (project.results / "comparisons.csv").read_text().startswith("a,b,")


def test_a_report_that_was_deleted_is_all_that_is_made_again(finished: Project) -> None:
    (finished.results / "report.html").unlink()

    assert finished.jobs_to_run() == {"report": 1}


def test_a_report_that_was_made_by_hand_makes_nothing_run(finished: Project) -> None:
    outcome = finished.mle("report")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == "experiments/report.html\n"
    assert finished.jobs_to_run() == {}


def test_failed_seeds_leave_a_report_that_says_so_until_they_are_mended(project: Project) -> None:
    (project.path / "train.py").write_text(FAILING)

    failed = project.mle("run", "exp.yaml")
    partial = (project.results / "report.html").read_text()
    (project.path / "train.py").write_text(SCRIPT)
    mended = project.mle("run", "exp.yaml")

    assert failed.returncode == 1
    assert failed.stdout.splitlines()[-1] == "report  experiments/report.html"
    assert "5 of 6 seed runs done, 1 failed" in partial
    assert "ZeroDivisionError" in partial
    assert mended.returncode == 0, mended.stderr
    assert "all 6 seed runs done" in (project.results / "report.html").read_text()


def test_a_report_that_cannot_be_written_hides_no_failure(project: Project) -> None:
    (project.path / "train.py").write_text(FAILING)
    (project.results / "report.html" / "in the way").mkdir(parents=True)

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 1
    assert "ZeroDivisionError" in outcome.stderr
    assert "The report could not be written: " in outcome.stderr
    assert "Traceback (most recent call last):\n  File" not in outcome.stderr.partition("The report could not")[2]


def test_snakemakes_own_report_shows_tables_figures_and_report_under_their_labels(finished: Project) -> None:
    outcome = finished.snakemake("--report", "own.zip")

    assert outcome.returncode == 0, outcome.stderr
    with zipfile.ZipFile(finished.path / "own.zip") as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        page = archive.read(next(name for name in archive.namelist() if name.endswith("own/report.html"))).decode()
    assert names >= {"report.html", "results.csv", "summary.csv", "comparisons.csv"}
    assert names >= {"learning_curves.svg", "final_values.svg"}
    tables = ("estimates and intervals", "comparisons", "last values of all seed runs")
    for label in (*tables, "learning curves", "final values", "report"):
        assert f'"{label}"' in page
