"""The page of methods on tasks in the browser: the choice of a task, and the charts over all of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mle_toolbox.results import ExperimentResults
from tests.browser.conftest import Open, Opened
from tests.browser.test_report_in_browser import save
from tests.made_results import learning, made_results

pytestmark = pytest.mark.slow

METHODS, TASKS = ("dqn", "ppo", "td3"), ("Ant", "Pong", "Hopper")


@pytest.fixture
def on_tasks(tmp_path: Path) -> ExperimentResults:
    """Three methods on three tasks of very unlike scores, in the names of imported configurations."""
    names = {f"task={task},method={method}": (task, method) for method in METHODS for task in TASKS}
    losses = {
        name: 10.0 ** TASKS.index(task) * learning(5, 40, METHODS.index(method), seed=place)
        for place, (name, (task, method)) in enumerate(names.items())
    }
    configurations = [
        {"name": name, "path": "x", "digest": "0", "content": {"train_config": {"task": task, "method": method}}}
        for name, (task, method) in names.items()
    ]
    return made_results(
        tmp_path / "experiments", losses, record={"configurations": configurations, "task": ["train_config.task"]}
    )


def shown(opened: Opened, selector: str) -> list[str]:
    return [each.inner_text() for each in opened.page.locator(selector).all() if each.is_visible()]


def test_the_choice_of_a_task_decides_what_results_curves_and_comparisons_show(
    open_report: Open, on_tasks: ExperimentResults
) -> None:
    opened = open_report(on_tasks)
    page = opened.page
    # Seeds of unlike tasks have no common axis.
    assert not page.is_visible("#strips")
    assert "choose a task" in page.inner_text("#strips-left-out")
    assert len(shown(opened, "#results tbody tr")) == len(shown(opened, "#comparison tbody tr")) == 9
    assert len(shown(opened, ".answer p")) == 3

    page.select_option("#task", "1")

    assert page.is_visible("#strips")
    assert opened.ink("strips") > 10
    assert opened.option("strips")["yAxis"][0]["data"] == list(METHODS)
    assert opened.option("matrix")["yAxis"][0]["data"] == list(METHODS)
    assert sorted(opened.lines()) == sorted(METHODS)
    assert shown(opened, "#picker-list .name") == list(METHODS)
    assert [row.split("\t")[0] for row in shown(opened, "#results tbody tr")] == [
        f"task=Pong,method={method}" for method in METHODS
    ]
    assert {row.split("\t")[0] for row in shown(opened, "#comparison tbody tr")} == {"Pong"}
    (answer,) = shown(opened, ".answer p")
    assert answer.startswith("On Pong: dqn is ahead")
    assert "not comparable" not in page.inner_text("#matrix-caption")
    with save(opened, "strips.csv").open(encoding="utf-8") as file:
        assert {row["configuration"] for row in csv.DictReader(file)} == {f"task=Pong,method={m}" for m in METHODS}

    page.select_option("#task", "")

    assert len(shown(opened, "#results tbody tr")) == 9
    assert opened.complaints == []


def test_a_method_has_the_same_colour_on_every_task_and_over_all(
    open_report: Open, on_tasks: ExperimentResults
) -> None:
    opened = open_report(on_tasks)

    def colours() -> dict[str, str]:
        return {each["name"]: each["color"] for each in opened.option("curves")["series"] if each["type"] == "line"}

    opened.page.select_option("#over-chart", "profile")
    of_all = {each["name"]: each["color"] for each in opened.option("over")["series"] if each["type"] == "line"}
    for task in range(len(TASKS)):
        opened.page.select_option("#task", str(task))
        assert colours() == of_all
    assert len(set(of_all.values())) == len(METHODS)


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1280, "light")])
def test_every_chart_over_tasks_is_drawn_and_saved(
    open_report: Open, on_tasks: ExperimentResults, width: int, scheme: str
) -> None:
    opened = open_report(on_tasks, width=width, scheme=scheme)
    found = on_tasks.over_tasks("loss")
    assert found.ranks is not None
    charts = opened.page.locator("#over-chart option").evaluate_all("all => all.map((each) => each.value)")
    assert charts == ["aggregates", "profile", "ranks", "improvement"]
    assert opened.ink("over") > 5

    for chart in charts:
        opened.page.select_option("#over-chart", chart)
        drawing = save(opened, "over.svg").read_text(encoding="utf-8")
        assert len(opened.page.inner_text("#over-caption")) > 40
        assert drawing.startswith("<svg")
        assert all(method in drawing for method in METHODS), chart
        with save(opened, "over.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if chart == "aggregates":
            means = {row["method"]: float(row["value"]) for row in rows if row["statistic"] == "mean"}
            assert means == pytest.approx({name: each.value for name, each in found.estimates("mean").items()})
        if chart == "ranks":
            assert {row["method"]: float(row["average rank"]) for row in rows} == dict(found.ranks.average)

    assert opened.overflow() <= 0
    assert opened.complaints == []
