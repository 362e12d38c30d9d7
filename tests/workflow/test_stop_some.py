"""`mle stop CONFIGURATION [SEEDS]`: some seed runs end, the driver goes on with the others."""

from __future__ import annotations

import json

import pytest

from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

# Seed runs of `a` last until somebody ends them, those of `b` until there is a file.
SLOW = SCRIPT.replace(
    '    print("seed"',
    "    import time, pathlib\n"
    "    while mle.config_name == 'a' or not pathlib.Path('go').exists():\n"
    "        time.sleep(0.05)\n"
    '    print("seed"',
)


def test_a_configuration_is_stopped_and_the_driver_goes_on_with_the_others(project: Project) -> None:
    (project.path / "train.py").write_text(SLOW)
    driver = project.start("run", "exp.yaml", "--cores", "2")
    wait_for(lambda: (project.results / "a/seed_0/journal.bin").exists())
    wait_for(lambda: (project.results / "b/seed_0/journal.bin").exists())

    nothing = project.mle("stop", "c")
    stopped = project.mle("stop", "a", "0,2")
    again = project.mle("stop", "exp.yaml", "a*")
    (project.path / "go").touch()
    _, errors = driver.communicate(timeout=300)

    assert nothing.returncode == 2
    assert "mle stop 'c': no configuration of this experiment has such a name. There are a and b." in nothing.stderr
    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 2 seed runs; the others go on." in stopped.stdout
    assert again.returncode == 0, again.stderr
    assert driver.returncode == 1
    assert "Stopped on request (`mle stop`): a seeds 0-2." in errors
    assert "3 of 6 seed runs done, 3 stopped" in errors
    assert {name for name, _ in project.logs()} == {"b"}
    assert json.loads((project.results / "a/seed_2/run.json").read_text())["status"] == "stopped"
    (project.path / "train.py").write_text(SCRIPT)
    assert project.mle("run", "exp.yaml").returncode == 0
    assert len(project.logs()) == 6
    assert project.mle("stop", "a").stdout == "Nothing of a is running or about to run.\n"


def test_a_seed_run_that_is_stopped_before_its_script_has_made_an_experiment_counts_as_stopped(
    project: Project,
) -> None:
    waiting = (
        "import sys, time, pathlib\n"
        'if "a.json" in " ".join(sys.argv):\n'
        '    pathlib.Path("begun").touch()\n'
        "    time.sleep(600)\n"
    )
    (project.path / "train.py").write_text(waiting + SCRIPT)
    driver = project.start("run", "exp.yaml", "--cores", "1")
    wait_for(lambda: (project.path / "begun").exists())

    stopped = project.mle("stop", "a")
    driver.communicate(timeout=300)

    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 3 seed runs; the others go on." in stopped.stdout
    records = [json.loads((project.results / f"a/seed_{seed}/run.json").read_text()) for seed in range(3)]
    assert [record["status"] for record in records] == ["stopped"] * 3
    assert {name for name, _ in project.logs()} == {"b"}
