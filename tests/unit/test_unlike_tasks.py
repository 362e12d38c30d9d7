"""Configurations of unlike tasks are compared in no output, whether the task was said or only guessed."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.cli import main
from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import draw
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.rendered import as_text
from mle_toolbox.report import write_figures, write_report, write_search, write_tables
from mle_toolbox.report.answers import comparison_data
from mle_toolbox.report.numbers import read_numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.results import ExperimentResults, load
from tests.made_search import made_search
from tests.made_search import write_search as made_search_on_disk
from tests.made_tasks import returns, write_experiment

# Three are enough, and every output compares all pairs.
TASKS = ("Ant-v4", "CartPole-v1", "Pong")

KEY = "train_config.env_name"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    some = {(method, task): each for (method, task), each in returns().items() if task in TASKS}
    return write_experiment(tmp_path_factory.mktemp("tasks") / "experiments", some).path


@pytest.fixture(scope="module")
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(experiment(folder), file).read_text(encoding="utf-8")


def experiment(folder: Path, task: str | None = None) -> ExperimentResults:
    found = load(folder, task=task)
    assert isinstance(found, ExperimentResults)
    return found


def task_of(configuration: str) -> str:
    return configuration.partition("_")[2]


def alike(pairs: list[tuple[str, str]]) -> bool:
    return bool(pairs) and all(task_of(a) == task_of(b) for a, b in pairs)


def unpacked(text: str) -> list[int]:
    return np.frombuffer(base64.b64decode(text[1:]), {"f": "<f4", "d": "<f8"}[text[0]]).astype(int).tolist()


def pairs_in(text: str) -> list[tuple[str, str]]:
    return [(row["a"], row["b"]) for row in csv.DictReader(io.StringIO(text)) if row.get("a")]


@pytest.mark.parametrize("task", [None, "env_name"])
def test_every_pair_that_any_output_compares_is_of_one_task(
    task: str | None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = experiment(folder, task)
    options = ["--task", task] if task else []

    def mle(*arguments: str) -> str:
        assert main(["results", str(folder), *options, *arguments]) == 0
        return capsys.readouterr().out

    place = ExperimentFolder(tmp_path)
    write_tables(results, place)
    numbers = read_numbers(results)
    names = numbers.configurations

    assert alike(pairs_in(mle("--compare", "--format", "csv")))
    assert alike(pairs_in(mle("--compare", "all", "--format", "csv")))
    assert alike(
        [
            (each["a"], each["b"])
            for each in json.loads(mle("--compare", "--format", "json"))["comparisons"]["comparisons"]
        ]
    )
    assert alike(pairs_in(place.comparisons.read_text()))
    store = Store()
    of_page = comparison_data(numbers, store)["0|last"]
    places = [unpacked(store.content["arrays"][of_page[side]]) for side in "ab"]
    assert alike([(names[a], names[b]) for a, b in zip(*places, strict=True)])
    assert alike(list(results.compare()))
    drawn = draw("improvement", results, FigureRequest("return")).axes[0]
    shown = [text for text in drawn.texts if text.get_gid() == "number"]
    assert len(shown) < len(names) ** 2 / 3


@pytest.mark.parametrize("task", [None, "env_name"])
def test_what_is_marked_as_best_is_the_best_of_its_task_in_every_output(
    task: str | None, folder: Path, tmp_path: Path
) -> None:
    results = experiment(folder, task)
    within = results.answer("return")
    # On each task alone, as if there were no others.
    expected = frozenset(
        name
        for each in TASKS
        for name in results.select([name for name in results if task_of(name) == each]).answer("return").best
    )

    summary = results.summary("return")
    starred = re.findall(r"^│ (\S+) .*\*", str(summary), re.MULTILINE)
    bold = [
        line.split(" | ")[0].strip("| ").replace("\\", "")
        for line in summary.to_markdown().splitlines()
        if "**" in line[3:]
    ]
    frames = draw("heatmap", results, FigureRequest("return", settings=("algorithm", "env_name"))).axes[0].patches

    assert frozenset(within.best) == expected
    assert within.leader is None
    assert len(expected) < len(results)
    assert frozenset(starred) == expected
    assert frozenset(bold) - {""} >= expected
    assert frozenset(summary.to_dict()["metrics"][0]["best_or_not_distinguishable"]) == expected
    assert frozenset(row["configuration"] for row in summary.records() if row["best"]) == expected
    assert sum(each.get_gid() == "best" for each in frames) == len(expected)
    assert "within each task" in str(summary)


def test_a_guessed_task_is_said_in_one_line_with_the_way_to_say_it(folder: Path, page: str) -> None:
    results = experiment(folder)
    said = "env_name looks like a task: configurations are compared only within one"
    way = "(--task env_name shows methods over tasks, --task none compares all)"

    for text in (
        str(results.summary("return")),
        str(results.compare()),
        as_text(results_table(results)),
        repr(results),
    ):
        assert sum(said in line for line in text.splitlines()) == 1
        assert way in text
    assert said in page
    assert said not in str(experiment(folder, "env_name").summary("return"))


def test_the_page_calls_nothing_ahead_of_configurations_of_other_tasks(page: str) -> None:
    ahead = re.findall(r"On (\S+?): (\S+?) is ahead", page)
    assert {task for task, _ in ahead} == set(TASKS)
    assert page.count(" is ahead") == len(ahead)


def test_without_tasks_the_same_configurations_are_compared_with_each_other(folder: Path) -> None:
    results = experiment(folder, "none")

    assert results.answer("return").leader == "td3_Ant-v4"
    assert not alike(list(results.compare()))
    assert "looks like a task" not in str(results.summary("return"))


def test_figures_of_unlike_tasks_say_that_their_values_are_not_comparable(folder: Path, tmp_path: Path) -> None:
    results = experiment(folder)

    write_figures(results, ExperimentFolder(tmp_path))

    assert "not comparable" in " ".join(results.figure_cautions())
    assert "configurations best" not in ExperimentFolder(tmp_path).final_values.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["env", "game_title"])
def test_trials_of_unlike_tasks_have_no_rank_and_no_best_configuration(key: str, tmp_path: Path) -> None:
    points = [{key: task, "lrate": lrate} for task in ("CartPole", "Pong") for lrate in (0.1, 0.2)]
    results = made_search(tmp_path, points, level=lambda values: 10 * values["lrate"] + (values[key] == "Pong"))
    folder = ExperimentFolder(tmp_path)
    assert (results.tasks is None) == (key == "game_title")
    results = results.with_task(key)
    folder.best.write_text("of an earlier run")

    write_search(results, folder)

    found = results.ranking()
    assert [each.rank for each in found] == [None] * 4
    assert [each.name for each in found] == [f"trial_{number:04d}" for number in range(4)]
    assert found.best is None
    assert not folder.best.exists()
    assert "2 tasks" in folder.best_words.read_text()
    assert results.task_table().found.role.names == ("lrate=0.1", "lrate=0.2")
    table = results.task_table()
    assert not any(cell.best for row in table.table().rows for cell in row)
    assert "none is marked" in str(table)


def test_the_first_trials_of_several_tasks_cannot_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [{"env": task} for task in ("CartPole", "Pong")]
    written = made_search_on_disk(tmp_path / "search", points, lambda _, seed: [1.0 + seed], n_seeds=2)

    assert main(["results", str(written.path), "--top", "1"]) == 2

    assert "trials of several tasks (env) are not ranked" in capsys.readouterr().err
