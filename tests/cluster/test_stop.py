"""`mle stop`, whoever drives the experiment: afterwards nothing is in the queue, and the same command goes on."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from cluster_project import SILENT, wait_until
from mle_project import Project

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


def start_mle_run(experiment: Project) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")


def start_mle_run_behind_an_ampersand(experiment: Project) -> None:
    """Shells make such commands ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        experiment.begin("mle_toolbox", "run", "exp.yaml")
    finally:
        signal.signal(signal.SIGINT, before)


def start_snakemake_by_hand(experiment: Project) -> None:
    experiment.mle("generate", "exp.yaml")
    experiment.begin("snakemake", "--profile", "sge")


@pytest.mark.parametrize(
    "start",
    [pytest.param(start_mle_run, marks=pytest.mark.soak), start_mle_run_behind_an_ampersand, start_snakemake_by_hand],
)
def test_a_living_driver_is_stopped_with_its_tasks_and_the_next_run_goes_on(
    experiment: Project, queue: Queue, start: Callable[[Project], None]
) -> None:
    start(experiment)
    experiment.wait_for_starts(4)

    stopped = experiment.mle("stop")
    left = queue()
    experiment.let_go()
    again = experiment.mle("run", "exp.yaml")

    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 1 driver, 4 tasks.\n" in stopped.stdout
    assert "The next `mle run exp.yaml` continues from here." in stopped.stderr
    assert left == {}
    assert experiment.begun[-1].wait(timeout=120) != 0
    assert again.returncode == 0, again.stderr


def test_tasks_that_have_not_started_are_stopped_too(experiment: Project, queue: Queue) -> None:
    experiment.mle("generate", "exp.yaml")
    profile = experiment.path / "profiles/sge/config.yaml"
    profile.write_text(profile.read_text().replace("mle-sge-tasks-at-once: 0", "mle-sge-tasks-at-once: 1"))
    start_mle_run(experiment)
    experiment.wait_for_starts(1)
    experiment.kill_driver(snakemake=True)

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert "1 running, 3 queued) ..." in stopped.stderr
    assert queue() == {}
    assert len(experiment.started()) == 1


def test_another_experiment_of_the_same_folder_is_left_alone(experiment: Project, queue: Queue) -> None:
    experiment.write_experiment(["a.json"], seeds=1, name="other.yaml")
    other = experiment.path / "other.yaml"
    other.write_text(other.read_text().replace("experiments/", "others/"))
    start_mle_run(experiment)
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)

    stopped = experiment.mle("stop", "other.yaml")

    assert stopped.stdout == "Nothing of this experiment is running.\n"
    assert len(queue()) == 4


def test_seed_runs_that_a_killed_driver_left_on_this_machine_are_ended(experiment: Project) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "local")
    experiment.wait_for_starts(2)
    experiment.kill_driver(snakemake=True)
    running = experiment.statuses().count("running")

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert f"Stopped: {running} seed runs.\n" in stopped.stdout
    assert "running" not in experiment.statuses()


def test_a_snakemake_that_was_typed_for_this_machine_is_stopped(experiment: Project) -> None:
    experiment.mle("generate", "exp.yaml")
    by_hand = experiment.begin("snakemake", "--profile", "local")
    experiment.wait_for_starts(2)

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 1 driver" in stopped.stdout
    assert by_hand.wait(timeout=120) != 0
    assert "running" not in experiment.statuses()


def test_a_driver_on_another_machine_is_named_with_what_to_type(experiment: Project) -> None:
    experiment.let_go()
    experiment.mle("run", "exp.yaml", "--profile", "local")
    lock = experiment.results / ".driver" / "lock"
    holder = {"host": "node7", "pid": 12, "since": "yesterday", "snakemake": 13}

    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lock.write_text(json.dumps(holder))
        stopped = experiment.mle("stop")

    assert stopped.returncode == 1
    assert "runs this experiment on node7" in stopped.stderr
    assert f"ssh node7 'cd {experiment.path} && " in stopped.stderr
    assert "Nothing could be stopped from this machine." in stopped.stdout


def test_a_script_that_was_started_by_hand_is_left_alone_and_named(experiment: Project) -> None:
    experiment.let_go()
    experiment.mle("run", "exp.yaml", "--profile", "local")
    (experiment.path / "go").unlink()
    by_hand = subprocess.Popen(
        [sys.executable, "train.py", "-config", "a.json", "-seed", "0", "-exp_dir", "experiments"],
        cwd=experiment.path,
    )
    experiment.wait_for_starts(5)

    stopped = experiment.mle("stop")
    experiment.let_go()

    assert "a seed 0 was started by hand (process" in stopped.stderr
    assert by_hand.wait(timeout=60) == 0


def test_with_a_silent_scheduler_what_has_not_started_never_will(experiment: Project, queue: Queue) -> None:
    experiment.mle("generate", "exp.yaml")
    profile = experiment.path / "profiles/sge/config.yaml"
    profile.write_text(profile.read_text().replace("mle-sge-tasks-at-once: 0", "mle-sge-tasks-at-once: 1"))
    start_mle_run(experiment)
    experiment.wait_for_starts(1)
    experiment.kill_driver(snakemake=True)

    stopped = experiment.mle("stop", **SILENT)
    experiment.let_go()
    wait_until(lambda: queue() == {}, 90)

    assert stopped.returncode == 1
    assert "Grid Engine does not answer" in stopped.stderr
    assert "1 task (job" in stopped.stderr
    assert len(experiment.started()) == 1


def test_tasks_that_were_given_up_are_counted_when_they_are_deleted_at_last(experiment: Project, queue: Queue) -> None:
    start_mle_run(experiment)
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)

    given_up = experiment.mle("stop", PATH="/nowhere")
    still = queue()
    stopped = experiment.mle("stop")

    assert "Grid Engine does not answer" in given_up.stderr
    assert len(still) == 4
    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 4 tasks.\n" in stopped.stdout
    assert queue() == {}


def test_an_experiment_file_that_was_broken_meanwhile_can_be_stopped(experiment: Project, queue: Queue) -> None:
    start_mle_run(experiment)
    experiment.wait_for_starts(4)
    path = experiment.path / "exp.yaml"
    path.write_text(path.read_text().replace("num_seeds: 2", "num_seeds: two"))

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 1 driver, 4 tasks.\n" in stopped.stdout
    assert queue() == {}
