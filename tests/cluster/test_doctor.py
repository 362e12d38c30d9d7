"""`mle doctor` on the real scheduler: what is wrong is found, with its fix, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster_project import SILENT, wait_until
from mle_project import Project, ask_for, edit_profile

from mle_toolbox import __version__

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


@pytest.mark.alone
def test_a_site_on_which_all_is_well_is_told_so_by_a_real_job(experiment: Project, queue: Queue) -> None:
    ask_for(experiment, num_logical_cores="2", queue='"other.q"')
    # As somebody who has activated the environment: `snakemake` can be typed.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    outcome = experiment.mle("doctor", PATH=path)

    assert outcome.returncode == 0, outcome.stdout
    assert "✓ queue other.q: 8 slots on 1 machine, " in outcome.stdout
    assert "✓ parallel environment smp: its allocation rule $pe_slots gives all cores on one machine" in outcome.stdout
    assert "in queue other.q; from mle to its end" in outcome.stdout
    assert "✓ the project folder is shared: a file written on " in outcome.stdout
    assert f"and mle-toolbox {__version__} there" in outcome.stdout
    assert outcome.stdout.endswith("\nAll is well.\n"), outcome.stdout
    assert not list(experiment.path.glob(".mle-doctor-*"))
    # It has written that it ended; the scheduler takes note of it a moment later.
    wait_until(lambda: queue() == {}, 30)


def test_a_parallel_environment_that_scatters_cores_is_a_problem(experiment: Project) -> None:
    ask_for(experiment, num_logical_cores="2")
    edit_profile(experiment, parallel_environment="spread")

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 1
    assert (
        "✗ parallel environment spread scatters a job's cores over machines (allocation rule $round_robin)"
        in outcome.stdout
    )
    assert "-> set mle-sge-parallel-environment in profiles/sge/config.yaml to smp" in outcome.stdout


def test_names_that_the_site_does_not_know_are_problems_with_those_that_it_knows(experiment: Project) -> None:
    ask_for(experiment, num_logical_cores="2", num_gpus="1", memory_per_job="10", time_per_job='"00:00:10"')
    edit_profile(
        experiment,
        parallel_environment="smpp",
        gpu_resource="ngpus",
        memory_resource="mem_fre",
        array_size="1000000",
    )

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 1
    assert "✗ there is no parallel environment 'smpp'. Did you mean 'smp'?" in outcome.stdout
    assert "✗ ngpus is no resource of this site, and num_gpus is asked for under that name" in outcome.stdout
    assert "here: gpu" in outcome.stdout
    assert "✗ mem_fre is no resource of this site" in outcome.stdout
    assert "mem_free" in outcome.stdout
    assert "✗ the site takes at most 75000 tasks in one array, and the profile says 1000000" in outcome.stdout


def test_a_project_that_the_site_does_not_have_is_a_problem(experiment: Project) -> None:
    edit_profile(experiment, project="nope")

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 1
    assert "✗ there is no project 'nope'\n" in outcome.stdout
    assert "-> this site has none: set mle-sge-project in profiles/sge/config.yaml to nothing" in outcome.stdout


def test_how_memory_is_counted_is_compared_with_the_profile(experiment: Project) -> None:
    ask_for(experiment, memory_per_job="10")
    edit_profile(experiment, memory_resource="mem_free", memory_per="slot")

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 0
    assert "! mem_free counts per job here (consumable NO), and the profile says slot" in outcome.stdout
    assert "-> set mle-sge-memory-per: job in" in outcome.stdout


@pytest.mark.alone
def test_a_queue_that_kills_jobs_too_early_is_a_warning(experiment: Project) -> None:
    ask_for(experiment, time_per_job='"00:02:00"', queue='"other.q"')

    with queue_limit("other.q", "1:0:0"):
        outcome = experiment.mle("doctor", "--no-job")

    assert "! time_per_job is longer than queue other.q lets a job run (1 hours)" in outcome.stdout


@contextmanager
def queue_limit(queue: str, limit: str) -> Iterator[None]:
    subprocess.run(["qconf", "-mattr", "queue", "h_rt", limit, queue], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["qconf", "-mattr", "queue", "h_rt", "INFINITY", queue], check=True, capture_output=True)


def test_mistakes_in_the_profile_are_a_problem_with_their_lines(experiment: Project) -> None:
    edit_profile(experiment, array_size="many", quue="all.q")
    n_lines = len((experiment.path / "profiles/sge/config.yaml").read_text().splitlines())

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 1
    assert "✗ the profile sge has mistakes:\n" in outcome.stdout
    file = "profiles/sge/config.yaml"
    assert f"{file}:{n_lines - 1}: mle-sge-array-size: expected a whole number, found 'many'.\n" in outcome.stdout
    assert f"{file}:{n_lines}: mle-sge-quue: there is no such setting. Did you mean" in outcome.stdout


def test_what_snakemake_refuses_in_the_profile_is_a_problem_and_one_line_before_anything_runs(
    experiment: Project, queue: Queue
) -> None:
    edit_profile(experiment)
    file = experiment.path / "profiles/sge/config.yaml"
    n_lines = len(file.read_text().splitlines())
    file.write_text(file.read_text().replace("\nscheduler: greedy", "\n#") + "scheduler: greedyx\n")
    told = f"profiles/sge/config.yaml:{n_lines + 1}: scheduler: Snakemake refuses this: invalid choice: 'greedyx'"

    doctor = experiment.mle("doctor", "--no-job")
    run = experiment.mle("run", "exp.yaml", "--profile", "sge")

    assert doctor.returncode == 1
    assert told in doctor.stdout
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith(told)
    assert "usage" not in run.stderr
    assert queue() == {}


def test_a_list_of_queues_in_the_profile_is_told_with_its_line(experiment: Project) -> None:
    edit_profile(experiment, queue="[all.q, other.q]")
    n_lines = len((experiment.path / "profiles/sge/config.yaml").read_text().splitlines())
    told = "mle-sge-queue: expected text, found ['all.q', 'other.q']. Write `all.q,other.q`."

    run = experiment.mle("run", "exp.yaml")

    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == f"profiles/sge/config.yaml:{n_lines}: {told}"


def test_a_job_that_the_site_refuses_is_a_problem_in_its_own_words(experiment: Project) -> None:
    edit_profile(experiment, project="nobodys")

    outcome = experiment.mle("doctor")

    assert outcome.returncode == 1
    assert "✗ the job failed: " in outcome.stdout
    assert "nobodys" in outcome.stdout


def test_a_job_that_does_not_start_is_removed_with_the_schedulers_reasons(experiment: Project, queue: Queue) -> None:
    edit_profile(experiment, qsub_options='"-l mem_free=900000G"')

    outcome = experiment.mle("doctor", "--wait", "20")

    assert outcome.returncode == 0, outcome.stdout
    assert "! the job did not end within 20 s, and was removed: " in outcome.stdout
    assert "-> no machine has now what it asks for; if none ever has so much, ask for less (" in outcome.stdout
    assert "mem_free" in outcome.stdout
    assert queue() == {}
    assert not list(experiment.path.glob(".mle-doctor-*"))


def test_a_job_that_no_machine_can_ever_run_is_a_problem(experiment: Project, queue: Queue) -> None:
    ask_for(experiment, num_gpus="5")

    outcome = experiment.mle("doctor", "--wait", "20")

    assert outcome.returncode == 1
    assert "✗ the job can never start here: (-l gpu=5" in outcome.stdout
    assert "-> ask for less (num_logical_cores, num_gpus, memory_per_job, time_per_job) or for" in outcome.stdout
    assert "a full cluster is no fault" not in outcome.stdout
    assert queue() == {}


def test_machines_that_are_left_out_until_none_is_left_are_a_problem(experiment: Project, queue: Queue) -> None:
    ask_for(experiment, exclude_nodes='["localhost"]', queue='["all.q", "other.q"]')

    outcome = experiment.mle("doctor", "--wait", "25")

    assert outcome.returncode == 1
    assert "✗ exclude_nodes and include_nodes leave no machine" in outcome.stdout
    assert "✗ the job can never start here: (-l hostname=!(localhost|localhost.*)" in outcome.stdout
    assert queue() == {}


def test_a_scheduler_that_is_down_is_a_problem(experiment: Project) -> None:
    outcome = experiment.mle("doctor", **SILENT)

    assert outcome.returncode == 1
    assert "but the scheduler does not answer" in outcome.stdout
    assert "its master daemon is down" in outcome.stdout


@pytest.mark.alone
def test_queues_that_accept_nothing_are_a_problem(experiment: Project) -> None:
    subprocess.run(["qmod", "-d", "all.q", "other.q"], check=True, capture_output=True)
    try:
        outcome = experiment.mle("doctor")
    finally:
        subprocess.run(["qmod", "-e", "all.q", "other.q"], check=True, capture_output=True)

    assert outcome.returncode == 1
    assert "! queue all.q accepts no jobs: disabled (qmod -d)" in outcome.stdout
    assert "✗ no queue accepts jobs" in outcome.stdout


def test_mistakes_of_the_experiment_file_are_listed_and_the_site_is_still_looked_at(experiment: Project) -> None:
    ask_for(experiment, num_logical_core="2")

    outcome = experiment.mle("doctor", "--no-job")

    assert outcome.returncode == 1
    assert "Did you mean 'num_logical_cores'?" in outcome.stdout
    assert "✓ the scheduler answers: SGE 8" in outcome.stdout
