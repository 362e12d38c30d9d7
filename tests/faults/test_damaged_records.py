"""The small files of a results folder when they are damaged: said in a sentence, and everything else goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from results_folder import N_TICKS, column, make_experiment

import mle_toolbox
from mle_toolbox.cli import main
from mle_toolbox.drive.status import read_status
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.results import ConfigurationResults, ExperimentResults

CONTENTS = [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b'{"format": 1}']
RECORDS = [*CONTENTS[:-1], b'{"attempt": "two"}', b'{"status": []}', b'{"command": 7}', b'{"packages": null}']
PLANS = [*CONTENTS, b'{"configurations": 5, "seeds": [0]}', b'{"configurations": [{"name": 1}], "seeds": []}']


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment in which nothing is damaged."""
    path = tmp_path_factory.mktemp("whole") / "experiments"
    make_experiment(ExperimentFolder(path))
    return path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> ExperimentFolder:
    """A copy of it."""
    return ExperimentFolder(Path(shutil.copytree(whole, tmp_path / "experiments")))


def load(folder: ExperimentFolder) -> dict[str, ConfigurationResults]:
    results = mle_toolbox.load(folder.path)
    assert isinstance(results, ExperimentResults)
    return dict(results)


@pytest.mark.parametrize("content", RECORDS)
def test_a_damaged_run_record_is_named_and_its_run_is_shown(
    folder: ExperimentFolder, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    record = folder.seed_run("finished", 1).run_record
    record.write_bytes(content)

    with pytest.warns(UserWarning, match=r"finished/seed_1/run\.json cannot be read"):
        results = load(folder)
    exit_status = main(["status", str(folder.path)])

    assert read_run_record(folder.seed_run("finished", 1)) is None
    assert results["finished"].lengths.tolist() == [N_TICKS] * 3
    np.testing.assert_array_equal(results["finished"]["x"][1], column(1))
    assert exit_status == 0
    output = capsys.readouterr()
    assert output.err == f"{record} is damaged: the record of when and where this run was made is lost.\n"
    assert "7 of 9 seed runs done, 2 died" in output.out


@pytest.mark.parametrize("content", PLANS)
def test_a_damaged_record_of_the_experiment_is_named_and_all_that_is_there_is_shown(
    folder: ExperimentFolder, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.record.write_bytes(content)

    with pytest.warns(UserWarning, match=r"experiment\.json is damaged\. The next `mle run` writes it again\."):
        results = load(folder)
    exit_status = main(["status", str(folder.path)])

    assert sorted(results) == ["died", "finished", "merged"]
    assert exit_status == 0
    output = capsys.readouterr()
    assert output.err.startswith(f"{folder.record} is damaged. The next `mle run` writes it again.")
    assert [line.split()[:2] for line in output.out.splitlines()[:3]] == [
        ["died", "1/3"],
        ["finished", "3/3"],
        ["merged", "3/3"],
    ]


def test_a_record_of_the_experiment_without_its_script_is_enough_for_the_status(folder: ExperimentFolder) -> None:
    content = json.loads(folder.record.read_bytes())
    folder.record.write_text(json.dumps({**content, "script": 7, "experiment_file": "a\0b"}))

    status = read_status(folder)

    assert (len(status.runs), status.damage) == (9, ())
    assert not any(run.stale for run in status.runs)


def remove(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    path.write_bytes(b"\xff\x00 spoiled")


@pytest.mark.parametrize("damage", [remove, spoil])
@pytest.mark.parametrize("name", ["results.h5", "results.csv", "merged/seed_0/.done", "merged/seed_0/config.json"])
def test_what_nobody_reads_is_no_hindrance(folder: ExperimentFolder, damage: Callable[[Path], None], name: str) -> None:
    path = folder.path / name
    path.touch()  # config.json is not made here
    damage(path)

    results = load(folder)

    assert results["merged"].lengths.tolist() == [N_TICKS] * 3
    assert read_status(folder).damage == ()


def test_a_record_that_is_damaged_does_not_keep_the_seed_from_running_again(tmp_path: Path) -> None:
    sections = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}}
    run = ExperimentFolder(tmp_path).seed_run("inline", 0)
    run.path.mkdir(parents=True)
    run.run_record.write_text('{"attempt": "two", "status": 5}')

    with mle_toolbox.MLExperiment(experiment_dir=tmp_path, **sections) as mle:
        where = Path(mle.seed_dir)
        mle.update_log({"t": 0}, {"x": 0.5})

    record = read_run_record(ExperimentFolder(tmp_path).seed_run(where.parent.name, 0))
    assert record is not None
    assert (record.status, record.attempt) == ("done", 1)
