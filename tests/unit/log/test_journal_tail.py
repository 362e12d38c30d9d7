"""Journals that grow while somebody looks at them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.journal_tail import JournalTail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


def tick(writer: JournalWriter, number: int, **metrics: float) -> None:
    writer.append({"step": number}, metrics or {"loss": 1.0 / (number + 1)}, save=True)


def joined(tail: JournalTail, name: str) -> list[float]:
    return [value for ticks in tail.read()[1] for value in ticks.columns[name].tolist()]


def test_only_what_was_added_since_the_last_look_is_read(path: Path) -> None:
    writer, tail = JournalWriter(path, ["step"], ["loss"]), JournalTail(path)
    assert tail.read() == (False, [])

    tick(writer, 0)
    tick(writer, 1)
    assert joined(tail, "step") == [0, 1]
    tick(writer, 2)

    assert joined(tail, "step") == [2]
    assert tail.n_ticks == 3
    assert tail.read() == (False, [])
    writer.close()


@given(cuts=st.lists(st.integers(1, 400), max_size=12))
def test_a_file_that_grows_by_any_pieces_is_read_as_if_at_once(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    whole, growing = folder / "whole.bin", folder / "journal.bin"
    writer = JournalWriter(whole, ["step"], ["loss"])
    for number in range(20):
        tick(writer, number)
    writer.add_metrics(["accuracy"])
    for number in range(20, 30):
        tick(writer, number, loss=0.5, accuracy=number)
    writer.close()
    content, tail = whole.read_bytes(), JournalTail(growing)
    steps: list[float] = []

    with growing.open("wb", buffering=0) as file:
        for size in [*cuts, len(content)]:
            file.write(content[file.tell() : file.tell() + size])
            steps += joined(tail, "step")

    assert steps == list(range(30))


def test_a_run_that_begins_again_is_recognised_at_any_size(path: Path) -> None:
    writer, tail = JournalWriter(path, ["step"], ["loss"]), JournalTail(path)
    for number in range(3):
        tick(writer, number)
    tail.read()
    writer.rewind(0)
    for number in range(10, 15):
        tick(writer, number)

    again, ticks = tail.read()

    assert again
    assert [value for each in ticks for value in each.columns["step"]] == [10, 11, 12, 13, 14]
    writer.close()


def test_what_was_not_measured_is_marked_and_arrays_are_left_out(path: Path) -> None:
    writer = JournalWriter(path, ["step"], ["loss", "weights"])
    writer.append({"step": 0}, {"loss": None, "weights": np.zeros(3)}, save=True)
    writer.append({"step": 1}, {"loss": 2}, save=True)

    (ticks,) = JournalTail(path).read()[1]

    assert ticks.columns.keys() == {"step", "loss"}
    assert ticks.absent["loss"].tolist() == [True, False]
    assert ticks.columns["loss"][1] == 2
    writer.close()


def test_a_file_that_is_no_journal_has_no_ticks(path: Path) -> None:
    path.write_text("[red] something else altogether")

    assert JournalTail(path).read() == (False, [])
