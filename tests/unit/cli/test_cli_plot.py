"""`mle plot`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.importers import import_logs, write_results


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
