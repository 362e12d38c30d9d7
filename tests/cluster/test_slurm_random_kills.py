"""Random faults, one after the other, over experiments of forty seed runs: nothing runs twice, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cluster_project import wait_until
from mle_project import Project, edit_profile, new_project

from tests.workflow.conftest import SCRIPT

pytestmark = [pytest.mark.slurm, pytest.mark.slow, pytest.mark.alone]

Queue = Callable[[], dict[tuple[int, int], str]]

# Says when it is started although it is finished, or beside itself.
SUSPICIOUS = SCRIPT.replace(
    "    value = 0.0\n",
    "    import fcntl, os, pathlib, time\n"
    "    mine = f'{mle.config_name} {mle.seed}'\n"
    "    held = open(f'held {mine}', 'a')\n"
    "    try:\n"
    "        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "    except OSError:\n"
    "        open('wrong', 'a').write(f'{mine} beside itself\\n')\n"
    "    if pathlib.Path(f'experiments/{mle.config_name}/seed_{mle.seed}/.done').exists():\n"
    "        open('wrong', 'a').write(f'{mine} again\\n')\n"
    "    open('started.txt', 'a').write(f'{mine}\\n')\n"
    # So long that many of the faults meet seed runs that are running.
    "    time.sleep(8 if 'SLURM_JOB_ID' in os.environ else 0)\n"
    "    value = 0.0\n",
)
# What is done, and what brings it back; the driver is killed and started again by the test.
FAULTS: dict[str, Sequence[Sequence[str]]] = {
    "driver": (),
    "controller stopped": (("master", "stop"), ("master", "start")),
    "controller killed": (("master", "kill"), ("master", "start")),
    "slurmd": (("node", "stop", "1"), ("node", "start", "1")),
    "node": (("node", "kill", "2"), ("node", "start", "2")),
    "accounting": (("accounting", "stop"), ("accounting", "start")),
}


# Slurm itself may need minutes to find out what it has lost.
PATIENCE = 400.0


@pytest.mark.soak
@pytest.mark.parametrize("kills", [6, 200])
def test_after_random_kills_each_seed_run_is_finished_once_and_the_results_are_the_same(
    tmp_path: Path, slurm: Path, slurm_queue: Queue, kills: int
) -> None:
    here = forty(tmp_path / "here")
    assert here.mle("run", "exp.yaml", MLE_PROFILE="local").returncode == 0
    chance, left = random.Random(kills), ["driver", *FAULTS] * (kills // 6 + 1)
    left = left[:kills]
    chance.shuffle(left)

    round_ = 0
    while left:
        round_ += 1
        project = forty(tmp_path / f"there {round_}")
        try:
            finish_under_fire(project, slurm, chance, left)
        finally:
            project.end()
        last = project.mle("run", "exp.yaml")
        assert last.returncode == 0, last.stderr
        assert "40 of 40 seed runs done" in last.stdout
        assert not (project.path / "wrong").exists(), (project.path / "wrong").read_text()
        assert (project.results / "results.csv").read_bytes() == (here.results / "results.csv").read_bytes()
    wait_until(lambda: slurm_queue() == {}, 60)


def forty(folder: Path) -> Project:
    project = new_project(folder, "slurm")
    project.write_experiment(["a.json", "b.json"], seeds=20)
    path = project.path / "exp.yaml"
    path.write_text(path.read_text() + "    memory_per_job: 300\n    retries: 3\n")
    (project.path / "train.py").write_text(SUSPICIOUS)
    # What is lost is made again while the same experiment is under fire.
    edit_profile(project, patience_seconds="5", query_seconds="2")
    return project


def finish_under_fire(project: Project, slurm: Path, chance: random.Random, left: list[str]) -> None:
    """Run an experiment to its end, with a fault every few seconds while there are any left."""
    run = project.begin("mle_toolbox", "run", "exp.yaml")
    wait_until(lambda: len(project.started()) > 0 or run.poll() is not None, 60)
    last_fault = time.monotonic()
    while run.poll() is None:
        # Nothing that a fault leaves behind may keep the driver for ever.
        assert time.monotonic() - last_fault < PATIENCE, f"{project.said()}\n{squeue()}"
        if left:
            fault, last_fault = left.pop(), time.monotonic()
            if fault == "driver":
                kill(project, run)
                run = project.begin("mle_toolbox", "run", "exp.yaml")
            for command in FAULTS[fault]:
                subprocess.run([slurm, *command], check=True)
                time.sleep(chance.uniform(0, 2))
            # A controller that was killed may have drained a node.
            subprocess.run([slurm, "start"], check=True, capture_output=True)
        time.sleep(chance.uniform(0.5, 3))


def kill(project: Project, run: subprocess.Popen[bytes]) -> None:
    """Kill `mle run` and its Snakemake, at whatever moment of their lives."""
    run.kill()
    run.wait()
    lock = project.results / ".driver" / "lock"
    holder = json.loads(lock.read_text() or "{}") if lock.exists() else {}
    if holder.get("pid") == run.pid and holder.get("snakemake"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder["snakemake"], signal.SIGKILL)


def squeue() -> str:
    return subprocess.run(["squeue", "--states=all"], capture_output=True, text=True, check=False).stdout
