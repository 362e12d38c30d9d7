"""A script that is told in time leaves with a checkpoint, and the next attempt ends as if nothing had happened."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from mle_toolbox.experiment.stop_notice import StopNotice
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Project

pytestmark = pytest.mark.slow

# A run that is told by its scheduler once, at the third tick of the first attempt.
TOLD = """\
import os, signal
from mle_toolbox.experiment.mle_experiment import MLExperiment as Original
log = Original.update_log

def told(self, time_tick, *arguments, **keywords):
    log(self, time_tick, *arguments, **keywords)
    if list(time_tick.values()) == [3] and not os.path.exists("told"):
        open("told", "w").close()
        os.kill(os.getpid(), signal.{signal})

Original.update_log = told
"""
STEPS = """\
import os, signal, sys, time
from mle_toolbox import MLExperiment
mle = MLExperiment()
state = mle.resume() or {"step": 0}
while state["step"] < 10:
    state["step"] += 1
    mle.update_log({"step": state["step"]}, {"loss": mle.rng.normal()}, save=True)
"""
WAIT = """
    if state["step"] == 3 and not os.path.exists("asked"):
        mle.should_stop()
        open("asked", "w").close()
        end = time.monotonic() + 60
        while not mle.should_stop() and time.monotonic() < end:
            time.sleep(0.01)
"""
LEAVE = """
    if mle.should_stop():
        mle.checkpoint(state)
        {leave}
