"""Which models are kept of those that a script passes to update_log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.experiment.kept_models import KeptModels, kept_models
from tests.unit.experiment.conftest import Project

LOG = {"time_to_track": ["step"], "what_to_track": ["loss", "accuracy"]}


def keeper(folder: Path, **log: Any) -> KeptModels:
    def save(model: Any, name: str) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.txt").write_text(str(model))
        return folder / f"{name}.txt"

    found = kept_models(save, folder, LOG | log)
    assert found is not None
    return found


def pass_models(kept: KeptModels, scores: list[float], first: int = 1, metric: str = "accuracy") -> None:
    for update, score in enumerate(scores, start=first):
        kept.take(f"model {update}", update, {"step": 10 * update}, {metric: score})


def files(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.txt"))


def test_without_these_keys_nothing_is_kept() -> None:
    assert kept_models(lambda *_: Path(), Path(), LOG) is None
    assert kept_models(lambda *_: Path(), Path(), LOG | {"save_every_k_ckpt": 0, "save_top_k_ckpt": None}) is None


def test_every_kth_model_is_kept_by_the_number_of_its_update(tmp_path: Path) -> None:
    kept = keeper(tmp_path / "models", save_every_k_ckpt=2)

    for update in (1, 11, 21, 31):
        kept.take(f"model {update}", update, {"step": 5 * update}, {"loss": 1.0})

    assert files(tmp_path / "models") == ["every_k_update_11", "every_k_update_31"]
    listed = json.loads((tmp_path / "models/kept_models.json").read_text())
    assert [(each["update"], each["time"]) for each in listed] == [(11, 55), (31, 155)]


@pytest.mark.parametrize(("minimize", "best"), [(False, [2, 4]), (True, [1, 3])])
def test_the_best_models_are_kept_and_no_others(minimize: bool, best: list[int], tmp_path: Path) -> None:
    kept = keeper(tmp_path, save_top_k_ckpt=2, top_k_metric_name="accuracy", top_k_minimize_metric=minimize)

    pass_models(kept, [0.1, 0.9, 0.2, 0.8, 0.5])

    assert files(tmp_path) == [f"top_k_update_{update}" for update in best]


def test_a_model_without_a_score_is_never_among_the_best(tmp_path: Path) -> None:
    kept = keeper(tmp_path, save_top_k_ckpt=3, top_k_metric_name="accuracy")

    pass_models(kept, [float("nan"), float("inf"), 0.5])
    kept.take("model", 4, {"step": 4}, {"loss": 1.0})
    kept.take("model", 5, {"step": 5}, {"accuracy": np.ones(3)})

    assert files(tmp_path) == ["top_k_update_3"]


@settings(max_examples=40, deadline=None)
@given(
    scores=st.lists(st.integers(0, 6).map(float), max_size=12),
    best=st.integers(1, 4),
    every=st.integers(1, 4),
    cut=st.integers(0, 12),
    further=st.integers(0, 5),
    minimize=st.booleans(),
)
def test_a_run_that_resumes_keeps_what_an_undisturbed_one_keeps(
    scores: list[float],
    best: int,
    every: int,
    cut: int,
    further: int,
    minimize: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    log = {"save_every_k_ckpt": every, "save_top_k_ckpt": best, "top_k_metric_name": "accuracy"}
    log["top_k_minimize_metric"] = minimize
    once, twice = (tmp_path_factory.mktemp("models") for _ in range(2))
    pass_models(keeper(once, **log), scores)
    sign = -1 if minimize else 1
    ranked = sorted(range(len(scores)), key=lambda index: (-sign * scores[index], index))[:best]

    interrupted = keeper(twice, **log)
    pass_models(interrupted, scores[:cut])
    at_checkpoint = interrupted.n_models
    pass_models(interrupted, scores[cut : cut + further], first=cut + 1)
    resumed = keeper(twice, **log)
    resumed.resume_at(cut, at_checkpoint)
    pass_models(resumed, scores[cut:], first=len(scores[:cut]) + 1)

    assert files(once) == files(twice)
    assert {f"top_k_update_{index + 1}" for index in ranked} == {name for name in files(once) if name[0] == "t"}
    assert len([name for name in files(once) if name[0] == "e"]) == len(scores) // every


def test_what_was_kept_after_the_checkpoint_is_gone_when_the_run_resumes(tmp_path: Path) -> None:
    pass_models(keeper(tmp_path, save_every_k_ckpt=1), [0.1, 0.2, 0.3])

    keeper(tmp_path, save_every_k_ckpt=1).resume_at(2)

    assert files(tmp_path) == ["every_k_update_1", "every_k_update_2"]


def test_an_attempt_that_starts_over_leaves_none_of_the_earlier_models(tmp_path: Path) -> None:
    pass_models(keeper(tmp_path, save_every_k_ckpt=1), [0.1, 0.2, 0.3])

    pass_models(keeper(tmp_path, save_every_k_ckpt=2), [0.1, 0.2])

    assert files(tmp_path) == ["every_k_update_2"]


def test_models_of_updates_without_metrics_do_not_replace_each_other(tmp_path: Path) -> None:
    kept = keeper(tmp_path, save_every_k_ckpt=1)

    for _ in range(3):
        kept.take("model", 0, {}, {})

    assert files(tmp_path) == ["every_k_update_0", "every_k_update_0_model_2", "every_k_update_0_model_3"]


KEEPING = """\
import sys
import numpy as np
from mle_toolbox import MLExperiment

mle = MLExperiment()
first = (mle.resume() or {"step": 0})["step"]
for step in range(first + 1, 9):
    mle.update_log({"step": step}, {"loss": [5, 3, 8, 1, 9, 2, 7, 4][step - 1]}, model=np.array([step]), save=True)
    if step == 3:
        mle.checkpoint({"step": step})
    if step == 6 and first == 0:
        sys.exit(3)
"""


def test_a_run_keeps_models_across_an_interruption(project: Project) -> None:
    project.write_script(KEEPING)
    keys = {"save_every_k_ckpt": 2, "save_top_k_ckpt": 2, "top_k_metric_name": "loss", "top_k_minimize_metric": 1}
    project.write_configuration(**keys, ckpt_time_to_track="num_updates")

    assert project.by_hand("-config", "config.json", "-seed", "0", "-exp_dir", "out").returncode == 3
    done = project.by_hand("-config", "config.json", "-seed", "0", "-exp_dir", "out")

    assert done.returncode == 0, done.stderr
    models = project.path / "out/config/seed_0/models"
    assert sorted(path.name for path in models.iterdir()) == [
        "every_k_update_2.npy",
        "every_k_update_4.npy",
        "every_k_update_6.npy",
        "every_k_update_8.npy",
        "final.npy",
        "kept_models.json",
        "top_k_update_4.npy",
        "top_k_update_6.npy",
    ]
    assert np.load(models / "top_k_update_4.npy").tolist() == [4]
    listed = json.loads((models / "kept_models.json").read_text())
    assert all(each["time"] == each["update"] for each in listed)
