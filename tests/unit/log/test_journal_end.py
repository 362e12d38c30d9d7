"""The last tick of a journal, beside what reading all of it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.journal_end import JournalEnd, LastTick


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


@contextmanager
def writer(path: Path, *, keep: int = 0) -> Iterator[JournalWriter]:
    made = JournalWriter(path, ["step"], ["loss", "hist", "best"])
    if keep:
        made.rewind(keep)
    try:
        yield made
    finally:
        made.close()


def tick(into: JournalWriter, step: int) -> None:
    into.append({"step": step}, {"loss": 1 / (step + 1), "hist": np.arange(3), "best": None}, save=True)


def test_the_last_tick_is_that_of_the_whole_journal(path: Path) -> None:
    with writer(path) as journal:
        for step in range(5):
            tick(journal, step)

    assert JournalEnd(path).look() == LastTick(5, {"step": 4, "loss": 0.2})
    assert read_journal(path).n_ticks == 5


def test_a_journal_that_is_not_there_or_has_no_ticks_has_no_last_one(path: Path) -> None:
    end = JournalEnd(path)

    assert end.look() is None
    with writer(path):
        pass
    assert end.look() is None


def test_ticks_of_a_continued_attempt_and_of_added_metrics_are_counted_on(path: Path) -> None:
    end = JournalEnd(path)
    with writer(path) as journal:
        for step in range(5):
            tick(journal, step)
    assert end.look() == LastTick(5, {"step": 4, "loss": 0.2})

    with writer(path, keep=3) as journal:
        for step in range(3, 9):
            tick(journal, step)
            if step == 6:
                journal.add_metrics(["accuracy"])
    seen = end.look()

    assert seen == JournalEnd(path).look() == LastTick(9, {"step": 8, "loss": 1 / 9})
    assert seen is not None
    assert seen.number == read_journal(path).n_ticks


def test_a_segment_that_was_cut_off_again_does_not_count(path: Path) -> None:
    end = JournalEnd(path)
    with writer(path) as journal:
        for step in range(5):
            tick(journal, step)
        journal.add_metrics(["accuracy"])
        tick(journal, 5)
    assert end.look() == LastTick(6, {"step": 5, "loss": 1 / 6})

    with writer(path, keep=2) as journal:
        for step in range(2, 40):
            tick(journal, step)

    assert end.look() == JournalEnd(path).look() == LastTick(40, {"step": 39, "loss": 1 / 40})


def test_a_row_that_is_being_written_does_not_count_yet(path: Path) -> None:
    with writer(path) as journal:
        for step in range(3):
            tick(journal, step)
    with path.open("ab") as file:
        file.write(b"\1" * 7)

    assert JournalEnd(path).look() == LastTick(3, {"step": 2, "loss": 1 / 3})


def test_a_damaged_row_does_not_count(path: Path) -> None:
    with writer(path) as journal:
        for step in range(3):
            tick(journal, step)
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)

    assert JournalEnd(path).look() == LastTick(2, {"step": 1, "loss": 0.5})


def test_something_else_has_no_last_tick(path: Path) -> None:
    path.write_bytes(b"no journal, but longer than a magic number")

    assert JournalEnd(path).look() is None


def test_looking_at_a_journal_of_this_process_leaves_its_lock(path: Path) -> None:
    other = "import sys; from mle_toolbox.log.held_file import is_locked; from pathlib import Path; "
    with writer(path) as journal:
        tick(journal, 0)
        assert JournalEnd(path).look() == LastTick(1, {"step": 0, "loss": 1.0})

        asked = subprocess.run(
            [sys.executable, "-c", other + "print(is_locked(Path(sys.argv[1])))", path], capture_output=True, text=True
        )

    assert asked.stdout == "True\n"
