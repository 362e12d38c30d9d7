"""What a researcher sees when something goes wrong on the cluster; the same command then finishes the experiment.

Every fault is a real one on the real scheduler. Finished seed runs are known by the line that each start leaves.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import configured, wait_until
from mle_project import NO_OPTIONS, Project, ask_for, edit_profile

from tests.workflow.conftest import SCRIPT

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]

# Every start leaves a line, then {fault} until the file `mended` is there.
FAULTY = SCRIPT.replace(
    "    value = 0.0\n",
    "    import os, subprocess, sys, time\n"
    "    mine = f'{{mle.config_name}} {{mle.seed}}'\n"
    "    with open('started.txt', 'a') as file:\n"
    "        file.write(mine + '\\n')\n"
    "    mle.update_log({{'step': -1}}, {{'loss': 0.0}}, save=True)\n"
    "    if not os.path.exists('mended'):\n"
    "        {fault}\n"
    "    value = 0.0\n",
).replace('{"step": step}, {"loss": value}', '{{"step": step}}, {{"loss": value}}')
ALL_FAULTS = (
    "{'a 2': lambda: os.kill(os.getpid(), 9), 'b 0': lambda: bytearray(5 * 2**30), 'b 1': lambda: sys.exit(3), "
    "'b 2': lambda: time.sleep(600)}.get(mine, int)()"
)
TOLD = {
    "a seed 2: ended by SIGKILL: somebody killed it": r"a seed=2\) ended on \S+ with exit status 137 \(signal 9\)\.",
    "b seed 0: MemoryError": r"b seed=0\) ended on .* 1\. It could have no more memory than h_vmem=4G\.",
    "b seed 1: sys.exit(3)": r"b seed=1\) ended on \S+ with exit status 3\.",
    "b seed 2: stopped after 1 tick (SIGUSR2: it is": r"b seed=2\) was killed on \S+ \(.*\): deleted with qdel, or",
}
# Each process stays below the limit, and both together do not: the exec daemon counts the whole task.
HOLDER = "[sys.executable, '-c', 'import time; m = bytearray(1500 * 2**20); time.sleep(60)']"
TOO_MUCH_MEMORY = f"mine == 'b 1' and [each.wait() for each in [subprocess.Popen({HOLDER}) for _ in range(2)]]"
UNTIL_MENDED = "while mine == 'b 1' and not os.path.exists('mended'): time.sleep(0.1)"
ONCE_EACH = ["a 0", "a 1", "b 0", "b 1"]


def finish(experiment: Project, seed_runs: int = 4) -> None:
    """Type the same command again, once what was wrong is mended."""
    (experiment.path / "mended").touch()
    again = experiment.mle("run", "exp.yaml")
    assert again.returncode == 0, again.stderr
    assert f"{seed_runs} of {seed_runs} seed runs done" in again.stdout


def qmod(change: str, *names: str) -> None:
    subprocess.run(["qmod", change, *names], check=True, capture_output=True)


def test_each_seed_run_that_ends_badly_is_told_why_and_only_those_run_again(experiment: Project, queue: Queue) -> None:
    experiment.write_experiment(["a.json", "b.json"], seeds=3)
    (experiment.path / "train.py").write_text(FAULTY.format(fault=ALL_FAULTS))
    edit_profile(experiment, query_seconds="1", qsub_options='"-l h_vmem=4G"')
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(6)
    wait_until(lambda: len(queue()) == 1, 60)

    subprocess.run(["qdel", str(next(iter(queue()))[0])], check=True, capture_output=True)

    assert run.wait(timeout=360) == 1
    for headline, task in TOLD.items():
        assert headline in experiment.said()
        assert re.search(rf"Task \d+\.\d \(train configuration={task}", experiment.said()), experiment.said()
    assert (
        "2 of 6 seed runs done, 1 stopped, 3 failed. Finished runs are kept. Fix the problem, then run:"
        in experiment.said()
    )
    finish(experiment, seed_runs=6)
    assert experiment.started() == ["a 0", "a 1", "a 2", "a 2", "b 0", "b 0", "b 1", "b 1", "b 2", "b 2"]


def test_a_seed_run_over_a_limit_is_told_which_and_what_it_has_used(experiment: Project) -> None:
    experiment.write_experiment(["b.json"], seeds=1)
    (experiment.path / "train.py").write_text(FAULTY.format(fault=TOO_MUCH_MEMORY))
    assert experiment.mle("run", "exp.yaml").returncode == 0
    experiment.write_experiment(["b.json"], seeds=2)

    edit_profile(experiment, qsub_options='"-l h_vmem=2G"')
    too_large = experiment.mle("run", "exp.yaml")
    (experiment.path / "train.py").write_text(FAULTY.format(fault="time.sleep(60)"))
    edit_profile(experiment, qsub_options='"-l h_rt=3"')
    too_long = experiment.mle("run", "exp.yaml")

    assert too_large.returncode == too_long.returncode == 1
    memory = (
        r"seed=1\) was killed on \S+ for its memory: it asked for h_vmem=2G and used [\d.]+GB .* Ask for more memory\."
    )
    assert re.search(memory, too_large.stderr), too_large.stderr
    time = r"seed=1\) was killed on \S+ at its time limit of 3 s.*Ask for more time\."
    assert re.search(time, too_long.stderr), too_long.stderr
    edit_profile(experiment, qsub_options=NO_OPTIONS)
    finish(experiment, seed_runs=2)
    assert experiment.started().count("b 0") == 1


def test_seed_runs_that_are_held_and_then_deleted_are_told_so(experiment: Project, queue: Queue) -> None:
    experiment.let_go()
    edit_profile(experiment, patience_seconds="2", query_seconds="1", qsub_options="-h")
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: "and 2 more tasks are held back (qhold, or waiting for another job)." in experiment.said(), 60)

    subprocess.run(["qdel", str(next(iter(queue()))[0])], check=True, capture_output=True)

    assert run.wait(timeout=360) == 1
    said = experiment.said()
    assert all(f"{name} seed {seed}: not started" in said for name in "ab" for seed in (0, 1)), said
    # Two of them as soon as they are known, too.
    assert said.count("was taken out of the queue before it started, most likely with qdel.") >= 4
    edit_profile(experiment, qsub_options=NO_OPTIONS)
    finish(experiment)
    assert experiment.started() == ONCE_EACH


def test_a_seed_run_that_is_suspended_is_named_and_waited_for(experiment: Project, queue: Queue) -> None:
    (experiment.path / "train.py").write_text(FAULTY.format(fault=UNTIL_MENDED))
    edit_profile(experiment, query_seconds="1")
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(4)
    wait_until(lambda: len(queue()) == 1, 60)
    [(job, task)] = queue()

    qmod("-sj", f"{job}.{task}")
    wait_until(lambda: "(train configuration=b seed=1) is suspended." in experiment.said(), 60)
    # In this order: where the node takes its time over the suspension, the seed run would be gone by then.
    qmod("-usj", f"{job}.{task}")
    (experiment.path / "mended").touch()

    assert run.wait(timeout=360) == 0, experiment.said()
    assert experiment.started() == ONCE_EACH


def test_a_folder_that_a_node_does_not_have_is_the_reason_and_leaves_the_queue(
    experiment: Project, queue: Queue
) -> None:
    experiment.let_go()
    edit_profile(experiment, query_seconds="1", qsub_options="-h")
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: len(queue()) == 4, 60)
    job = str(next(iter(queue()))[0])

    # The node is this machine, which has the project: so the job is made to ask for another folder.
    subprocess.run(["qalter", "-wd", "/nowhere/project", job], check=True, capture_output=True)
    subprocess.run(["qrls", job], check=True, capture_output=True)

    assert run.wait(timeout=360) == 1
    assert re.search(r"cannot be started \(state Eqw\): .*/nowhere/project", experiment.said()), experiment.said()
    wait_until(lambda: queue() == {}, 30)
    edit_profile(experiment, qsub_options=NO_OPTIONS)
    finish(experiment)
    assert experiment.started() == ONCE_EACH


def test_a_python_that_the_node_does_not_have_is_told_where_a_seed_run_has_not_started(
    experiment: Project, queue: Queue, tmp_path: Path
) -> None:
    python = own_environment(tmp_path / "environment")
    run = begin_held(experiment, queue, str(python))

    python.unlink()
    said = let_start(run, queue)

    assert re.search(r"a seed 0: not started\n  Task \d+\.\d .* with exit status 127\.\n", said), said
    assert "\n  the end of experiments/a/seed_0/err.txt:\n" in said
    assert f"{python}: No such file or directory\n" in said


def test_a_seed_folder_that_the_node_does_not_have_is_told_by_the_end_of_the_tasks_log(
    experiment: Project, queue: Queue
) -> None:
    experiment.let_go()
    run = begin_held(experiment, queue, sys.executable)

    shutil.rmtree(experiment.results / "a" / "seed_0")
    said = let_start(run, queue)

    assert re.search(r"a seed 0: not started\n  Task \d+\.\d .* with exit status 1\.\n", said), said
    assert re.search(r"\n  The end of its log /.*/\.snakemake/mle_cluster/.*/log\.\d:\n", said), said
    assert "experiments/a/seed_0/out.txt: No such file or directory\n" in said


def begin_held(experiment: Project, queue: Queue, python: str) -> subprocess.Popen[str]:
    """Start `mle run` and wait until its seed runs are in the queue, where they are held back."""
    edit_profile(experiment, query_seconds="1", qsub_options="-h")
    run = subprocess.Popen(
        [python, "-m", "mle_toolbox", "run", "exp.yaml", "--profile", "sge"],
        cwd=experiment.path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(queue()) == 4, 60)
    return run


def let_start(run: subprocess.Popen[str], queue: Queue) -> str:
    """Let the seed runs start, some of which fail, and return what `mle run` says."""
    subprocess.run(["qrls", str(next(iter(queue()))[0])], check=True, capture_output=True)
    said = run.communicate(timeout=360)[1]
    assert run.returncode == 1
    return said


def own_environment(folder: Path) -> Path:
    """Make an environment with all that this one has; return its Python."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    (folder / "lib").symlink_to(Path(sys.prefix) / "lib")
    return python


