"""What a tick does: journal, screen, clocks, and the calls that scripts of the original package make."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mle_toolbox import MLExperiment
from mle_toolbox.errors import LogError, UsageError
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.log_data import LogData
from tests.unit.experiment.conftest import Project


def experiment(train_config: dict[str, Any] | None = None, **log_config: Any) -> MLExperiment:
    tracked = {"time_to_track": ["step"], "what_to_track": ["loss"]}
    return MLExperiment(train_config=train_config or {}, log_config={**tracked, **log_config})


def log(project: Project) -> LogData:
    return project.log(configuration="notebook")


@pytest.mark.parametrize("on", [lambda mle: mle, lambda mle: mle.log], ids=["mle", "mle.log"])
@pytest.mark.parametrize(
    "call",
    [
        lambda on: on.update_log({"step": 1}, {"loss": 0.5}, save=True),
        lambda on: on.update_log({"step": 1}, {"loss": 0.5}),
        lambda on: on.update_log({"step": 1}, {"loss": 0.5}, None, None, True),
        lambda on: on.update_log(time_tick={"step": 1}, stats_tick={"loss": 0.5}),
        lambda on: on.update_log(clock_tick={"step": 1}, stats_tick={"loss": 0.5}, save=True),
    ],
)
def test_tick_can_be_given_in_all_these_ways(project: Project, on: Any, call: Any) -> None:
    with experiment() as mle:
        call(on(mle))
        call(on(mle))

    assert log(project).columns["step"].tolist() == [1, 1]
    assert log(project).columns["loss"].tolist() == [0.5, 0.5]


def test_update_of_the_original_logger_works(project: Project) -> None:
    with experiment() as mle:
        mle.log.update({"step": 1}, {"loss": 0.5}, {"weights": np.ones(2)}, extra_obj=[1], grads=None, save=True)
        mle.log.update(clock_tick={"step": 2}, stats_tick={"loss": 0.25}, extra_obj=[2], save=True)

    assert log(project).columns["step"].tolist() == [1, 2]
    assert (mle.seed_dir / "models" / "final.npz").exists()
    assert [path.name for path in sorted((mle.seed_dir / "extra").iterdir())] == ["extra_1.pkl", "extra_2.pkl"]


def test_saved_ticks_are_on_disk_at_once_and_others_at_the_end(project: Project) -> None:
    with experiment() as mle:
        mle.update_log({"step": 1}, {"loss": 1.0}, save=True)
        mle.update_log({"step": 2}, {"loss": 2.0})
        meanwhile = read_journal(mle.seed_dir / "journal.bin").n_ticks
        mle.log.save()
        saved = read_journal(mle.seed_dir / "journal.bin").n_ticks
        mle.update_log({"step": 3}, {"loss": 3.0})

    assert (meanwhile, saved, log(project).n_ticks) == (1, 2, 3)


@pytest.mark.parametrize(
    ("time_tick", "stats_tick", "message"),
    [
        ({"step": 1}, {"losss": 1}, "'losss' is not tracked: what_to_track is ['loss']. Did you mean 'loss'?"),
        ({"stp": 1}, {"loss": 1}, "'stp' is not tracked: time_to_track is ['step']. Did you mean 'step'?"),
        ({"step": 1}, {}, "This tick has no metric: what_to_track is"),
        (None, {"loss": 1}, "A tick is two dictionaries; found NoneType for the time."),
        ({"step": 1}, {"loss": "low"}, "'loss' must be a number or an array of numbers, found str."),
    ],
)
def test_tick_that_does_not_fit_is_refused(project: Project, time_tick: Any, stats_tick: Any, message: str) -> None:
    with experiment() as mle:
        for _ in range(2):  # the first tick goes another way than those after it
            with pytest.raises(LogError, match=re.escape(message)):
                mle.update_log(time_tick, stats_tick)
            mle.update_log({"step": 1}, {"loss": 1})

    assert log(project).n_ticks == 2


def test_dictionaries_of_the_script_are_not_changed(project: Project) -> None:
    clock, stats = {"step": 1}, {"loss": 0.5}

    with experiment(time_to_track=["step", "time", "num_updates"], print_every_k_updates=1) as mle:
        mle.update_log(clock, stats, save=True)

    assert (clock, stats) == ({"step": 1}, {"loss": 0.5})


def test_own_clocks_are_filled_in_when_they_are_tracked(project: Project) -> None:
    with experiment(time_to_track=["time", "step", "time_elapsed", "num_updates"]) as mle:
        mle.update_log({"step": 10}, {"loss": 1})
        mle.update_log({"step": 20, "num_updates": 7}, {"loss": 2})
        mle.update_log({"step": 30}, {"loss": 3})

    columns = log(project).columns
    assert columns["num_updates"].tolist() == [1, 7, 3]
    assert np.all(np.diff(columns["time"]) >= 0)
    assert columns["time"][0] > 1.7e9
    assert np.all(np.diff(columns["time_elapsed"]) >= 0)
    assert 0 <= columns["time_elapsed"][0] < 60


def test_own_clocks_are_not_tracked_unasked(project: Project) -> None:
    with experiment() as mle, pytest.raises(LogError, match="'num_updates' is not tracked"):
        mle.update_log({"step": 1, "num_updates": 1}, {"loss": 1})


def test_closed_log_takes_no_more_ticks(project: Project) -> None:
    mle = experiment()
    mle.update_log({"step": 1}, {"loss": 1})
    mle.close()

    with pytest.raises(LogError, match=r"^The log of this run is closed: .*notebook/seed_0\.$"):
        mle.update_log({"step": 2}, {"loss": 2})
    with pytest.raises(
        UsageError, match=r"^save_model\(\) must be called before the end of the run, which is closed: "
    ):
        mle.save_model({})
    assert log(project).n_ticks == 1


@pytest.mark.parametrize(
    ("train_config", "log_config"), [({}, {"log_every_j_steps": 10}), ({"log_every_steps": 10}, {})]
)
def test_ready_to_log_at_the_start_and_after_every_k_steps(
    project: Project, train_config: dict[str, Any], log_config: dict[str, Any]
) -> None:
    with experiment(train_config, **log_config) as mle:
        ready = [step for step in range(40) if mle.ready_to_log(step)]

    assert ready == [step for step in range(40) if mle.log.ready_to_log(step)] == [0, 9, 19, 29, 39]


def test_ready_to_log_needs_a_number_of_steps(project: Project) -> None:
    with experiment() as mle, pytest.raises(UsageError, match=r"^ready_to_log needs log_every_j_steps in log_config, "):
        mle.ready_to_log(0)


def test_every_kth_update_is_printed_in_aligned_columns(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    tracked = {"time_to_track": ["step"], "what_to_track": ["loss", "a_longer_name"]}

    with experiment(**tracked, print_every_k_updates=2) as mle:
        for step in range(1, 8):
            mle.update_log({"step": step * 1000}, {"loss": np.float32(1 / step), "a_longer_name": step})

    assert capsys.readouterr().out == (
        "      step        loss  a_longer_name\n"
        "      2000         0.5              2\n"
        "      4000        0.25              4\n"
        "      6000     0.16667              6\n"
    )


def test_names_are_printed_again_above_every_20th_line(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with experiment(print_every_k_updates=1) as mle:
        for step in range(45):
            mle.update_log({"step": step}, {"loss": 0.1})

    lines = capsys.readouterr().out.splitlines()
    assert [index for index, line in enumerate(lines) if line == "      step        loss"] == [0, 21, 42]


def test_only_what_is_asked_for_is_printed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    names = {"time_to_track": ["step", "epoch"], "what_to_track": ["loss", "grid"]}

    with experiment(**names, time_to_print=["epoch"], what_to_print=["grid"], print_every_k_updates=1) as mle:
        mle.update_log({"step": 1, "epoch": 2}, {"loss": 0.5, "grid": np.zeros((3, 4))})

    assert capsys.readouterr().out == "     epoch        grid\n         2       <3x4>\n"


def test_a_metric_that_was_not_measured_is_printed_as_a_dash(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    tracked = {"what_to_track": ["loss", "val"], "what_to_print": ["val"], "tboard_fname": None}

    with experiment(**tracked, print_every_k_updates=1) as mle:
        mle.update_log({"step": 1}, {"loss": 0.5})
        mle.update_log({"step": 2}, {"loss": 0.5, "val": None})
        mle.update_log({"step": 3}, {"val": 0.25})

    assert capsys.readouterr().out.splitlines()[1:] == [
        "         1           -",
        "         2           -",
        "         3        0.25",
    ]


@pytest.mark.parametrize("settings", [{}, {"print_every_k_updates": None}, {"time_to_print": ["step"]}])
def test_nothing_is_printed_unasked(
    project: Project, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with experiment(**settings) as mle:
        mle.update_log({"step": 1}, {"loss": 0.5})

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "True"),
        (3, "3"),
        (2**60, str(2**60)),
        (float("nan"), "nan"),
        (1e-12, "1e-12"),
        (np.float64(1e6), "1e+06"),
    ],
)
def test_values_are_printed_short(project: Project, value: Any, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    with experiment(print_every_k_updates=1) as mle:
        mle.update_log({"step": 1}, {"loss": value})

    assert capsys.readouterr().out.splitlines()[1].split() == ["1", shown]


@pytest.mark.slow
def test_run_goes_on_when_nobody_reads_what_it_prints(project: Project) -> None:
    project.write_configuration(print_every_k_updates=1)
    project.write_script(
        "import os, sys\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "read, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)\n"
        "for step in range(3):\n    mle.update_log({'step': step}, {'loss': 1.0})\n"
        "sys.stdout = None\nmle.update_log({'step': 3}, {'loss': 1.0})\n"
    )

    finished = project.by_hand()

    assert project.log().n_ticks == 4, finished.stderr


@pytest.mark.slow
def test_names_that_the_terminal_cannot_show_are_escaped(project: Project) -> None:
    project.write_configuration(what_to_track=["größe"], print_every_k_updates=1)
    project.write_script(
        "from mle_toolbox import MLExperiment\nmle = MLExperiment()\nmle.update_log({'step': 1}, {'größe': 1.0})\n"
    )

    finished = project.by_hand(variables={"PYTHONIOENCODING": "ascii"})

    assert finished.stdout.splitlines()[0].split() == ["step", "gr\\xf6\\xdfe"]


def test_loss_of_shape_one_is_kept_and_remarked(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with MLExperiment("config.json") as mle:
        for step in range(2):
            mle.update_log({"step": step}, {"loss": np.array([0.5])}, save=True)

    said = capsys.readouterr().err
    assert said.count("'loss' has shape (1,): it is stored as an array") == 1
    assert "log its value with .item()." in said
    assert project.log().columns["loss"].shape == (2, 1)


def test_number_that_becomes_an_array_of_one_is_told_the_remedy(project: Project) -> None:
    with MLExperiment("config.json") as mle:
        mle.update_log({"step": 0}, {"loss": 0.5})

        with pytest.raises(LogError, match=r"becomes that number by \.item\(\)\.$"):
            mle.update_log({"step": 1}, {"loss": np.array([0.5])})
        with pytest.raises(LogError, match=r"must be one number, found shape \(1,\)\. An array .*\.item\(\)"):
            mle.update_log({"step": np.array([1])}, {"loss": 0.5})
        with pytest.raises(LogError, match=r"under another name\.$"):
            mle.update_log({"step": 1}, {"loss": np.zeros(2)})
