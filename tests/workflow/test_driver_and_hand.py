"""`mle run` and the same script started by hand meet in one seed folder: whoever comes second is refused."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import read_run_record, run_status
from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

HELD = "import os, time\n" + SCRIPT.replace(
    "    value = 0.0\n",
    "    value = 0.0\n    while (mle.config_name, mle.seed) == ('a', 0) and not os.path.exists('open'):\n"
    "        time.sleep(0.02)\n",
)
BY_HAND = ["train.py", "-config", "a.json", "-seed", "0", "-exp_dir", "experiments"]


@pytest.fixture
def held(project: Project) -> Iterator[Project]:
    """A project of one configuration and two seeds whose first seed run goes on until there is a file ``open``."""
    project.write_experiment(["a.json"], seeds=2)
    (project.path / "train.py").write_text(HELD)
    yield project
    (project.path / "open").touch()


def start_by_hand(project: Project) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, *BY_HAND], cwd=project.path, text=True, **pipes)


def the_seed(project: Project) -> SeedFolder:
    return SeedFolder(project.results / "a" / "seed_0")


def refusal(project: Project) -> str:
    wait_for(lambda: run_status(the_seed(project)) == "running" and read_run_record(the_seed(project)) is not None)
    record = read_run_record(the_seed(project))
    assert record is not None
    return f": process {record.pid} on {platform.node()}, started {record.start}, is running this seed"


def test_a_driver_that_meets_a_script_started_by_hand_is_refused_that_seed_and_does_the_others(held: Project) -> None:
    by_hand = start_by_hand(held)
    said = refusal(held)

    refused = held.mle("run", "exp.yaml")
    still = run_status(the_seed(held))
    (held.path / "open").touch()
    _, err = by_hand.communicate(timeout=300)
    finished = read_run_record(the_seed(held))
    again = held.mle("run", "exp.yaml")

    assert refused.returncode == 1
    assert f"a seed 0{said}" in " ".join(refused.stderr.split())
    assert "1 of 2 seed runs done" in refused.stderr
    assert still == "running"
    assert by_hand.returncode == 0, err
    assert again.returncode == 0, again.stderr
    assert finished is not None
    assert (finished.status, finished.pid) == ("done", by_hand.pid)
    assert read_run_record(the_seed(held)) == finished


def test_a_script_started_by_hand_is_refused_a_seed_that_a_driver_runs(held: Project) -> None:
    driver = held.start("run", "exp.yaml")
    said = refusal(held)

    by_hand = start_by_hand(held)
    _, err = by_hand.communicate(timeout=300)
    still = run_status(the_seed(held))
    (held.path / "open").touch()
    out, driver_err = driver.communicate(timeout=300)

    assert by_hand.returncode == 1
    assert f"{the_seed(held).path}{said}" in err
    assert still == "running"
    assert driver.returncode == 0, driver_err
    assert "2 of 2 seed runs done" in out
    record = read_run_record(the_seed(held))
    assert record is not None
    assert (record.status, record.attempt) == ("done", 1)
    assert Path(the_seed(held).path / "log.h5").exists()
