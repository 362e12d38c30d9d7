"""The exec daemon dies, alone or with everything that runs on its machine, and is started again."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from cluster_project import EXEC_DAEMON, kill_at_once, wait_until
from mle_project import Project, edit_profile

pytestmark = [pytest.mark.sge, pytest.mark.slow, pytest.mark.alone]

Queue = Callable[[], dict[tuple[int, int], str]]


def kill_node(*, with_its_tasks: bool) -> None:
    """Kill the exec daemon, and as in a power cut all that it has started."""
    daemon = psutil.Process(int(EXEC_DAEMON.read_text()))
    daemon.suspend()  # so that it starts nothing more
    kill_at_once([daemon, *(daemon.children(recursive=True) if with_its_tasks else [])])


@pytest.fixture
def node(grid_engine: Path) -> Callable[[], None]:
    """Start the exec daemon again."""
    if not EXEC_DAEMON.exists():
        pytest.skip("this Grid Engine was not started by grid_engine.sh, so its daemons are not to be killed")

    def start() -> None:
        subprocess.run([grid_engine, "node", "start"], check=True)
        wait_until(lambda: subprocess.run([grid_engine, "status"], check=False).returncode == 0, 60)

    return start


def test_seed_runs_outlive_their_exec_daemon(experiment: Project, node: Callable[[], None], queue: Queue) -> None:
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)

    kill_node(with_its_tasks=False)
    try:
        experiment.let_go()
        status = run.wait(timeout=360)
    finally:
        node()

    assert status == 0, experiment.said()
    assert "4 of 4 seed runs done" in experiment.said()
    wait_until(lambda: queue() == {}, 60)
    assert experiment.started() == ["a 0", "a 1", "b 0", "b 1"]


def test_seed_runs_that_were_lost_with_their_node_are_told_so_and_only_they_run_again(
    experiment: Project, node: Callable[[], None], queue: Queue
) -> None:
    edit_profile(experiment, patience_seconds="2", query_seconds="1")
    script = experiment.path / "train.py"
    script.write_text(
        script.read_text().replace(".exists():", ".exists() and (mle.config_name, mle.seed) != ('a', 0):")
    )
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    wait_until(lambda: any(experiment.path.glob(".snakemake/mle_cluster/*/exit.*")), 60)

    kill_node(with_its_tasks=True)
    node()

    assert run.wait(timeout=360) == 1
    lost = re.findall(r"\(train configuration=(\w) seed=(\d)\) was lost with its node \S+", experiment.said())
    # Those of one configuration that were lost alike are told together.
    assert {("a", "1")} < set(lost) <= {("a", "1"), ("b", "0"), ("b", "1")}, experiment.said()
    assert "1 of 4 seed runs done, 3 died" in experiment.said()
    experiment.let_go()
    again = experiment.mle("run", "exp.yaml")
    assert again.returncode == 0, again.stderr
    assert experiment.started() == ["a 0", "a 1", "a 1", "b 0", "b 0", "b 1", "b 1"]
