"""The whole executor on a machine without Grid Engine: fake commands run the tasks as processes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cluster_project import Project
from conftest import FakeGridEngine
from mle_project import Project as MleProject
from mle_project import edit_profile

from tests.workflow.conftest import SCRIPT

Queue = Callable[[], dict[tuple[int, int], str]]

JOBS = """
rule all:
    input: expand("out/{{n}}", n=range({number}))

rule job:
    output: "out/{{n}}"
    log: "out/{{n}}.log"
    {more}
    shell: "exec > {{log}} 2>&1; echo {{wildcards.n}} >> ran; {command}; touch {{output}}"
"""
WAIT = "until [[ -e go ]]; do sleep 0.05; done"


def jobs(command: str = "true", number: int = 3, more: str = "") -> str:
    return JOBS.format(number=number, more=more, command=command)


def ask(experiment: MleProject, **job: object) -> None:
    """Set what the experiment file asks for."""
    content = yaml.safe_load((experiment.path / "exp.yaml").read_text())
    content["single_job_args"] |= job
    (experiment.path / "exp.yaml").write_text(yaml.safe_dump(content))


def test_jobs_are_one_array_and_get_what_they_ask_for(project: Project, grid_engine: FakeGridEngine) -> None:
    more = 'threads: 2\n    resources: job_name="ode", runtime=60'
    project.write(jobs("echo $NSLOTS $JOB_NAME $QUEUE $OMP_NUM_THREADS", more=more))

    status, said = project.run()

    assert status == 0, said
    assert (project.path / "out/2.log").read_text() == "2 ode all.q 2\n"
    assert project.ran() == ["0", "1", "2"]
    (submission,) = grid_engine.calls("qsub")
    assert " -t 1-3 -N ode -pe smp 2 -l h_rt=3600 " in submission
    assert not list((project.path / ".snakemake/mle_cluster").glob("*/array.json")), "what ended well is removed"


def test_a_failed_task_says_its_status_and_the_others_go_on(project: Project) -> None:
    project.write(jobs("[[ {wildcards.n} != 1 ]] || exit 3"))

    status, said = project.run()

    assert status == 1
    assert re.search(r"Task 1\.\d \(job n=1\) ended on \S+ with exit status 3\.", said), said
    assert sorted(path.name for path in (project.path / "out").glob("?")) == ["0", "2"]


def test_a_task_at_its_time_limit_says_so(project: Project) -> None:
    project.write(jobs("sleep 60", number=1, more='resources: qsub_options="-l h_rt=1"'))

    status, said = project.run()

    assert status == 1
    assert "at its time limit of 1 s" in said


def test_a_task_that_cannot_be_started_is_deleted_with_the_reason(
    project: Project, grid_engine: FakeGridEngine, queue: Queue
) -> None:
    grid_engine.set(starts=False)
    project.write(jobs(number=1))
    driver = project.start()
    project.wait_for(lambda: "qw" in queue().values())
    # Its log cannot be opened where a folder has its name.
    (folder,) = (project.path / ".snakemake/mle_cluster").glob("*/array.json")
    (folder.parent / "log.1").mkdir()
    grid_engine.set(starts=True)

    status, said = driver.wait()

    assert status == 1
    assert "cannot be started (state Eqw): can't open" in said
    project.wait_for(lambda: queue() == {})


def test_closed_queues_are_said_once_and_waited_for(project: Project, grid_engine: FakeGridEngine) -> None:
    grid_engine.set(queues={"all.q": "d"})
    project.write(jobs())
    driver = project.start()
    project.wait_for(lambda: "waiting for a queue that accepts jobs" in driver.output.read_text())
    grid_engine.set(queues={"all.q": ""})

    status, said = driver.wait()

    assert status == 0, said
    assert said.count("waiting for a queue that accepts jobs (all.q: disabled (qmod -d))") == 1


def test_limits_of_the_site_make_smaller_arrays_that_are_submitted_later(
    project: Project, grid_engine: FakeGridEngine
) -> None:
    grid_engine.set(max_aj_tasks=2, max_u_jobs=1)
    project.write(jobs(WAIT, number=5))
    driver = project.start()
    project.wait_for(lambda: "The site takes no more jobs now" in driver.output.read_text())
    (project.path / "go").touch()

    status, said = driver.wait()

    assert status == 0, said
    assert "The site takes at most 2 tasks in one array, so smaller ones are made. Set mle-sge-array-size: 2" in said
    assert project.ran() == ["0", "1", "2", "3", "4"]


def test_what_a_site_does_not_know_is_refused_with_the_way_out(project: Project) -> None:
    project.write(jobs(more='resources: queue="nope"'))

    status, said = project.run()

    assert status == 1
    assert 'unknown queue "nope"' in said
    assert "set mle-sge-queue in the profile" in said
    assert project.ran() == []


def test_a_silent_scheduler_is_waited_for(project: Project, grid_engine: FakeGridEngine) -> None:
    grid_engine.go_down()
    project.write(jobs())
    driver = project.start()
    project.wait_for(lambda: "The scheduler does not answer" in driver.output.read_text())
    grid_engine.come_back()

    status, said = driver.wait()

    assert status == 0, said
    assert project.ran() == ["0", "1", "2"]


def test_ctrl_c_deletes_all_tasks_with_one_command(project: Project, grid_engine: FakeGridEngine, queue: Queue) -> None:
    grid_engine.set(slots=1)
    project.write(jobs(WAIT))
    driver = project.start()
    project.wait_for(lambda: len(project.ran()) == 1)
    driver.interrupt()

    driver.wait()

    assert queue() == {}
    assert grid_engine.calls("qdel") == ["qdel 1"]
    assert len(project.ran()) == 1


def test_after_kill_9_the_next_call_waits_for_the_same_tasks(project: Project, queue: Queue) -> None:
    project.write(jobs(WAIT))
    driver = project.start()
    project.wait_for(lambda: len(project.ran()) == 3)
    driver.kill()
    before = set(queue())
    again = project.start()
    project.wait_for(lambda: again.output.read_text().count("of an earlier call: waiting for that one.") == 3)
    (project.path / "go").touch()

    status, said = again.wait()

    assert status == 0, said
    assert len(before) == 3
    assert project.ran() == ["0", "1", "2"], "each ran once"


def test_a_second_driver_is_refused_and_told_who_is_there(project: Project) -> None:
    project.write(jobs(WAIT))
    first = project.start()
    project.wait_for(lambda: len(project.ran()) == 3)

    status, said = project.run()
    (project.path / "go").touch()

    assert status == 1
    assert f"Another Snakemake submits jobs of this Snakefile: process {first.process.pid} on " in said
    assert first.wait()[0] == 0


def test_tasks_whose_inputs_have_changed_are_deleted_and_submitted_anew(project: Project, queue: Queue) -> None:
    project.write(jobs(WAIT, number=1).replace('log: "out', 'input: "given"\n    log: "out'))
    (project.path / "given").write_text("1")
    driver = project.start()
    project.wait_for(lambda: len(project.ran()) == 1)
    driver.kill()
    (project.path / "given").write_text("2")
    again = project.start()
    project.wait_for(lambda: len(project.ran()) == 2)
    (project.path / "go").touch()

    status, said = again.wait()

    assert status == 0, said
    assert "Deleting tasks of an earlier call whose inputs have changed: 1.1" in said
    assert queue() == {}


def test_records_and_lock_of_an_earlier_version_are_attached_to(
    project: Project, grid_engine: FakeGridEngine, queue: Queue
) -> None:
    grid_engine.set(starts=False)
    project.write(jobs())
    driver = project.start()
    project.wait_for(lambda: len(queue()) == 3)
    driver.kill()
    _as_an_earlier_version_wrote_them(project.path / ".snakemake", grid_engine)
    again = project.start()
    project.wait_for(lambda: again.output.read_text().count("of an earlier call: waiting for that one.") == 3)
    grid_engine.set(starts=True)

    status, said = again.wait()

    assert status == 0, said
    assert len(grid_engine.calls("qsub")) == 1
    assert project.ran() == ["0", "1", "2"]
    assert not list((project.path / ".snakemake").glob("*/*/array.json"))


def test_tasks_in_the_queue_of_another_scheduler_are_not_run_here_as_well(
    project: Project,
) -> None:
    project.write(jobs(WAIT, number=1))
    driver = project.start()
    project.wait_for(lambda: len(project.ran()) == 1)
    driver.kill()
    (record,) = (project.path / ".snakemake/mle_cluster").glob("*/array.json")
    record.write_text(record.read_text().replace('"mle-sge"', '"mle-cray"'))

    status, said = project.run()

    assert status != 0
    assert "may still be in the queue of another scheduler, that of the executor mle-cray (" in said
    assert project.ran() == ["0"]


def test_mle_run_finds_it_and_gives_what_a_run_here_gives(
    experiment: MleProject, grid_engine: FakeGridEngine, tmp_path: Path
) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)
    shutil.copytree(experiment.path, tmp_path / "here")

    there = experiment.mle("run", "exp.yaml")
    here = MleProject(tmp_path / "here").mle("run", "exp.yaml", "--profile", "local")

    assert there.returncode == here.returncode == 0, there.stderr + here.stderr
    assert "Grid Engine answers and queue all.q accepts jobs: running there" in " ".join(there.stderr.split())
    assert len(grid_engine.calls("qsub")) == 1
    tables = [project / "experiments/results.csv" for project in (experiment.path, tmp_path / "here")]
    assert tables[0].read_bytes() == tables[1].read_bytes()
    record = json.loads((experiment.results / "a/seed_0/run.json").read_text())
    # Which task is which seed run depends on the order in which Snakemake hands them over.
    assert (record["scheduler"]["job"], record["scheduler"]["task"] in {"1", "2", "3", "4"}) == ("1", True)


def test_queues_machines_and_gpus_are_asked_for_and_changing_them_runs_nothing_again(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    grid_engine.set(queues={"all.q": "d", "other.q": ""})
    (experiment.path / "train.py").write_text(SCRIPT)
    ask(
        experiment, queue=["all.q", "other.q"], exclude_nodes=["node7", "node8"], num_gpus=1, gpu_type=["a100", "v100s"]
    )

    first = experiment.mle("run", "exp.yaml")
    ask(experiment, queue=["other.q"], exclude_nodes=["node9"], num_gpus=1, gpu_prefix="cuda", gpu_type=None)
    again = experiment.mle("run", "exp.yaml")
    by_hand = experiment._run("snakemake", "--profile", "sge", "--dry-run")

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert "queue other.q accepts jobs: running there" in " ".join(first.stderr.split())
    (submission,) = grid_engine.calls("qsub")
    asked = "-l gpu=1 -l gputype=a100|v100s -l hostname=!(node7|node7.*|node8|node8.*)"
    assert " -q all.q,other.q " in submission
    assert asked in submission
    assert "Nothing to be done" in by_hand.stdout + by_hand.stderr


def test_in_a_nested_snakemake_lists_of_names_stay_what_they_are(project: Project, grid_engine: FakeGridEngine) -> None:
    grid_engine.set(queues={"all.q": "", "other.q": ""})
    more = 'resources: queue="all.q,other.q", include_nodes="node7,node8", gpu=1, gpu_prefix="cuda"'
    project.write(jobs(number=1, more=more))

    status, said = project.run("--mle-sge-nested")

    assert status == 0, said
    (submission,) = grid_engine.calls("qsub")
    assert " -q all.q,other.q -l cuda=1 -l hostname=(node7|node7.*|node8|node8.*) " in submission


def test_of_a_list_of_queues_the_one_that_is_not_there_is_named(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    grid_engine.set(queues={"all.q": "", "other.q": ""})
    ask(experiment, partition=["all.q", "othr.q"])

    outcome = experiment.mle("run", "exp.yaml")

    assert outcome.returncode == 2
    assert "exp.yaml asks for queue 'othr.q', which this Grid Engine does not have" in outcome.stderr
    assert "Did you mean 'other.q'?" in outcome.stderr
    assert grid_engine.calls("qsub") == []


def test_the_doctor_looks_at_machines_and_kinds_of_gpu(experiment: MleProject) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)
    here = os.uname().nodename
    ask(experiment, exclude_nodes=[f"{here}x"], num_gpus=1, gpu_type="a100", gpu_prefix="cuda")

    said = " ".join(experiment.mle("doctor", "exp.yaml", "--no-job").stdout.split())
    ask(experiment, exclude_nodes=[here])
    none_left = " ".join(experiment.mle("doctor", "exp.yaml", "--no-job").stdout.split())

    assert f"exclude_nodes names '{here}x', which is no machine of your queues. Did you mean {here!r}?" in said
    assert "gpu_prefix cuda is no resource of this site -> change or remove it in exp.yaml; here: gpu" in said
    assert "gputype is no resource of this site, and gpu_type is asked for under that name" in said
    assert "exclude_nodes and include_nodes leave no machine" in none_left


SET = ("--set", "single_job_args.job_name=other")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param((), (), id="as in the file"),
        pytest.param(SET, SET, id="with --set", marks=pytest.mark.soak),
        pytest.param(SET, (), id="--set is left out"),
        pytest.param((), SET, id="--set is added", marks=pytest.mark.soak),
    ],
)
def test_mle_run_after_kill_9_attaches_by_itself(
    experiment: MleProject, grid_engine: FakeGridEngine, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge", *first)
    experiment.wait_for_starts(4)
    experiment.kill_driver(snakemake=True)
    experiment.let_go()

    again = experiment.mle("run", "exp.yaml", *then)

    assert again.returncode == 0, again.stderr
    assert len(experiment.started()) == 4
    assert len(grid_engine.calls("qsub")) == 1


def test_mle_stop_deletes_tasks_that_nobody_waits_for(
    experiment: MleProject, grid_engine: FakeGridEngine, queue: Queue
) -> None:
    edit_profile(experiment, tasks_at_once="1")
    experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
    experiment.wait_for_starts(1)
    experiment.kill_driver(snakemake=True)

    seen = experiment.mle("status", "exp.yaml")
    done = experiment.mle("stop", "exp.yaml")

    assert "No driver waits for 4 tasks (job 1: 1 running, 3 queued) in the queue of Grid Engine." in seen.stdout
    assert done.returncode == 0, done.stderr
    assert "Stopped: 4 tasks." in done.stdout
    assert queue() == {}
    assert grid_engine.calls("qdel") == ["qdel 1"]


def test_mle_stop_of_one_configuration_deletes_its_tasks_and_the_driver_goes_on(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    edit_profile(experiment, tasks_at_once="3")
    driver = experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
    experiment.wait_for_starts(3)

    stopped = experiment.mle("stop", "b")
    experiment.let_go()
    driver.wait(timeout=120)

    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 2 tasks, 2 seed runs; the others go on." in stopped.stdout
    assert driver.returncode == 1
    assert "Stopped on request (`mle stop`): b seeds 0-1." in experiment.said()
    assert "2 of 4 seed runs done, 2 stopped" in experiment.said()
    assert {name for name, _ in experiment.logs()} == {"a"}
    assert len(grid_engine.calls("qdel")) == 1


def test_mle_doctor_finds_nothing_wrong(experiment: MleProject) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)

    done = experiment.mle("doctor", "exp.yaml")

    assert done.returncode == 0, done.stdout
    assert "queue all.q: 8 slots on 1 machine" in done.stdout
    assert "a job ran on" in done.stdout


def _as_an_earlier_version_wrote_them(folder: Path, grid_engine: FakeGridEngine) -> None:
    """Undo what has changed since: one folder for each scheduler, words in the lock, no folder in array.json."""
    (folder / "mle_cluster").rename(folder / "mle_sge")
    for record in (folder / "mle_sge").glob("*/array.json"):
        old = {key: value for key, value in json.loads(record.read_text()).items() if key in ("format", "tasks")}
        record.write_text(json.dumps(old))
    for path in [*(folder / "mle_sge").glob("*/task.sh"), *grid_engine.path.glob("jobs/*/job.json")]:
        path.write_text(path.read_text().replace("mle_cluster", "mle_sge"))
    for lock in (folder / "mle_sge").glob("*.lock"):
        lock.write_text("process 99999 on elsewhere since 2026-11-28 20:00:00\n")


def test_pre_and_post_processing_are_tasks_with_resources_of_their_own(
    experiment: MleProject, grid_engine: FakeGridEngine
) -> None:
    (experiment.path / "train.py").write_text(SCRIPT)
    (experiment.path / "before.sh").write_text("echo no data >&2\nkill -9 $$\n")
    (experiment.path / "after.py").write_text("import os\nprint(os.environ['JOB_ID'])\n")
    content = yaml.safe_load((experiment.path / "exp.yaml").read_text())
    asked = {"num_logical_cores": 2, "time_per_job": "00:01:00", "job_name": "features"}
    content["pre_processing_args"] = {"processing_fname": "before.sh", "processing_job_args": asked}
    content["post_processing_args"] = {"processing_fname": "after.py"}
    (experiment.path / "exp.yaml").write_text(yaml.safe_dump(content))

    failed = experiment.mle("run", "exp.yaml")
    (experiment.path / "before.sh").write_text("echo $JOB_ID $NSLOTS\n")
    again = experiment.mle("run", "exp.yaml")

    assert failed.returncode == 1
    said = " ".join(failed.stderr.split())
    assert "pre-processing: was killed by SIGKILL" in said
    assert "no data" in said
    assert "4 seed runs were not started" in said
    assert again.returncode == 0, again.stderr
    first, second, of_seeds, last = grid_engine.calls("qsub")
    for submission in (first, second):
        assert " -t 1-1 -N features -pe smp 2 -l h_rt=3600 " in submission
    assert " -t 1-4 -N quick " in of_seeds
    assert " -t 1-1 -N quick " in last
    assert experiment.mle("logs", "pre_processing").stdout == "2 2\n"
    assert experiment.mle("logs", "post_processing").stdout.strip() == "4"
