"""A finished log appears whole or not at all, however often its making is interrupted."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mle_toolbox.errors import FolderInUseError, ResultsError
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log


def log_ticks(folder: SeedFolder, n_ticks: int = 4) -> None:
    writer = JournalWriter(folder.journal, ["t"], ["x"], {"seed": 3, "note": "old"})
    for number in range(n_ticks):
        writer.append({"t": number}, {"x": number / 3}, True)
    writer.close()
    write_run_record(folder, RunRecord(seed=3))


def files(folder: SeedFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir() if path != folder.done}


def test_a_run_that_ended_well_leaves_its_log_and_its_record(folder: SeedFolder) -> None:
    log_ticks(folder)
    folder.checkpoint.touch()

    prepare_log(folder, {"note": "new", "packages": {"numpy": "2"}}, n_ticks=4)
    prepared = files(folder)
    commit_log(folder, RunRecord(seed=3, exit_status=0, ticks=4))

    log = read_log(folder.log)
    assert prepared == {"journal.bin", "log.h5.ready", "run.json", "checkpoint.pkl"}
    assert files(folder) == {"log.h5", "run.json"}
    assert log.attributes == {"seed": 3, "note": "new", "packages": {"numpy": "2"}}
    np.testing.assert_array_equal(log.columns["x"], np.arange(4) / 3)
    assert read_run_record(folder) == RunRecord(status="done", seed=3, exit_status=0, ticks=4)
    assert run_status(folder) == "done"


def test_both_steps_may_be_repeated(folder: SeedFolder) -> None:
    log_ticks(folder)

    prepare_log(folder, {})
    prepare_log(folder, {})
    commit_log(folder, RunRecord())
    commit_log(folder, RunRecord())

    assert files(folder) == {"log.h5", "run.json"}


def test_committing_goes_on_where_it_was_interrupted(folder: SeedFolder) -> None:
    log_ticks(folder)
    folder.checkpoint.touch()
    prepare_log(folder, {})
    folder.ready_log.rename(folder.log)
    interrupted = run_status(folder)

    commit_log(folder, RunRecord())

    assert interrupted == "done"
    assert files(folder) == {"log.h5", "run.json"}
    assert read_log(folder.log).n_ticks == 4


def test_the_log_of_an_earlier_run_is_replaced_only_by_the_commit(folder: SeedFolder) -> None:
    log_ticks(folder, n_ticks=2)
    prepare_log(folder, {})
    commit_log(folder, RunRecord())

    log_ticks(folder, n_ticks=5)
    prepare_log(folder, {})
    before = read_log(folder.log).n_ticks
    commit_log(folder, RunRecord())

    assert (before, read_log(folder.log).n_ticks) == (2, 5)


def test_preparing_works_while_the_writer_is_open(folder: SeedFolder) -> None:
    writer = JournalWriter(folder.journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 1}, False)
    writer.flush()

    prepare_log(folder, {}, writer.n_ticks)
    commit_log(folder, RunRecord())
    writer.close()

    assert read_log(folder.log).n_ticks == 1


def test_ticks_that_were_not_written_are_never_sealed_away(folder: SeedFolder) -> None:
    writer = JournalWriter(folder.journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 1}, True)
    writer.append({"t": 1}, {"x": 2}, False)

    with pytest.raises(ResultsError, match="has 1 ticks, this run has logged 2"):
        prepare_log(folder, {}, writer.n_ticks)

    writer.release()
    assert not folder.ready_log.exists()


def test_a_damaged_journal_is_never_sealed(folder: SeedFolder) -> None:
    log_ticks(folder)
    content = bytearray(folder.journal.read_bytes())
    content[-30] ^= 1
    folder.journal.write_bytes(content)

    with pytest.raises(ResultsError, match=r"does not match its checksum.* so the run is not finished"):
        prepare_log(folder, {})

    assert files(folder) == {"journal.bin", "run.json"}


def test_a_missing_journal_is_said(folder: SeedFolder) -> None:
    with pytest.raises(ResultsError, match="there is no journal to make the log from"):
        prepare_log(folder, {})


def test_committing_what_was_not_prepared_is_refused(folder: SeedFolder) -> None:
    log_ticks(folder)

    with pytest.raises(ResultsError, match=r"there is no log to finish, log.h5.ready is missing"):
        commit_log(folder, RunRecord())

    assert files(folder) == {"journal.bin", "run.json"}
    assert run_status(folder) == "died"


def test_a_run_without_ticks_has_an_empty_log(folder: SeedFolder) -> None:
    log_ticks(folder, n_ticks=0)

    prepare_log(folder, {}, n_ticks=0)

    log = read_log(folder.ready_log)
    assert (log.n_ticks, log.names) == (0, ("t", "x"))


@pytest.mark.parametrize("limit", [0, 100, 2000, 4000, 8000])
def test_a_full_disk_leaves_the_journal_and_no_half_log(folder: SeedFolder, limit: int) -> None:
    log_ticks(folder, n_ticks=500)
    script = (
        "import resource, sys; from pathlib import Path; from mle_toolbox.layout import SeedFolder\n"
        "from mle_toolbox.log.sealing import prepare_log; import mle_toolbox.log.hdf5\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "try: prepare_log(SeedFolder(Path(sys.argv[1])), {})\n"
        "except OSError as error: print(error)\n"
    )

    command = [sys.executable, "-c", script, str(folder.path), str(limit)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)

    assert "File too large" in run.stdout
    assert files(folder) == {"journal.bin", "run.json"}


def test_a_new_run_of_the_seed_is_not_disturbed_by_a_late_commit(folder: SeedFolder) -> None:
    log_ticks(folder)
    prepare_log(folder, {})
    script = (
        "import sys; from pathlib import Path; from mle_toolbox.log.journal import JournalWriter\n"
        "writer = JournalWriter(Path(sys.argv[1]), ['t'], ['x'])\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder.journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()

        with pytest.raises(FolderInUseError, match="another run of this seed has started"):
            commit_log(folder, RunRecord())
    finally:
        process.kill()
        process.communicate()

    assert folder.journal.exists()
    assert not folder.log.exists()


def test_committing_needs_the_standard_library_only(folder: SeedFolder) -> None:
    log_ticks(folder)
    prepare_log(folder, {})
    script = (
        "import sys; from pathlib import Path; from mle_toolbox.layout import SeedFolder\n"
        "from mle_toolbox.log.run_record import RunRecord\n"
        "from mle_toolbox.log.sealing import commit_log\n"
        "commit_log(SeedFolder(Path(sys.argv[1])), RunRecord()); print({'numpy', 'h5py'} & set(sys.modules))\n"
    )

    run = subprocess.run([sys.executable, "-c", script, str(folder.path)], capture_output=True, text=True, check=True)

    assert run.stdout == "set()\n"
    assert files(folder) == {"log.h5", "run.json"}


# The moment of the kill is a part of the time that the same steps need undisturbed.
KILL = """
import os, shutil, sys, threading, time
from pathlib import Path
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log

def seal(folder):
    start = time.perf_counter()
    prepare_log(folder, {})
    commit_log(folder, RunRecord())
    return time.perf_counter() - start

folder, part = Path(sys.argv[1]), float(sys.argv[2])
for name in ("warm", "measured"):
    shutil.copytree(folder, folder.parent / name, dirs_exist_ok=True)
    delay = part * seal(SeedFolder(folder.parent / name))
threading.Thread(target=lambda: (time.sleep(delay), os.kill(os.getpid(), 9)), daemon=True).start()
seal(SeedFolder(folder))
"""


@pytest.mark.slow
def test_killed_anywhere_the_same_steps_finish_the_log(folder: SeedFolder) -> None:
    for part in range(12):
        for path in folder.path.iterdir():
            path.unlink()
        log_ticks(folder)
        subprocess.run([sys.executable, "-c", KILL, str(folder.path), str(part / 10)], check=False)

        if not folder.log.exists():
            prepare_log(folder, {}, n_ticks=4)
        commit_log(folder, RunRecord())

        assert run_status(folder) == "done"
        np.testing.assert_array_equal(read_log(folder.log).columns["x"], np.arange(4) / 3)
        assert not folder.journal.exists()
