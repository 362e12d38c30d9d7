"""A typo costs a few seed runs: `mle run` starts no more when the first ones fail alike."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

# Each start is counted. While there is a file "typo", the script has one.
STARTED = """\
import os, time
with open("started.txt", "a") as file:
    file.write(f"{os.environ['MLE_SEED_RUN']}\\n")
"""
TYPO = """\


def misspelt(mle):
    if os.path.exists("typo"):
        mle.update_logg({"step": mle.seed})


if __name__"""
FAILING = STARTED + SCRIPT.replace("\n\nif __name__", TYPO).replace(
    "    value = 0.0\n", "    misspelt(mle)\n    value = 0.0\n"
)


@pytest.fixture
def typo(project: Project) -> Project:
    """Twenty seed runs of a script with a typo."""
    (project.path / "train.py").write_text(FAILING)
    (project.path / "typo").touch()
    project.write_experiment(["a.json", "b.json"], seeds=10)
    return project


def started(project: Project) -> list[str]:
    return [str(Path(line).relative_to(project.results)) for line in (project.path / "started.txt").read_text().split()]


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_typo_costs_a_few_seed_runs_and_the_same_command_makes_the_rest(typo: Project) -> None:
    outcome = typo.mle("run", "exp.yaml", "--cores", "2")
    before = started(typo)

    (typo.path / "typo").unlink()
    again = typo.mle("run", "exp.yaml", "--cores", "2")

    assert outcome.returncode == 1
    assert 3 <= len(before) <= 7
    said = words(outcome.stderr)
    assert "seed runs have failed alike (AttributeError at train.py:" in said
    assert f"{20 - len(before)} seed runs were not started." in said
    assert (
        "mle run exp.yaml --cores 2 To start the others all the same: mle run exp.yaml --cores 2 --keep-going" in said
    )
    assert outcome.stderr.count("AttributeError: ") == 2  # once when it happened, once at the end
    assert again.returncode == 0, again.stderr
    assert len(typo.logs()) == 20
    assert len(set(started(typo))) == 20
    assert len(started(typo)) == 20 + len(before)


def test_with_keep_going_all_seed_runs_are_started(typo: Project) -> None:
    typo.write_experiment(["a.json", "b.json"], seeds=3)

    outcome = typo.mle("run", "exp.yaml", "--cores", "1", "--keep-going")

    assert outcome.returncode == 1
    assert len(started(typo)) == 6
    assert "6 seed runs: AttributeError at train.py:" in outcome.stderr
    assert "all of them" in outcome.stderr
    assert "Paused" not in outcome.stderr


def test_with_fail_fast_the_first_failure_is_enough_and_what_runs_comes_to_its_end(project: Project) -> None:
    script = STARTED + SCRIPT.replace(
        "    value = 0.0\n",
        '    if (mle.config_name, mle.seed) == ("a", 0):\n'
        '        while not os.path.exists("experiments/b/seed_0/run.json"):\n'
        "            time.sleep(0.02)\n"
        "        raise ValueError('first')\n"
        '    elif (mle.config_name, mle.seed) == ("b", 0):\n'
        '        while not os.path.exists("experiments/.driver/pause"):\n'
        "            time.sleep(0.02)\n"
        "        time.sleep(0.5)\n"
        "    value = 0.0\n",
    )
    (project.path / "train.py").write_text(script)

    outcome = project.mle("run", "exp.yaml", "--cores", "2", "--fail-fast")

    assert outcome.returncode == 1
    assert started(project)[:2] == ["a/seed_0", "b/seed_0"] or started(project)[:2] == ["b/seed_0", "a/seed_0"]
    assert len(started(project)) <= 3  # one may be started before the pause is noticed
    assert ("b", "seed_0") in project.logs()
    assert "a seed run has failed (--fail-fast)" in words(outcome.stderr)
    assert "mle run exp.yaml --cores 2 --fail-fast" in words(outcome.stderr)


def test_seeds_of_one_configuration_that_fail_alike_pause_nothing(project: Project) -> None:
    script = SCRIPT.replace("    value = 0.0\n", '    assert mle.config_name != "a"\n    value = 0.0\n')
    (project.path / "train.py").write_text(script)
    project.write_experiment(["a.json", "b.json"], seeds=4)

    outcome = project.mle("run", "exp.yaml", "--cores", "1", "--order", "configurations")

    assert outcome.returncode == 1
    assert len(project.logs()) == 4
    assert "4 seed runs: AssertionError at train.py:" in outcome.stderr
    assert "all of a" in outcome.stderr


def test_a_driver_that_is_killed_while_it_pauses_leaves_nothing_behind(typo: Project) -> None:
    slow = FAILING.replace("    misspelt(mle)\n", '    time.sleep(3 * (mle.config_name == "b"))\n    misspelt(mle)\n')
    (typo.path / "train.py").write_text(slow)
    typo.write_experiment(["a.json", "b.json"], seeds=6)
    run = typo.start("run", "exp.yaml", "--cores", "3")
    wait_for(lambda: (typo.results / ".driver" / "pause").exists() or run.poll() is not None)

    run.kill()
    run.communicate()
    snakemake = json.loads((typo.results / ".driver" / "lock").read_text())["snakemake"]
    wait_for(lambda: not lives(snakemake))
    before = started(typo)
    (typo.path / "typo").unlink()
    again = typo.mle("run", "exp.yaml", "--cores", "3")

    assert len(before) < 12
    assert again.returncode == 0, again.stderr
    assert len(typo.logs()) == 12
    assert len(started(typo)) == len(before) + 12


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_snakemake_that_a_killed_driver_left_is_paused_as_well(typo: Project) -> None:
    slow = FAILING.replace("    misspelt(mle)\n", "    time.sleep(1)\n    misspelt(mle)\n")
    (typo.path / "train.py").write_text(slow)
    run = typo.start("run", "exp.yaml", "--cores", "1")
    wait_for(lambda: (typo.path / "started.txt").exists())

    run.send_signal(signal.SIGKILL)
    run.communicate()
    again = typo.mle("run", "exp.yaml", "--cores", "1")

    assert again.returncode == 1
    assert "seed runs have failed alike" in words(again.stderr)
    assert len(started(typo)) < 20
