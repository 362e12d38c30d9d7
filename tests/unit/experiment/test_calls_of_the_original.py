"""Calls of the original mle-logging that real scripts make."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from mle_toolbox import MLExperiment
from mle_toolbox.errors import LogError
from tests.unit.experiment.conftest import Project


def experiment(**log_config: Any) -> MLExperiment:
    tracked = {"time_to_track": ["step"], "what_to_track": ["loss"]}
    return MLExperiment(train_config={"lrate": 0.1}, log_config={**tracked, **log_config})


def test_metrics_can_be_added_to_those_that_are_tracked(project: Project) -> None:
    with experiment() as mle:
        mle.log.extend_tracking(["alpha"])
        mle.log.update({"step": 0}, {"loss": 1.0, "alpha": 2.0}, save=True)
        mle.log.extend_tracking(("beta", "loss"))
        mle.log.update({"step": 1}, {"loss": 0.5, "beta": 3}, save=True)

    data = project.log(configuration="notebook")
    assert data.metric_names == ("loss", "alpha", "beta")
    assert data.columns["alpha"][data.measured("alpha")].tolist() == [2.0]
    assert data.columns["beta"][data.measured("beta")].tolist() == [3]


def test_added_metrics_are_printed_like_those_before_them(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with experiment(print_every_k_updates=1) as mle:
        mle.update_log({"step": 0}, {"loss": 1.0})
        mle.log.extend_tracking(["alpha"])
        mle.update_log({"step": 1}, {"loss": 0.5, "alpha": 2})

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        *(["step", "loss"], ["0", "1"]),
        *(["step", "loss", "alpha"], ["1", "0.5", "2"]),
    ]


def test_names_to_track_are_a_list(project: Project) -> None:
    with (
        experiment() as mle,
        pytest.raises(LogError, match=r"takes a list of names, found 'alpha'\. Write extend_tracking\(\['alpha'\]\)"),
    ):
        mle.log.extend_tracking("alpha")


def test_a_name_that_is_not_tracked_can_be_added(project: Project) -> None:
    project.write_script(
        "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "mle.log.update({'step': 0}, {'loss': 1, 'time/lower': 2.0}, save=True)\n"
    )

    finished = project.by_hand()

    assert "LogError: 'time/lower' is not tracked: what_to_track is ['loss'].\n" in finished.stderr
    assert finished.stderr.endswith(
        "mle-toolbox: to log 'time/lower', add it to what_to_track in the configuration, or call "
        "mle.log.extend_tracking(['time/lower']) before.\n"
    )
    assert str(project.record().reason).endswith("'time/lower' is not tracked: what_to_track is ['loss'].")


@pytest.mark.parametrize("metrics", [{}, None, {"loss": None}])
@pytest.mark.parametrize("save", [True, False])
def test_an_update_with_a_model_and_no_metrics_saves_the_model_only(project: Project, metrics: Any, save: bool) -> None:
    with experiment() as mle:
        mle.log.update({"step": 0}, metrics, np.ones(2), save=save)
        assert (mle.seed_dir / "models" / "final.npy").exists()
        mle.update_log({"step": 1}, {"loss": 1}, save=True)
        mle.update_log({"step": 2}, metrics, np.zeros(2), save=save)

    assert np.load(mle.seed_dir / "models" / "final.npy").tolist() == [0, 0]
    data = project.log(configuration="notebook")
    assert data.columns["step"].tolist() == [1]
    assert data.absent == {}


def test_an_update_with_a_model_checks_its_time(project: Project) -> None:
    with experiment() as mle:
        with pytest.raises(LogError, match=r"'stp' is not tracked: time_to_track is \['step'\]. Did you mean 'step'\?"):
            mle.log.update({"stp": 0}, {}, np.ones(2), save=True)
        with pytest.raises(LogError, match="'step' is missing from this tick"):
            mle.log.update({}, {}, np.ones(2), save=True)
        with pytest.raises(LogError, match="A tick is two dictionaries; found int for the time"):
            mle.log.update(3, {}, np.ones(2), save=True)  # type: ignore[arg-type]

    with pytest.raises(LogError, match="The log of this run is closed"):
        mle.log.update({"step": 0}, {}, np.ones(2), save=True)


def test_the_folder_of_the_run_is_that_of_the_log(project: Project) -> None:
    with experiment() as mle:
        Path(mle.log.experiment_dir + "search_log.yaml").write_text("0: {}\n")

    assert (mle.seed_dir / "search_log.yaml").exists()
    assert os.path.join(mle.log.experiment_dir, "a") == str(mle.seed_dir / "a")  # noqa: PTH118


def test_what_was_logged_so_far_can_be_read_back(project: Project) -> None:
    with experiment(what_to_track=["loss", "acc"]) as mle:
        assert mle.log.stats_log.stats_tracked == {"loss": [], "acc": []}
        mle.update_log({"step": 0}, {"loss": 1.0})
        mle.update_log({"step": 5}, {"loss": 0.5, "acc": 2})

        so_far = mle.log.stats_log

        assert so_far.stats_tracked == {"loss": [1.0, 0.5], "acc": [2]}
        assert so_far.clock_tracked == {"step": [0, 5]}
        assert so_far.stats_update_counter == 2


def test_figures_and_objects_can_be_saved_with_a_tick_under_a_name(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with experiment() as mle:
        mle.update_log({"step": 0}, {"loss": 1.0}, plot_fig=Figure(), plot_fig_name="epochs/first", extra_obj=[1])
        mle.update_log({"step": 1}, {"loss": 1.0}, extra_obj=[2], extra_obj_name="seed_0/state.pkl", save=True)
        mle.log.update({"step": 2}, {"loss": 1.0}, plot_fig=Figure(), plot_fig_name="last.svg")

    files = sorted(str(path.relative_to(mle.seed_dir)) for path in mle.seed_dir.rglob("*") if path.is_file())
    assert [name for name in files if "/" in name] == [
        *("extra/extra_1.pkl", "extra/seed_0/state.pkl", "figures/epochs/first.png", "figures/last.svg")
    ]
    assert "TensorBoard" not in capsys.readouterr().err


def test_times_that_every_log_knows_can_be_printed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ["time", "time_elapsed", "num_updates", "step"]
    with experiment(time_to_print=shown, print_every_k_updates=2) as mle:
        for step in range(4):
            mle.update_log({"step": step}, {"loss": 1.0})

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == [*shown, "loss"]
    assert [line[2:4] for line in lines[1:]] == [["2", "1"], ["4", "3"]]
    assert all(float(line[1]) < 60 and line[0].count(":") == 2 for line in lines[1:])
    assert project.log(configuration="notebook").time_names == ("step",)


def test_a_metric_that_the_script_adds_can_be_printed(project: Project) -> None:
    project.write_configuration(what_to_print=["loss", "alpha"], print_every_k_updates=1)
    script = "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
    project.write_script(f"{script}mle.update_log({{'step': 1}}, {{'loss': 1}})\n")
    refused = project.by_hand()
    project.write_script("def prepare(log):\n    log.extend_tracking(['alpha'])\n", "helper.py")
    project.write_script(
        f"from helper import prepare\n{script}prepare(mle.log)\nmle.update_log({{'step': 1}}, {{'alpha': 1}})\n"
    )

    printed = project.by_hand()

    assert "'what_to_print' names 'alpha', which is not in 'what_to_track': ['loss']" in refused.stderr
    assert printed.stdout.split() == ["step", "loss", "alpha", "1", "-", "1"], printed.stderr


DICTIONARY = """
import argparse, copy, json, pickle
from mle_toolbox import MLExperiment
mle = MLExperiment()
import yaml  # after the settings were made
config = mle.config
assert isinstance(config, dict) and isinstance(mle.train_config, dict)
plain = json.loads(json.dumps(config))
assert yaml.safe_load(yaml.dump(config)) == yaml.safe_load(yaml.safe_dump(config)) == plain == config
assert yaml.safe_load(yaml.dump({"nested": mle.train_config})) == {"nested": plain["train_config"]}
assert dict(**mle.train_config) == dict(mle.train_config) == vars(mle.train_config) == plain["train_config"]
assert argparse.Namespace(**mle.train_config).lrate == 0.1
for twin in (copy.copy(config), copy.deepcopy(config), config.copy(), pickle.loads(pickle.dumps(config))):
    assert twin == config and type(twin) is type(config) and twin.train_config.lrate == 0.1
