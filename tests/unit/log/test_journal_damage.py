"""A damaged journal never gives a wrong number."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.log_data import LogData


def write(path: Path, metrics: list[dict[str, Any]]) -> None:
    writer = JournalWriter(path, ["t"], list(metrics[0]))
    for number, each in enumerate(metrics):
        writer.append({"t": number}, each, True)
    writer.close()


@pytest.fixture(scope="module")
def small_journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, LogData]:
    path = tmp_path_factory.mktemp("small") / "journal.bin"
    write(path, [{"x": number / 3, "n": number * 7, "a": [number, 1]} for number in range(6)])
    return path.read_bytes(), read_journal(path)


def assert_prefix(log: LogData, truth: LogData) -> None:
    for name, column in log.columns.items():
        np.testing.assert_array_equal(column, truth.columns[name][: log.n_ticks])


@pytest.mark.slow
def test_a_journal_cut_off_anywhere_reads_as_its_whole_ticks(
    journal: Path, small_journal: tuple[bytes, LogData]
) -> None:
    content, truth = small_journal
    row = 4 + 8 * 5 + 4
    header = len(content) - 6 * row

    for size in range(len(content) + 1):
        journal.write_bytes(content[:size])
        log = read_journal(journal)

        assert log.n_ticks == max(0, (size - header) // row)
        assert_prefix(log, truth)
        whole = size == 0 or (size >= header and (size - header) % row == 0)
        assert (log.damage is None) == whole


@pytest.mark.slow
def test_a_flipped_bit_never_gives_a_wrong_number(journal: Path, small_journal: tuple[bytes, LogData]) -> None:
    content, truth = small_journal
    rng = random.Random(7)

    for _ in range(600):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        journal.write_bytes(damaged)
        try:
            log = read_journal(journal)
        except ResultsError:
            assert damaged[:8] != content[:8]
            continue

        assert log.damage is not None
        assert str(journal) in log.damage
        assert log.n_ticks < truth.n_ticks
        assert_prefix(log, truth)


def test_damage_in_the_middle_says_how_much_is_left_out(journal: Path, small_journal: tuple[bytes, LogData]) -> None:
    content, _ = small_journal
    damaged = bytearray(content)
    damaged[-3 * 48 + 5] ^= 1
    journal.write_bytes(damaged)

    log = read_journal(journal)

    assert log.n_ticks == 3
    assert log.damage == (f"{journal}: tick 4 of 6 does not match its checksum; it and the 2 after it are left out.")


def test_a_stretch_of_zeros_is_no_tick(journal: Path, small_journal: tuple[bytes, LogData]) -> None:
    content, _ = small_journal
    journal.write_bytes(content[:-48] + bytes(48))

    log = read_journal(journal)

    assert log.n_ticks == 5
    assert log.damage == f"{journal}: tick 6 of 6 does not match its checksum; it is left out."


def test_rows_in_the_wrong_place_are_noticed(journal: Path, small_journal: tuple[bytes, LogData]) -> None:
    content, _ = small_journal
    journal.write_bytes(content[: -2 * 48] + content[-48:] + content[-2 * 48 : -48])

    assert read_journal(journal).n_ticks == 4


def test_a_torn_tail_of_a_journal_that_is_being_written_is_no_damage(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 0}, True)
    writer.append({"t": 1}, {"x": 1}, True)
    os.truncate(journal, journal.stat().st_size - 3)

    running = read_journal(journal)
    writer.release()
    ended = read_journal(journal)

    assert (running.n_ticks, running.damage) == (1, None)
    assert ended.damage == f"{journal}: the last tick is torn (19 of 22 bytes) and is left out."


def test_a_file_that_is_no_journal_is_refused(journal: Path) -> None:
    journal.write_bytes(b"something else")

    with pytest.raises(ResultsError, match="is not a journal of mle-toolbox: it does not begin with 'MLEJRNL1'"):
        read_journal(journal)


def test_a_journal_of_a_newer_version_asks_for_an_upgrade(journal: Path) -> None:
    journal.write_bytes(b"MLEJRNL2 and so on")

    with pytest.raises(ResultsError, match="made by a newer version of mle-toolbox"):
        read_journal(journal)
