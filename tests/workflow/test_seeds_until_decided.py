"""An open number of seeds, from the experiment file to the tables: only what is undecided gets more, nothing twice."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import EXPERIMENT, Project, wait_for

pytestmark = pytest.mark.slow

NUM_SEEDS = "{min: 3, max: 9, until: decided}"

# Each start leaves a line with the level, which says which configuration it is, and the seed.
SCRIPT = """\
import sys

from mle_toolbox import MLExperiment


def main(mle):
    with open("started.txt", "a") as file:
        file.write(f"{mle.train_config.level} {mle.seed}\\n")
    if (mle.train_config.level, mle.seed) in FAILS:
        raise RuntimeError("a bad seed")
    for step in range(2):
        mle.update_log({"step": step}, {"loss": mle.train_config.level + mle.rng.normal()}, save=True)


FAILS = []

if __name__ == "__main__":
    main(MLExperiment())
"""


def write_level(project: Project, name: str, level: float) -> None:
    log = {"time_to_track": ["step"], "what_to_track": ["loss"]}
    content = {"train_config": {"level": level}, "net_config": {}, "log_config": log}
    (project.path / f"{name}.json").write_text(json.dumps(content))


def write_experiment(project: Project, names: str = "abc", num_seeds: str = NUM_SEEDS) -> None:
    text = EXPERIMENT.format(configurations=json.dumps([f"{name}.json" for name in names]), seeds=num_seeds)
    (project.path / "exp.yaml").write_text(text + "metrics: {loss: lower}\n")


def make(path: Path) -> Project:
    """Write a project in which a is worse by far, and b and c are alike."""
    project = Project(path)
    path.mkdir(exist_ok=True)
    for name, level in {"a": 500.0, "b": 0.0, "c": 0.0001, "d": 400.0}.items():
        write_level(project, name, level)
    (path / "train.py").write_text(SCRIPT)
    write_experiment(project)
    return project


def run(project: Project, status: int = 0) -> str:
    outcome = project.mle("run", "exp.yaml", "--cores", "2")
    assert outcome.returncode == status, outcome.stdout + outcome.stderr
    return " ".join((outcome.stdout + outcome.stderr).split())


def seeds_done(project: Project) -> dict[str, int]:
    return dict(Counter(name for name, _ in project.logs()))


def looks(project: Project) -> dict[str, bytes]:
    return {
        str(path.relative_to(project.results)): path.read_bytes() for path in project.results.glob(".looks/*/*.json")
    }


def started(project: Project) -> Counter[str]:
    return Counter((project.path / "started.txt").read_text().splitlines())


@pytest.fixture(scope="module")
def decided_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The folder of a project in which all looks were held; only to be copied."""
    return made_once("until-decided", lambda folder: run(make(folder)))


@pytest.fixture
def decided(decided_once: Path, tmp_path: Path) -> Project:
    """A project in which all looks were held."""
    return Project(Path(shutil.copytree(decided_once, tmp_path / "decided", symlinks=True)))


def test_only_what_is_undecided_gets_more_seeds_and_everything_says_so(tmp_path: Path) -> None:
    project = make(tmp_path / "project")
    forecast = " ".join(project.mle("run", "exp.yaml", "--dry-run").stdout.split())
    assert "All 9 seed runs would run" in forecast
    assert "0 of 3 to 9" in forecast
    assert "At 3 seeds loss is compared; what is undecided gets more, up to 9." in forecast

    said = run(project)

    assert seeds_done(project) == {"a": 3, "b": 9, "c": 9}
    assert set(started(project).values()) == {1}
    assert "Look 1 (3 seeds): a is worse than" in said
    assert "Undecided after 9 seeds: b and c." in said
    assert "21 of 21 seed runs done" in said
    status = project.mle("status").stdout
    assert "3 of 3 seeds" in status
    assert "9 of 9 seeds" in status
    with (project.results / "summary.csv").open() as file:
        assert {row["configuration"]: (row["n"], row["looks"]) for row in csv.DictReader(file)} == {
            "a": ("3", "1"),
            "b": ("9", "3"),
            "c": ("9", "3"),
        }
    assert "Undecided after 9 seeds" in (project.results / "report.html").read_text()
    with (project.results / "results.csv").open() as file:
        assert Counter(row["configuration"] for row in csv.DictReader(file)) == {"a": 3, "b": 9, "c": 9}

    again = run(project)
    assert "21 of 21" in again
    assert sum(started(project).values()) == 21
    assert project.jobs_of_last_run() == {}


