"""`python train.py --help`, and a configuration that is typed without its option."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 0}, {"loss": 1.0}, save=True)
print("trained", mle.config_name)
"""
CONFIGURATION = '{"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "configs").mkdir()
    for name in ("base_config", "fast"):
        (tmp_path / "configs" / f"{name}.json").write_text(CONFIGURATION)
    return tmp_path


def python(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_says_what_the_three_arguments_are_and_trains_nothing(project: Path, word: str) -> None:
    outcome = python(project, "train.py", word)

    assert outcome.returncode == 0
    assert outcome.stdout.startswith("usage: python train.py [-config FILE] [-seed N] [-exp_dir DIR]")
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "trained" not in outcome.stdout
    assert not (project / "by_hand").exists()


def test_the_help_of_a_parser_of_the_script_comes_first(project: Path) -> None:
    (project / "train.py").write_text(
        "import argparse\nargparse.ArgumentParser(description='of its own').parse_known_args()\n" + SCRIPT
    )

    assert "of its own" in python(project, "train.py", "--help").stdout


@pytest.mark.parametrize("before", [[], ["-seed", "3"]])
def test_a_configuration_without_its_option_is_refused_with_the_right_spelling(
    project: Path, before: list[str]
) -> None:
    outcome = python(project, "train.py", *before, "configs/fast.json")

    typed = " ".join([*before, "-config configs/fast.json"])
    assert outcome.returncode != 0
    assert f"after -config, and would not be used here. Type: python train.py {typed}" in outcome.stderr
    assert "trained" not in outcome.stdout


@pytest.mark.parametrize("words", [["-data", "more.json"], ["-config", "configs/fast.json", "more.json"], ["mode"]])
def test_other_words_are_left_to_the_script(project: Path, words: list[str]) -> None:
    assert "trained" in python(project, "train.py", *words).stdout
