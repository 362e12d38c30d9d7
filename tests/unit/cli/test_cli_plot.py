"""`mle plot`, as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("kind", ["heatmap", "contour", "slices", "curve", "final"])
def test_every_kind_works_by_itself_on_a_search(kind: str, search: Path, tmp_path: Path) -> None:
    assert main(["plot", str(search), "--kind", kind, "--output", str(tmp_path / "x.svg")]) == 0

    drawn = (tmp_path / "x.svg").read_text()
    if kind in ("heatmap", "contour", "slices"):
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


def scattered(folder: Path, number: int = 9, **search: Any) -> str:
    """Write a random search of a logarithmic and a uniform variable, and of a text."""
    points = [
        {"act": ("relu", "tanh")[each % 2], "lrate": 10 ** -(1 + each % 4), "momentum": each / number}
        for each in range(number)
    ]
    ranges = {"lrate": (1e-4, 0.1, "log-uniform"), "momentum": (0.0, 0.9, "uniform")}
    variables = [
        {"name": "act", "kind": "categorical", "place": ["train_config", "act"], "choices": ["relu", "tanh"]},
        *(
            {"name": name, "kind": "real", "place": ["train_config", name], "begin": begin, "end": end, "prior": prior}
            for name, (begin, end, prior) in ranges.items()
        ),
    ]
    search = {"type": "random", "grid_size": None, "variables": variables, **search}
    return str(write_search(folder, points, lambda values, seed: [1 + abs(values["momentum"] - 0.3)], **search).path)


def test_a_contour_is_of_the_numbers_among_the_variables_with_a_ring_around_the_best_trial(tmp_path: Path) -> None:
    folder = scattered(tmp_path / "search")

    assert main(["plot", folder, "--kind", "contour", "--output", str(tmp_path / "x.svg")]) == 0

    drawn = (tmp_path / "x.svg").read_text()
    assert "<!-- train_config.lrate -->" in drawn
    assert "<!-- train_config.momentum -->" in drawn
    assert "interpolated" in drawn
    assert "trial_0003, the best score; the same" in drawn


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ["act", "lrate"],
            "A contour needs settings that are numbers, and 'train_config.act' is none: it has 'relu' and",
        ),
        (["lrate"], "--settings lrate: a contour needs two settings."),
        (["lrate", "train_config.lrate"], "a contour needs two different settings."),
        (["lrate", "momentun"], "Did you mean 'momentum'?"),
    ],
)
def test_what_no_contour_can_be_drawn_of_is_refused_in_one_line(
    settings: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, scattered(tmp_path / "search"), "--kind", "contour", "--settings", *settings)

    assert words in error
    assert error.count("\n") == 1


def test_too_few_trials_for_a_contour_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refused(capsys, scattered(tmp_path / "search", number=2), "--kind", "contour")

    assert error == (
        "A contour needs configurations at three different places that are not on one line; found 2 different places. "
        "Slices show one setting at a time.\n"
    )


def test_a_contour_of_one_number_names_what_draws_the_other_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [{"act": act, "lrate": rate} for act in ("relu", "tanh") for rate in (0.1, 0.2)]
    folder = write_search(tmp_path / "search", points, lambda values, seed: [values["lrate"]])

    error = refused(capsys, str(folder.path), "--kind", "contour")

    assert error == (
        "A contour needs two settings that are numbers, and 'train_config.act' is none. `mle plot --kind heatmap` or "
        "`--kind slices` draws them.\n"
    )


def test_importance_is_a_figure_and_a_few_lines_beside_the_name_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scattered(tmp_path / "search", number=24)

    assert main(["plot", folder, "--kind", "importance", "--output", str(tmp_path / "x.svg")]) == 0

    captured = capsys.readouterr()
    assert captured.out.splitlines() == [str(tmp_path / "x.svg")]
    heading, first, *_ = captured.err.splitlines()
    assert heading == "Importance for loss, with 95 % intervals:"
    assert first.startswith("momentum ")
    assert all(len(line) <= 80 for line in captured.err.splitlines())
    assert "share of the importance for loss" in (tmp_path / "x.svg").read_text()


def test_the_importance_of_steered_trials_says_so_in_figure_and_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scattered(tmp_path / "search", number=24, type="smbo")

    assert main(["plot", folder, "--kind", "importance", "--no-caption", "--output", str(tmp_path / "x.svg")]) == 0

    said = capsys.readouterr().err
    assert "The search chose these trials by earlier results, so variables without effect can look" in said
    assert " p = " not in said
    assert "(trials chosen by results)" in (tmp_path / "x.svg").read_text()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "needs 20 trials that have ended, and there are 5."),
        (None, "Only a search has variables with an importance."),
    ],
)
def test_no_importance_can_be_said_in_one_line(
    number: int | None, words: str, experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = experiment if number is None else scattered(tmp_path / "search", number=number)

    error = refused(capsys, folder, "--kind", "importance")

    assert words in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_all_kinds_are_without_those_that_are_drawn_on_request(tmp_path: Path) -> None:
    folder = scattered(tmp_path / "search")

    assert main(["plot", folder, "--kind", "all", "--output", str(tmp_path / "{kind}.svg")]) == 0

    on_request = {"contour", "importance"}
    assert not on_request & {path.stem for path in tmp_path.glob("*.svg")}
    assert main(["plot", folder, "--kind", "all", "--kind", "contour", "--output", str(tmp_path / "{kind}.svg")]) == 0
    assert on_request & {path.stem for path in tmp_path.glob("*.svg")} == {"contour"}
