"""Methods on tasks are the same table, whether imported or run."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.importers import import_logs, write_results
from mle_toolbox.results import ExperimentResults, load
from tests.made_tasks import METHODS, TASKS, returns, write_experiment


def write_csv(folder: Path) -> None:
    for (method, task), values in returns().items():
        for seed, value in enumerate(values):
            run = folder / f"{task}__{method}__{seed}"
            run.mkdir(parents=True)
            (run / "progress.csv").write_text(f"step,return\n0,{float(value)!r}\n")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs") / "runs"
    write_csv(folder)
    return folder


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> ExperimentResults:
    record = {"task": ["train_config.env_name"]}
    found = load(write_experiment(tmp_path_factory.mktemp("ran") / "results", returns(), **record).path)
    assert isinstance(found, ExperimentResults)
    return found


def table_of(results: ExperimentResults) -> dict[tuple[object, ...], tuple[object, ...]]:
    rows = results.task_table("return").records()
    return {
        (row["method"], row["task"], row["aggregate"]): (row["n"], row["value"], row["low"], row["high"], row["best"])
        for row in rows
    }


def test_a_task_in_the_pattern_gives_the_table_of_a_run(
    logs: Path, ran: ExperimentResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(logs), "--pattern", "{task}__{algorithm}__{seed}", "--output", str(tmp_path / "a")]) == 0
    shown = capsys.readouterr().out
    other = ["--pattern", "{env}__{algorithm}__{seed}", "--task", "env", "--output", str(tmp_path / "b")]
    assert main(["import", str(logs), *other]) == 0

    imported, by_option = load(tmp_path / "a"), load(tmp_path / "b")

    assert isinstance(imported, ExperimentResults)
    assert isinstance(by_option, ExperimentResults)
    assert imported.tasks is not None
    assert imported.tasks.names == METHODS
    assert imported.tasks.tasks == TASKS
    assert not imported.tasks.guessed
    assert table_of(imported) == table_of(ran) == table_of(by_option)
    assert "4 methods on 6 tasks" in shown


def test_the_name_of_the_configuration_remains_as_the_method(logs: Path) -> None:
    found = import_logs(logs, "{task}__{configuration}__{seed}").tasks

    assert found is not None
    assert found.names == METHODS


def test_a_setting_that_looks_like_a_task_is_only_guessed(logs: Path) -> None:
    found = import_logs(logs, "{env}__{algorithm}__{seed}").tasks

    assert found is not None
    assert found.guessed
    assert import_logs(logs, "{env}__{algorithm}__{seed}", task="none").tasks is None


def test_a_task_that_no_log_has_is_refused_with_the_nearest_name(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--pattern", "{env}__{algorithm}__{seed}", "--task", "emv", "--output", str(tmp_path / "out")]

    assert main(["import", str(logs), *options]) == 2

    said = capsys.readouterr().err
    assert "task 'emv': no configuration has this key" in said
    assert "Did you mean 'env'?" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("tensorboardX") is None, reason="needs tensorboardX")
def test_event_files_give_the_same_table(ran: ExperimentResults, tmp_path: Path) -> None:
    from tensorboardX import SummaryWriter

    for (method, task), values in returns().items():
        for seed, value in enumerate(values):
            writer = SummaryWriter(str(tmp_path / "runs" / f"{task}__{method}__{seed}"))
            writer.add_scalar("return", float(value), 0)
            writer.close()

    write_results(import_logs(tmp_path / "runs", "{task}__{algorithm}__{seed}/*"), tmp_path / "out")
    found = load(tmp_path / "out")

    assert isinstance(found, ExperimentResults)
    imported, made = table_of(found), table_of(ran)
    assert imported.keys() == made.keys()
    for key, (n, *numbers, best) in made.items():
        # Event files hold single precision.
        assert imported[key][0] == n
        assert imported[key][-1] == best
        assert imported[key][1:-1] == pytest.approx(numbers, rel=1e-5, nan_ok=True)
    shutil.rmtree(tmp_path / "runs")
