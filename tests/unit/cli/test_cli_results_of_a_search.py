"""`mle results` on a search: its trials, ranked, in every form."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mle_toolbox.cli import main
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ExperimentResults, load
from tests.made_search import write_search

POINTS = [{"lrate": rate, "units": units} for rate in (0.1, 0.2, 0.3, 0.4) for units in (8, 16, 32)]


@pytest.fixture
def search(tmp_path: Path) -> ExperimentFolder:
    """Twelve trials x three seeds; one seed of the fourth trial failed."""

    def curve(values: dict[str, float], seed: int) -> list[float]:
        return [1.0, values["lrate"] * 10 + values["units"] / 100 + seed / 1000]

    return write_search(tmp_path / "experiments", POINTS, curve, failed=[(3, 1)])  # type: ignore[arg-type]


def mle(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main(["results", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_python_of_the_page_on_searches_works(
    search: ExperimentFolder, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (repository / "docs/search.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(search.path.parent)

    names: dict[str, Any] = {}
    exec(code, names)

    assert names["best"].name == "trial_0000"


def test_a_terminal_shows_the_ten_best_trials(search: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    shown = mle(capsys, search.path)

    assert shown.count("│ trial_00") == 10
    assert "the first 10 of 12 trials" in shown
    assert "lrate" in shown
    assert "units" in shown


def test_eighty_columns_are_enough_for_the_values_and_the_score(search: ExperimentFolder) -> None:
    results = load(search.path)
    assert isinstance(results, ExperimentResults)
    console = Console(width=80, color_system=None)

    with console.capture() as capture:
        console.print(results.trial_table(top=10))

    shown = capture.get()
    assert max(map(len, shown.splitlines())) <= 80
    assert all(f"│ {name} " in shown or f"┃ {name} " in shown for name in ("lrate", "units"))
    assert "1.0810 ± 0.0025" in shown


def test_trials_have_the_standard_deviation_or_percent_if_requested(
    search: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = " ".join(mle(capsys, search.path, "--std", "--percent", "loss").split())
    rows = list(csv.DictReader(io.StringIO(mle(capsys, search.path, "--std", "--format", "csv"))))
    content = json.loads(mle(capsys, search.path, "--std", "--format", "json"))

    assert "loss (%)" in shown
    assert "108.10 ± 0.10" in shown
    assert "score ± standard deviation (n - 1) over seeds, no interval" in shown
    assert "t interval" not in shown
    assert float(rows[0]["loss_std"]) == pytest.approx(0.001)
    assert float(rows[0]["loss"]) == pytest.approx(1.081)
    assert content["trials"][0]["scores"]["loss"]["std"] == pytest.approx(0.001)


def test_top_shows_as_many_trials_as_requested(search: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the first 2 of 12 trials" in mle(capsys, search.path, "--top", 2)
    assert "12 trials of a grid search" in mle(capsys, search.path, "--top", "all")
    assert len(mle(capsys, search.path, "--top", 3, "--format", "csv").splitlines()) == 4


def test_every_format_of_a_file_has_all_trials(search: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(mle(capsys, search.path, "--format", "csv"))))
    content = json.loads(mle(capsys, search.path, "--format", "json"))
    markdown = mle(capsys, search.path, "--format", "markdown")
    latex = mle(capsys, search.path, "--format", "latex")

    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 13)]
    assert rows[-1]["trial"] == "trial_0003"
    assert rows[-1]["failed"] == "1"
    assert content["best"] == "trial_0000"
    assert content["trials"][0]["values"] == {"lrate": 0.1, "units": 8}
    assert markdown.count("| trial\\_00") == 12
    assert latex.count(r"trial\_00") >= 12
    assert r"\(\approx\)" in latex


def test_another_value_of_a_run_shows_the_table_of_configurations(
    search: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = mle(capsys, search.path, "--at", "best")

    assert "best values" in shown
    assert "looks better than it is" in shown


@pytest.mark.parametrize("given", ["0", "-1", "ten", "1.5"])
def test_top_is_a_number_of_trials_or_all(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["results", f"--top={given}"])

    assert "is no number of trials" in capsys.readouterr().err


def test_top_is_only_for_the_trials_of_a_search(search: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", str(search.path), "--top", "3", "--compare"]) == 2

    assert "--top 3: it shortens the ranking" in capsys.readouterr().err


def test_top_needs_the_results_folder_of_one_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    searches = [write_search(tmp_path / name, POINTS[:2], lambda values, seed: [1.0]).path for name in ("a", "b")]

    assert main(["results", *map(str, searches), "--top", "1"]) == 2

    said = "--top 1: it shortens the ranking of a search's trials; give the results folder of one search."
    assert said in capsys.readouterr().err
