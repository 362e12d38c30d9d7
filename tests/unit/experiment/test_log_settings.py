"""What the later keys of log_config do in a run, by hand too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mle_toolbox import MLExperiment
from mle_toolbox.errors import ExperimentFileError, FinishedLogError
from mle_toolbox.experiment_file.configuration_reader import read_configuration
from mle_toolbox.experiment_file.log_keys import board_name, printed_every
from tests.unit.experiment.conftest import Project
from tests.unit.experiment.test_experiment_log import experiment


def printed(capsys: pytest.CaptureFixture[str], **log_config: Any) -> list[str]:
    with experiment(overwrite=True, **log_config) as mle:
        for step in range(1, 5):
            mle.update_log({"step": step}, {"loss": 0.5})
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ({}, 0),
        ({"verbose": True}, 5),
        ({"verbose": 1, "print_every_k_updates": 2}, 3),
        ({"verbose": False, "print_every_k_updates": 2}, 0),
        ({"verbose": None, "print_every_k_updates": 2}, 3),
        ({"verbose": True, "print_every_k_updates": None}, 0),
    ],
    ids=repr,
)
def test_verbose_decides_with_the_interval_what_is_printed(
    keys: dict[str, Any], lines: int, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(printed(capsys, **keys)) == lines


def test_the_clocks_of_the_log_are_printed_where_they_are_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(capsys, verbose=True, time_to_print=["step", "time_elapsed", "num_updates"])

    assert lines[0].split() == ["step", "time_elapsed", "num_updates", "loss"]
    assert [line.split()[2] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert 0 <= float(lines[1].split()[1]) < 60


@pytest.mark.parametrize(("value", "is_replaced"), [(1, True), (True, True), (0, False), (None, False)])
def test_overwrite_is_the_later_name_of_overwrite_experiment_dir(
    value: Any, is_replaced: bool, project: Project
) -> None:
    with experiment(overwrite=value) as mle:
        mle.update_log({"step": 1}, {"loss": 0.5})

    if is_replaced:
        experiment(overwrite=value).close()
    else:
        with pytest.raises(FinishedLogError, match="overwrite_experiment_dir is 0"):
            experiment(overwrite=value)


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({}, None),
        ({"tboard_fname": "tb"}, "tb"),
        ({"tboard_fname": "tb", "use_tboard": True}, "tb"),
        ({"tboard_fname": "tb", "use_tboard": False}, None),
        ({"use_tboard": 1}, "events"),
        ({"use_tboard": False}, None),
        ({"tboard_fname": ""}, None),
    ],
    ids=repr,
)
def test_use_tboard_decides_about_event_files(keys: dict[str, Any], name: str | None) -> None:
    assert board_name(keys) == name


def test_an_interval_of_false_prints_nothing() -> None:
    assert printed_every({"print_every_k_updates": False}) is None


@pytest.mark.parametrize(
    "keys",
    ['"reload": true', '"verbos": true', '"seed_id": 3', '"use_tboard": "yes"', '"verbose": 2'],
)
def test_by_hand_and_through_mle_run_a_mistake_has_one_answer(keys: str, project: Project) -> None:
    file = Path("c.json")
    tracked = '"time_to_track": ["step"], "what_to_track": ["loss"]'
    file.write_text(f'{{"train_config": {{}},\n"log_config": {{{tracked},\n{keys}}}}}')
    through_run = "\n".join(map(str, read_configuration(file, file, "c.json").problems))

    with pytest.raises(ExperimentFileError) as caught:
        MLExperiment("c.json")
    assert str(caught.value) == through_run
    assert through_run.startswith("c.json:3: ")


def test_by_hand_keys_that_say_not_used_are_accepted(project: Project) -> None:
    unused = {"use_tboard": 0, "verbose": False, "reload": False, "config_dict": {}, "time_to_print": False}

    with experiment(**unused) as mle:
        mle.update_log({"step": 1}, {"loss": 0.5})

    assert mle.seed_dir.joinpath("log.h5").exists()
