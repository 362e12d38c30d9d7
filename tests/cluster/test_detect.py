"""`mle run` finds the Grid Engine, says so, and never runs twice what is in its queue."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from cluster_project import SILENT, wait_until
from mle_project import Project, ask_for

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


def test_a_grid_engine_that_answers_is_used_and_named(experiment: Project) -> None:
    experiment.let_go()

    outcome = experiment.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert (
        "Grid Engine answers and queues all.q and other.q accept jobs: running there (--profile local runs here)."
        in outcome.stderr
    )
    assert "Submitted job" in outcome.stderr
    record = json.loads((experiment.results / "a" / "seed_1" / "run.json").read_text())
    assert record["scheduler"].keys() == {"job", "task"}


def test_a_scheduler_that_is_down_is_named_and_seed_runs_stay_here(experiment: Project) -> None:
    experiment.let_go()

    outcome = experiment.mle("run", "exp.yaml", **SILENT)

    assert outcome.returncode == 0, outcome.stderr
    assert "qsub is there, but the scheduler does not answer (" in outcome.stderr
    assert "): running on this machine.\n" in outcome.stderr


@pytest.mark.alone
def test_queues_that_are_disabled_are_named_and_seed_runs_stay_here(experiment: Project) -> None:
    experiment.let_go()
    subprocess.run(["qmod", "-d", "all.q", "other.q"], check=True, capture_output=True)

    try:
        outcome = experiment.mle("run", "exp.yaml")
    finally:
        subprocess.run(["qmod", "-e", "all.q", "other.q"], check=True, capture_output=True)

    assert outcome.returncode == 0, outcome.stderr
    assert "no queue accepts jobs (all.q is disabled (qmod -d); other.q is disabled (qmod -d))" in outcome.stderr
    assert "running on this machine" in outcome.stderr


@pytest.mark.alone
def test_the_queue_of_the_experiment_file_decides(experiment: Project) -> None:
    experiment.let_go()
    _ask_for_queue(experiment, "other.q")
    subprocess.run(["qmod", "-d", "all.q"], check=True, capture_output=True)

    try:
        there = experiment.mle("run", "exp.yaml", "--dry-run")
    finally:
        subprocess.run(["qmod", "-e", "all.q"], check=True, capture_output=True)

    assert "queue other.q accepts jobs: running there" in there.stderr


def test_a_queue_that_is_not_there_is_a_mistake(experiment: Project, queue: Queue) -> None:
    _ask_for_queue(experiment, "othr.q")

    outcome = experiment.mle("run", "exp.yaml")

    assert outcome.returncode == 2
    assert "exp.yaml asks for queue 'othr.q'" in outcome.stderr
    assert "Did you mean 'other.q'? There are: all.q, other.q." in outcome.stderr
    assert experiment.started() == []
    assert queue() == {}


def test_what_a_killed_driver_left_in_the_queue_is_not_run_here_as_well(experiment: Project, queue: Queue) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)

    refused = experiment.mle("run", "exp.yaml", "--profile", "local")
    status = experiment.mle("status")
    experiment.let_go()
    wait_until(lambda: queue() == {}, 60)
    finished = experiment.mle("run", "exp.yaml")

    assert refused.returncode == 2
    assert "4 tasks (job" in refused.stderr
    assert "they would run twice. `mle run exp.yaml --profile sge` continues with them" in refused.stderr
    assert "No driver waits for 4 tasks (job" in status.stdout
    assert finished.returncode == 0, finished.stderr
    assert len(experiment.started()) == 4


def test_tasks_in_the_queue_are_gone_on_with_there(experiment: Project, queue: Queue) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)

    again = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: "continuing with them there" in experiment.said(), 60)
    experiment.let_go()

    assert again.wait(timeout=360) == 0, experiment.said()
    assert "of an earlier run are in the queue of Grid Engine" in experiment.said()
    assert len(experiment.started()) == 4


@pytest.mark.parametrize("profile", [None, *(pytest.param(name, marks=pytest.mark.soak) for name in ("sge", "local"))])
def test_a_snakemake_that_was_typed_by_hand_is_named_and_not_run_beside(
    experiment: Project, queue: Queue, profile: str | None
) -> None:
    experiment.mle("generate", "exp.yaml")
    by_hand = experiment.begin("snakemake", "--profile", "sge")
    experiment.wait_for_starts(4)

    refused = experiment.mle("run", "exp.yaml", *(["--profile", profile] if profile else []))
    experiment.let_go()

    assert refused.returncode == 2
    assert f"a Snakemake runs this experiment on Grid Engine: process {by_hand.pid} on" in refused.stderr
    assert "Wait for it, or stop it with `mle stop exp.yaml`." in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert by_hand.wait(timeout=360) == 0
    assert len(experiment.started()) == 4


def test_another_experiment_of_the_folder_runs_at_the_same_time(experiment: Project, queue: Queue) -> None:
    experiment.write_experiment(["a.json"], seeds=1, name="other.yaml")
    other = experiment.path / "other.yaml"
    other.write_text(other.read_text().replace("experiments/", "others/"))
    first = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)

    second = experiment.begin("mle_toolbox", "run", "other.yaml")
    experiment.wait_for_starts(5)
    stopped = experiment.mle("stop", "other.yaml")
    left = queue()
    again = experiment.begin("mle_toolbox", "run", "other.yaml")
    experiment.wait_for_starts(6)
    status = experiment.mle("status", "other.yaml")
    experiment.let_go()

    assert "Stopped: 1 driver, 1 task.\n" in stopped.stdout
    assert second.wait(timeout=120) == 130
    assert len(left) == 4
    assert "No driver waits" not in status.stdout
    assert [process.wait(timeout=360) for process in (first, again)] == [0, 0], experiment.said()
    assert len(experiment.started()) == 6


def test_the_snakemake_that_a_killed_run_has_left_is_followed_to_its_end(experiment: Project) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=False)

    again = experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
    wait_until(lambda: "of 4 seed runs done" in experiment.said(), 60)
    experiment.let_go()

    assert again.wait(timeout=360) == 0, experiment.said()
    assert len(experiment.started()) == 4


def test_nothing_is_started_while_tasks_may_be_in_a_queue_that_cannot_be_asked(experiment: Project) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)

    refused = [experiment.mle("run", "exp.yaml", *more, **SILENT) for more in ((), ("--profile", "local"))]
    experiment.let_go()
    finished = experiment.mle("run", "exp.yaml")

    for outcome in refused:
        assert outcome.returncode == 2
        assert "may still be in the queue of Grid Engine, which does not answer" in outcome.stderr
    assert finished.returncode == 0, finished.stderr
    assert len(experiment.started()) == 4


def test_of_a_list_of_queues_the_scheduler_chooses_and_machines_that_are_left_out_are_not_used(
    experiment: Project, queue: Queue
) -> None:
    experiment.let_go()
    machines = {"exclude_nodes": '["node7", "node8"]', "include_nodes": '["localhost", "node9"]'}
    ask_for(experiment, partition='["all.q", "other.q"]', gpu_type="null", memory_per_cpu="100", **machines)

    outcome = experiment.mle("run", "exp.yaml")
    again = experiment.mle("run", "exp.yaml", "--dry-run")

    assert outcome.returncode == 0, outcome.stderr
    assert "queues all.q and other.q accept jobs: running there" in outcome.stderr
    asked = "-q all.q,other.q -l 'hostname=(localhost|localhost.*|node9|node9.*)&!(node7|node7.*|node8|node8.*)'"
    assert asked in outcome.stderr
    assert len(experiment.started()) == 4
    assert again.returncode == 0
    assert len(experiment.started()) == 4
    wait_until(lambda: queue() == {}, 30)


def _ask_for_queue(experiment: Project, name: str) -> None:
    path = experiment.path / "exp.yaml"
    path.write_text(path.read_text().replace("single_job_args:\n", f'single_job_args:\n    queue: "{name}"\n'))
