"""Two drivers of one experiment, on one machine or two: the second is refused, what is dead is no hindrance."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mle_toolbox.drive.lock import Holder, current_holder, driver_lock, is_driven
from mle_toolbox.errors import FolderInUseError

# What `mle run` does with its lock: it signs, starts a Snakemake that inherits the lock, and signs again.
DRIVER = """
import pathlib, platform, subprocess, sys
platform.node = lambda: sys.argv[2]
from mle_toolbox.drive.lock import driver_lock
with driver_lock(pathlib.Path(sys.argv[1]), lambda holder: None) as lock:
    how = {"stdout": subprocess.DEVNULL, "pass_fds": (lock.descriptor,), "start_new_session": True}
    snakemake = subprocess.Popen(["sleep", "60"], **how)
    lock.sign(snakemake=snakemake.pid)
    print(snakemake.pid, flush=True)
    snakemake.wait()
"""
HERE = platform.node()


@contextmanager
def driving(folder: Path, host: str = HERE) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A driver that goes on until it is killed, and the process id of its Snakemake."""
    process = subprocess.Popen([sys.executable, "-c", DRIVER, str(folder), host], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    snakemake = int(process.stdout.readline())
    try:
        yield process, snakemake
    finally:
        process.kill()
        process.communicate()
        end(snakemake)


def end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def freed_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a process that was killed, which has it for a moment more."""
    deadline = time.monotonic() + 60
    while is_driven(folder):
        assert time.monotonic() < deadline, "the lock is not free"
        time.sleep(0.01)
    with driver_lock(folder, fail_when_waiting):
        yield


def fail_when_waiting(_: Holder) -> None:
    pytest.fail("there is nobody to wait for")


@pytest.mark.parametrize("host", [HERE, "node7"])
def test_a_second_driver_is_refused_with_who_where_and_since_when(tmp_path: Path, host: str) -> None:
    folder = tmp_path / "experiments" / ".driver"
    with driving(folder, host) as (first, _):
        by = rf"process {first.pid} on {re.escape(host)} since \d{{4}}-"
        said = rf"experiments: this experiment is already being run by {by}"

        with pytest.raises(FolderInUseError, match=said), driver_lock(folder, fail_when_waiting):
            pass


@pytest.mark.parametrize("host", [HERE, "node7"])
def test_the_lock_of_a_dead_driver_on_whatever_machine_is_taken_without_asking(tmp_path: Path, host: str) -> None:
    with driving(tmp_path, host) as (first, snakemake):
        end(snakemake)
        first.kill()
        first.wait()

    with freed_lock(tmp_path):
        signed = (tmp_path / "lock").read_text()
    assert f'"pid": {os.getpid()}' in signed
    assert (tmp_path / "lock").read_text() == ""


def test_who_holds_a_lock_can_be_read_at_any_moment(tmp_path: Path) -> None:
    path, ended = tmp_path / "lock", threading.Event()
    torn: list[bytes] = []

    def read() -> None:
        while not ended.is_set():
            if current_holder(tmp_path) is None:
                torn.append(path.read_bytes())

    with driver_lock(tmp_path, fail_when_waiting) as lock:
        reader = threading.Thread(target=read)
        reader.start()
        for number in range(2000):
            lock.sign(snakemake=None if number % 2 else 10**9)
        ended.set()
        reader.join()

    assert torn == []


def test_the_snakemake_that_a_killed_driver_has_left_is_waited_for(tmp_path: Path) -> None:
    waited: list[int] = []
    with driving(tmp_path) as (first, snakemake):
        first.kill()
        first.wait()

        def after_a_while(holder: Holder) -> None:
            assert (holder.pid, holder.snakemake) == (first.pid, snakemake)
            waited.append(holder.pid)
            if len(waited) == 3:
                end(snakemake)

        with driver_lock(tmp_path, after_a_while):
            pass

    assert len(waited) >= 3


def test_whether_a_driver_of_another_machine_lives_is_not_guessed_from_here(tmp_path: Path) -> None:
    with driving(tmp_path, "node7") as (first, snakemake):
        first.kill()
        first.wait()

        with (
            pytest.raises(FolderInUseError, match=f"process {first.pid} on node7 since"),
            driver_lock(tmp_path, fail_when_waiting),
        ):
            pass

        end(snakemake)
        with freed_lock(tmp_path):
            pass


@pytest.mark.parametrize("content", [b"", b"\xff{", b'{"pid": "x"}', b"[1]", b'{"host": 5, "pid": [], "since": 1}'])
def test_what_stands_in_a_lock_that_nobody_holds_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)

    with driver_lock(tmp_path, fail_when_waiting):
        assert b'"pid"' in (tmp_path / "lock").read_bytes()


@pytest.mark.parametrize("content", [b"", b"\xff{", b'{"pid": "x"}', b"[1]", b'{"host": 5, "pid": [], "since": 1}'])
def test_a_held_lock_whose_holder_cannot_be_read_is_refused_all_the_same(tmp_path: Path, content: bytes) -> None:
    with driving(tmp_path, "node7"):
        (tmp_path / "lock").write_bytes(content)

        with pytest.raises(FolderInUseError, match="is already being run by"), driver_lock(tmp_path, fail_when_waiting):
            pass
