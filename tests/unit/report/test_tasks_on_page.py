"""The page of an experiment with several tasks: methods over tasks first, and no best over unlike ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults
from tests.made_results import made_results


def results_of(
    folder: Path,
    n_methods: int,
    n_tasks: int,
    *,
    task: list[str] | None,
    finite: bool = True,
    n_ticks: int = 4,
    name: str = "{m}_{t}",
) -> ExperimentResults:
    generator = np.random.default_rng(0)
    names = [(f"m{i}", f"t{j}") for i in range(n_methods) for j in range(n_tasks)]
    losses = {
        name.format(m=m, t=t): np.full((3, n_ticks), np.nan)
        if not finite
        else generator.normal(int(m[1:]), 0.1, (3, n_ticks))
        for m, t in names
    }
    configurations = [
        {
            "name": name.format(m=m, t=t),
            "path": "x",
            "digest": "0",
            "content": {"train_config": {"algo": m, "env_name": t}},
        }
        for m, t in names
    ]
    record = {"configurations": configurations, **({} if task is None else {"task": task})}
    return made_results(folder / "experiments", losses, metric="return", record=record)


def data_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    return found


def page_of(folder: Path, results: ExperimentResults) -> str:
    return write_report(results, folder / "report.html").read_text("utf-8")


def test_methods_over_tasks_come_first_as_in_the_table_of_a_terminal(tmp_path: Path) -> None:
    results = results_of(tmp_path, 3, 4, task=["env_name"])

    page = page_of(tmp_path, results)

    section = page.partition('<section id="tasks">')[2].partition("</section>")[0]
    table = results.task_table("return").table(compact=True)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section)
    assert cells == [cell.text for row in table.rows for cell in row[1:]]
    n_best = sum(cell.best for row in table.rows for cell in row)
    assert section.count('class="number best"') == n_best > 0
    assert page.index('id="tasks"') < page.index('id="results"')
    assert "On t0: m2 is ahead" in page


def test_the_curves_begin_with_one_task_and_offer_no_best_over_all(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 3, 4, task=["env_name"]))

    data = data_of(page)
    assert {data["configurations"][place] for place in data["chosen"]} == {"m0_t0", "m1_t0", "m2_t0"}


def test_of_many_tasks_not_each_has_a_paragraph_until_it_is_chosen(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 9, task=["env_name"]))

    assert "The best on each of the 9 tasks are bold in the tables" in page
    of_tasks = re.findall(r'<p data-task="(\d)" class="hidden">On t\d: m1 is ahead', page)
    assert of_tasks[:9] == list("012345678")
    assert page.count("is ahead") == len(of_tasks)


def test_a_choice_of_task_knows_its_configurations_the_best_first(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 3, 4, task=["env_name"]))

    tasks, names = data_of(page)["tasks"], data_of(page)["configurations"]
    assert re.findall(r'<option value="(\d*)">([^<]+)', page) == [("", "all 4"), *((str(i), f"t{i}") for i in range(4))]
    assert [[names[place] for place in each] for each in tasks["first"]] == [
        [f"m{method}_t{task}" for method in (2, 1, 0)] for task in range(4)
    ]
    assert [(tasks["methods"][m], tasks["names"][t]) for m, t in zip(tasks["methodOf"], tasks["of"], strict=True)] == [
        tuple(name.split("_")) for name in names
    ]


def test_the_charts_over_tasks_show_the_numbers_of_the_table(tmp_path: Path) -> None:
    results = results_of(tmp_path, 3, 4, task=["env_name"])
    found = results.over_tasks("return")
    assert found.ranks is not None

    data = data_of(page_of(tmp_path, results))

    (over,) = data["over"]
    texts = data["texts"]
    assert [each["title"] for each in over["aggregates"]] == ["mean", "median", "IQM"]
    assert [[texts[place] for place in each["text"]] for each in over["aggregates"]] == [
        [each.numbers() for each in found.estimates(statistic).values()] for statistic in ("mean", "median", "iqm")
    ]
    assert over["ranks"]["average"] == [found.ranks.average[method] for method in found.methods]
    assert over["ranks"]["groups"] == [[found.methods.index(name) for name in group] for group in found.ranks.groups]
    assert [pair[2] for pair in over["pairs"]] == [
        each.probability_of_improvement for each in found.comparisons.values()
    ]


def test_sentences_name_method_and_task_where_imports_have_names_of_settings(tmp_path: Path) -> None:
    results = results_of(tmp_path, 2, 3, task=["env_name"], name="task={t},method={m}")

    page = page_of(tmp_path, results)

    assert "On t1: m1 is ahead" in page
    sentences = [line for line in re.findall(r"<p[^>]*>([^<]*)</p>", page) if "task=" in line]
    assert sentences == []


def test_the_page_of_many_tasks_stays_small(tmp_path: Path) -> None:
    results = results_of(tmp_path, 6, 50, task=["env_name"], n_ticks=250)

    page = page_of(tmp_path, results)

    assert len(page) < 4_200_000
    curve = data_of(page)["curves"]["0|0"][0]
    assert 150 < curve["shown"] < curve["of"]


def test_a_task_that_is_only_guessed_makes_no_section(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 3, task=None))

    assert '<section id="tasks">' not in page
    assert "env_name looks like a task" in page


def test_without_any_finite_value_the_page_is_written_all_the_same(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 3, task=["env_name"], finite=False))

    assert "2 methods on 3 tasks" in page
