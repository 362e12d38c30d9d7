"""What damage does to a results folder: no wrong number, no traceback, but a warning that names the file."""

from __future__ import annotations

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from results_folder import N_TICKS, column, make_experiment, make_seed

import mle_toolbox
from mle_toolbox.drive.status import read_status
from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.results import ConfigurationResults, ExperimentResults


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def flip_bits(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def overwrite_a_stretch(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    length = min(chance.choice((8, 512, 4096)), len(content) - start)
    stretch = bytes(length) if chance.random() < 0.5 else chance.randbytes(length)
    return content[:start] + stretch + content[start + length :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut_off, flip_bits, flip_bits, overwrite_a_stretch)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> ExperimentFolder:
    """One configuration that is merged, one whose merged log is missing, one with runs that ended badly."""
    folder = ExperimentFolder(tmp_path_factory.mktemp("whole") / "experiments")
    make_experiment(folder)
    return folder


def data_files(folder: ExperimentFolder) -> list[Path]:
    found = (each for each in folder.path.rglob("*") if each.suffix in (".h5", ".bin", ".json"))
    return sorted(found)


def is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def load_all(folder: Path) -> tuple[dict[str, ConfigurationResults], list[str]]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        results = mle_toolbox.load(folder)
        assert isinstance(results, ExperimentResults)
        return dict(results), [str(each.message) for each in said]


def assert_no_wrong_number(results: dict[str, ConfigurationResults]) -> int:
    """Check each number that is shown; return how many ticks there are."""
    n_ticks = 0
    for configuration in results.values():
        for run in configuration.runs:
            n_ticks += run.n_ticks
            assert run.n_ticks <= N_TICKS
            if run.n_ticks:
                np.testing.assert_array_equal(run["t"], np.arange(run.n_ticks))
                np.testing.assert_array_equal(run["x"], column(run.seed, run.n_ticks))
        for row, run in enumerate(configuration.runs if "x" in configuration else ()):
            np.testing.assert_array_equal(configuration["x"][row, : run.n_ticks], column(run.seed, run.n_ticks))
            assert np.isnan(configuration["x"][row, run.n_ticks :]).all()
    return n_ticks


@pytest.mark.parametrize("cases", [120, pytest.param(10_000, marks=pytest.mark.soak)])
def test_an_experiment_with_a_damaged_file_shows_the_rest_and_says_which_file(
    experiment: ExperimentFolder, tmp_path: Path, cases: int
) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    shutil.copytree(experiment.path, folder.path)
    files = data_files(folder)
    chance = random.Random(cases)

    for case in range(cases):
        file = files[case % len(files)]
        content, times = file.read_bytes(), file.stat()
        damaged = chance.choice(DAMAGES)(content, chance)
        file.write_bytes(damaged)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        try:
            results, said = load_all(folder.path)
            n_ticks = assert_no_wrong_number(results)
            status = read_status(folder)
        except Exception as error:
            error.add_note(f"case {case}: {file}")
            raise
        finally:
            file.write_bytes(content)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

        if file.suffix == ".json" and not is_json(damaged):
            assert any(str(file) in each for each in status.damage), (case, file)
        # A bit of a .json file may turn one name or number into another; those of the logs may not.
        if n_ticks < 9 * N_TICKS and file.suffix != ".json":
            cleanly_shorter = file.name == "journal.bin" and content.startswith(damaged)
            assert cleanly_shorter or any(str(file) in each for each in said), (case, file, said)
        if file.suffix in (".h5", ".bin") and file != folder.results:
            other = [each for each in said if str(file) not in each]
            assert not other, (case, file, other)


@pytest.mark.parametrize("cases", [150, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_damaged_file_of_the_whole_experiment_is_refused_by_name(
    experiment: ExperimentFolder, tmp_path: Path, cases: int
) -> None:
    results = tmp_path / "results.h5"
    content = experiment.results.read_bytes()
    chance = random.Random(cases)

    for _ in range(cases):
        damaged = chance.choice(DAMAGES)(content, chance)
        if damaged == content:
            continue
        results.write_bytes(damaged)

        with pytest.raises(ResultsError, match=r"results\.h5 (is damaged|does not end with the checksum)"):
            mle_toolbox.load(results)


def small_log(path: Path) -> bytes:
    write_log(path, LogData(("t",), ("x",), {"t": np.arange(4), "x": column(0, 4)}, {"host": "node1"}))
    return path.read_bytes()


def test_a_log_cut_off_at_any_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.h5"
    content = small_log(path)

    for size in range(len(content) - 1, -1, -1):
        path.write_bytes(content[:size]) if size == len(content) - 1 else os.truncate(path, size)

        with pytest.raises(ResultsError, match=r"log\.h5 does not end with the checksum of mle-toolbox"):
            read_log(path)


def test_a_log_with_any_byte_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.h5"
    content = small_log(path)
    chance = random.Random(2)

    with path.open("r+b", buffering=0) as file:
        for place, byte in enumerate(content):
            file.seek(place)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))

            with pytest.raises(ResultsError, match=r"log\.h5 (is damaged|does not end with the checksum)"):
                read_log(path)

            file.seek(place)
            file.write(bytes([byte]))
    assert read_log(path).n_ticks == 4


def test_a_journal_cut_off_at_any_byte_shows_the_ticks_before(tmp_path: Path) -> None:
    folder = SeedFolder(tmp_path / "seed_2")
    make_seed(folder, 2, finished=False)
    content = folder.journal.read_bytes()

    for size in range(len(content), -1, -1):
        os.truncate(folder.journal, size)
        log = read_journal(folder.journal)

        assert log.damage is None or str(folder.journal) in log.damage
        if log.n_ticks:
            np.testing.assert_array_equal(log.columns["x"], column(2, log.n_ticks))


@pytest.mark.parametrize("cases", [1000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_damaged_journal_shows_the_ticks_before_the_damage(tmp_path: Path, cases: int) -> None:
    folder = SeedFolder(tmp_path / "seed_2")
    make_seed(folder, 2, finished=False)
    content = folder.journal.read_bytes()
    row = 2 + 2 * 8 + 4
    chance = random.Random(cases)

    for _ in range(cases):
        damaged = chance.choice(DAMAGES)(content, chance)
        first = next(
            (place for place, pair in enumerate(zip(content, damaged, strict=False)) if pair[0] != pair[1]), None
        )
        place = len(damaged) if first is None else first
        folder.journal.write_bytes(damaged)
        try:
            log = read_journal(folder.journal)
        except ResultsError as error:
            assert place < 8, error  # noqa: PT017  (any other damage is no error)
            continue

        assert log.n_ticks == max(0, N_TICKS - -(-(len(content) - place) // row))
        assert log.damage is None or str(folder.journal) in log.damage
        if log.n_ticks:
            np.testing.assert_array_equal(log.columns["x"], column(2, log.n_ticks))


def test_a_damaged_seed_is_read_from_its_copy_in_the_merged_log(experiment: ExperimentFolder, tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    shutil.copytree(experiment.path, folder.path)
    configuration = folder.configuration("merged")
    configuration.seed(1).log.write_bytes(b"damaged")  # later than the merge, so that the seeds' own logs are read

    with pytest.warns(
        UserWarning, match=r"seed_1/log\.h5 does not end .* are read from their copy in .*merged/log\.h5"
    ):
        results = mle_toolbox.load(configuration.path)

    assert isinstance(results, ConfigurationResults)
    np.testing.assert_array_equal(results["x"], np.stack([column(seed) for seed in range(3)]))


def test_the_copy_of_an_earlier_attempt_is_not_taken_for_a_damaged_log(
    experiment: ExperimentFolder, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    shutil.copytree(experiment.path, folder.path)
    run = folder.configuration("merged").seed(1)
    write_run_record(run, RunRecord(status="done", seed=1, start="2024-06-01T12:00:00+00:00", attempt=2))
    run.log.write_bytes(b"damaged")

    with pytest.warns(UserWarning, match=r"seed_1/log\.h5 does not end with the checksum"):
        results = mle_toolbox.load(folder.path)["merged"]

    assert isinstance(results, ConfigurationResults)
    assert results.lengths.tolist() == [N_TICKS, 0, N_TICKS]
