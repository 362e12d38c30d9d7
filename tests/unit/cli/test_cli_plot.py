"""`mle plot`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.importers import import_logs, write_results
from tests.made_search import write_search


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two configurations with two seeds each, in the current folder; their loss has no value above 0."""
    monkeypatch.chdir(tmp_path)
    for name, level in (("a", -1.0), ("b", -2.0)):
        for seed in range(2):
            file = tmp_path / "logs" / name / f"{seed}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"step,loss\n0,{level}\n1,{level - seed - 1}\n")
    write_results(import_logs("logs", "{configuration}/{seed}.csv"), tmp_path / "experiments")
    return "experiments"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line with which the command is refused."""
    capsys.readouterr()
    assert main(["plot", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.slow
def test_kind_and_metric_stand_for_what_is_drawn(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["plot", experiment, "--output", "{kind}/{metric}.png"])

    assert status == 0
    assert capsys.readouterr().out == "curve/loss.png\n"
    assert Path("curve/loss.png").is_file()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "{knd}.png",
            "--output {knd}.png: unknown placeholder {knd}; there are {kind} and {metric}. Did you mean '{kind}'?",
        ),
        ("{kind}/{}.png", "unknown placeholder {}; there are {kind} and {metric}."),
    ],
)
def test_an_unknown_place_in_a_name_is_refused_with_the_nearest(
    output: str, words: str, experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, experiment, "--output", output)

    assert words in error
    assert error.count("\n") == 1
    assert not list(Path().rglob("*.png"))


@pytest.mark.parametrize("kind", ["curve", "final", "profile"])
def test_a_logarithmic_axis_without_positive_values_is_refused_in_one_line(
    kind: str, experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, experiment, "--kind", kind, "--log-y", "--output", "x.png")

    assert error.startswith("A logarithmic axis needs values above 0, and none of the ")
    assert error.count("\n") == 1
    assert not Path("x.png").exists()


@pytest.fixture
def search(tmp_path: Path) -> Path:
    """Twelve trials of a grid of two variables."""
    points = [{"lrate": rate, "units": units} for rate in (0.1, 0.2, 0.3, 0.4) for units in (8, 16, 32)]
    return write_search(tmp_path / "search", points, lambda values, seed: [1.0, values["lrate"] + seed / 100]).path


@pytest.mark.parametrize("kind", ["heatmap", "slices", "curve", "final"])
def test_every_kind_works_by_itself_on_a_search(kind: str, search: Path, tmp_path: Path) -> None:
    assert main(["plot", str(search), "--kind", kind, "--output", str(tmp_path / "x.svg")]) == 0

    drawn = (tmp_path / "x.svg").read_text()
    if kind in ("heatmap", "slices"):
        assert "train_config.lrate" in drawn
        assert "train_config.units" in drawn
    else:
        assert "The first 10 of 12 trials" in drawn


def test_a_search_is_drawn_by_the_metric_that_ranks_it_and_not_by_the_first_one_that_is_logged(tmp_path: Path) -> None:
    points = [{"lrate": rate, "units": units} for rate in (0.1, 0.2) for units in (8, 16)]
    folder = write_search(
        tmp_path / "search", points, lambda values, seed: [values["lrate"]], logged=["loss", "score"], metrics=["score"]
    )

    assert main(["plot", str(folder.path), "--kind", "heatmap"]) == 0

    assert [each.name for each in folder.figures.iterdir()] == ["heatmap_score.png"]


def test_a_search_of_one_variable_is_drawn_as_a_slice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_search(tmp_path / "one", [{"lrate": 0.1}, {"lrate": 0.2}], lambda values, seed: [values["lrate"]])

    assert main(["plot", str(folder.path), "--kind", "heatmap", "--output", str(tmp_path / "x.svg")]) == 2
    assert "`mle plot --kind slices` draws one setting." in capsys.readouterr().err
    assert main(["plot", str(folder.path), "--kind", "slices", "--output", str(tmp_path / "x.svg")]) == 0
