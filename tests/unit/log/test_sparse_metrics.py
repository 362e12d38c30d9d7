"""A metric that is measured at some ticks only: in the journal, and told apart from a NaN everywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import LogError
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.log_data import LogData

SCALARS = {"x": st.floats(), "n": st.integers(-(2**63), 2**63 - 1), "b": st.booleans()}
ARRAY = st.lists(st.integers(-9, 9), min_size=2, max_size=2)
VALUES = {**SCALARS, "a": ARRAY, "c": st.floats()}


@st.composite
def ticks(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What up to ten ticks measure; ``c`` never comes."""
    measured = st.sets(st.sampled_from(["x", "n", "b", "a"]), min_size=1)
    return [{name: draw(VALUES[name]) for name in draw(measured)} for _ in range(draw(st.integers(1, 10)))]


def log_ticks(writer: JournalWriter, given_ticks: list[dict[str, Any]], saves: list[bool], with_none: bool) -> None:
    for tick, save in zip(given_ticks, saves, strict=True):
        gaps = dict.fromkeys(VALUES) if with_none else {}
        writer.append({"t": writer.n_ticks}, {**gaps, **tick}, save)


def assert_holds(log: LogData, logged: list[dict[str, Any]]) -> None:
    assert (log.n_ticks, log.damage) == (len(logged), None)
    for name in VALUES:
        there = [name in tick for tick in logged]
        values = [tick[name] for tick in logged if name in tick]
        assert log.measured(name).tolist() == there
        np.testing.assert_array_equal(log.columns[name][log.measured(name)], np.array(values))
        assert log.columns[name].dtype.kind == ({"n": "i", "b": "b", "a": "i"}.get(name, "f") if any(there) else "f")
    never = [name for name in VALUES if logged and not any(name in tick for tick in logged)]
    assert log.remarks == tuple(f"{name!r} was not measured at any tick." for name in VALUES if name in never)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_ticks_are_read_as_they_were_logged_also_behind_a_rewind(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sparse") / "journal.bin"
    first, more = data.draw(ticks()), data.draw(ticks())
    saves = data.draw(st.lists(st.booleans(), min_size=20, max_size=20))
    kept = data.draw(st.integers(0, len(first)))
    writer = JournalWriter(path, ["t"], list(VALUES), {"seed": 1})
    log_ticks(writer, first, saves[: len(first)], data.draw(st.booleans()))
    writer.close()
    assert_holds(read_journal(path), first)

    again = JournalWriter(path, ["t"], list(VALUES), {"seed": 2})
    again.rewind(kept)
    log_ticks(again, more, saves[: len(more)], data.draw(st.booleans()))
    again.close()

    log = read_journal(path)
    assert_holds(log, first[:kept] + more)
    assert log.columns["t"].tolist() == list(range(kept + len(more)))
    write_log(path.with_name("log.h5"), log)
    in_hdf5 = read_log(path.with_name("log.h5"))
    assert_holds(in_hdf5, first[:kept] + more)


def test_a_metric_that_turns_out_to_be_an_array_late_is_kept_whole(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x", "a"])
    writer.append({"t": 0}, {"x": 1.0}, False)
    writer.append({"t": 1}, {"x": 2.0}, True)
    writer.append({"t": 2}, {"a": [[1, 2], [3, 4]]}, True)
    writer.append({"t": 3}, {"x": 3.0}, True)
    with pytest.raises(LogError, match=r"'a' has shape \(2,\) at this tick and had \(2, 2\) at the first one"):
        writer.append({"t": 4}, {"a": [1, 2]}, True)
    writer.close()

    log = read_journal(journal)

    assert log.columns["a"][log.measured("a")].tolist() == [[[1, 2], [3, 4]]]
    assert log.columns["x"][log.measured("x")].tolist() == [1.0, 2.0, 3.0]
    assert log.measured("a").tolist() == [False, False, True, False]


@pytest.mark.slow
def test_a_journal_of_several_parts_that_is_cut_off_anywhere_reads_as_its_whole_ticks(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x", "a", "b"])
    for number in range(9):
        late = {"a": [number, 1] if number > 2 else None, "b": [0.5] if number > 5 else None}
        writer.append({"t": number}, {"x": number / 3, **late}, True)
    writer.close()
    content, whole = journal.read_bytes(), read_journal(journal)

    lengths = []
    for size in range(len(content) + 1):
        journal.write_bytes(content[:size])
        log = read_journal(journal)
        lengths.append(log.n_ticks)
        assert log.columns.get("t", np.empty(0)).tolist() == list(range(log.n_ticks))
        np.testing.assert_array_equal(log.columns.get("x", np.empty(0)), whole.columns["x"][: log.n_ticks])
        if log.n_ticks:
            assert log.measured("a").tolist() == whole.measured("a")[: log.n_ticks].tolist()

    assert lengths == sorted(lengths)
    assert (lengths[-1], whole.n_ticks) == (9, 9)


@pytest.mark.slow
def test_a_flipped_bit_between_two_parts_is_damage_and_no_wrong_number(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x", "a"])
    for number in range(6):
        writer.append({"t": number}, {"x": number / 3} if number < 3 else {"a": [number, 1]}, True)
    writer.close()
    content, whole = journal.read_bytes(), read_journal(journal)

    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 4
        if damaged[:8] != content[:8]:
            continue
        journal.write_bytes(damaged)
        log = read_journal(journal)
        assert log.damage is not None
        assert log.n_ticks < whole.n_ticks
        np.testing.assert_array_equal(log.columns.get("x", np.empty(0)), whole.columns["x"][: log.n_ticks])


def test_a_first_part_that_cannot_be_written_leaves_the_ticks_before(journal: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from mle_toolbox.log.journal import JournalWriter\n"
        "path = Path(sys.argv[1]); writer = JournalWriter(path, ['t'], ['x', 'a'])\n"
        "writer.append({'t': 0}, {'x': 0.5}, True)\n"
        "size = path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, resource.RLIM_INFINITY))\n"
        "try: writer.append({'t': 1}, {'a': [1, 2]}, True)\n"
        "except OSError as error: print(error.strerror, flush=True)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "writer.append({'t': 1}, {'x': 1.5}, True); writer.append({'t': 2}, {'a': [1, 2]}, True); writer.close()\n"
    )

    command = [sys.executable, "-B", "-c", program, str(journal)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    log = read_journal(journal)
    assert "the tick after the first 1 could not be written" in said
    assert log.columns["x"].tolist()[:2] == [0.5, 1.5]
    assert log.columns["a"][log.measured("a")].tolist() == [[1, 2]]


def test_integers_beyond_what_a_float_holds_stay_exact_beside_gaps(tmp_path: Path) -> None:
    values, gaps = np.array([2**62 + 1, 0, 2**62 + 3]), np.array([False, True, False])
    write_log(tmp_path / "log.h5", LogData(("t",), ("n",), {"t": np.arange(3), "n": values}, absent={"n": gaps}))

    log = read_log(tmp_path / "log.h5")

    assert log.columns["n"][log.measured("n")].tolist() == [2**62 + 1, 2**62 + 3]
    assert log.columns["n"].dtype == np.int64