def test_no_time_of_a_file_decides_a_look_again_and_a_lost_seed_run_is_made_again(decided: Project) -> None:
    before, n = looks(decided), sum(started(decided).values())
    for path in [*decided.results.glob("*/seed_*/log.h5"), *decided.results.glob(".looks/*/*.json")]:
        os.utime(path)
    shutil.rmtree(decided.results / "b" / "seed_1")

    run(decided)

    assert sum(started(decided).values()) == n + 1
    assert looks(decided) == before
    assert "look" not in decided.jobs_of_last_run()


def test_growth_and_edits_run_exactly_what_is_due(decided: Project) -> None:
    first = looks(decided)

    write_experiment(decided, num_seeds="{min: 3, max: 12, until: decided}")
    said = run(decided)

    assert seeds_done(decided) == {"a": 3, "b": 12, "c": 12}
    assert first.items() < looks(decided).items()
    assert "max was raised after all looks had been held" in said

    # A configuration that is added begins all looks anew, by what is there.
    write_experiment(decided, names="abcd", num_seeds="{min: 3, max: 12, until: decided}")
    n = sum(started(decided).values())
    said = run(decided)

    assert seeds_done(decided) == {"a": 3, "b": 12, "c": 12, "d": 3}
    assert sum(started(decided).values()) == n + 3
    assert "4 looks were held before configurations, metric or numbers of seeds were edited" in said

    # Undone, the earlier looks hold again.
    write_experiment(decided, num_seeds="{min: 3, max: 12, until: decided}")
    run(decided)
    assert sum(started(decided).values()) == n + 3


def test_a_look_does_not_wait_for_ever_for_a_seed_run_that_fails(tmp_path: Path) -> None:
    project = make(tmp_path / "project")
    (project.path / "train.py").write_text(SCRIPT.replace("FAILS = []", "FAILS = [(0.0, 1)]"))

    said = run(project, status=1)

    assert "Look 1 does not wait for 1 seed run that has failed" in said
    assert seeds_done(project) == {"a": 3, "b": 8, "c": 9}
    assert "Undecided after 9 seeds" in said
    assert "--rerun failed" in said
    n = sum(started(project).values())
    run(project, status=1)
    assert sum(started(project).values()) == n

    (project.path / "train.py").write_text(SCRIPT)
    before = looks(project)
    assert project.mle("run", "exp.yaml", "--rerun", "failed", "--cores", "2").returncode == 0
    run(project)
    assert seeds_done(project) == {"a": 3, "b": 9, "c": 9}
    assert looks(project) == before


def test_killed_at_any_moment_the_looks_decide_the_same_and_nothing_runs_twice(tmp_path: Path) -> None:
    project = make(tmp_path / "project")
    slow = SCRIPT.replace("    for step", "    import time\n    time.sleep(0.2)\n    for step")
    (project.path / "train.py").write_text(slow)
    undisturbed = Project(Path(shutil.copytree(project.path, tmp_path / "undisturbed")))
    run(undisturbed)
    generator = random.Random(3)

    for number, moment in enumerate(sorted(generator.sample(range(1, 20), 4))):
        process = project.start("run", "exp.yaml", "--profile", "local")
        lock = project.results / ".driver" / "lock"
        wait_for(lambda: "snakemake" in holder_of(lock) or process.poll() is not None)  # noqa: B023
        wait_for(lambda: len(project.logs()) >= moment or process.poll() is not None)  # noqa: B023
        assert process.poll() is None, process.communicate()
        snakemake = holder_of(lock)["snakemake"]
        process.kill()
        if number % 2 == 0:
            os.kill(snakemake, signal.SIGKILL)
        process.communicate()
    run(project)

    assert set(started(project).values()) == {1}
    assert looks(project) == looks(undisturbed)
    for table in ("results.csv", "summary.csv", "comparisons.csv"):
        assert (project.results / table).read_bytes() == (undisturbed.results / table).read_bytes()


def holder_of(lock: Path) -> dict[str, int]:
    try:
        return dict(json.loads(lock.read_text()))
    except (OSError, ValueError):
        return {}
