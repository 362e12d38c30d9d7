"""A run is sealed step by step; whichever step is the last one, nothing is lost and the seal can be finished."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox.layout import ConfigurationFolder, SeedFolder
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.run_record import RunRecord, run_status, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.results import ConfigurationResults

N_TICKS = 50


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each system call of sealing, left as a kill right behind that call leaves it."""
    base = tmp_path_factory.mktemp("sealing")
    template, out = SeedFolder(base / "template"), base / "states"
    template.path.mkdir()
    out.mkdir()
    writer = JournalWriter(template.journal, ["t"], ["x"])
    for number in range(N_TICKS):
        writer.append({"t": number}, {"x": number / 3}, True)
    writer.close()
    write_run_record(template, RunRecord(seed=3))
    template.checkpoint.write_bytes(b"checkpoint")
    program = Path(__file__).with_name("states_after_calls.py")
    subprocess.run([sys.executable, str(program), "seal", str(template.path), str(out)], check=True)
    return out


def calls_of(states: Path) -> list[str]:
    calls: list[str] = json.loads((states / "calls.json").read_text())
    return calls


def in_order(states: Path) -> list[SeedFolder]:
    return [SeedFolder(states / str(n + 1)) for n in range(len(calls_of(states)) + 1)]


def test_what_a_step_relies_on_is_on_the_disk_before_it(states: Path) -> None:
    calls = [name.removesuffix("at") for name in calls_of(states)]

    steps = "".join({"fsync": "s", "rename": "R", "unlink": "u"}.get(name, "") for name in calls)

    # Content and temporary name of the log, and of the record; the names of both; all names; checkpoint and journal go.
    assert steps.replace("Ru", "R") == "sR" + "sR" + "RR" + "s" + "uu"


def test_after_each_call_the_run_is_finished_or_its_journal_is_whole(states: Path) -> None:
    finished = []
    for folder in in_order(states):
        status = run_status(folder)
        assert status in ("died", "done")
        log = read_log(folder.log) if status == "done" else read_journal(folder.journal)
        finished.append(status == "done")

        assert log.damage is None
        np.testing.assert_array_equal(log.columns["x"], np.arange(N_TICKS) / 3)

    assert finished == sorted(finished)
    assert (finished[0], finished[-1]) == (False, True)


def test_after_each_call_the_experiment_can_be_read(states: Path, tmp_path: Path) -> None:
    configuration = ConfigurationFolder(tmp_path / "experiments" / "a")
    configuration.path.mkdir(parents=True)
    folders = in_order(states)
    for seed, folder in enumerate(folders):
        configuration.seed(seed).path.symlink_to(folder.path)

    results = mle_toolbox.load(configuration.path)
    assert isinstance(results, ConfigurationResults)

    np.testing.assert_array_equal(results["x"], np.tile(np.arange(N_TICKS) / 3, (len(folders), 1)))
    assert not results.remarks


def test_after_each_call_the_same_run_can_be_sealed(states: Path) -> None:
    for folder in in_order(states):
        if run_status(folder) != "done":
            prepare_log(folder, {"host": "node1"}, n_ticks=N_TICKS)
        commit_log(folder, RunRecord(seed=3))

        left = {path.name for path in folder.path.iterdir() if not path.name.startswith(".")}
        assert run_status(folder) == "done"
        assert left == {"log.h5", "run.json"}
        np.testing.assert_array_equal(read_log(folder.log).columns["x"], np.arange(N_TICKS) / 3)


def test_after_each_call_the_same_seed_can_be_run_anew(states: Path, tmp_path: Path) -> None:
    for folder in in_order(states):
        again = SeedFolder(tmp_path / folder.path.name)
        shutil.copytree(folder.path, again.path)
        writer = JournalWriter(again.journal, ["t"], ["x"])
        writer.append({"t": 0}, {"x": -1.0}, True)
        assert run_status(again) == "running"
        writer.close()
        prepare_log(again, {}, n_ticks=1)
        commit_log(again, RunRecord(seed=3))

        assert read_log(again.log).columns["x"].tolist() == [-1]
