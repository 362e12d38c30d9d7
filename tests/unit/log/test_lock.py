"""Who holds a file, asked without disturbing anybody."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mle_toolbox.log.held_file import hold, is_held_here, is_locked, read_bytes

HOLD = """
import sys
from pathlib import Path
from mle_toolbox.log.held_file import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def holder(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the file."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_a_file_that_nobody_holds_is_free(file: Path) -> None:
    assert not is_locked(file)
    assert not is_locked(file.with_name("missing"))
    assert not is_held_here(file)


def test_a_file_that_this_process_holds_is_locked_until_released(file: Path) -> None:
    held = hold(file)
    during = is_locked(file), is_held_here(file)
    held.release()
    held.release()

    assert during == (True, True)
    assert not is_locked(file)


def test_a_file_that_another_process_holds_is_locked(file: Path, holder: subprocess.Popen[str]) -> None:
    assert is_locked(file)
    assert not is_held_here(file)
    with pytest.raises(BlockingIOError, match="held by another process"):
        hold(file)


def test_a_killed_process_holds_nothing(file: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()

    assert not is_locked(file)
    hold(file).release()


def test_asking_never_takes_the_lock_from_its_holder(file: Path, holder: subprocess.Popen[str]) -> None:
    for _ in range(10):
        assert is_locked(file)
        assert read_bytes(file) == b"content"

    with pytest.raises(BlockingIOError, match="held by another process"):
        hold(file)


def test_asking_about_our_own_file_under_another_name_keeps_it(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    held = hold(file)

    assert is_locked(link)
    assert read_bytes(link) == b"content"

    other = subprocess.run([sys.executable, "-c", HOLD, str(file)], capture_output=True, text=True, input="")
    assert "BlockingIOError" in other.stderr
    held.release()


def test_holding_changes_nothing_and_makes_what_is_missing(file: Path) -> None:
    hold(file).release()
    hold(file.with_name("new")).release()

    assert file.read_bytes() == b"content"
    assert file.with_name("new").read_bytes() == b""


def test_a_file_system_without_locks_is_said_and_trusts_the_record(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", no_locks)
    monkeypatch.setattr(fcntl, "fcntl", no_locks)

    with pytest.warns(RuntimeWarning, match="this file system has no locks"):
        held = hold(file)
    held.release()

    assert is_locked(file)
