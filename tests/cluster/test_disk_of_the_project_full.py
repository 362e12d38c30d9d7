"""The results folder gets full while seed runs of a cluster write to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from mle_project import NO_OPTIONS, Project, edit_profile

import mle_toolbox
from tests.small_disk import MAY_MOUNT, assert_goes_on_with_room, finished_logs, remount, small_disk
from tests.workflow.conftest import SCRIPT
from tests.workflow.test_no_room import set_ticks

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
    with small_disk(experiment.results, "250k"):
        yield lambda: remount(experiment.results, "size=50m")


def test_a_full_disk_is_said_and_with_room_the_same_command_finishes(
    experiment: Project, make_room: Callable[[], None]
) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)
    set_ticks(experiment, 3000)

    full = experiment.mle("run", "exp.yaml")
    finished = finished_logs(experiment.results)
    make_room()
    again = experiment.mle("run", "exp.yaml")

    assert "running there" in full.stderr
    assert_goes_on_with_room(full, again, finished)
    results = mle_toolbox.load(experiment.results)
    for name in ("a", "b"):
        assert results[name].lengths.tolist() == [3000] * 2