assert config.toDict() == config.to_dict() == plain and type(config.toDict()["train_config"]) is dict
merged = mle.train_config | {"optimizer": {"name": "adam"}}
assert merged.optimizer.name == "adam" and "optimizer" not in mle.train_config
assert ({"lrate": 1, "other": 2} | mle.train_config) == {"lrate": 0.1, "other": 2}
mle.train_config |= {"batch": {"size": 3}}
mle.train_config.update(more={"a": 1})
assert mle.train_config.setdefault("deep", {"er": 1}).er == 1
assert (mle.train_config.batch.size, mle.train_config.more.a, mle.train_config.pop("batch").size) == (3, 1, 3)
assert mle.train_config.pop("seed_id", None) == 0 and mle.train_config.get("lrate") == 0.1
mle.update_log({"step": 1}, {"loss": 1}, save=True)
"""


def test_settings_are_dictionaries_for_every_library(project: Project) -> None:
    project.write_script(DICTIONARY)

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert json.loads(project.seed().config.read_text())["train_config"] == {"lrate": 0.1}


def test_defaults_may_have_the_names_of_version_0_3_0(project: Project) -> None:
    Path("base.json").write_text(
        json.dumps({"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}})
    )

    with MLExperiment(default_config_fname="base.json", default_experiment_dir="mine", default_seed=3) as mle:
        mle.update_log({"step": 0}, {"loss": 1.0}, save=True)

    assert project.log("mine", "base", 3).columns["loss"].tolist() == [1.0]