@pytest.mark.alone
def test_queues_that_are_disabled_while_seed_runs_wait_are_named_and_waited_for(
    experiment: Project, queue: Queue
) -> None:
    experiment.let_go()
    edit_profile(experiment, query_seconds="1")
    run = None
    qmod("-d", "all.q", "other.q")
    try:
        run = experiment.begin("mle_toolbox", "run", "exp.yaml", "--profile", "sge")
        wait_until(lambda: "waiting for a queue that accepts jobs" in experiment.said(), 60)
    finally:
        qmod("-e", "all.q", "other.q")

    assert run.wait(timeout=360) == 0, experiment.said()
    assert "and 2 more tasks are waiting for a queue that accepts jobs (all.q, other.q: disabled (qmod -d))." in (
        experiment.said()
    )
    assert experiment.started() == ONCE_EACH


@pytest.mark.parametrize(
    ("asked", "settings", "told"),
    [
        ({"num_gpus": "5"}, {}, r"can never start here: \(-l gpu=5.*offers only hc:gpu=2"),
        ({"num_logical_cores": "40"}, {}, r'can never start here: cannot run in PE "smp" because it only offers 0'),
        (
            {"memory_per_job": "900000000"},
            {"memory_resource": "mem_free", "memory_per": "job"},
            r"waits for what no machine has now: \(-l mem_free=900000000M.*offers only hl:mem_free=",
        ),
    ],
)
def test_a_request_that_no_machine_can_meet_is_told_once_and_waited_for(
    experiment: Project, asked: dict[str, str], settings: dict[str, str], told: str
) -> None:
    ask_for(experiment, **asked)
    edit_profile(experiment, query_seconds="1", **settings)
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: re.search(rf"Job \d+ {told}", experiment.said()) is not None, 60)
    time.sleep(5)  # a second warning would come with one of the next looks

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert run.wait(timeout=360) == 130
    assert experiment.said().count("then ask for less (num_logical_cores, ") == 1, experiment.said()


