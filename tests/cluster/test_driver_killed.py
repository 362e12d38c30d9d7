"""`kill -9` of `mle run` and its Snakemake at random moments, while tasks are queued, running or have just ended."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable

import pytest
from cluster_project import both_clusters, wait_until
from mle_project import Project, edit_profile

from tests.workflow.conftest import SCRIPT

pytestmark = pytest.mark.slow

Queue = Callable[[], dict[tuple[int, int], str]]
Moment = Callable[[Project, Queue, int], bool]

SHORT = SCRIPT.replace(
    "    value = 0.0\n",
    "    import time\n"
    "    with open('started.txt', 'a') as file:\n"
    "        file.write(f'{mle.config_name} {mle.seed}\\n')\n"
    "    time.sleep(1)\n"
    "    value = 0.0\n",
)


def has_queued_tasks(experiment: Project, queue: Queue, before: int) -> bool:
    return not {"qw", "PD"}.isdisjoint(queue().values())


def has_running_tasks(experiment: Project, queue: Queue, before: int) -> bool:
    return len(experiment.started()) > before


def has_finished_tasks(experiment: Project, queue: Queue, before: int) -> bool:
    return len(list(experiment.results.glob("*/seed_*/.done"))) > before


MOMENTS = {"queued": has_queued_tasks, "running": has_running_tasks, "just finished": has_finished_tasks}


def drives(experiment: Project, run: subprocess.Popen[bytes]) -> bool:
    """Whether it is this `mle run` whose Snakemake runs: the tasks of the last one go on without it."""
    try:
        holder = json.loads((experiment.results / ".driver" / "lock").read_text())
    except (OSError, ValueError):
        return False
    return holder.get("pid") == run.pid and holder.get("snakemake") is not None


def wait_for(moment: Moment, experiment: Project, queue: Queue, before: int, run: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: (drives(experiment, run) and moment(experiment, queue, before)) or run.poll() is not None, 60)


@both_clusters
def test_after_an_edit_the_snakemake_that_a_killed_run_has_left_is_ended_and_its_tasks_are_replaced(
    experiment: Project, queue: Queue
) -> None:
    edit_profile(experiment, tasks_at_once="1")
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(1)
    experiment.kill_driver(snakemake=False)
    experiment.write_configuration("b.json", learning_rate=0.3)

    again = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: "Deleting tasks of an earlier call whose inputs have changed" in experiment.said(), 60)
    experiment.let_go()

    assert again.wait(timeout=360) == 0, experiment.said()
    assert "which was started before the last edits, was stopped." in " ".join(experiment.said().split())
    assert [each for each in experiment.started() if each.startswith("a")] == ["a 0", "a 1"]
    assert experiment.jobs_to_run() == {}
    wait_until(lambda: queue() == {}, 30)


@pytest.mark.sge
@pytest.mark.parametrize(
    "moments",
    [
        pytest.param(["queued", "running", "just finished"], id="one of each"),
        *(pytest.param([moment] * 10, marks=pytest.mark.soak, id=f"ten times {moment}") for moment in MOMENTS),
    ],
)
def test_after_a_kill_the_same_command_attaches_and_nothing_runs_twice(
    experiment: Project, queue: Queue, moments: list[str]
) -> None:
    (experiment.path / "train.py").write_text(SHORT)
    # Two at a time: the others are in the queue while some run and some have ended.
    edit_profile(experiment, tasks_at_once="2")
    chance = random.Random(moments[0] + str(len(moments)))

    n_at_work, n_finished = 0, 0
    for kill, moment in enumerate(moments, start=1):
        # Every time there is something new to submit, beside what the last driver has left.
        experiment.write_experiment(["a.json", "b.json"], seeds=2 * kill)
        run = experiment.begin("mle_toolbox", "run", "exp.yaml")
        before = n_finished if moment == "just finished" else len(experiment.started())
        wait_for(MOMENTS[moment], experiment, queue, before, run)
        time.sleep(chance.uniform(0.0, 0.5))
        if run.poll() is None:
            n_at_work += 1
            experiment.kill_driver(snakemake=True)
        n_finished = len(list(experiment.results.glob("*/seed_*/.done")))
    last = experiment.mle("run", "exp.yaml")

    assert last.returncode == 0, last.stderr
    assert n_at_work > len(moments) / 2
    seeds = 2 * len(moments)
    assert experiment.started() == sorted(f"{name} {seed}" for name in ("a", "b") for seed in range(seeds))
    assert f"{2 * seeds} of {2 * seeds} seed runs done" in last.stdout
    wait_until(lambda: queue() == {}, 30)
