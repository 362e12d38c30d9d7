"""`kill -9` of the driver at random moments, then the same command."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mle_toolbox
from tests.workflow.conftest import SCRIPT, Project

pytestmark = pytest.mark.slow

# Every start of a seed run leaves a line, so that a finished one that runs again is seen.
COUNTED = SCRIPT.replace(
    "    value = 0.0\n",
    "    import os, time\n"
    "    with open('started.txt', 'a') as file:\n"
    "        file.write(f'{mle.config_name} {mle.seed} {os.getpid()}\\n')\n"
    "    value = 0.0\n",
).replace("        mle.update_log", "        time.sleep(0.1)\n        mle.update_log")


def kill_everything_of(run: subprocess.Popen[str], project: Project, whom: str) -> None:
    """Kill `mle run`, or its Snakemake, or both, without any chance to clean up."""
    try:
        snakemake = json.loads((project.results / ".driver" / "lock").read_text())["snakemake"]
    except (OSError, ValueError, KeyError):
        snakemake = None
    if whom in ("mle", "both"):
        run.kill()
    if whom in ("snakemake", "both") and snakemake is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(snakemake, signal.SIGKILL)
    run.communicate()


def seed_runs_started(project: Project) -> list[tuple[str, str]]:
    path = project.path / "started.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(name, seed) for name, seed, _ in (line.split() for line in lines)]


@pytest.mark.parametrize("whom", ["mle", "snakemake", "both"])
def test_after_a_kill_the_same_command_finishes_and_repeats_nothing(
    new_project: Callable[[str], Project], whom: str, kills: int
) -> None:
    undisturbed = new_project("undisturbed")
    assert undisturbed.mle("run", "exp.yaml").returncode == 0
    project = new_project("killed")
    (project.path / "train.py").write_text(COUNTED)
    moments = random.Random(whom)

    for _ in range(kills):
        finished = {path.parent for path in project.results.glob("*/seed_*/log.h5")}
        before = len(seed_runs_started(project))
        run = project.start("run", "exp.yaml")
        time.sleep(moments.uniform(0.2, 4.0))
        kill_everything_of(run, project, whom)
        again = seed_runs_started(project)[before:]
        assert not finished & {project.results / name / f"seed_{seed}" for name, seed in again}
    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert project.jobs_to_run() == {}
    for name in ("a", "b"):
        expected, found = (merged(each, name) for each in (undisturbed, project))
        assert expected == found


def merged(project: Project, name: str) -> bytes:
    loaded = mle_toolbox.load(project.results / name / "log.h5")
    return loaded["loss"].tobytes() + loaded["step"].tobytes()


def test_the_lock_of_a_killed_driver_tells_nobody_to_unlock(project: Project) -> None:
    (project.path / "train.py").write_text(COUNTED)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: any(Path(project.path / ".snakemake" / "locks").glob("*")))
    kill_everything_of(run, project, "both")

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert "unlock" not in outcome.stderr


@pytest.fixture
def kills() -> int:
    """How many times the driver is killed; `make soak` sets more."""
    return int(os.environ.get("MLE_KILLS", "2"))


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_a_long_seed_run_that_outlives_its_driver_is_waited_for_and_not_repeated(project: Project) -> None:
    project.write_experiment(["a.json"], seeds=1)
    (project.path / "train.py").write_text(COUNTED.replace("time.sleep(0.1)", "time.sleep(2)"))
    run = project.start("run", "exp.yaml")
    wait_for(lambda: seed_runs_started(project) != [])
    kill_everything_of(run, project, "both")

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert seed_runs_started(project) == [("a", "0")]
    assert "still runs this seed. Waiting for it." in (project.results / "a" / "seed_0" / "err.txt").read_text()
