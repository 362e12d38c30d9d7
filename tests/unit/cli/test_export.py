"""`mle export optuna`, read with Optuna itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.cli import main
from tests.made_search import write_search

optuna = pytest.importorskip("optuna")

POINTS: list[dict[str, Any]] = [
    {"lr": 0.1, "net": "relu"},
    {"lr": 0.01, "net": [64, 64]},
    {"lr": 5.0, "net": True},
    {"lr": 0.2, "net": 1},
]
NAMES = ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]


def curve(values: Mapping[str, Any], seed: int) -> list[float]:
    return [1.0, values["lr"] + seed / 100]


@pytest.fixture
def search(tmp_path: Path) -> Path:
    """Four trials x three seeds; all seeds of the second trial failed, and the third is outside the present space."""
    variables = [
        {"name": "lr", "kind": "real", "place": ["train_config", "lr"], "begin": 0.001, "end": 1.0},
        {"name": "net", "kind": "categorical", "place": ["train_config", "net"], "choices": ["relu", [64, 64], 1]},
    ]
    failed = [(1, seed) for seed in range(3)]
    return write_search(
        tmp_path / "a search", POINTS, curve, failed=failed, outside=[2], type="random", variables=variables
    ).path


def study_in(path: Path) -> Any:
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    return optuna.load_study(study_name="a search", storage=storage)


def test_every_trial_is_there_with_its_score_its_seeds_and_what_became_of_it(
    search: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "optuna", str(search)]) == 0

    study = study_in(search / "optuna.log")
    assert "4 trials: " in capsys.readouterr().out
    assert [each.user_attrs["name"] for each in study.trials] == NAMES
    assert [each.state.name for each in study.trials] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert study.direction.name == "MINIMIZE"
    assert study.best_trial.params == {"lr": 0.1, "net": "relu"}
    assert study.best_value == pytest.approx(0.11)
    assert study.best_trial.user_attrs["loss"] == pytest.approx({"0": 0.1, "1": 0.11, "2": 0.12})
    assert "looks better than it is" in study.user_attrs["caution"]


def test_values_that_optuna_does_not_know_and_those_outside_the_space_are_kept(search: Path) -> None:
    assert main(["export", "optuna", str(search)]) == 0

    trials = study_in(search / "optuna.log").trials
    assert [each.params["net"] for each in trials] == ["relu", "[64, 64]", "true", 1]
    assert trials[0].distributions["lr"].high == 5.0
    assert trials[2].user_attrs["outside"] == "outside the present space"


def test_a_study_that_is_written_again_has_every_trial_once(search: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert main(["export", "optuna", str(search), "-o", str(tmp_path / "study.log")]) == 0

    assert len(study_in(tmp_path / "study.log").trials) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a search", "study.log"]


def test_what_is_no_search_and_a_folder_as_a_file_are_mistakes(
    search: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()

    assert main(["export", "optuna", str(search), "--output", str(tmp_path)]) == 2
    assert "this is a folder" in capsys.readouterr().err
    assert main(["export", "optuna", str(tmp_path / "empty")]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["export", "wandb", str(search)])


def test_without_optuna_it_says_how_to_install_it(
    search: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import metadata

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.delitem(sys.modules, "optuna", raising=False)

    assert main(["export", "optuna", str(search)]) == 2
    assert (
        capsys.readouterr().err.strip() == "mle export optuna needs the package optuna, which is not installed: "
        "pip install 'mle-toolbox-snakemake[search]'"
    )
