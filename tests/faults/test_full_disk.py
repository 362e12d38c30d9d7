"""A disk that is full, or a folder that cannot be written to, is said; nothing that was logged is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox.layout import SeedFolder
from mle_toolbox.results import ExperimentResults, SeedResults
from tests.small_disk import MAY_MOUNT, small_disk

PROGRAM = Path(__file__).with_name("full_disk.py")


DISKS = ["limit", *(["filled"] if MAY_MOUNT else [])]


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that takes little, and how that is brought about."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limit":
        yield folder, "limit"
        return
    with small_disk(folder, "64k"):
        yield folder, "filled"


def train(folder: Path, case: str, n_ticks: int, cwd: Path) -> tuple[dict[str, Any], str]:
    command = [sys.executable, str(PROGRAM), str(folder), case, str(n_ticks)]
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), (run.returncode, run.stderr)
    assert "Traceback" not in run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    return said, run.stderr


def the_seed(folder: Path) -> SeedResults:
    results = mle_toolbox.load(folder)
    assert isinstance(results, ExperimentResults)
    (configuration,) = results.values()
    (run,) = configuration.runs
    return run


@pytest.mark.parametrize("disk", DISKS, indirect=True)
def test_a_disk_that_gets_full_while_training_is_said_and_keeps_all_that_was_logged(
    disk: tuple[Path, str], tmp_path: Path
) -> None:
    folder, case = disk

    said, _ = train(folder, case, 10_000, tmp_path)

    reason = {"limit": "File too large", "filled": "No space left on device"}[case]
    n_logged = said["logged"]
    assert n_logged > 50
    assert (
        f"{reason}: the tick after the first {n_logged} could not be written. Those are kept; free some space"
        in said["error"]
    )
    run = the_seed(folder)
    assert (run.n_ticks, run.damage) == (n_logged, None)
    assert run.status in ("failed", "died")  # run.json may have found no room either
    np.testing.assert_array_equal(run["x"], np.arange(n_logged) / 3)


@pytest.mark.parametrize("disk", DISKS, indirect=True)
def test_a_disk_that_is_too_small_for_the_log_is_said_and_keeps_the_journal(
    disk: tuple[Path, str], tmp_path: Path
) -> None:
    folder, case = disk
    # The journal fits, and the log, which HDF5 makes several kilobytes larger, does not beside it.
    n_ticks = 100 if case == "limit" else 1800

    said, stderr = train(folder, case, n_ticks, tmp_path)

    assert said["logged"] == n_ticks
    assert {"limit": "File too large", "filled": "No space left on device"}[case] in said["error"]
    run = the_seed(folder)
    assert run.status in ("failed", "died")
    assert (run.n_ticks, run.damage) == (n_ticks, None)
    assert not list(run.path.glob("*log.h5*")), stderr


def test_a_folder_that_cannot_be_written_to_is_said_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "experiments"
    folder.mkdir(mode=0o555)

    said, _ = train(folder, "read-only", 10, tmp_path)

    assert said["logged"] == 0
    assert said["error"].startswith("PermissionError: [Errno 13] Permission denied: ")
    assert str(folder) in said["error"]


def test_a_seed_folder_that_became_read_only_keeps_what_an_earlier_attempt_has_logged(tmp_path: Path) -> None:
    folder = tmp_path / "experiments"
    folder.mkdir()
    said, _ = train(folder, "limit", 10_000, tmp_path)
    seed = SeedFolder(the_seed(folder).path)
    before = seed.journal.read_bytes()
    seed.journal.chmod(0o444)
    seed.path.chmod(0o555)

    again, _ = train(folder, "read-only", 10, tmp_path)

    assert again["logged"] == 0
    assert again["error"].startswith("PermissionError: [Errno 13] Permission denied: ")
    assert str(seed.path) in again["error"]
    assert seed.journal.read_bytes() == before
    assert the_seed(folder).n_ticks == said["logged"]
