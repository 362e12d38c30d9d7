"""The reference experiment, `snakemake --profile sge`, on the real scheduler."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from cluster_project import wait_until

from mle_cluster.grid_engine import commands

pytestmark = [pytest.mark.sge, pytest.mark.slow]


@pytest.fixture(scope="module")
def made_locally(made_once: Callable[[str, Callable[[Path], object]], Path], repository: Path) -> Path:
    """The three inputs of the reference experiment, what the generator makes of them, and its results; to be copied."""

    def make(folder: Path) -> None:
        folder.mkdir()
        shutil.copy(repository / "exp.yaml", folder)
        shutil.copytree(repository / "ode", folder / "ode")
        _run(folder, "mle-gen-snakefile", "exp.yaml")
        _run(folder, "snakemake", "--profile", "local")

    return made_once("reference", make)


@pytest.fixture
def experiment(made_locally: Path, tmp_path: Path) -> Path:
    """The reference experiment, finished."""
    return Path(shutil.copytree(made_locally, tmp_path / "project", symlinks=True))


def test_twenty_seed_runs_give_the_same_numbers_as_locally(
    experiment: Path, made_locally: Path, grid_engine: Path
) -> None:
    shutil.rmtree(experiment / "experiments")
    shutil.rmtree(experiment / ".snakemake")

    said = _run(experiment, "snakemake", "--profile", "sge")

    logs = sorted(
        path.relative_to(made_locally / "experiments") for path in made_locally.glob("experiments/*/seed_*/log.h5")
    )
    assert len(logs) == 20
    for log in logs:
        assert _values(experiment / "experiments" / log) == _values(made_locally / "experiments" / log)
    for folder in (experiment / "experiments").glob("*/seed_*"):
        assert (folder / "l-ode").exists()
        assert (folder / "e-ode").exists()
    job = int(re.search(r"Submitted job (\d+) with 20 tasks", said).group(1))  # type: ignore[union-attr]
    wait_until(lambda: len(commands.accounts(job)) == 20, 40)
    accounts = commands.accounts(job).values()
    assert {(each["slots"], each["granted_pe"], each["jobname"]) for each in accounts} == {("2", "smp", "ode")}


def test_a_deleted_seed_is_the_only_one_that_runs_again(experiment: Path, grid_engine: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in experiment.glob("experiments/*/seed_*/log.h5")}
    gone = experiment / "experiments/ode_int_config_2/seed_7"
    shutil.rmtree(gone)

    _run(experiment, "snakemake", "--profile", "sge")

    after = {path: path.stat().st_mtime_ns for path in experiment.glob("experiments/*/seed_*/log.h5")}
    assert [path.parent for path in after if after[path] != before[path]] == [gone]


def _run(folder: Path, command: str, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _values(path: Path) -> dict[str, bytes]:
    """Return the bytes of every dataset."""
    found: dict[str, bytes] = {}
    with h5py.File(path) as file:
        file.visititems(_collector(found))
    return found


def _collector(found: dict[str, bytes]) -> Callable[[str, h5py.HLObject], None]:
    def collect(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item[()]).tobytes()

    return collect
