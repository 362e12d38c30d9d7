"""The results folder gets full while seed runs of a cluster write to it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest
from mle_project import NO_OPTIONS, Project, edit_profile

import mle_toolbox
from tests.workflow.conftest import SCRIPT
from tests.workflow.test_no_room import MAY_MOUNT, set_ticks

pytestmark = [pytest.mark.sge, pytest.mark.slow]


@pytest.fixture
def make_room(experiment: Project) -> Iterator[Callable[[], None]]:
    """Give the results folder little room; yields what makes more of it."""
    experiment.results.mkdir()
    if not MAY_MOUNT:
        # Grid Engine's own limit of the size of each file shows nearly the same.
        edit_profile(experiment, qsub_options='"-l h_fsize=60K"')
        yield lambda: edit_profile(experiment, qsub_options=NO_OPTIONS)
        return
    where = str(experiment.results)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=250k", "tmpfs", where], check=True)
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", where], check=True) and None
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def test_a_full_disk_is_said_and_with_room_the_same_command_finishes(
    experiment: Project, make_room: Callable[[], None]
) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)
    set_ticks(experiment, 3000)

    full = experiment.mle("run", "exp.yaml")
    finished = {path: path.read_bytes() for path in experiment.results.glob("*/seed_*/log.h5")}
    make_room()
    again = experiment.mle("run", "exp.yaml")

    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "running there" in full.stderr
    assert ("The disk is full: " if MAY_MOUNT else "File too large") in full.stderr
    assert again.returncode == 0, again.stderr
    assert all(path.read_bytes() == content for path, content in finished.items())
    results = mle_toolbox.load(experiment.results)
    for name in ("a", "b"):
        assert results[name].lengths.tolist() == [3000] * 2
