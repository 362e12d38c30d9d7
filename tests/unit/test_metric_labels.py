"""A metric with a name for display (``metrics`` in the experiment file) has it in every output that people read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import draw
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.rendered import as_text
from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults, load
from tests.made_search import write_search
from tests.made_tasks import returns, write_experiment

LABEL = "episodic return"
POINTS = [{"lrate": rate, "units": units} for rate in (0.1, 0.2, 0.3) for units in (8, 16)]


def labelled(folder: Path, metric: str) -> ExperimentResults:
    """Load an experiment whose file says what to call a metric."""
    record = folder / "experiment.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "metrics": {metric: {"better": "higher", "name": LABEL}}}))
    found = load(folder)
    assert isinstance(found, ExperimentResults)
    return found


@pytest.fixture
def methods(tmp_path: Path) -> ExperimentResults:
    """Four methods on two tasks."""
    some = {(method, task): each for (method, task), each in returns().items() if task in ("Ant-v4", "CartPole-v1")}
    return labelled(write_experiment(tmp_path / "tasks", some).path, "return")


@pytest.fixture
def search(tmp_path: Path) -> ExperimentResults:
    """A grid of six trials."""
    folder = write_search(tmp_path / "search", POINTS, lambda values, seed: [float(values["lrate"]) + seed / 100])
    return labelled(folder.path, "loss")


def with_task(results: ExperimentResults) -> ExperimentResults:
    return results.with_task("env_name")


OF_METHODS: dict[str, Callable[[ExperimentResults], str]] = {
    "summary": lambda results: str(results.summary()),
    "LaTeX": lambda results: results.summary().to_latex(),
    "Markdown": lambda results: results.summary().to_markdown(),
    "the best of many": lambda results: results.with_task("none").summary(top=2).title,
    "groups": lambda results: str(results.with_task("none").grouped("algorithm")),
    "comparisons": lambda results: str(results.with_task("none").select(list(results)[:2]).compare()),
    "end of a run": lambda results: as_text(results_table(results)),
    "methods on tasks": lambda results: str(with_task(results).task_table()),
    "methods compared": lambda results: str(with_task(results).compare_methods()),
}


@pytest.mark.parametrize("output", OF_METHODS)
def test_every_table_calls_it_by_its_label(output: str, methods: ExperimentResults) -> None:
    shown = OF_METHODS[output](methods)

    assert LABEL in shown
    # Its own name only where a sentence tells how commands call it.
    assert not re.search(r"\breturn\b", shown.replace(LABEL, "").replace("(return)", ""))


def test_a_sentence_below_the_table_says_how_commands_call_it(methods: ExperimentResults) -> None:
    for shown in (methods.summary(), methods.with_task("none").select(list(methods)[:2]).compare()):
        assert f"{LABEL} (return): last value of each run" in " ".join(str(shown).split())


def test_the_trials_of_a_search_have_it_too(search: ExperimentResults) -> None:
    table = search.trial_table()

    assert LABEL in [column.title for column in table.table().columns]
    assert f"Score, {LABEL} (loss): " in " ".join(str(table).split())
    assert "loss" in table.to_csv().splitlines()[0].split(",")
    assert [each["metric"] for each in table.to_dict()["metrics"]] == ["loss"]


@pytest.mark.parametrize("kind", ["final", "heatmap", "slices", "history"])
def test_figures_have_it_on_their_axes(kind: str, search: ExperimentResults) -> None:
    figure = draw(kind, search, FigureRequest("loss", called=LABEL))

    words = [text.get_text() for text in figure.findobj(match=lambda each: hasattr(each, "get_text"))]
    assert any(LABEL in each for each in words)
    assert not any(re.search(r"\bloss\b", each) for each in words)


def test_the_page_shows_it_and_its_csv_files_have_the_metrics_own_name(
    methods: ExperimentResults, search: ExperimentResults, tmp_path: Path
) -> None:
    for results, name in ((methods, "return"), (search, "loss")):
        text = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
        data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
        assert data
        content = json.loads(data[1])
        assert [(each["name"], each["label"]) for each in content["metrics"]] == [(name, LABEL)]
        assert f'<th scope="col" class="number"><bdi>{LABEL}</bdi>' in text
        assert not re.search(rf"<bdi>{name}</bdi>", text)
    assert [(each["name"], each["label"]) for each in content["search"]["metrics"]] == [("loss", LABEL)]


def test_tables_for_programs_have_its_own_name(methods: ExperimentResults) -> None:
    rows = list(csv.DictReader(io.StringIO(methods.summary().to_csv())))

    assert {row["metric"] for row in rows} == {"return"}
    assert {row["metric"] for row in methods.with_task("none").compare().records()} == {"return"}
    assert json.loads(methods.summary().to_json())["metrics"][0]["metric"] == "return"


def test_it_may_be_given_by_its_label(methods: ExperimentResults, capsys: pytest.CaptureFixture[str]) -> None:
    assert methods.summary(LABEL).to_csv() == methods.summary("return").to_csv()
    assert main(["results", str(methods.path), "--task", "none", "--metric", LABEL, "--format", "csv"]) == 0
    assert "return" in capsys.readouterr().out