"""


@pytest.fixture
def documented(repository: Path) -> str:
    """The complete script of the documentation."""
    text = (repository / "docs/training-script.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```python\n(.*?)^```", text.split("## Leave before")[1], re.DOTALL | re.MULTILINE)[:1]
    return str(script)


@pytest.mark.parametrize(
    ("start", "told_by"),
    [
        ("by_hand", "SIGUSR1"),
        ("launched", "SIGUSR1"),
        ("launched", "SIGUSR2"),
        ("launched", "SIGTERM"),
        ("launched", "SIGXCPU"),
    ],
)
def test_documented_script_stops_in_time_and_then_equals_an_undisturbed_run(
    project: Project, documented: str, start: str, told_by: str
) -> None:
    project.write_script(documented)
    configuration = project.write_configuration(time_to_track=["steps"])
    configuration.write_text(configuration.read_text().replace('"lrate": 0.1', '"learning_rate": 0.1, "num_steps": 9'))
    project.by_hand("-exp_dir", "undisturbed")
    # should_stop() is asked before the signal comes: at the first tick.
    project.write_script(TOLD.format(signal=told_by) + documented)

    def attempt() -> subprocess.CompletedProcess[str]:
        return project.by_hand("-exp_dir", "results") if start == "by_hand" else project.launched()

    first = attempt()
    stopped, record = run_status(project.seed("results")), project.record("results")
    second = attempt()

    assert first.returncode == 75, first.stderr
    assert "stopped after 3 ticks" in first.stderr
    assert told_by in first.stderr
    assert (stopped, record.status, record.exit_status) == ("stopped", "stopped", 75)
    assert second.returncode == 0, second.stderr
    assert project.record("results").resumed_from_tick == 3
    assert _same_ticks(project)


@pytest.mark.parametrize(
    ("start", "leave"),
    [
        ("by_hand", "break"),
        ("by_hand", "sys.exit()"),
        ("launched", "sys.exit(1)"),
        ("launched", "mle.close(); break"),
        ("launched", "raise SystemExit(0)"),
    ],
)
def test_every_way_of_leaving_counts_as_stopped(project: Project, start: str, leave: str) -> None:
    project.write_script(TOLD.format(signal="SIGUSR1") + STEPS + LEAVE.format(leave=leave))
    project.write_configuration()

    done = project.by_hand("-exp_dir", "results") if start == "by_hand" else project.launched()

    assert run_status(project.seed("results")) == "stopped"
    assert "The next attempt resumes from its checkpoint." in done.stderr
    assert start == "by_hand" or done.returncode == 75


def test_an_error_after_the_notice_is_a_failure(project: Project) -> None:
    project.write_script(TOLD.format(signal="SIGUSR1") + STEPS + LEAVE.format(leave="raise ValueError('torn')"))
    project.write_configuration()

    done = project.launched()

    assert done.returncode == 1
    assert project.record("results").reason == "ValueError: torn"


def test_a_run_that_saved_no_checkpoint_says_that_it_begins_anew(project: Project) -> None:
    project.write_script(TOLD.format(signal="SIGUSR1") + STEPS + "    if mle.should_stop():\n        break\n")
    project.write_configuration()

    first, second = project.launched(), project.launched()

    assert "starts over: no checkpoint was saved" in first.stderr
    assert second.returncode == 0


def test_a_script_that_does_not_ask_is_not_disturbed_by_warnings(project: Project) -> None:
    project.write_script(TOLD.format(signal="SIGUSR1") + STEPS)
    project.write_configuration()

    done = project.launched()

    assert done.returncode == 0, done.stderr
    assert run_status(project.seed("results")) == "done"


@pytest.mark.parametrize("told_by", ["SIGUSR2", "SIGTERM"])
def test_a_script_that_does_not_ask_is_ended_at_once_by_what_comes_before_a_kill(
    project: Project, told_by: str
) -> None:
    project.write_script(TOLD.format(signal=told_by) + STEPS)
    project.write_configuration()

    done = project.launched()

    assert done.returncode == 128 + getattr(signal, told_by)
    assert project.record("results").signal == told_by


@pytest.mark.parametrize("told_by", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU, signal.SIGTERM])
@pytest.mark.parametrize("to_group", [True, False])
def test_the_launcher_passes_the_notice_on(project: Project, told_by: signal.Signals, to_group: bool) -> None:
    project.write_script(STEPS + WAIT + LEAVE.format(leave="break"))
    project.write_configuration()
    process = subprocess.Popen(
        project.launch_command(), cwd=project.path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    _wait_for(project.path / "asked")

    (os.killpg if to_group else os.kill)(process.pid, told_by)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 75, said
    assert told_by.name in said


def test_a_warning_that_is_ignored_from_outside_is_heard_all_the_same(project: Project) -> None:
    project.write_script(STEPS + WAIT + LEAVE.format(leave="break"))
    project.write_configuration()
    shell = ["bash", "-c", 'trap "" USR1 XCPU; "$@"; exit $?', "bash", *project.launch_command()]
    process = subprocess.Popen(shell, cwd=project.path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    _wait_for(project.path / "asked")

    os.killpg(process.pid, signal.SIGUSR1)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 75, said


def test_handlers_that_are_there_are_called_as_well(project: Project) -> None:
    own = "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('mine', flush=True))\n"
    project.write_script(own + TOLD.format(signal="SIGUSR1") + STEPS + LEAVE.format(leave="break"))
    project.write_configuration()

    done = project.launched()

    assert "mine" in done.stdout
    assert done.returncode == 75


def test_workers_that_are_told_to_end_do_so_although_their_parent_listens(project: Project) -> None:
    """A data loader ends its workers with SIGTERM."""
    project.write_script(
        STEPS.replace("state =", "mle.should_stop()\nstate =")
        + "import multiprocessing\n"
        + "worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        + "worker.start()\nworker.terminate()\nworker.join()\nprint('ended with', worker.exitcode)\n"
    )
    project.write_configuration()

    done = project.launched()

    assert f"ended with {-signal.SIGTERM}" in done.stdout, done.stderr
    assert done.returncode == 0


def test_outside_the_main_thread_nothing_is_heard_and_nothing_breaks() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    notice, answers = StopNotice(), []
    thread = threading.Thread(target=lambda: answers.append(notice.is_given()))

    thread.start()
    thread.join()

    assert answers == [False]
    assert signal.getsignal(signal.SIGUSR2) is before


def _same_ticks(project: Project) -> bool:
    one, other = (project.log(folder).columns["loss"] for folder in ("results", "undisturbed"))
    return one.tobytes() == other.tobytes()


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not appear"
        time.sleep(0.02)
