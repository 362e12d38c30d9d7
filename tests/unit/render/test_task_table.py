"""The table of methods and tasks: cells, what is set off, missing cells, every format, and narrow terminals."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mle_toolbox.cli import main
from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm
from mle_toolbox.results import ExperimentResults, load
from tests.made_results import made_results
from tests.made_tasks import METHODS, TASKS, returns, write_experiment

SAID = {"task": ["train_config.env_name"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ExperimentFolder:
    return write_experiment(tmp_path_factory.mktemp("tasks") / "results", returns(), **SAID)


@pytest.fixture(scope="module")
def results(folder: ExperimentFolder) -> ExperimentResults:
    found = load(folder.path)
    assert isinstance(found, ExperimentResults)
    return found


def lines_at(results: ExperimentResults, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(results.task_table("return"))
    return capture.get().splitlines()


def test_each_cell_is_the_estimate_of_its_configuration(results: ExperimentResults) -> None:
    found = results.task_table("return")
    cells = {(row["method"], row["task"]): row for row in found.records() if row["task"]}

    assert cells.keys() == returns().keys()
    for key, values in returns().items():
        assert cells[key]["value"] == pytest.approx(values.mean())
        assert cells[key]["n"] == len(values)


def test_a_method_that_lacks_a_task_has_an_empty_cell_and_no_aggregate_and_it_is_said(
    results: ExperimentResults,
) -> None:
    found = results.over_tasks("return")
    text = str(results.task_table("return"))

    assert found.lacking == {"sac": ("Pong",)}
    assert set(found.estimates("mean")) == set(METHODS) - {"sac"}
    assert "sac has no finished seed run with a finite value on Pong" in text
    assert "Over all 6 tasks" in text
    common = results.over_tasks("return", common_tasks=True)
    assert set(common.estimates("mean")) == set(METHODS)
    assert common.tasks == tuple(task for task in TASKS if task != "Pong")


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_every_task_and_aggregate_in_parts_that_fit(results: ExperimentResults, width: int) -> None:
    lines = lines_at(results, width)

    assert max(map(len, lines)) <= width
    heads = " ".join(line for line in lines if line.startswith("┃"))
    assert all(title in heads for title in (*TASKS, "mean", "median", "IQM", "rank"))


def test_every_format_sets_off_the_same_cells(results: ExperimentResults) -> None:
    found = results.task_table("return")
    marked = sum(cell.best for row in found.table().rows for cell in row)
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))

    assert marked > len(TASKS)
    assert found.to_latex().count(r"\textbf{") == marked
    assert found._repr_html_().count("<td style='text-align:right;white-space:nowrap'><b>") == marked
    assert r"\toprule" in found.to_latex()
    body = [line for line in found.to_markdown().splitlines() if line.startswith("| ")]
    assert sum(line.count("**") for line in body) == 2 * marked
    # Average ranks are in no record of a cell.
    ranks = sum(cell.best for row in found.table().rows for cell in row[-1:])
    assert sum(row["best"] == "True" for row in rows) == marked - ranks
    content = json.loads(found.to_json())
    assert content["aggregates_over"] == list(TASKS)


def test_the_command_line_chooses_how_scores_are_made_comparable(
    folder: ExperimentFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "low_high.csv"
    file.write_text("task,low,high\n" + "".join(f"{task},-5000,5000\n" for task in TASKS))

    def shown(*options: str) -> str:
        assert main(["results", str(folder.path), *options]) == 0
        return capsys.readouterr().out

    assert "scores from 0 (worst run seen) to 1 (best run seen)" in " ".join(shown().split())
    assert "ranks of runs on each task" in " ".join(shown("--scores", "ranks").split())
    assert "optimality gap" in shown("--references", str(file), "--format", "markdown")
    assert shown("--common-tasks", "--format", "csv").count(",mean,") > 0
    assert main(["results", str(folder.path), "--references", str(tmp_path / "none.csv")]) == 2


def test_references_that_lie_with_the_results_are_used(tmp_path: Path) -> None:
    written = write_experiment(tmp_path / "results", returns(), experiment_file="../exp.yaml", **SAID)
    (tmp_path / "reference_scores.csv").write_text(
        "task,low,high\n" + "".join(f"{task},-5000,5000\n" for task in TASKS)
    )
    found = load(written.path)
    assert isinstance(found, ExperimentResults)

    over = found.over_tasks("return")

    assert over.scale.how == "references"
    expected = np.mean([(returns()["td3", task].mean() + 5000) / 10000 for task in TASKS])
    assert over.estimates("mean")["td3"].value == pytest.approx(expected)


def test_without_tasks_there_is_no_table_of_them(results: ExperimentResults) -> None:
    with pytest.raises(ResultsError, match="task"):
        results.with_task("none").task_table("return")


def test_the_table_says_how_many_seeds_would_tell_the_first_two_apart(results: ExperimentResults) -> None:
    found = results.over_tasks("return")
    text = str(results.task_table("return"))

    first, second = sorted(found.methods, key=lambda name: -found.estimates("mean")[name].value)[:2]
    assert f"{first} and {second}, the first two by the mean" in text
    is_apart = found.adjusted_p("mean")[frozenset((first, second))] < 0.05
    assert ("the same test finds it in 80 % of all cases" in text) != is_apart


def test_latex_cuts_a_wide_table_into_tables_that_fit_a_page(results: ExperimentResults) -> None:
    text = results.task_table("return").to_latex()

    parts = text.split(r"\begin{table}")[1:]
    assert len(parts) > 1
    assert all(f"    {method} &" in part for part in parts for method in METHODS)
    assert f"part 2 of {len(parts)}" in parts[1]


def test_with_more_tasks_than_methods_each_task_is_a_row(tmp_path: Path) -> None:
    draw = np.random.default_rng(2).normal
    values = {(method, f"task{place}"): draw(place, 1, 3) for method in ("ppo", "dqn") for place in range(9)}
    found = load(write_experiment(tmp_path / "results", values, **SAID).path)
    assert isinstance(found, ExperimentResults)

    table = found.task_table("return").table()

    assert [column.title for column in table.columns] == ["task", "ppo", "dqn"]
    assert [row[0].text for row in table.rows] == [
        *(f"task{place}" for place in range(9)),
        "mean",
        "median",
        "IQM",
        "rank",
    ]
    assert table.best.startswith("best in its row")


def test_twenty_methods_on_57_tasks_are_shown_in_few_parts_without_intervals_of_single_tasks(tmp_path: Path) -> None:
    draw = np.random.default_rng(3).normal
    names = [(f"method{m}", f"game{t:02d}") for m in range(20) for t in range(57)]
    content = [
        {"name": "_".join(each), "content": dict(zip(("algorithm", "env"), each, strict=True))} for each in names
    ]
    values = {"_".join(each): draw(100, 5, (2, 1)) for each in names}
    found = made_results(tmp_path, values, metric="return", record={"configurations": content}).with_task("env")

    lines = lines_at(found, 120)

    assert max(map(len, lines)) <= 120
    assert sum(line.startswith("┏") for line in lines) <= 4
    rows = [line for line in lines if line.startswith("│ game")]
    assert not any("±" in row for row in rows)
    assert all("±" in line for line in lines if line.startswith("│ mean"))
    assert "--format csv has their intervals" in " ".join(" ".join(lines).split())


def test_a_method_as_the_baseline_is_named_in_the_family_of_tests(results: ExperimentResults) -> None:
    text = str(results.compare("ppo", metric="return"))

    assert "comparisons with ppo" in text
    assert "Holm over these comparisons of a task, as if ppo had been chosen" in text


def test_the_cautions_of_every_aggregate_are_there_once(results: ExperimentResults) -> None:
    cautions = results.task_table("return").table().cautions

    assert len(set(cautions)) == len(cautions)
    for said in (
        "With fewer than 20 seeds on a task the interval covers less than 95 % where runs fail now and then.",
        "With so few tasks or seeds the interval of the median covers less than 95 % where values are skewed.",
    ):
        assert cautions.count(said) == 1


def test_methods_are_compared_over_tasks_with_the_numbers_of_the_statistics(results: ExperimentResults) -> None:
    over, found = results.over_tasks("return"), results.compare_methods("return")

    rows = {(row["a"], row["b"]): row for row in found.records()}
    assert list(rows) == [("dqn", "ppo"), ("dqn", "td3"), ("ppo", "td3")]
    for pair, row in rows.items():
        each = over.difference(*pair)
        assert (row["difference"], row["difference_low"], row["difference_high"]) == (each.value, each.low, each.high)
        assert row["adjusted_p"] == over.adjusted_p()[frozenset(pair)]
        assert row["probability_of_improvement"] == over.improvement(*pair).value
        assert row["better"] == (each.better() and pair[1])
    text = " ".join(str(found).split())
    assert "sac is left out: it has no score on Pong" in text
    assert "p corrected after Holm for all pairs of methods" in text
    assert text.count("where runs fail now and then") == 1


def test_compare_on_the_command_line_begins_with_the_methods_over_tasks(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows(*options: str) -> list[tuple[str, str]]:
        assert main(["results", str(folder.path), "--format", "csv", *options]) == 0
        found = csv.DictReader(io.StringIO(capsys.readouterr().out))
        return [(row["a"], row["b"]) for row in found if row["over_tasks"]]

    assert rows("--compare") == rows("--compare", "all") == [("dqn", "ppo"), ("dqn", "td3"), ("ppo", "td3")]
    assert rows("--compare", "ppo") == [("dqn", "ppo"), ("td3", "ppo")]
    assert main(["results", str(folder.path), "--compare", "--format", "json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["tasks", "methods", "comparisons"]


def test_where_ranks_and_means_mark_different_methods_the_reason_stands_there(results: ExperimentResults) -> None:
    table = results.task_table("return").table()
    marked = {
        title: {row[0].text for row in table.rows if row[[each.title for each in table.columns].index(title)].best}
        for title in ("mean", "rank")
    }

    assert marked == {"mean": {"td3"}, "rank": {"ppo", "td3"}}
    said = " ".join(table.method)
    assert "Ranks treat the tasks as a sample of others of their kind" in said
    assert "so ppo is marked in only one of rank and mean." in said
    assert table.best.endswith("Over tasks: t test, Holm over all pairs of methods. rank: Nemenyi.")


def test_tasks_in_percent_with_standard_deviations_keep_intervals_over_tasks_in_brackets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = {
        (method, task): np.array([0.5, 0.6, 0.7]) + 0.1 * place
        for task in ("a", "b")
        for place, method in enumerate(("m", "o"))
    }
    folder = write_experiment(tmp_path / "results", cells, **SAID)

    assert main(["results", str(folder.path), "--metric", "return", "--std", "--percent", "return"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert main(["results", str(folder.path), "--metric", "return", "--std", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert "return (%)" in shown
    assert "60 ± 10" in shown
    assert "60 [" in shown or "60.0 [" in shown, "the mean over the tasks"
    assert "mean ± standard deviation (n - 1) over seeds, no interval" in shown
    assert [float(row["std"]) for row in rows if row["task"]] == pytest.approx([0.1] * 4)
    assert [row["std"] for row in rows if row["aggregate"] == "mean"] == ["", ""]


def test_differences_over_tasks_are_in_percent_on_the_scale_of_the_metric_only(results: ExperimentResults) -> None:
    in_percent = NumberForm(percent=("return",))

    def difference(scores: str, form: NumberForm) -> dict[str, str]:
        table = replace(results.compare_methods("return", scores=scores), form=form).table()
        return {column.title: cell.text for column, cell in zip(table.columns, table.rows[0], strict=True)}

    [plain, there] = (difference("as-is", form) for form in (AS_LOGGED, in_percent))
    assert float(there["a - b (%)"].split()[0]) == pytest.approx(100 * float(plain["a - b"].split()[0]), rel=0.01)
    assert difference("range", in_percent)["a - b"] == difference("range", AS_LOGGED)["a - b"]


def test_aggregates_on_another_scale_than_the_metric_are_not_in_percent(results: ExperimentResults) -> None:
    plain = results.task_table("return")
    percent = replace(plain, form=NumberForm(percent=("return",)))

    assert plain.found.scale.how == "range"
    places = [place for place, column in enumerate(plain.table().columns) if column.title == "mean"]
    for there, here in zip(plain.table().rows, percent.table().rows, strict=True):
        assert [there[place].text for place in places] == [here[place].text for place in places]
