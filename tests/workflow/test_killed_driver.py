"""`kill -9` of the driver at random moments, then the same command."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import read_run_record, run_status
from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

# Every start of a seed run leaves a line, so that a finished one that runs again is seen, and two at a time as well.
BEGIN = """\
import os, psutil, time


def begin(mle):
    mine = f"{mle.config_name} {mle.seed} "
    with open("started.txt", "a+") as file:
        file.seek(0)
        earlier = [int(line.split()[2]) for line in file if line.startswith(mine)]
        file.write(f"{mine}{os.getpid()}\\n")
    for pid in earlier:
        # In a container nobody may collect a killed process: it stays in the table as a zombie, which writes nothing.
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                continue
        except psutil.NoSuchProcess:
            continue
        open(f"two_writers_{pid}_{os.getpid()}", "w").close()


"""
# The last seed run waits for a file, so that every kill finds the driver at work, however quick the machine is.
LAST = 'while mle.config_name == "b" and mle.seed == {seed} and not os.path.exists("open"):\n        time.sleep(0.02)'
COUNTED = (BEGIN + SCRIPT).replace("    value = 0.0\n", "    begin(mle)\n    value = 0.0\n")
COUNTED = COUNTED.replace("        mle.update_log", "        time.sleep(0.1)\n        mle.update_log")


def kill_everything_of(run: subprocess.Popen[str], project: Project, whom: str) -> None:
    """Kill `mle run`, or its Snakemake, or both, or all seed runs as well, without any chance to clean up."""
    if whom == "snakemake":  # there is nothing to kill before it has been started, nor when all is done
        wait_for(lambda: run.poll() is not None or is_driving(run, project))
    snakemake = holder(project).get("snakemake")
    if whom != "snakemake":
        run.kill()
    if whom != "mle" and snakemake is not None:
        with contextlib.suppress(ProcessLookupError):
            if whom == "everything":
                os.killpg(snakemake, signal.SIGKILL)
            else:
                os.kill(snakemake, signal.SIGKILL)
    run.communicate()


def holder(project: Project) -> dict[str, Any]:
    """Return what the lock says: the process of `mle run`, and of its Snakemake once that is started."""
    try:
        content: dict[str, Any] = json.loads((project.results / ".driver" / "lock").read_text())
    except (OSError, ValueError):
        return {}
    return content


def is_driving(run: subprocess.Popen[str], project: Project) -> bool:
    """Tell whether this `mle run` has started its Snakemake, and holds the lock."""
    now = holder(project)
    return now.get("pid") == run.pid and now["snakemake"] is not None


WHOM = ("mle", "snakemake", "both", "everything")


def starts(project: Project) -> list[tuple[str, str, int]]:
    """Return configuration, seed and process of every start of a seed run."""
    path = project.path / "started.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(name, seed, int(pid)) for name, seed, pid in (line.split() for line in lines)]


def seed_runs_started(project: Project) -> list[tuple[str, str]]:
    return [(name, seed) for name, seed, _ in starts(project)]


@pytest.mark.parametrize(
    ("whom", "kills", "seeds"),
    [
        ("both", 2, 3),
        pytest.param("everything", 2, 3, marks=pytest.mark.soak),
        *(pytest.param(whom, 30, 40, marks=pytest.mark.soak) for whom in WHOM),
    ],
)
def test_after_a_kill_the_same_command_finishes_and_repeats_nothing(
    finished: Project, project: Project, whom: str, kills: int, seeds: int
) -> None:
    undisturbed = finished
    for each in (undisturbed, project):
        each.write_experiment(["a.json", "b.json"], seeds=seeds)
    if seeds > 3:
        assert undisturbed.mle("run", "exp.yaml").returncode == 0
    last = LAST.format(seed=seeds - 1)
    (project.path / "train.py").write_text(COUNTED.replace("begin(mle)\n", f"begin(mle)\n    {last}\n"))
    moments = random.Random(whom)

    n_unfinished = 0
    for number in range(kills):
        if number >= kills - kills // 10:  # so that merging and reporting are killed as well
            (project.path / "open").touch()
        done = {path.parent for path in project.results.glob("*/seed_*/log.h5")}
        before = len(seed_runs_started(project))
        run = project.start("run", "exp.yaml")
        time.sleep(moments.uniform(0.2, 4.0))
        n_unfinished += run.poll() is None
        kill_everything_of(run, project, whom)
        again = seed_runs_started(project)[before:]
        assert not done & {project.results / name / f"seed_{seed}" for name, seed in again}
    (project.path / "open").touch()
    outcome = project.mle("run", "exp.yaml")

    print(f"{whom}: {n_unfinished} of {kills} kills found the driver at work; {len(starts(project))} starts")
    assert outcome.returncode == 0, outcome.stderr
    assert "unlock" not in outcome.stderr
    assert n_unfinished >= kills - kills // 10
    assert project.jobs_to_run() == {}
    assert not list(project.path.glob("two_writers_*"))
    for name, seed, pid in {each[:2]: each for each in starts(project)}.values():
        folder = SeedFolder(project.results / name / f"seed_{seed}")
        record = read_run_record(folder)
        assert record is not None
        # Not the record's own status: a kill may come between the log's name and the record's last word.
        assert (run_status(folder), record.pid) == ("done", pid)
    for name in ("a", "b"):
        assert_same_arrays(*(each.results / name / "log.h5" for each in (undisturbed, project)))
    assert_same_arrays(*(each.results / "results.h5" for each in (undisturbed, project)))
    assert rows_but_for_code(undisturbed) == rows_but_for_code(project)


def rows_but_for_code(project: Project) -> list[dict[str, str]]:
    """Return the rows of results.csv; the two projects have different scripts."""
    with (project.results / "results.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "code"} for row in csv.DictReader(file)]


def assert_same_arrays(one: Path, other: Path) -> None:
    """Compare every array of two files bit for bit; who made them when is in the attributes."""
    with h5py.File(one) as first, h5py.File(other) as second:
        assert arrays_of(first) == arrays_of(second)


def arrays_of(file: h5py.File) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    found: dict[str, tuple[str, tuple[int, ...], bytes]] = {}

    def take(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (str(item.dtype), item.shape, np.ascontiguousarray(item[()]).tobytes())

    file.visititems(take)
    return found


def test_the_lock_of_a_killed_driver_tells_nobody_to_unlock(project: Project) -> None:
    (project.path / "train.py").write_text(COUNTED)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: any(Path(project.path / ".snakemake" / "locks").glob("*")))
    kill_everything_of(run, project, "both")

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert "unlock" not in outcome.stderr


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


# One at a time, and none ends before there is a file ``open``.
HELD = COUNTED.replace("begin(mle)\n", "begin(mle)\n    while not os.path.exists('open'):\n        time.sleep(0.02)\n")


def leave_a_snakemake(project: Project) -> int:
    """Start three seed runs of one configuration, one at a time, kill `mle run` alone, and say who goes on."""
    project.write_experiment(["a.json"], seeds=3)
    (project.path / "train.py").write_text(HELD)
    run = project.start("run", "exp.yaml", "--cores", "1")
    wait_for(lambda: seed_runs_started(project) != [])
    left = holder(project)["snakemake"]
    kill_everything_of(run, project, "mle")
    return int(left)


def run_again(project: Project) -> tuple[int, str]:
    """Type the same command, and let the seed runs end once it has said something."""
    with (project.path / "said").open("w") as said:
        command = [sys.executable, "-m", "mle_toolbox", "run", "exp.yaml", "--cores", "1"]
        again = subprocess.Popen(command, cwd=project.path, stdout=said, stderr=said)
    wait_for(lambda: "An earlier `mle run` was killed; its Snakemake" in one_line(project) or again.poll() is not None)
    (project.path / "open").touch()
    return again.wait(timeout=300), one_line(project)


def one_line(project: Project) -> str:
    return " ".join((project.path / "said").read_text().split())


def test_the_snakemake_that_a_killed_run_has_left_is_named_and_followed(project: Project) -> None:
    left = leave_a_snakemake(project)

    status, said = run_again(project)

    assert status == 0, said
    assert f"its Snakemake (process {left}) goes on and this command waits until it ends." in said
    assert "0 of 3 seed runs done; 1 running" in said
    assert sorted(seed_runs_started(project)) == [("a", "0"), ("a", "1"), ("a", "2")]


def test_the_snakemake_that_was_started_for_more_seeds_counts_nothing_wrong(project: Project) -> None:
    leave_a_snakemake(project)
    project.write_experiment(["a.json"], seeds=1)

    status, said = run_again(project)

    assert status == 0, said
    assert "1 of 1 seed runs done" in said
    assert not re.search(r"-\d+ of|of 3 seed runs", said)


def test_what_was_edited_after_a_kill_is_not_run_first_by_the_snakemake_that_is_left(project: Project) -> None:
    left = leave_a_snakemake(project)
    (first,) = seed_runs_started(project)
    project.write_configuration("a.json", learning_rate=0.3)

    status, said = run_again(project)

    assert status == 0, said
    assert f"its Snakemake (process {left}), which was started before the last edits, was stopped." in said
    # The one that had been started by then is waited for, and made again with what is asked for now.
    assert sorted(seed_runs_started(project)) == sorted([first, ("a", "0"), ("a", "1"), ("a", "2")])
    assert project.jobs_to_run() == {}


def test_a_finished_run_whose_mark_a_killed_driver_has_removed_is_not_repeated(finished: Project) -> None:
    (finished.path / "train.py").write_text(COUNTED)
    for name in ("a", "b"):
        (finished.results / name / "seed_1" / ".done").unlink()
    finished.write_configuration("b.json", learning_rate=0.3)
    (finished.results / ".driver" / "started").touch()

    outcome = finished.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert sorted(seed_runs_started(finished)) == [("b", "0"), ("b", "1"), ("b", "2")]


def test_a_project_that_is_moved_after_a_kill_goes_on_elsewhere(project: Project, tmp_path: Path) -> None:
    (project.path / "train.py").write_text(COUNTED)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: any(project.results.glob("*/seed_*/log.h5")))
    kill_everything_of(run, project, "everything")
    finished = {tuple(path.parts[-3:-1]) for path in project.results.glob("*/seed_*/log.h5")}
    moved = Project(tmp_path / "elsewhere" / "moved")
    moved.path.parent.mkdir()
    shutil.move(project.path, moved.path)
    before = len(seed_runs_started(moved))

    outcome = moved.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert not finished & {(name, f"seed_{seed}") for name, seed in seed_runs_started(moved)[before:]}
    assert moved.jobs_to_run() == {}
    assert not project.path.exists()


def test_nothing_runs_twice_or_is_left_out_after_the_clock_was_set_back(finished: Project) -> None:
    (finished.path / "train.py").write_text(COUNTED)
    tomorrow = time.time() + 86400
    for path in [*finished.path.glob("*.*"), *finished.results.rglob("*")]:
        os.utime(path, (tomorrow, tomorrow))
    shutil.rmtree(finished.results / "a" / "seed_1")

    planned = finished.jobs_to_run()
    outcome = finished.mle("run", "exp.yaml")

    assert planned == {"train": 1, "merge": 1, "collect": 1, "report": 1}
    assert outcome.returncode == 0, outcome.stderr
    assert seed_runs_started(finished) == [("a", "1")]
    assert finished.jobs_to_run() == {}
