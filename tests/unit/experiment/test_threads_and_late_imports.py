"""What a script does beside its training: threads that log, libraries imported late, a process in a bad state."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Project

pytestmark = pytest.mark.slow  # many processes

BEGIN = """\
import os, sys, threading, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(3):
    mle.update_log({"step": step}, {"loss": step / 3}, save=True)
"""


@pytest.mark.parametrize("every", [1, 3])
def test_ticks_of_several_threads_are_all_kept_each_in_its_order(tmp_path: Path, every: int) -> None:
    writer = JournalWriter(tmp_path / "journal.bin", ["t"], ["thread", "x"])

    def log(thread: int) -> None:
        for number in range(500):
            writer.append({"t": number}, {"thread": thread, "x": thread + number / 3}, number % every == 0)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    writer.close()

    log_data = read_journal(tmp_path / "journal.bin")
    assert (log_data.n_ticks, log_data.damage) == (3000, None)
    for number in range(6):
        mine = log_data.columns["thread"] == number
        np.testing.assert_array_equal(log_data.columns["t"][mine], np.arange(500))
        np.testing.assert_array_equal(log_data.columns["x"][mine], number + np.arange(500) / 3)


@pytest.mark.parametrize("start", ["by_hand", "launched"])
def test_a_thread_that_logs_to_the_last_moment_does_not_keep_the_log_from_being_finished(
    project: Project, start: str
) -> None:
    project.write_script(
        BEGIN
        + """
def log_for_ever():
    number = 3
    while True:
        try:
            mle.update_log({"step": number}, {"loss": number / 3}, save=True)
        except ValueError:  # the log is closed
            return
        number += 1

threading.Thread(target=log_for_ever, daemon=True).start()
time.sleep(0.2)
"""
    )

    outcome = getattr(project, start)()

    assert outcome.returncode == 0, outcome.stderr
    log = project.log(*(["results"] if start == "launched" else []))
    assert log.n_ticks > 3
    np.testing.assert_array_equal(log.columns["loss"], np.arange(log.n_ticks) / 3)


def test_a_child_forked_while_a_thread_logs_is_refused_and_does_not_hang(project: Project) -> None:
    project.write_script(
        BEGIN
        + """
ended = threading.Event()

def log():
    while not ended.is_set():
        mle.update_log({"step": 1}, {"loss": 1}, save=True)

thread = threading.Thread(target=log)
thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        try:
            mle.update_log({"step": 1}, {"loss": 1}, save=True)
        except ValueError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
ended.set()
thread.join()
"""
    )

    # Python 3.12 warns of forks beside threads, and warnings are errors in these scripts.
    outcome = project.by_hand(variables={"PYTHONWARNINGS": "ignore"})

    assert outcome.returncode == 0, outcome.stderr
    assert project.log().damage is None


@pytest.mark.parametrize("start", ["by_hand", "launched"])
@pytest.mark.parametrize("use", ["", "file = h5py.File('mine.h5', 'w'); file['x'] = [1.0]"])
def test_a_script_may_import_h5py_after_its_experiment(project: Project, use: str, start: str) -> None:
    project.write_script(f"{BEGIN}\nimport h5py\n{use}\n")

    outcome = getattr(project, start)()

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr.count("Traceback") == 0
    assert project.log(*(["results"] if start == "launched" else [])).n_ticks == 3


def test_what_is_logged_at_exit_counts_also_when_h5py_was_imported_late(project: Project) -> None:
    log = "mle.update_log({'step': 3}, {'loss': 1}, save=True)"
    project.write_script(f"{BEGIN}\nimport atexit, h5py\natexit.register(lambda: {log})\n")

    outcome = project.by_hand()

    assert outcome.returncode == 0, outcome.stderr
    assert project.log().n_ticks == 4


@pytest.mark.parametrize("start", ["by_hand", "launched"])
@pytest.mark.parametrize(
    ("state", "reason"),
    [("time.time = lambda: 1 / 0", "ZeroDivisionError"), ("sys.setrecursionlimit(60)", "RecursionError")],
)
def test_a_log_that_cannot_be_finished_for_whatever_reason_fails_the_run(
    project: Project, state: str, reason: str, start: str
) -> None:
    project.write_script(f"{BEGIN}\n{state}\n")

    outcome = getattr(project, start)()

    folder = project.seed(*(["results"] if start == "launched" else []))
    assert outcome.returncode == 1
    assert f"mle-toolbox: the log of this run could not be finished. {reason}: " in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert run_status(folder) == "failed"
    assert read_journal(folder.journal).n_ticks == 3
