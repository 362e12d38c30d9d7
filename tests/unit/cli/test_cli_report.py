"""`mle report`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log


def fill(folder: Path) -> Path:
    """Two configurations with two finished seeds each."""
    for name, level in (("a", 0.0), ("b", 5.0)):
        for seed in range(2):
            run = ExperimentFolder(folder).seed_run(name, seed)
            run.path.mkdir(parents=True)
            writer = JournalWriter(run.journal, ["step"], ["score"], {"configuration": name, "seed": seed})
            write_run_record(run, RunRecord(configuration=name, seed=seed))
            for tick in range(5):
                writer.append({"step": tick}, {"score": level + seed / 10 + tick}, True)
            writer.close()
            prepare_log(run, {}, 5)
            commit_log(run, RunRecord(configuration=name, seed=seed, ticks=5))
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_report_lies_in_the_results_folder_and_its_path_is_printed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments"])

    assert status == 0
    assert capsys.readouterr().out == "experiments/report.html\n"
    assert "b is ahead" in (here / "experiments" / "report.html").read_text()


def test_output_and_title_are_as_asked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments", "--output", "pages/mine.html", "--title", "Mine & yours"])

    assert status == 0
    assert "<title>Mine &amp; yours" in (here / "pages" / "mine.html").read_text()


def test_several_experiments_make_one_report_here(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "one")
    fill(here / "two")

    status = main(["report", "one", "two"])

    assert status == 0
    assert capsys.readouterr().out == "report.html\n"
    assert "two/b" in (here / "report.html").read_text()


def test_the_direction_can_be_said(here: Path) -> None:
    fill(here / "experiments")

    main(["report", "experiments", "--lower-is-better", "score"])

    assert "a is ahead" in (here / "experiments" / "report.html").read_text()


def test_both_directions_of_one_metric_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments", "--lower-is-better", "score", "--higher-is-better", "score"])

    assert status == 2
    assert "--lower-is-better score --higher-is-better score: only one of them" in capsys.readouterr().err
    assert not (here / "experiments" / "report.html").exists()


def test_a_misspelt_metric_is_the_users_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments", "--higher-is-better", "scroe"])

    assert status == 2
    assert "--higher-is-better scroe: the metrics are 'score'. Did you mean 'score'?" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nobody may write, not even root")
def test_an_output_that_cannot_be_written_is_named_as_it_was_given(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments", "--output", "/proc/r.html"])

    assert status == 2
    assert capsys.readouterr().err == "/proc/r.html: No such file or directory.\n"


def test_a_folder_as_output_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments", "--output", "."])

    assert status == 2
    assert "this is a folder. Name a file in it, such as report.html" in capsys.readouterr().err


def test_a_configuration_alone_is_refused_with_the_way_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "experiments")

    status = main(["report", "experiments/a"])

    assert status == 2
    assert "a report needs an experiment" in capsys.readouterr().err


def test_without_an_experiment_the_way_out_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["report"])

    assert status == 2
    assert "There is no exp.yaml in this folder." in capsys.readouterr().err
