"""A script, or a library, may close descriptors that are not its own; their numbers are soon those of other files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mle_toolbox.errors import LogError
from mle_toolbox.log.held_file import is_held_here, read_bytes
from mle_toolbox.log.journal import JournalWriter, read_journal

CLOSED = r"journal.bin cannot be written any more: the script, or a library that it uses, closed the file"
OTHER = b"not ours: " + bytes(range(256))


@pytest.fixture
def writer(tmp_path: Path) -> JournalWriter:
    """A writer that has saved one tick."""
    made = JournalWriter(tmp_path / "journal.bin", ["t"], ["x"])
    made.append({"t": 1}, {"x": 0.5}, save=True)
    return made


@pytest.fixture
def other(writer: JournalWriter, tmp_path: Path) -> Iterator[int]:
    """A file of somebody else that has the number which the journal had."""
    (tmp_path / "other.bin").write_bytes(OTHER)
    opened = os.open(tmp_path / "other.bin", os.O_RDWR)
    number = descriptor_of(tmp_path / "journal.bin")
    os.dup2(opened, number)
    os.close(opened)
    yield number
    os.close(number)
    assert (tmp_path / "other.bin").read_bytes() == OTHER


def log_two(writer: JournalWriter, save: bool) -> None:
    for tick in (2, 3):
        writer.append({"t": tick}, {"x": 0.5}, save=save)
    writer.flush()


def descriptor_of(path: Path) -> int:
    status = path.stat()
    for number in range(3, 1024):
        try:
            if os.path.samestat(os.fstat(number), status):
                return number
        except OSError:
            continue
    raise AssertionError(f"{path} is not open")


@pytest.mark.parametrize("save", [True, False])
def test_tick_is_not_written_into_the_file_of_another(writer: JournalWriter, other: int, save: bool) -> None:
    with pytest.raises(LogError, match=CLOSED):
        log_two(writer, save)
    writer.release()

    assert read_journal(writer.path).columns["t"].tolist() == [1]
    assert not is_held_here(writer.path)


@pytest.mark.parametrize("end", ["flush", "finish", "close", "release"])
def test_the_file_of_another_is_neither_cut_nor_closed(writer: JournalWriter, other: int, end: str) -> None:
    getattr(writer, end)()
    writer.release()

    assert os.fstat(other).st_size == len(OTHER)
    assert read_bytes(writer.path) == writer.path.read_bytes()


def test_journal_is_not_begun_in_the_file_of_another(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.bin", ["t"], ["x"])
    os.close(descriptor_of(writer.path))

    with pytest.raises(LogError, match=CLOSED):
        writer.append({"t": 1}, {"x": 0.5}, save=True)
    with pytest.raises(LogError, match=CLOSED):
        writer.rewind(0)


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of jax, where another test has loaded it
def test_forked_child_leaves_the_file_of_another_open(writer: JournalWriter, other: int) -> None:
    child = os.fork()
    if child == 0:
        os._exit(os.fstat(other).st_size % 251)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == len(OTHER) % 251
