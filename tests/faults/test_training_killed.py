"""A training process that is killed at any moment loses no tick that was saved, and the next attempt goes on."""

from __future__ import annotations

import itertools
import json
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import read_run_record, run_status
from mle_toolbox.results import SeedResults

PROGRAM = Path(__file__).with_name("training.py")
CHECKPOINT_EVERY = 50  # as in training.py
CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}}


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """Where the process says how many ticks are safe."""
    path = tmp_path / "counter"
    path.write_bytes(bytes(16))
    return path


def n_safe(counter: Path) -> int:
    number: int = struct.unpack_from("<q", counter.read_bytes())[0]
    return number


def kill_at_a_random_moment(command: list[str], moment: random.Random, counter: Path) -> None:
    """Kill while it starts, or (mostly) a while after it has begun to log, however slow the machine is."""
    before = counter.read_bytes()
    process = subprocess.Popen([sys.executable, str(PROGRAM), *command], cwd=counter.parent, stderr=subprocess.PIPE)
    if moment.random() < 0.3:
        time.sleep(moment.uniform(0, 0.4))
    else:
        while counter.read_bytes() == before and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.03))
    assert process.poll() is None, process.communicate()[1].decode()
    process.kill()
    process.communicate()


def assert_ticks(log: LogData | SeedResults, n_safe: int) -> None:
    number = np.arange(log.n_ticks)
    assert log.n_ticks >= n_safe
    assert log.damage is None or "torn" in log.damage
    if log.n_ticks:
        columns = log.columns if isinstance(log, LogData) else {**log.time, **log.metrics}
        np.testing.assert_array_equal(columns["t"], number)
        np.testing.assert_array_equal(columns["x"], number / 3)


@pytest.mark.parametrize("kills", [12, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_journal_killed_at_random_has_every_tick_that_was_saved(tmp_path: Path, counter: Path, kills: int) -> None:
    journal = tmp_path / "journal.bin"
    moment = random.Random(kills)
    lengths = [0]

    for _ in range(kills):
        kill_at_a_random_moment(["journal", str(counter), str(journal)], moment, counter)

        log = read_journal(journal) if journal.exists() else LogData((), (), {})
        assert_ticks(log, n_safe(counter))
        lengths.append(log.n_ticks)
        if log.n_ticks > 300_000:
            journal.unlink()
            counter.write_bytes(bytes(16))
            lengths.append(0)

    assert max(lengths) > 100
    assert all(after >= before or after == 0 for before, after in itertools.pairwise(lengths))


@pytest.mark.parametrize("kills", [6, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_training_script_killed_at_random_goes_on_and_ends_as_if_nothing_had_been(
    tmp_path: Path, counter: Path, kills: int
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(CONFIGURATION))
    folder = ExperimentFolder(tmp_path / "experiments").seed_run("c", 5)
    command = ["experiment", str(counter), "-config", "c.json", "-seed", "5", "-exp_dir", "experiments"]
    moment = random.Random(kills)

    n_killed = 0
    while n_killed < kills or not folder.checkpoint.exists():
        kill_at_a_random_moment(command, moment, counter)
        n_killed += 1

        assert run_status(folder) in ("died", "waiting")
        if folder.journal.exists():
            assert_ticks(read_journal(folder.journal), n_safe(counter))

    n_before, record = read_journal(folder.journal).n_ticks, read_run_record(folder)
    n_ticks = n_before + 100
    environment = {**os.environ, "TICKS": str(n_ticks)}
    subprocess.run([sys.executable, str(PROGRAM), *command], cwd=tmp_path, env=environment, check=True)

    results = mle_toolbox.load(folder.path)
    assert isinstance(results, SeedResults)
    assert (results.status, results.n_ticks) == ("done", n_ticks)
    assert_ticks(results, n_ticks)
    assert n_before > 0
    assert record is not None
    assert results.run is not None
    assert results.run.attempt == record.attempt + 1
    # A kill may come between writing a checkpoint and taking note of it, so that n_before is one checkpoint behind.
    assert 0 < (results.run.resumed_from_tick or 0) <= n_before + CHECKPOINT_EVERY
