"""What an earlier version has written can be read and continued: format_1/ was made by version 0.1.0, once."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import mle_toolbox
from mle_toolbox.drive.status import read_status
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.checkpoint import read_checkpoint
from mle_toolbox.experiment.own_checkpoint import continuation
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.journal_format import MAGIC
from mle_toolbox.log.merge import merge_seeds, read_configuration
from mle_toolbox.results import ConfigurationResults, ExperimentResults


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    """A copy of the results: seeds 0 and 1 are finished and merged, seed 2 was killed behind tick 7."""
    return ExperimentFolder(Path(shutil.copytree(Path(__file__).with_name("format_1"), tmp_path / "experiments")))


def expected(seed: int) -> dict[str, list[object]]:
    ticks = range(5 + seed)
    return {
        "t": list(ticks),
        "x": [seed + t / 3 for t in ticks],
        "n": [2**62 + t for t in ticks],
        "b": [t % 2 == 0 for t in ticks],
        "a": [[t, -t] for t in ticks],
    }


def test_every_number_of_format_1_is_read_as_it_was_logged(folder: ExperimentFolder) -> None:
    results = mle_toolbox.load(folder.path)

    assert isinstance(results, ExperimentResults)
    for run in results["c"].runs:
        assert {name: run[name].tolist() for name in expected(0)} == expected(run.seed)
    assert results["c"].statuses == ("done", "done", "died")


@pytest.mark.parametrize("name", ["results.h5", "c/log.h5"])
def test_merged_files_of_format_1_are_read(folder: ExperimentFolder, name: str) -> None:
    results = mle_toolbox.load(folder.path / name)

    configuration = results["c"] if isinstance(results, ExperimentResults) else results
    assert isinstance(configuration, ConfigurationResults)
    assert configuration.seeds == (0, 1)
    for run in configuration.runs:
        assert {name: run[name].tolist() for name in expected(0)} == expected(run.seed)


def test_the_status_of_format_1_is_read(folder: ExperimentFolder) -> None:
    status = read_status(folder)

    assert status.damage == ()
    assert [(run.seed, run.status) for run in status.runs] == [(0, "done"), (1, "done"), (2, "died")]
    assert [run.record.host for run in status.runs if run.record is not None] == ["node1"] * 3


def test_a_run_of_format_1_goes_on_behind_its_checkpoint(folder: ExperimentFolder) -> None:
    run = folder.seed_run("c", 2)

    checkpoint = read_checkpoint(run.checkpoint)
    assert checkpoint is not None
    writer = JournalWriter(run.journal, ["t"], ["x", "n", "b", "a"])
    writer.rewind(checkpoint.n_ticks)
    writer.append({"t": 4}, {"x": 2 + 4 / 3, "n": 1, "b": True, "a": [0, 0]}, True)
    writer.close()

    assert (checkpoint.state, checkpoint.n_ticks) == ({"t": 3}, 4)
    assert read_journal(run.journal).columns["x"].tolist() == [2 + t / 3 for t in range(5)]


def test_logs_of_format_1_are_merged_with_new_ones(folder: ExperimentFolder, tmp_path: Path) -> None:
    logs = {seed: folder.seed_run("c", seed).log for seed in (0, 1)}

    merge_seeds(logs, tmp_path / "log.h5")

    merged, before = read_configuration(tmp_path / "log.h5"), read_configuration(folder.configuration("c").log)
    for name in expected(0):
        np.testing.assert_array_equal(merged.columns[name], before.columns[name])


@pytest.fixture
def own_step(tmp_path: Path) -> ExperimentFolder:
    """Of format 1 with a time called ``step`` and metrics ``seed`` and ``val``, NaN at every other tick."""
    source = Path(__file__).with_name("format_1_step")
    return ExperimentFolder(Path(shutil.copytree(source, tmp_path / "experiments")))


@pytest.mark.parametrize("name", ["", "results.h5", "c/log.h5"])
def test_format_1_answers_with_the_users_step_and_not_with_the_number_of_the_tick(
    own_step: ExperimentFolder, name: str
) -> None:
    results = mle_toolbox.load(own_step.path / name)

    configuration = results["c"] if isinstance(results, ExperimentResults) else results
    assert isinstance(configuration, ConfigurationResults)
    with pytest.warns(UserWarning, match="'n' has integers beyond"):
        dataset = configuration.to_xarray()
    table = configuration.to_dataframe()
    for run in configuration.runs:
        steps = [10 * tick for tick in range(run.n_ticks)]
        assert run["step"].tolist() == steps
        assert configuration["step"][run.seed, : run.n_ticks].tolist() == steps
        assert dataset["step"].values[run.seed, : run.n_ticks].tolist() == steps
        own = table[table["seed_"] == run.seed]
        assert (own["step"].tolist(), own["tick"].tolist()) == (steps, list(range(run.n_ticks)))
        assert own["seed"].tolist() == run["seed"].tolist() == [7] * run.n_ticks
        assert [value for value in run["val"].tolist() if value == value] == [
            run.seed + tick / 4 for tick in range(0, run.n_ticks, 2)
        ]
    assert own_step.table.read_text().splitlines()[1].startswith("c,0,done,5,40,")


def test_nan_between_the_values_of_format_1_is_not_measured(own_step: ExperimentFolder) -> None:
    results = mle_toolbox.load(own_step.path)

    assert isinstance(results, ExperimentResults)
    assert results.samples("val")["c"].values.tolist() == [1.0, 2.0]
    assert results.curve("val")["c"].time.tolist() == [0, 20, 40]


def test_logs_of_format_1_merged_by_this_version_call_the_dimension_tick(
    own_step: ExperimentFolder, tmp_path: Path
) -> None:
    merge_seeds({seed: own_step.seed_run("c", seed).log for seed in (0, 1)}, tmp_path / "log.h5")

    with xr.open_dataset(tmp_path / "log.h5", engine="h5netcdf") as dataset:
        assert dataset["x"].dims == ("seed_", "tick")
        assert dataset["step"].values[1].tolist() == [0, 10, 20, 30, 40, 50]
        assert (dataset["seed"].values[1] == 7).all()


def test_a_journal_of_format_1_is_gone_on_with_by_a_tick_that_measures_less(own_step: ExperimentFolder) -> None:
    journal = own_step.seed_run("c", 2).journal
    before = read_journal(journal)

    writer = JournalWriter(journal, ["step"], ["x", "n", "val", "seed", "a"])
    writer.rewind(5)
    writer.append({"step": 50}, {"x": 0.5}, True)
    writer.append({"step": 60}, {"a": [1, 2], "val": None}, True)
    writer.close()

    after = read_journal(journal)
    assert after.columns["n"].tolist()[:5] == before.columns["n"].tolist()[:5]
    assert after.columns["a"].tolist() == [*before.columns["a"].tolist()[:5], [0, 0], [1, 2]]
    assert after.measured("x").tolist() == [True] * 6 + [False]


def test_a_script_with_a_checkpoint_of_its_own_goes_on_behind_ticks_of_format_1(own_step: ExperimentFolder) -> None:
    journal = own_step.seed_run("c", 2).journal
    identity = identity_of(read_journal(journal).attributes["config"], [])
    names = (["step"], ["x", "n", "val", "seed", "a"])

    found = continuation(journal, identity, 2, {"step": 30}, names)
    of_another_seed = continuation(journal, identity, 1, {"step": 30}, names)

    assert found is not None
    assert found.n_ticks == 3
    assert of_another_seed is not None
    assert of_another_seed.n_ticks == 0


def test_a_journal_with_a_header_of_a_newer_format_is_refused(folder: ExperimentFolder) -> None:
    journal = folder.seed_run("c", 2).journal
    text = json.dumps({"format": 3, "whatever": "that means"}).encode()
    head = MAGIC + struct.pack("<I", len(text)) + text
    journal.write_bytes(head + struct.pack("<I", zlib.crc32(head)))

    with pytest.raises(ResultsError, match=r"journal\.bin was made by a newer version .* Upgrade it: pip install"):
        read_journal(journal)


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = SeedFolder(tmp_path).checkpoint
    path.write_bytes(b"MLECKPT2 and whatever that means")

    with pytest.raises(ResultsError, match=r"checkpoint\.pkl is damaged, or was made by a newer version"):
        read_checkpoint(path)
