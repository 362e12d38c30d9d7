"""Two processes or two machines in one folder, folders that move, clocks that go back, files of other versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox import MLExperiment
from mle_toolbox.errors import FolderInUseError, ResultsError
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.hdf5 import write_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merge import merge_seeds
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status, write_run_record
from mle_toolbox.results import ConfigurationResults, SeedResults

CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}}
SCRIPT = """
import os, platform, sys, time
platform.node = lambda: os.environ["HOST"]
from mle_toolbox import MLExperiment
mle = MLExperiment()
done = mle.resume() or 0
for number in range(done, done + 5):
    mle.update_log({"t": number}, {"x": number / 3}, save=True)
mle.checkpoint(done + 5)
if os.environ["HOST"] == "node7":
    print("begun", flush=True)
    sys.stdin.read()
"""
ARGUMENTS = ["-config", "c.json", "-seed", "4", "-exp_dir", "experiments"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A script and its configuration."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "c.json").write_text(json.dumps(CONFIGURATION))
    (folder / "train.py").write_text(SCRIPT)
    return folder


def seed_folder(project: Path) -> SeedFolder:
    return ExperimentFolder(project / "experiments").seed_run("c", 4)


def run(project: Path, host: str = "node8") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "train.py", *ARGUMENTS]
    environment = {**os.environ, "HOST": host}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def running(project: Path) -> Iterator[subprocess.Popen[str]]:
    """A run on the machine node7 that has logged five ticks and goes on until it is killed."""
    environment = {**os.environ, "HOST": "node7"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        [sys.executable, "train.py", *ARGUMENTS], cwd=project, env=environment, text=True, **pipes
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_run_of_a_seed_is_refused_with_who_where_and_since_when(project: Path) -> None:
    with running(project) as first:
        second = run(project)
        record = read_run_record(seed_folder(project))

        assert record is not None
        assert second.returncode == 1
        assert (
            f"process {first.pid} on node7, started {record.start}, is running this seed and writes to this folder"
            in second.stderr
        )
        assert run_status(seed_folder(project)) == "running"
        assert record.host == "node7"


def test_a_refused_run_changes_nothing_of_the_first(project: Path) -> None:
    with running(project):
        before = {path.name: path.read_bytes() for path in seed_folder(project).path.iterdir() if path.is_file()}

        run(project)

        after = {path.name: path.read_bytes() for path in seed_folder(project).path.iterdir() if path.is_file()}
        assert after == before


def test_the_lock_of_a_dead_process_on_whatever_machine_is_no_hindrance(project: Path) -> None:
    with running(project) as first:
        first.kill()
        first.wait()
    assert run_status(seed_folder(project)) == "died"

    again = run(project)

    record = read_run_record(seed_folder(project))
    assert again.returncode == 0, again.stderr
    assert record is not None
    assert (record.status, record.host, record.attempt, record.resumed_from_tick) == ("done", "node8", 2, 5)


def test_an_interrupted_run_goes_on_after_its_folder_was_moved(project: Path, tmp_path: Path) -> None:
    with running(project):
        pass
    moved = tmp_path / "elsewhere" / "project"
    moved.parent.mkdir()
    shutil.move(project, moved)

    again = run(moved)

    results = mle_toolbox.load(seed_folder(moved).path)
    assert again.returncode == 0, again.stderr
    assert isinstance(results, SeedResults)
    assert (results.status, results.n_ticks) == ("done", 10)
    np.testing.assert_array_equal(results["x"], np.arange(10) / 3)
    assert not project.exists()


def test_an_interrupted_run_goes_on_after_the_clock_was_set_back(project: Path) -> None:
    with running(project):
        pass
    folder = seed_folder(project)
    record = read_run_record(folder)
    assert record is not None
    write_run_record(folder, record._replace(start="2199-01-01T00:00:00+00:00"))
    tomorrow = time.time() + 86400
    for path in folder.path.iterdir():
        os.utime(path, (tomorrow, tomorrow))

    again = run(project)

    results = mle_toolbox.load(folder.path)
    assert again.returncode == 0, again.stderr
    assert isinstance(results, SeedResults)
    assert (results.status, results.n_ticks) == ("done", 10)


def write_finished(folder: SeedFolder, start: str, first: float) -> None:
    """Leave what a finished run leaves."""
    folder.path.mkdir(parents=True, exist_ok=True)
    data = LogData(("t",), ("x",), {"t": np.arange(3), "x": first + np.arange(3)}, {"start": start, "attempt": 1})
    write_log(folder.log, data)
    write_run_record(folder, RunRecord(status="done", start=start, attempt=1))


def test_a_seed_that_ran_again_after_the_clock_was_set_back_is_not_read_from_the_older_merge(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path).configuration("c")
    for seed in (0, 1):
        write_finished(folder.seed(seed), "2024-05-01T12:00:00+00:00", 0)
    merge_seeds({seed: folder.seed(seed).log for seed in (0, 1)}, folder.log)
    tomorrow = time.time() + 86400
    os.utime(folder.log, (tomorrow, tomorrow))

    write_finished(folder.seed(1), "2024-05-01T11:00:00+00:00", 100)

    results = mle_toolbox.load(folder.path)
    assert isinstance(results, ConfigurationResults)
    assert results["x"].tolist() == [[0, 1, 2], [100, 101, 102]]


def newer_journal(folder: SeedFolder) -> Path:
    folder.journal.write_bytes(b"MLEJRNL2 and whatever that means")
    return folder.journal


def newer_log(folder: SeedFolder) -> Path:
    with pytest.MonkeyPatch.context() as later:
        later.setattr("mle_toolbox.log.netcdf.FORMAT", 99)
        write_finished(folder, "2199-01-01T00:00:00+00:00", 0)
    return folder.log


def newer_checksum(folder: SeedFolder) -> Path:
    with pytest.MonkeyPatch.context() as later:
        later.setattr("mle_toolbox.log.checksum._MAGIC", b"MLESUM2\n")
        write_finished(folder, "2199-01-01T00:00:00+00:00", 0)
    return folder.log


@pytest.mark.parametrize("make", [newer_journal, newer_log, newer_checksum])
def test_a_file_of_a_newer_version_is_named_with_what_to_do_and_the_rest_is_read(tmp_path: Path, make: Any) -> None:
    folder = ExperimentFolder(tmp_path).configuration("c")
    write_finished(folder.seed(0), "2024-05-01T12:00:00+00:00", 0)
    folder.seed(1).path.mkdir()
    file = make(folder.seed(1))

    with pytest.warns(UserWarning, match=r"made by a newer version of mle-toolbox.*`git pull && pip install"):
        results = mle_toolbox.load(folder.path)

    assert isinstance(results, ConfigurationResults)
    assert results.lengths.tolist() == [3, 0]
    assert str(file) in str(results.seed(1).damage)


def test_a_merge_refuses_a_log_of_a_newer_version(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path).configuration("c")
    write_finished(folder.seed(0), "2024-05-01T12:00:00+00:00", 0)
    newer_log(folder.seed(1))

    with pytest.raises(ResultsError, match=r"seed_1/log\.h5 was made by a newer version .*: `git pull && pip install"):
        merge_seeds({seed: folder.seed(seed).log for seed in (0, 1)}, folder.log)

    assert not folder.log.exists()


def test_a_run_record_of_another_version_is_read_and_what_is_unknown_in_it_is_kept(tmp_path: Path) -> None:
    folder = SeedFolder(tmp_path)
    folder.run_record.write_text(json.dumps({"format": 7, "status": "failed", "colour": "blue", "attempt": 3}))

    record = read_run_record(folder)
    assert record is not None
    write_run_record(folder, record._replace(attempt=4))

    assert run_status(folder) == "failed"
    written = json.loads(folder.run_record.read_text())
    assert (written["format"], written["colour"], written["attempt"]) == (7, "blue", 4)


def test_two_experiments_of_one_process_in_one_folder_are_refused(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"experiment_dir": tmp_path, "seed_id": 4, **CONFIGURATION}
    with MLExperiment(**arguments), pytest.raises(FolderInUseError, match=f"process {os.getpid()} on .* is running"):
        MLExperiment(**arguments)
