"""A run that has used its time or its memory is ended by its launcher, which says why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import psutil
import pytest

from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.experiment.limits import resident_mb
from mle_toolbox.experiment.process_tree import with_descendants
from mle_toolbox.layout import HOLDS_LIMITS_VARIABLE
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import GO_ON, ONE_TICK, Finished, Project

pytestmark = pytest.mark.slow  # real processes

HELD = {HOLDS_LIMITS_VARIABLE: "1"}

LISTENS = """\
import time
from mle_toolbox import MLExperiment

mle = MLExperiment()
done = mle.resume() or 0
for step in range(done, 10):
    mle.update_log({"step": step}, {"loss": 1.0}, save=True)
    mle.checkpoint(step + 1)
    while step == 2 and not done and not mle.should_stop():
        time.sleep(0.01)
    if mle.should_stop():
        break
"""
# Behind ONE_TICK; each child needs 150 MB of its own.
NEEDS_MUCH = """\
import multiprocessing, time

def need():
    kept = bytearray(b"x") * 150_000_000
    time.sleep(60)

if __name__ == "__main__":
    for _ in range(3):
        multiprocessing.get_context("fork").Process(target=need).start()
"""
SHARES_MUCH = """\
import time
kept = bytearray(b"x") * 150_000_000
children = [os.fork() for _ in range(4)]
if 0 in children:
    time.sleep(1.5)
    os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""


def launched(project: Project, *limits: str) -> Finished:
    return project.launched(*limits, variables=HELD)


def test_a_script_that_asks_for_it_is_told_before_its_time_is_over_and_goes_on_from_its_checkpoint(
    project: Project,
) -> None:
    project.write_script(LISTENS)

    for seconds in (4, 20):  # a busy machine needs longer until the script has begun
        first = launched(project, f"--time-limit={seconds}")
        stopped = project.record("results")
        if stopped.ticks == 3:
            break
    second = launched(project, "--time-limit=60")

    assert first.returncode == STOPPED_STATUS, first.stderr
    assert (stopped.status, stopped.ticks, stopped.signal) == ("stopped", 3, None)
    why = f"time limit of 0:00:{seconds:02}"
    assert stopped.reason == f"stopped after 3 ticks ({why}). The next attempt resumes from its checkpoint."
    assert second.returncode == 0, second.stderr
    assert (project.record("results").status, project.record("results").resumed_from_tick) == ("done", 3)


@pytest.mark.parametrize("ignores", [False, True], ids=["ends", "ignores"])
def test_a_script_that_does_not_listen_is_ended_at_its_time_limit(project: Project, ignores: bool) -> None:
    ignoring = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n" if ignores else ""
    project.write_script(ONE_TICK + ignoring + GO_ON)

    finished = launched(project, "--time-limit=2.5")

    record = project.record("results")
    assert finished.returncode in (STOPPED_STATUS, 143), finished.stderr
    assert run_status(project.seed("results")) == "stopped"
    said = r"stopped after \d ticks? \(time limit of 0:00:02\.5\)\. The next attempt starts over"
    assert re.match(said, record.reason or "")
    assert re.search(f"seed_0 was {said}", finished.stderr)


def test_a_run_that_ends_in_time_is_as_without_a_limit(project: Project) -> None:
    project.write_script(ONE_TICK)

    finished = launched(project, "--time-limit=60", "--memory-limit=4000")

    assert (finished.returncode, finished.stderr) == (0, "")
    assert project.record("results").status == "done"


def test_where_a_scheduler_holds_the_limits_the_launcher_does_not(project: Project) -> None:
    project.write_script(ONE_TICK + "import time\ntime.sleep(0.5)\n")

    finished = project.launched("--time-limit=0.1", "--memory-limit=1")

    assert finished.returncode == 0, finished.stderr


def test_the_script_does_not_inherit_that_its_launcher_holds_limits(project: Project) -> None:
    project.write_script(ONE_TICK + f"assert {HOLDS_LIMITS_VARIABLE!r} not in os.environ\n")

    assert launched(project, "--time-limit=60").returncode == 0


def test_a_run_whose_processes_together_need_too_much_memory_is_killed_and_says_so(project: Project) -> None:
    project.write_script(ONE_TICK + NEEDS_MUCH)

    finished = launched(project, "--memory-limit=400")

    record = project.record("results")
    assert finished.returncode == 128 + 9, finished.stderr
    assert run_status(project.seed("results")) == "failed"
    assert (record.reason or "").startswith("used ")
    assert (record.reason or "").endswith(" MB of memory_per_job 400 MB, so it was killed")
    assert f"mle-toolbox: {record.reason}" in finished.stderr
    assert project.seed("results").journal.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what is shared")
def test_memory_that_forked_processes_share_counts_once(project: Project) -> None:
    project.write_script(ONE_TICK + SHARES_MUCH)

    finished = launched(project, "--memory-limit=400")

    assert finished.returncode == 0, finished.stderr


def test_the_processes_of_a_run_are_found_below_threads_too() -> None:
    code = "import subprocess, threading; threading.Thread(target=subprocess.run, args=(['sleep', '60'],)).start()"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        while len(found := with_descendants(process.pid)) < 2 or psutil.Process(found[1]).name() != "sleep":
            time.sleep(0.01)
    finally:
        for each in with_descendants(process.pid)[::-1]:
            os.kill(each, 9)
        process.wait()

    assert found[0] == process.pid


def test_resident_memory_is_that_of_the_process() -> None:
    # Not this process, in which other tests have run and leave memory behind.
    code = "print(flush=True); input(); kept = bytearray(b'x') * 50_000_000; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        without = resident_mb([process.pid])
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        with_it = resident_mb([process.pid])
        once = resident_mb([process.pid], shared_once=True)
        process.kill()

    assert 45 < with_it - without < 55
    assert 45 < once <= with_it + 1
