"""`mle run --detach`, `mle attach`, and `mle run` while a driver runs, which hands over what is new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.drive.lock import current_holder, is_driven
from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

# Waits for a file, so that a test decides when a seed run may end; notes each start.
WAITING = SCRIPT.replace(
    '    print("seed"',
    "    import pathlib, time\n"
    "    with pathlib.Path('starts').open('a') as file:\n"
    "        file.write(f'{mle.config_name}{mle.seed}\\n')\n"
    "    while not pathlib.Path('go').exists():\n"
    "        time.sleep(0.05)\n"
    '    print("seed"',
)


# A shell with a terminal of its own, which goes away at the end of standard input. In a process of its own: this
# one may have loaded libraries with threads, and must not fork.
IN_A_TERMINAL = """
import os, pty, sys
process, terminal = pty.fork()
if process == 0:
    os.execv("/bin/bash", ["bash", "-c", sys.argv[1]])
sys.stdin.read()
os.close(terminal)
os.waitpid(process, 0)
"""


@pytest.fixture
def waiting(project: Project) -> Project:
    (project.path / "train.py").write_text(WAITING)
    project.write_experiment(["a.json"], seeds=2)
    return project


def starts(project: Project) -> list[str]:
    return sorted((project.path / "starts").read_text().split())


def has_begun(project: Project) -> bool:
    return (project.path / "starts").exists() and len(starts(project)) == 2


def test_a_run_in_the_background_survives_its_terminal_and_can_be_followed(waiting: Project) -> None:
    driver = waiting.results / ".driver"
    command = f"{sys.executable} -m mle_toolbox run --cores 2 --detach; touch detached; sleep 600"
    shell = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, command], cwd=waiting.path, stdin=subprocess.PIPE, text=True
    )
    wait_for(lambda: (waiting.path / "detached").exists())
    wait_for(lambda: has_begun(waiting))
    shell.communicate()

    assert is_driven(driver)
    attached = waiting.start("attach")
    (waiting.path / "go").touch()
    output, errors = attached.communicate(timeout=300)

    assert "Ctrl-C leaves it running." in errors
    assert attached.returncode == 0, errors
    assert "2 of 2 seed runs done" in output
    assert "seeds done" in output
    assert starts(waiting) == ["a0", "a1"]
    assert "2 of 2 seed runs done" in (driver / "mle.log").read_text()
    assert "No driver is running. How the last one ended:" in waiting.mle("attach").stderr


def test_leaving_and_killing_a_run_in_the_background_loses_nothing_and_repeats_nothing(waiting: Project) -> None:
    driver = waiting.results / ".driver"
    detached = waiting.mle("run", "--cores", "2", "--detach")
    wait_for(lambda: has_begun(waiting))
    attached = waiting.start("attach")
    assert attached.stderr is not None
    assert "Driver: process" in attached.stderr.readline()
    assert "Ctrl-C leaves it running." in attached.stderr.readline()
    attached.send_signal(signal.SIGINT)
    _, errors = attached.communicate(timeout=300)

    assert detached.returncode == 0, detached.stderr
    assert "Running in the background (process" in detached.stderr
    assert attached.returncode == 0
    assert "the driver goes on (process" in errors
    holder = current_holder(driver)
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    (waiting.path / "go").touch()
    again = waiting.mle("run", "--cores", "2")
    assert again.returncode == 0, again.stderr
    assert starts(waiting) == ["a0", "a1"]


def test_attach_ends_with_the_results_and_the_next_command(waiting: Project) -> None:
    driver = waiting.start("run", "--cores", "1", "--seeds", "0")
    wait_for(lambda: (waiting.path / "starts").exists())
    attached = waiting.start("attach")
    (waiting.path / "go").touch()
    driver.communicate(timeout=300)
    output, errors = attached.communicate(timeout=300)

    assert "1/2, 1 not started" in output
    assert "1 of 2 seed runs done" in output
    assert "To run the rest:\n  mle run exp.yaml" in errors


def test_what_is_new_is_handed_to_the_driver_that_is_running(waiting: Project) -> None:
    first = waiting.start("run", "--cores", "2")
    wait_for(lambda: has_begun(waiting))

    unchanged = waiting.mle("run", "--cores", "2")
    waiting.write_experiment(["a.json", "b.json"], seeds=3)
    handed = waiting.mle("run", "--cores", "2")
    (waiting.path / "go").touch()
    output, errors = first.communicate(timeout=300)

    assert unchanged.returncode == 2
    assert f"is already being run by process {first.pid} on" in unchanged.stderr
    assert handed.returncode == 0, handed.stderr
    assert f"is being run by process {first.pid} on" in handed.stderr
    assert "it goes on with\n  mle run exp.yaml --cores 2\n" in handed.stderr
    assert first.returncode == 0, errors
    assert "Going on with what was asked for meanwhile:\n  mle run exp.yaml --cores 2" in errors
    assert "6 of 6 seed runs done" in output
    assert starts(waiting) == ["a0", "a1", "a2", "b0", "b1", "b2"]


def test_stopping_drops_what_was_asked_for_meanwhile(waiting: Project) -> None:
    first = waiting.start("run", "--cores", "2")
    wait_for(lambda: has_begun(waiting))
    waiting.write_experiment(["a.json", "b.json"], seeds=3)
    waiting.mle("run", "--cores", "2")

    stopped = waiting.mle("stop")
    _, errors = first.communicate(timeout=300)

    assert stopped.returncode == 0, stopped.stderr
    assert first.returncode == 130
    assert "What was asked for meanwhile is dropped with it." in errors
    assert starts(waiting) == ["a0", "a1"]


def test_a_mistake_in_the_background_is_told_in_the_foreground(project: Project) -> None:
    (project.path / "a.json").write_text("{")

    outcome = project.mle("run", "--detach")

    assert outcome.returncode == 2
    assert "a.json:1" in outcome.stderr
    assert not (project.results / ".driver").exists()


def test_a_request_is_taken_by_one_only(tmp_path: Path) -> None:
    takers = "from pathlib import Path\nfrom mle_toolbox.drive.request import take_request\n"
    code = f"{takers}print(take_request(Path({str(tmp_path)!r})) is not None)"
    from mle_toolbox.drive.request import leave_request

    leave_request(tmp_path, ["run", "exp.yaml"])

    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]

    assert sorted(each.communicate()[0].strip() for each in processes) == ["False", "False", "True"]
