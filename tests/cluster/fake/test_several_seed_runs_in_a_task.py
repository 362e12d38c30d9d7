"""With seeds_per_job, one task of the scheduler runs several seed runs, each of which stays one of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml
from cluster_project import wait_until
from conftest import FakeGridEngine
from mle_project import Project as MleProject

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record, run_status

FAILS_IN_ONE = """\
import os, sys, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(3):
    mle.update_log({"step": step}, {"loss": float(mle.rng.normal())}, save=True)
print("seed", mle.seed, "has", os.environ["OMP_NUM_THREADS"])
if mle.seed == 1 and not os.path.exists("fixed"):
    sys.exit("seed 1 fails")
while mle.seed == 2 and os.path.exists("wait"):
    time.sleep(0.05)
"""


def pack(experiment: MleProject, *, seeds: int, per_job: int, **job: object) -> None:
    """One configuration with so many seeds, so many of them a job."""
    content = yaml.safe_load((experiment.path / "exp.yaml").read_text())
    content["multi_experiment_args"] |= {"config_fnames": ["a.json"], "num_seeds": seeds}
    content["single_job_args"] |= {"seeds_per_job": per_job, **job}
    (experiment.path / "exp.yaml").write_text(yaml.safe_dump(content))
    (experiment.path / "train.py").write_text(FAILS_IN_ONE)


def statuses(experiment: MleProject, seeds: int) -> list[str]:
    folder = ExperimentFolder(experiment.results)
    return [run_status(folder.seed_run("a", seed)) for seed in range(seeds)]


def starts(experiment: MleProject, seeds: int) -> list[str | None]:
    records = [read_run_record(ExperimentFolder(experiment.results).seed_run("a", seed)) for seed in range(seeds)]
    return [None if record is None else record.start for record in records]


def test_one_that_fails_takes_nothing_with_it_and_alone_is_made_again(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    pack(experiment, seeds=5, per_job=3, time_per_job="00:00:20")

    first = experiment.mle("run")
    before, begun = statuses(experiment, 5), starts(experiment, 5)
    (experiment.path / "fixed").touch()
    second = experiment.mle("run")

    assert (first.returncode, second.returncode) == (1, 0), first.stderr + second.stderr
    assert before == ["done", "failed", "done", "done", "done"]
    assert "seed 1 fails" in first.stderr
    submissions = grid_engine.calls("qsub")
    assert [" -t 1-2 " in each for each in submissions] == [True, False]
    assert " -t 1-1 " in submissions[1] or " -t " not in submissions[1]
    assert " h_rt=3780" in submissions[0], "the time of three, and a minute after each"
    assert statuses(experiment, 5) == ["done"] * 5
    assert [a == b for a, b in zip(begun, starts(experiment, 5), strict=True)] == [True, False, True, True, True]
    run = ExperimentFolder(experiment.results).seed_run("a", 2).path
    assert (run / "out.txt").read_text() == "seed 2 has 1\n"
    assert (run / "err.txt").read_text() == ""


def test_the_numbers_are_those_without_packing_and_changing_it_runs_nothing_again(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    (experiment.path / "fixed").touch()
    pack(experiment, seeds=4, per_job=1)
    assert experiment.mle("run").returncode == 0
    alone = (experiment.results / "results.csv").read_bytes()

    pack(experiment, seeds=4, per_job=4)
    again = experiment.mle("run")
    n_submissions = len(grid_engine.calls("qsub"))
    for run in (experiment.results / "a").glob("seed_*"):
        run.rename(run.with_name(f"moved_{run.name}"))
    packed = experiment.mle("run")

    assert (again.returncode, packed.returncode) == (0, 0), packed.stderr
    assert n_submissions == 1
    assert len(grid_engine.calls("qsub")) == 2
    assert (experiment.results / "results.csv").read_bytes() == alone


@pytest.mark.parametrize("how", ["task", *(pytest.param(how, marks=pytest.mark.soak) for how in ("shell", "stop"))])
def test_what_was_finished_before_a_task_ends_early_is_kept(
    experiment: MleProject,
    grid_engine: FakeGridEngine,
    queue: Callable[[], dict[tuple[int, int], str]],
    how: str,
) -> None:
    (experiment.path / "fixed").touch()
    (experiment.path / "wait").touch()
    pack(experiment, seeds=4, per_job=4)
    experiment.begin("mle_toolbox", "run")
    third = ExperimentFolder(experiment.results).seed_run("a", 2)
    wait_until(lambda: run_status(third) == "running", 120)

    if how == "task":
        grid_engine.kill_task(next(iter(queue()))[0], 1)
    elif how == "shell":
        kill_the_shell_of_the_third(experiment.path)
    else:
        assert experiment.mle("stop").returncode == 0
    experiment.begun[-1].wait(timeout=120)
    left, begun = statuses(experiment, 4), starts(experiment, 4)
    (experiment.path / "wait").unlink()
    again = experiment.mle("run")

    assert left[:2] == ["done", "done"]
    assert left[2] in {"task": ("died", "stopped", "failed"), "shell": ("died", "stopped"), "stop": ("stopped",)}[how]
    assert left[3] == ("done" if how == "shell" else "waiting")
    assert again.returncode == 0, again.stderr
    assert statuses(experiment, 4) == ["done"] * 4
    assert starts(experiment, 4)[:2] == begun[:2]


def kill_the_shell_of_the_third(project: Path) -> None:
    """Kill the shell of one seed run within its task; the script ends with its launcher."""
    for process in psutil.process_iter():
        try:
            if "--seed=2" in process.cmdline() and str(project) in process.cwd():
                parents = process.parents()
                for each in [*parents, process]:
                    if "task.sh" in " ".join(each.cmdline()) and "MLE_CLUSTER_TASK" in each.environ():
                        each.send_signal(signal.SIGKILL)
                        process.send_signal(signal.SIGKILL)
                        return
        except psutil.Error:
            continue
    raise AssertionError("the shell was not found")
