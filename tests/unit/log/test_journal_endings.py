"""Whatever ends a writer, no tick is lost and no folder has two writers."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.errors import FolderInUseError
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.journal import ONLY_IN_THE_MAIN_PROCESS, JournalWriter, read_journal
from mle_toolbox.log.run_record import RunRecord, write_run_record


def test_two_writers_of_one_process_are_refused(journal: Path) -> None:
    first = JournalWriter(journal, ["t"], ["x"])

    with pytest.raises(FolderInUseError, match="another process is running this seed and writes to this folder"):
        JournalWriter(journal, ["t"], ["x"])

    first.release()
    JournalWriter(journal, ["t"], ["x"]).release()


def test_reading_in_the_writing_process_keeps_the_lock(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 1}, True)

    read = read_journal(journal).n_ticks
    other = subprocess.run([sys.executable, "-c", OPEN, str(journal)], capture_output=True, text=True, check=False)

    writer.release()
    assert read == 1
    assert "FolderInUseError" in other.stderr


OPEN = """
import sys
from pathlib import Path
from mle_toolbox.log.journal import JournalWriter
JournalWriter(Path(sys.argv[1]), ["t"], ["x"])
"""

APPEND = """
import itertools, sys
from pathlib import Path
from mle_toolbox.log.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), ["t"], ["x", "a"])
for number in itertools.count():
    writer.append({"t": number}, {"x": number / 3, "a": [number, -number]}, True)
    if number == 0:
        print("started", flush=True)
"""


def test_a_second_process_is_refused_and_told_who_writes(journal: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", APPEND, str(journal)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        record = RunRecord(status="running", host="node7", pid=process.pid, start="2024-05-01T12:00:00Z")
        write_run_record(SeedFolder(journal.parent), record)

        with pytest.raises(
            FolderInUseError,
            match=f"process {process.pid} on node7, started 2024-05-01T12:00:00Z, is running this seed and writes to "
            "this folder. Wait until it ends, stop it, or give this run another -exp_dir.",
        ):
            JournalWriter(journal, ["t"], ["x"])
    finally:
        process.kill()
        process.communicate()

    JournalWriter(journal, ["t"], ["x"]).release()


@pytest.mark.slow
def test_no_tick_is_lost_or_wrong_when_the_writer_is_killed(journal: Path) -> None:
    pause = random.Random(3)
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", APPEND, str(journal)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause.uniform(0.0, 0.05))
        live = read_journal(journal)
        process.send_signal(signal.SIGKILL)
        process.communicate()

        log = read_journal(journal)

        assert live.damage is None
        assert 1 <= live.n_ticks <= log.n_ticks
        number = np.arange(log.n_ticks)
        np.testing.assert_array_equal(log.columns["t"], number)
        np.testing.assert_array_equal(log.columns["x"], number / 3)
        np.testing.assert_array_equal(log.columns["a"], np.stack([number, -number], axis=1))


FILL = """
import resource, sys
from pathlib import Path
from mle_toolbox.log.journal import ONLY_IN_THE_MAIN_PROCESS, JournalWriter, read_journal
path = Path(sys.argv[1])
writer = JournalWriter(path, ["t"], ["x"])
save = sys.argv[2] == "save"
writer.append({"t": 0}, {"x": 0.0}, True)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, resource.RLIM_INFINITY))
try:
    for number in range(1, 6):
        writer.append({"t": number}, {"x": number / 2}, save)
    writer.flush()
except OSError as error:
    print(f"{type(error).__name__}: {error}")
print(writer.n_ticks, read_journal(path).n_ticks, read_journal(path).damage)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append({"t": 9}, {"x": 9.0}, True)
writer.close()
print(read_journal(path).columns["t"].tolist())
"""


def run_on_a_full_disk(journal: Path, save: str) -> list[str]:
    run = subprocess.run([sys.executable, "-c", FILL, str(journal), save], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def test_a_full_disk_is_said_and_cuts_the_file_back_to_whole_ticks(journal: Path) -> None:
    said, state, ticks = run_on_a_full_disk(journal, "save")

    assert said == (
        "OSError: [Errno 27] File too large: the tick after the first 5 could not be written. Those are kept; free "
        f"some space and start the run again: {str(journal)!r}"
    )
    assert state == "5 5 None"
    assert ticks == "[0, 1, 2, 3, 4, 9]"


def test_on_a_full_disk_what_waits_in_memory_is_not_lost(journal: Path) -> None:
    said, state, ticks = run_on_a_full_disk(journal, "wait")

    assert said.startswith("OSError: [Errno 27]")
    assert state == "6 5 None"
    assert ticks == "[0, 1, 2, 3, 4, 5, 9]"


def test_a_disk_that_is_full_from_the_start_keeps_no_half_header(journal: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from mle_toolbox.log.journal import JournalWriter\n"
        "writer = JournalWriter(Path(sys.argv[1]), ['t'], ['x'])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        "try: writer.append({'t': 0}, {'x': [1, 2]}, True)\n"
        "except OSError as error: print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "writer.append({'t': 0}, {'x': 1}, True); writer.close()\n"
    )

    run = subprocess.run([sys.executable, "-c", script, str(journal)], capture_output=True, text=True, check=True)

    assert "File too large: the tick after the first 0 could not be written" in run.stdout
    assert read_journal(journal).columns["x"].tolist() == [1]


def test_a_forked_child_cannot_log_and_does_not_free_the_folder(journal: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from mle_toolbox.log.journal import JournalWriter\n"
        "path = Path(sys.argv[1]); writer = JournalWriter(path, ['t'], ['x'])\n"
        "writer.append({'t': 0}, {'x': 0}, True); writer.append({'t': 1}, {'x': 1}, False)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try: writer.append({'t': 5}, {'x': 5}, True)\n"
        "    except Exception as error: print(error, flush=True)\n"
        "    writer.flush(); writer.close(); writer.release(); os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "import subprocess\n"
        f"other = subprocess.run([sys.executable, '-c', {OPEN!r}, sys.argv[1]], capture_output=True, text=True)\n"
        "print('FolderInUseError' in other.stderr)\n"
        "writer.close()\n"
    )

    run = subprocess.run([sys.executable, "-c", script, str(journal)], capture_output=True, text=True, check=True)

    refusal, locked = run.stdout.splitlines()
    assert refusal == f"update_log() is called in a worker process. {ONLY_IN_THE_MAIN_PROCESS}"
    assert locked == "True"
    assert read_journal(journal).columns["x"].tolist() == [0, 1]


# Alone in a process, because an exception that is raised inside a callback of the garbage collector is lost.
INTERRUPT = """
import random, signal, sys
from pathlib import Path
from mle_toolbox.log.journal import JournalWriter

class Interruption(BaseException):
    pass

def interrupt(*_):
    raise Interruption

signal.signal(signal.SIGALRM, interrupt)
writer = JournalWriter(Path(sys.argv[1]), ["t"], ["x"])
rng, interrupted, number = random.Random(1), 0, 0
while interrupted < 200:
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(5e-6, 1e-4))
        while True:
            writer.append({"t": number}, {"x": number}, number % 3 == 0)
            number = writer.n_ticks
    except Interruption:
        interrupted += 1
        number = writer.n_ticks
writer.close()
print(writer.n_ticks)
"""


def test_a_signal_handler_that_raises_leaves_no_half_counted_tick(journal: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPT, str(journal)], capture_output=True, text=True, check=True, timeout=60
    )

    log = read_journal(journal)
    assert (log.damage, log.n_ticks) == (None, int(run.stdout))
    np.testing.assert_array_equal(log.columns["x"], np.arange(log.n_ticks))