@pytest.mark.alone
def test_nothing_is_told_of_a_job_that_waits_for_its_turn(experiment: Project, queue: Queue) -> None:
    ask_for(experiment, num_logical_cores="8", memory_per_job="10")
    edit_profile(experiment, query_seconds="1", memory_resource="mem_free", qsub_options='"-q other.q"')
    blocker = ["qsub", "-pe", "smp", "8", "-q", "other.q", "-b", "y", "-o", "/dev/null", "-j", "y", "sleep", "600"]
    subprocess.run(blocker, cwd=experiment.path, check=True, capture_output=True)
    wait_until(lambda: "r" in queue().values(), 60)
    run = experiment.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: len(queue()) == 5, 60)
    time.sleep(8)  # more than two rounds of qstat, after which it is asked about

    stopped = experiment.mle("stop")

    assert stopped.returncode == 0, stopped.stderr
    assert run.wait(timeout=360) == 130
    assert "ask for less" not in experiment.said()


def test_a_refused_parallel_environment_is_told_with_those_that_exist(experiment: Project) -> None:
    experiment.let_go()
    path = experiment.path / "exp.yaml"
    path.write_text(path.read_text().replace("num_logical_cores: 1", "num_logical_cores: 2"))
    edit_profile(experiment, parallel_environment="nope")

    failed = experiment.mle("run", "exp.yaml")

    assert failed.returncode == 1
    assert re.search(r'"nope" does not exist\. This site has: smp, spread\. Set mle-sge-parallel', failed.stderr)
    assert experiment.started() == []
    edit_profile(experiment, parallel_environment="smp")
    finish(experiment)
    assert experiment.started() == ONCE_EACH


