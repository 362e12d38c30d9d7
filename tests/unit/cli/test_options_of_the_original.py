"""Commands and options that users of the original mle-toolbox type: understood, or answered with what to type here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from tests.mistakes import copy_reference_project


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("monitor", "mle status"),
        ("retrieve", "rsync"),
        ("protocol", "mle report DIR"),
        ("project", "mle init FOLDER"),
        ("sync", "results folder"),
        ("sync-gcs", "results folder"),
        ("sync_gcs", "results folder"),
    ],
)
def test_a_command_of_the_original_is_answered_with_what_replaces_it(
    command: str, instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([command, "anything"])

    said = capsys.readouterr().err
    assert status == 2
    assert said.startswith(f"mle: {command!r} is a command of the original mle-toolbox. Here ")
    assert instead in said
    assert said.count("\n") == 1


def test_init_alone_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["init"])

    assert status == 2
    assert "mle init FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--porfile", "local"], "mle: error: unrecognized arguments: --porfile. Did you mean '--profile'?"),
        (["--purpos"], "mle run: error: argument -p/--purpose: expected at least one argument"),
        (["a.yaml", "b.yaml"], "mle: error: unrecognized arguments: b.yaml"),
    ],
)
def test_mistakes_in_the_options_of_run_are_shown_under_its_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", *words])

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("usage: mle run ")
    assert lines[-1] == said


@pytest.mark.parametrize(
    "words",
    [
        ["exp.yaml", "-np", "-nw", "--dry_run", "-resource", "local"],
        ["exp.yaml", "--no_protocol", "--no_welcome", "--dry-run", "--resource_to_run=local"],
        ["-p", "Grid", "Search", "exp.yaml", "--no-protocol", "-n", "--profile", "local"],
        ["--purpose", "Grid Search", "-n", "-resource", "local"],
        ["-d", "-n", "-resource", "local", "-train_fname", "ode/run_ode_int.py"],
    ],
)
def test_the_options_of_the_original_are_taken(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_reference_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    profiles: list[str] = []
    monkeypatch.setattr("mle_toolbox.cli.run.check_profile", lambda profile, project: profiles.append(profile))

    status = main(["run", *words])

    assert status == 0
    assert profiles == ["local"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-resource", "gcp-cloud"], "--resource-to-run gcp-cloud: this belongs to the original mle-toolbox."),
        (
            ["-resource", "local", "--profile", "sge"],
            "--resource-to-run local and --profile sge contradict",
        ),
        (["-reconnect"], "--remote-reconnect belongs to the original mle-toolbox. Here `mle attach` follows a run."),
    ],
)
def test_an_option_that_does_not_fit_here_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["run", *words])

    assert status == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.slow
def test_the_purpose_is_kept_and_shown(tmp_path: Path) -> None:
    def mle(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mle_toolbox", *words]
        return subprocess.run(command, cwd=tmp_path / "new", capture_output=True, text=True, check=True)

    subprocess.run([sys.executable, "-m", "mle_toolbox", "init", "new"], cwd=tmp_path, check=True)
    mle("run", "exp.yaml", "--purpose", "Grid", "<b>Search", "--cores", "2")
    mle("run", "exp.yaml", "--cores", "2")

    results = tmp_path / "new/experiments"
    assert json.loads((results / "experiment.json").read_text())["purpose"] == "Grid <b>Search"
    assert "purpose: Grid <b>Search" in mle("status").stdout
    assert json.loads(mle("status", "--json").stdout)["purpose"] == "Grid <b>Search"
    assert "<p><bdi>Grid &lt;b&gt;Search</bdi></p>" in (results / "report.html").read_text()

    mle("run", "exp.yaml", "-p", "another one", "--cores", "2")

    assert json.loads((results / "experiment.json").read_text())["purpose"] == "another one"
    assert "<p><bdi>another one</bdi></p>" in (results / "report.html").read_text()
