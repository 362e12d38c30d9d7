"""Logs that tell configuration and seed themselves: real ones of Weights & Biases, MLflow and mle-logging."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers import import_logs
from mle_toolbox.importers.wandb import read_wandb
from mle_toolbox.importers.wire import leveldb_records
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.hdf5 import write_log
from mle_toolbox.log.log_data import LogData

DATA = Path(__file__).parent / "data"


def expected(lrate: float, seed: int, n_ticks: int) -> np.ndarray:
    return 1 / (np.arange(n_ticks) + 1) + lrate + seed / 100


@pytest.mark.parametrize(("kind", "folder", "n_ticks"), [("wandb", "wandb", 25), ("mlflow", "mlruns", 20)])
def test_settings_name_the_configurations_and_the_seeds(kind: str, folder: str, n_ticks: int) -> None:
    results = import_logs(DATA / folder)

    assert results.record["imported"]["kind"] == kind
    assert results.names == ("lr=0.01", "lr=0.1")
    for name, lrate in (("lr=0.01", 0.01), ("lr=0.1", 0.1)):
        assert results[name].seeds == (0, 1)
        assert results.contents[name]["lr"] == lrate
        assert "seed" not in results.contents[name]
        np.testing.assert_allclose(results[name]["train/loss"][0, :n_ticks], expected(lrate, 0, n_ticks), rtol=1e-15)


@pytest.mark.parametrize(("folder", "metric"), [("wandb", "eval/acc"), ("mlruns", "acc")])
def test_a_metric_of_some_steps_has_not_diverged_between_them(folder: str, metric: str) -> None:
    samples = import_logs(DATA / folder).samples(metric)

    assert all(sample.n == 2 for sample in samples.values())
    assert all(sample.diverged == 0 for sample in samples.values())


@pytest.mark.parametrize(("folder", "at", "diverged"), [("wandb", "auc", 0), ("mlruns", "last", 1)])
def test_a_nan_that_was_logged_has_diverged_unless_a_finite_value_came_later(
    folder: str, at: str, diverged: int
) -> None:
    sample = import_logs(DATA / folder).samples("train/loss", at)["lr=0.1"]

    assert sample.diverged == diverged


def test_steps_and_seconds_are_the_time() -> None:
    for folder in ("wandb", "mlruns"):
        configuration = import_logs(DATA / folder)["lr=0.01"]

        assert configuration.time_names == ("step", "seconds")
        assert (np.diff(configuration["seconds"]) >= 0).all()


@pytest.mark.parametrize("pattern", [None, "*/logs/log_seed_*", "*/logs/log.hdf5", "{run}.hdf5"])
def test_seeds_merged_seeds_and_merged_configurations_of_mle_logging_are_the_same(pattern: str | None) -> None:
    if pattern is None:
        results = import_logs(DATA / "mle_logging")
    else:
        with pytest.warns(UserWarning, match="do not match the pattern|does not match the pattern"):
            results = import_logs(DATA / "mle_logging", pattern)

    configuration = results["conf_1"]
    assert configuration.seeds == (0, 1)
    assert results.contents["conf_1"] == {"train_config": {"lr": 0.1}}
    assert configuration["num_updates"][0].tolist() == list(range(1, 11))
    np.testing.assert_allclose(configuration["train_loss"][1], expected(0.1, 1, 10), rtol=1e-7)


def test_our_own_logs_are_named_as_such(tmp_path: Path) -> None:
    run = ExperimentFolder(tmp_path).seed_run("a", 0)
    run.path.mkdir(parents=True)
    write_log(run.log, LogData(("t",), ("x",), {"t": np.arange(3), "x": np.arange(3.0)}))

    with pytest.raises(ResultsError, match="`mle results` reads it"):
        import_logs(tmp_path)


def test_a_run_without_an_end_has_died_and_does_not_count(tmp_path: Path) -> None:
    (file,) = (DATA / "wandb" / "offline-run-0").iterdir()
    data = file.read_bytes()
    cut = tmp_path / file.name
    cut.write_bytes(data[: len(data) * 2 // 3])

    run = read_wandb([cut], "run")

    assert run.status == "died"
    assert 0 < run.log.n_ticks < 25
    assert run.remarks == ()


def test_a_damaged_file_gives_what_comes_before_the_damage(tmp_path: Path) -> None:
    (file,) = (DATA / "wandb" / "offline-run-0").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    damaged = tmp_path / file.name
    damaged.write_bytes(data)

    run = read_wandb([damaged], "run")

    assert 0 < run.log.n_ticks < 25
    assert "it is damaged at byte" in run.remarks[0]


def test_records_that_span_blocks_are_whole() -> None:
    records = [b"a" * 100, b"b" * 40_000, b"", b"c" * 32_650, b"d" * 100_000, b"e"]
    data = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        first = True
        while True:
            if 32768 - len(data) % 32768 < 7:
                data += bytes(32768 - len(data) % 32768)
            part = record[: 32768 - len(data) % 32768 - 7]
            record = record[len(part) :]
            kind = (1 if first else 4) if not record else (2 if first else 3)
            data += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
            if not record:
                break

    assert [len(each) for each in leveldb_records(bytes(data))] == [100, 40_000, 0, 32_650, 100_000, 1]


def test_a_file_of_something_else_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.wandb").write_bytes(b"something else")
    (tmp_path / "x.hdf5").write_bytes(b"something else")

    assert "it is not a log of Weights & Biases" in read_wandb([tmp_path / "x.wandb"], "x").remarks[0]
    with pytest.raises(ResultsError, match=r"x\.hdf5 cannot be read as HDF5"):
        import_logs(tmp_path, kind="mle-logging")
