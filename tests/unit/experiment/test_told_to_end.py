"""A run that was told to end is stopped, whatever its script makes of that, unless its log was complete before."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import GO_ON, ONE_TICK, Project

pytestmark = pytest.mark.slow  # many processes

TOLD = "os.kill(os.getpid(), signal.{signal})"
LISTEN = "told = []\nsignal.signal(signal.{signal}, lambda *_: told.append(1))\n"
# Scripts that end with status 0 all the same.
CALM = {
    "catches": f"try:\n    {TOLD}\nexcept KeyboardInterrupt:\n    pass\n",
    "bare": f"try:\n    {TOLD}\nexcept:\n    pass\n",
    "flag": f"{LISTEN}{TOLD}\n",
    "leaves": f"signal.signal(signal.{{signal}}, lambda *_: sys.exit(0))\n{TOLD}\n",
    "raises_exit": f"def leave(*_):\n    raise SystemExit(0)\nsignal.signal(signal.{{signal}}, leave)\n{TOLD}\n",
}
# Not one long sleep: a signal that comes at the moment when it begins is handled only after it.
NAPS = "for _ in range(6000):\n    time.sleep(0.01)\n"
WAIT = "print('ready', flush=True)\nimport time\nwhile not told:\n    time.sleep(0.01)\n"


@pytest.mark.parametrize("launched", [False, True])
@pytest.mark.parametrize(
    ("script", "by"),
    [
        ("catches", "SIGINT"),
        ("bare", "SIGINT"),
        ("flag", "SIGTERM"),
        ("leaves", "SIGTERM"),
        ("raises_exit", "SIGHUP"),
    ],
)
def test_a_script_that_catches_its_signal_and_ends_well_is_stopped(
    project: Project, script: str, by: str, launched: bool
) -> None:
    project.write_script(ONE_TICK + CALM[script].format(signal=by))

    finished = project.launched() if launched else project.by_hand()

    name = "results" if launched else "by_hand"
    record = project.record(name)
    assert finished.returncode == STOPPED_STATUS, finished.stderr
    assert (run_status(project.seed(name)), record.exit_status, record.ticks) == ("stopped", STOPPED_STATUS, 1)
    assert re.fullmatch(rf"stopped after 1 tick \({by}: .*\)\. The next attempt starts over: .*", record.reason or "")
    assert f"seed_0 {'was ' if launched else ''}stopped after 1 tick" in finished.stderr
    assert not project.seed(name).log.exists()
    assert not project.seed(name).ready_log.exists()
    assert not project.seed(name).done.exists()
    assert project.seed(name).journal.exists()


@pytest.mark.parametrize("how", ["alone", "group", "timeout"])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR2])
def test_whoever_signals_the_launcher_the_script_gets_it_once_and_is_stopped(
    project: Project, by: signal.Signals, how: str
) -> None:
    project.write_script(ONE_TICK + LISTEN.format(signal=by.name) + WAIT + "time.sleep(0.3)\nprint(len(told))\n")

    with project.start(project.launch_command()) as launcher:
        if how != "group":
            launcher.send_signal(by)
        if how == "timeout":
            time.sleep(0.005)
        if how != "alone":
            os.killpg(launcher.pid, by)
        said, _ = launcher.communicate(timeout=60)

    assert said == "1\n"
    assert launcher.returncode == STOPPED_STATUS
    assert run_status(project.seed("results")) == "stopped"


def test_a_second_signal_some_time_later_reaches_the_script_as_well(project: Project) -> None:
    project.write_script(ONE_TICK + LISTEN.format(signal="SIGINT") + WAIT.replace("not told", "len(told) < 2"))

    with project.start(project.launch_command()) as launcher:
        launcher.send_signal(signal.SIGINT)
        time.sleep(1)
        launcher.send_signal(signal.SIGINT)
        launcher.communicate(timeout=60)

    assert run_status(project.seed("results")) == "stopped"


def test_a_signal_after_the_log_was_complete_changes_nothing(project: Project) -> None:
    project.write_script(ONE_TICK + "mle.close()\n" + LISTEN.format(signal="SIGTERM") + WAIT)

    with project.start(project.launch_command()) as launcher:
        launcher.terminate()
        launcher.communicate(timeout=60)

    assert launcher.returncode == 0
    assert run_status(project.seed("results")) == "done"


def test_a_complete_log_of_an_earlier_attempt_does_not_make_a_stopped_one_done(project: Project) -> None:
    project.write_configuration(overwrite_experiment_dir=1)
    project.launched()
    folder = project.seed("results")
    folder.ready_record.write_bytes(folder.run_record.read_bytes())
    project.write_script(GO_ON)

    with project.start(project.launch_command()) as launcher:
        launcher.terminate()
        launcher.communicate(timeout=60)

    assert launcher.returncode == 128 + signal.SIGTERM


def test_what_a_script_fails_with_after_it_was_told_is_added_to_the_reason(project: Project) -> None:
    project.write_script(ONE_TICK + LISTEN.format(signal="SIGTERM") + WAIT + "raise ValueError('worker is gone')\n")

    with project.start(project.launch_command()) as launcher:
        launcher.terminate()
        launcher.communicate(timeout=60)

    assert launcher.returncode == STOPPED_STATUS
    assert run_status(project.seed("results")) == "stopped"
    assert "(SIGTERM: it was asked to terminate, then ValueError: worker is gone)" in (
        project.record("results").reason or ""
    )


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("import time\nprint('ready', flush=True)\ntime.sleep(1)\n", "done"),
        (LISTEN.format(signal="SIGUSR1") + WAIT, "stopped"),
        ("import time\nsignal.signal(signal.SIGUSR1, lambda *_: os._exit(0))\nprint('ready', flush=True)\n"
         + NAPS, "stopped"),
        ("import time\nsignal.signal(signal.SIGUSR1, lambda *_: os._exit(0))\nsignal.signal(signal.SIGUSR1, "
         "signal.SIG_DFL)\nprint('ready', flush=True)\n" + NAPS, "stopped"),
    ],
    ids=["does_not_listen", "has_a_handler", "ends_in_its_handler", "dies_of_it"],
)  # fmt: skip
def test_a_mere_warning_stops_only_a_script_that_has_a_handler_of_its_own(
    project: Project, lines: str, status: str
) -> None:
    project.write_script(ONE_TICK + lines)

    with project.start(project.launch_command()) as launcher:
        os.killpg(launcher.pid, signal.SIGUSR1)
        launcher.communicate(timeout=60)

    assert run_status(project.seed("results")) == status
    assert launcher.returncode == {"done": 0}.get(status, launcher.returncode)


def test_a_run_killed_from_outside_has_failed(project: Project) -> None:
    project.write_script(ONE_TICK + "os.kill(os.getpid(), signal.SIGKILL)\n")

    project.launched()

    assert run_status(project.seed("results")) == "failed"


def test_a_run_told_before_its_experiment_leaves_an_earlier_attempt_as_it_is(project: Project) -> None:
    project.write_script(ONE_TICK + "mle.checkpoint(1)\nos.kill(os.getpid(), signal.SIGTERM)\n")
    project.launched()
    before = project.record("results")
    project.write_script(GO_ON)

    with project.start(project.launch_command()) as launcher:
        launcher.terminate()
        launcher.communicate(timeout=60)

    assert project.record("results") == before
    assert before.status == "stopped"
    assert (before.reason or "").endswith("The next attempt resumes from its checkpoint.")


@pytest.mark.parametrize("signals", ["SIGINT", "SIGTERM"])
def test_what_a_forked_worker_is_sent_is_nothing_to_the_run(project: Project, signals: str) -> None:
    project.write_script(
        ONE_TICK
        + LISTEN.format(signal=signals)
        + "import multiprocessing, time\n"
        + "for _ in range(20):\n"
        + "    worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(0.02,))\n"
        + "    worker.start()\n"
        + f"    os.kill(worker.pid, signal.{signals})\n"
        + "    worker.join()\n"
    )

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert run_status(project.seed()) == "done"


def test_the_next_experiment_of_a_script_is_not_stopped_by_what_stopped_the_one_before(project: Project) -> None:
    project.write_script(
        "import os, signal\nfrom mle_toolbox import MLExperiment\n"
        "for seed in range(2):\n"
        "    with MLExperiment(seed_id=seed) as mle:\n"
        "        try:\n"
        "            mle.update_log({'step': 1}, {'loss': 0.5})\n"
        "            if seed == 0:\n"
        "                os.kill(os.getpid(), signal.SIGINT)\n"
        "        except KeyboardInterrupt:\n"
        "            pass\n"
    )

    project.by_hand()

    assert [run_status(project.seed(seed=seed)) for seed in range(2)] == ["stopped", "done"]


def test_at_a_prompt_ctrl_c_ends_a_cell_and_not_the_run(project: Project) -> None:
    typed = (
        "import os, signal\nfrom mle_toolbox import MLExperiment\n"
        "mle = MLExperiment('config.json')\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "mle.update_log({'step': 1}, {'loss': 0.5}, save=True)\n"
        "mle.close()\n"
    )

    finished = project.run([sys.executable, "-i"], text=typed)

    assert "KeyboardInterrupt" in finished.stderr
    assert run_status(project.seed()) == "done"


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells which processes there are")
def test_nothing_of_a_launcher_is_left_when_it_is_killed(project: Project) -> None:
    project.write_script(ONE_TICK + GO_ON)

    with project.start(project.launch_command()) as launcher:
        group = launcher.pid
        launcher.kill()
        launcher.communicate(timeout=60)

    end = time.monotonic() + 20
    while (left := members_of(group)) and time.monotonic() < end:
        time.sleep(0.02)
    assert left == []


def members_of(group: int) -> list[str]:
    """Return the processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(path.parent.name)
    return found