@pytest.mark.alone
def test_as_many_jobs_as_one_may_have_are_waited_for(experiment: Project) -> None:
    experiment.let_go()
    blocker = ["qsub", "-terse", "-h", "-b", "y", "-o", "/dev/null", "-j", "y", "true"]
    subprocess.run(blocker, cwd=experiment.path, check=True, capture_output=True)
    with configured(max_u_jobs="1"):
        run = experiment.begin("mle_toolbox", "run", "exp.yaml")
        wait_until(lambda: "The site takes no more jobs now" in experiment.said(), 60)
        nothing_yet = experiment.started()
        subprocess.run(["qdel", "-u", "*"], check=True, capture_output=True)
        status = run.wait(timeout=360)

    assert status == 0, experiment.said()
    assert nothing_yet == []
    assert "only 1 jobs are allowed per user (current job count: 1)" in experiment.said()
    assert re.search(r"Submitted job \d+ with 4 tasks that had waited\.", experiment.said())
    assert experiment.started() == ONCE_EACH


@pytest.mark.alone
def test_stopped_while_it_waits_for_a_free_place_nothing_is_submitted(experiment: Project, queue: Queue) -> None:
    experiment.let_go()
    blocker = ["qsub", "-terse", "-h", "-b", "y", "-o", "/dev/null", "-j", "y", "true"]
    subprocess.run(blocker, cwd=experiment.path, check=True, capture_output=True)
    with configured(max_u_jobs="1"):
        experiment.begin("mle_toolbox", "run", "exp.yaml")
        wait_until(lambda: "The site takes no more jobs now" in experiment.said(), 60)
        stopped = experiment.mle("stop")
        left = queue()

    subprocess.run(["qdel", "-u", "*"], check=True, capture_output=True)
    assert stopped.returncode == 0, stopped.stderr
    assert len(left) == 1
    finish(experiment)
    assert experiment.started() == ONCE_EACH
