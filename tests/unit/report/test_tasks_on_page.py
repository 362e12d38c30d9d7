"""The page of an experiment with several tasks: methods over tasks first, and no best over unlike ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults
from tests.made_results import made_results


def results_of(
    folder: Path, n_methods: int, n_tasks: int, *, task: list[str] | None, finite: bool = True
) -> ExperimentResults:
    generator = np.random.default_rng(0)
    names = [(f"m{i}", f"t{j}") for i in range(n_methods) for j in range(n_tasks)]
    losses = {
        f"{m}_{t}": np.full((3, 4), np.nan) if not finite else generator.normal(int(m[1:]), 0.1, (3, 4))
        for m, t in names
    }
    configurations = [
        {"name": f"{m}_{t}", "path": "x", "digest": "0", "content": {"train_config": {"algo": m, "env_name": t}}}
        for m, t in names
    ]
    record = {"configurations": configurations, **({} if task is None else {"task": task})}
    return made_results(folder / "experiments", losses, metric="return", record=record)


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
    assert "On t0: m2_t0 is ahead" in page


def test_the_curves_begin_with_one_task_and_offer_no_best_over_all(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 3, 4, task=["env_name"]))

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert {data["configurations"][place] for place in data["chosen"]} == {"m0_t0", "m1_t0", "m2_t0"}
    assert "<bdi>t0:</bdi> 3</button>" in page


def test_of_many_tasks_not_each_has_a_paragraph(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 9, task=["env_name"]))

    assert "The best on each of the 9 tasks are bold in the tables." in page
    assert "is ahead" not in page


def test_a_task_that_is_only_guessed_makes_no_section(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 3, task=None))

    assert '<section id="tasks">' not in page
    assert "env_name looks like a task" in page


def test_without_any_finite_value_the_page_is_written_all_the_same(tmp_path: Path) -> None:
    page = page_of(tmp_path, results_of(tmp_path, 2, 3, task=["env_name"], finite=False))

    assert "2 methods on 3 tasks" in page
