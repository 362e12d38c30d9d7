"""What `mle` does on a cluster is the same on each: one scheduler is found, followed, stopped, and never doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cluster_project import both_clusters, wait_until
from mle_project import Project

pytestmark = [both_clusters, pytest.mark.slow]

NAMES = {"sge": "Grid Engine", "slurm": "Slurm"}
Queue = Callable[[], dict[tuple[int, int], str]]


def test_the_only_scheduler_is_found_and_a_living_driver_is_stopped_with_its_tasks_and_the_next_run_goes_on(
    experiment: Project, queue: Queue, cluster: str
) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)

    stopped = experiment.mle("stop")
    left = queue()
    experiment.let_go()
    again = experiment.mle("run", "exp.yaml")

    assert f"{NAMES[cluster]} answers and" in experiment.said()
    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 1 driver, 4 tasks.\n" in stopped.stdout
    assert left == {}
    assert experiment.begun[-1].wait(timeout=120) != 0
    assert again.returncode == 0, again.stderr
    wait_until(lambda: queue() == {}, 30)


@pytest.mark.parametrize("snakemake", [True, False])
def test_what_a_killed_driver_has_left_is_stopped(experiment: Project, queue: Queue, snakemake: bool) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=snakemake)

    stopped = experiment.mle("stop")
    left = queue()
    again = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert "4 tasks.\n" in stopped.stdout
    assert left == {}
    assert again.stdout == "Nothing of this experiment is running.\n"
