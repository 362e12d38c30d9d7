"""What `mle` does on a cluster is the same on each: one scheduler is found, followed, stopped, and never doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from cluster_project import both_clusters, wait_until
from mle_project import WAITING, Project, ask_for, edit_profile

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record, run_status

pytestmark = [both_clusters, pytest.mark.slow]

NAMES = {"sge": "Grid Engine", "slurm": "Slurm"}
# Only the second queue of Grid Engine, and the second node of Slurm, have GPUs of this kind.
QUEUES = {"sge": ["all.q", "other.q"], "slurm": ["main", "scavenge"]}
WITH_GPUS = {"sge": "other.q", "slurm": "node2"}
TRAIN = """\
import os
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 1}, {"loss": 0.5})
with open("places.txt", "a") as file:
    print("train", os.environ.get("QUEUE") or os.environ["SLURMD_NODENAME"], file=file)
"""
BEFORE = 'echo "before ${QUEUE:-$SLURM_JOB_PARTITION} $3 $4" >> places.txt\n'
AFTER = """\
import os
with open("places.txt", "a") as file:
    print("after", os.environ.get("NSLOTS") or os.environ["SLURM_CPUS_PER_TASK"], file=file)
"""
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


@pytest.mark.parametrize("snakemake", [True, pytest.param(False, marks=pytest.mark.soak)])
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


def test_seed_runs_and_the_jobs_around_them_get_the_queues_gpus_and_cores_that_they_ask_for(
    experiment: Project, queue: Queue, cluster: str
) -> None:
    write_with_jobs_around(experiment, cluster)
    ask_for(experiment, partition=str(QUEUES[cluster]), num_gpus="1", gpu_type='["a100_sxm", "a100"]')

    outcome = experiment.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    first, *seed_runs, last = (experiment.path / "places.txt").read_text().splitlines()
    assert first == f"before {QUEUES[cluster][1]} -data small"
    assert seed_runs == [f"train {WITH_GPUS[cluster]}"] * 4
    assert last == "after 2"
    wait_until(lambda: queue() == {}, 30)


@pytest.mark.parametrize("profile", [[], ["--profile"]])
def test_a_queue_of_the_post_processing_that_is_not_there_is_a_mistake_before_anything_is_submitted(
    experiment: Project, cluster: str, profile: list[str]
) -> None:
    name = QUEUES[cluster][0]
    write_with_jobs_around(experiment, cluster, queue=f"{name}x")

    outcome = experiment.mle("run", "exp.yaml", *profile, *([cluster] if profile else []))

    assert outcome.returncode == 2
    word = {"sge": "queue", "slurm": "partition"}[cluster]
    assert (
        f"exp.yaml, post_processing_args, asks for {word} '{name}x', which this {NAMES[cluster]} does not have or does "
        f"not let you use. Did you mean '{name}'?" in outcome.stderr
    )
    assert not (experiment.path / "places.txt").exists()


def write_with_jobs_around(experiment: Project, cluster: str, **after: str) -> None:
    """Give the experiment scripts that note where they ran, one before and one after its seed runs."""
    (experiment.path / "train.py").write_text(TRAIN)
    (experiment.path / "before.sh").write_text(BEFORE)
    (experiment.path / "after.py").write_text(AFTER)
    around = {
        "pre_processing_args": {
            "processing_fname": "before.sh",
            "processing_job_args": {"queue": QUEUES[cluster][1:]},
            "extra_cmd_line_input": {"data": "small"},
        },
        "post_processing_args": {
            "processing_fname": "after.py",
            "processing_job_args": {"num_logical_cores": 2, **after},
        },
    }
    path = experiment.path / "exp.yaml"
    path.write_text(f"{yaml.safe_dump(around, sort_keys=False, indent=4)}{path.read_text()}")


# All but one fail until there is a file `go`.
TYPO = WAITING.replace(
    "    while not",
    "    if (mle.config_name, mle.seed) != ('a', 0) and not pathlib.Path('go').exists():\n"
    "        raise ValueError('typo')\n"
    "    while not",
)


def test_when_the_first_seed_runs_fail_alike_queued_ones_are_deleted_and_running_ones_come_to_their_end(
    experiment: Project, queue: Queue
) -> None:
    (experiment.path / "train.py").write_text(TYPO)
    experiment.write_experiment(["a.json", "b.json"], seeds=10)
    edit_profile(experiment, tasks_at_once="2")
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: "Paused" in experiment.said(), 120)
    wait_until(lambda: len(queue()) == 1, 60)

    before = experiment.started()
    experiment.let_go()
    status = run.wait(timeout=120)
    after = experiment.statuses()
    again = experiment.mle("run", "exp.yaml")

    assert status == 1
    assert 11 <= len(before) < 20
    assert after[0] == "done"
    assert (after.count("failed"), after.count("waiting")) == (len(before) - 1, 20 - len(before))
    assert f"{20 - len(before)} seed runs were not started." in " ".join(experiment.said().split())
    assert again.returncode == 0, again.stderr
    assert len(experiment.started()) == len(before) + 19
    wait_until(lambda: queue() == {}, 30)


SEVERAL = """\
import os, sys, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(3):
    mle.update_log({"step": step}, {"loss": float(mle.rng.normal())}, save=True)
    mle.checkpoint(step + 1)
if mle.seed == 1 and not os.path.exists("go"):
    sys.exit("seed 1 fails")
while mle.seed == 2 and not os.path.exists("go") and not mle.should_stop():
    time.sleep(0.05)
"""


def test_of_several_seed_runs_in_one_task_each_has_its_own_end(experiment: Project, queue: Queue) -> None:
    experiment.write_experiment(["a.json"], seeds=4)
    ask_for(experiment, seeds_per_job="4", time_per_job='"00:01:00"')
    (experiment.path / "train.py").write_text(SEVERAL)
    runs = [ExperimentFolder(experiment.results).seed_run("a", seed) for seed in range(4)]
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: run_status(runs[2]) == "running", 120)

    tasks = queue()
    stopped = experiment.mle("stop")
    left = [run_status(run) for run in runs]
    experiment.let_go()
    again = experiment.mle("run", "exp.yaml")

    assert len(tasks) == 1
    assert stopped.returncode == 0, stopped.stderr
    assert left == ["done", "failed", "stopped", "waiting"]
    assert again.returncode == 0, again.stderr
    assert [read_run_record(run).attempt for run in runs] == [1, 2, 2, 1]  # type: ignore[union-attr]
