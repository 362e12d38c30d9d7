"""What is appended to a journal is what is read from it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import LogError
from mle_toolbox.log.journal import JournalWriter, read_journal

INT64 = st.integers(-(2**63), 2**63 - 1)
COLUMNS = {
    np.float64: st.floats(),
    np.int64: INT64,
    np.uint64: st.integers(2**63, 2**64 - 1),
    np.bool_: st.booleans(),
}


def write(path: Path, metrics: list[dict[str, Any]], *, save: bool = True) -> None:
    """Log the metrics with the number of the tick as time ``t``."""
    writer = JournalWriter(path, ["t"], list(metrics[0]))
    for number, each in enumerate(metrics):
        writer.append({"t": number}, each, save)
    writer.close()


def read_one(path: Path, values: list[Any]) -> Any:
    write(path, [{"x": value} for value in values])
    data = read_journal(path)
    assert data.damage is None
    return data.columns["x"]


@pytest.mark.parametrize("n_names", [3, 150])
def test_names_are_data_and_types_may_change_at_every_tick(journal: Path, n_names: int) -> None:
    hostile = ["it's", 'a "b"', "new\nline", "back\\slash", "{x}", "$(touch x)", "]; import os", "é \u2028", "time"]
    names = [f"{hostile[number % len(hostile)]}{number}" for number in range(n_names)]
    ticks = [
        {name: kind(tick + number) for number, name in enumerate(names)}
        for tick, kind in enumerate([float, float, int, np.float32, float, bool, float])
    ]

    write(journal, ticks)

    columns = read_journal(journal).columns
    for name in names:
        assert columns[name].tolist() == [float(tick[name]) for tick in ticks]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_read_is_what_was_logged(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.bin"
    kinds = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    n_ticks = data.draw(st.integers(1, 12))
    columns = [(kind, data.draw(st.lists(COLUMNS[kind], min_size=n_ticks, max_size=n_ticks))) for kind in kinds]
    saves = data.draw(st.lists(st.booleans(), min_size=n_ticks, max_size=n_ticks))

    writer = JournalWriter(path, ["t"], [f"m{i}" for i in range(len(columns))], {"seed": 3, "none": None})
    for tick in range(n_ticks):
        writer.append({"t": tick}, {f"m{i}": values[tick] for i, (_, values) in enumerate(columns)}, saves[tick])
    writer.close()

    log = read_journal(path)
    assert (log.n_ticks, log.damage, log.remarks) == (n_ticks, None, ())
    assert log.attributes == {"seed": 3, "none": None}
    assert log.columns["t"].tolist() == list(range(n_ticks))
    for i, (dtype, values) in enumerate(columns):
        column = log.columns[f"m{i}"]
        assert column.dtype == dtype
        np.testing.assert_array_equal(column, np.array(values, dtype=dtype))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], np.int64),
        ([1, 2.5], np.float64),
        ([True, 2], np.int64),
        ([True, 0.5], np.float64),
        ([2**63, 1], np.uint64),
        ([2**53, 0.5], np.float64),
        ([math.nan, math.inf, -math.inf, -0.0, 5e-324], np.float64),
        ([2**53 + 1, -(2**63)], np.int64),
        ([np.float32(0.1), np.float16(2), np.float64(3)], np.float64),
        ([np.int8(-1), np.uint32(7), np.int64(2**62)], np.int64),
        ([np.uint64(5), np.uint64(2**64 - 1)], np.uint64),
        ([np.bool_(True), False], np.bool_),
        ([np.array(3), np.array([4])[0]], np.int64),
        ([np.longdouble(1.5)], np.float64),
    ],
)
def test_a_column_gets_the_narrowest_type_that_holds_its_numbers(journal: Path, values: list[Any], dtype: Any) -> None:
    column = read_one(journal, values)

    assert column.dtype == dtype
    np.testing.assert_array_equal(column, np.array([dtype(value) for value in values]))


def test_integers_that_no_common_type_holds_are_rounded_and_said_so(journal: Path) -> None:
    write(journal, [{"x": 2**53 + 1}, {"x": 0.5}])

    log = read_journal(journal)

    assert log.columns["x"].tolist() == [float(2**53), 0.5]
    assert log.remarks == ("'x' mixes floats with integers beyond 2**53; those are rounded to the nearest float64.",)
    assert log.damage is None


def test_negative_and_huge_integers_in_one_column_are_said_to_be_rounded(journal: Path) -> None:
    write(journal, [{"x": -1}, {"x": 2**64 - 1}])

    log = read_journal(journal)

    assert log.columns["x"].tolist() == [-1.0, float(2**64)]
    assert len(log.remarks) == 1


@pytest.mark.parametrize(
    "values",
    [
        [np.arange(6).reshape(2, 3), np.ones((2, 3)) / 3],
        [[1, 2], (3, 4), np.array([5.5, 6])],
        [[[True], [False]]],
        [np.array([2**64 - 1, 0], dtype=np.uint64), [1, 2]],
        [np.arange(6, dtype=np.int16)[::2]],
        [np.ones((2, 2), order="F")],
        [np.zeros((0, 3))],
    ],
)
def test_arrays_of_one_shape_are_kept_exactly(journal: Path, values: list[Any]) -> None:
    column = read_one(journal, values)

    np.testing.assert_array_equal(column, np.array([np.asarray(value) for value in values]))


def test_an_array_may_turn_from_integers_to_floats(journal: Path) -> None:
    column = read_one(journal, [[0, 0], [0.5, 1]])

    assert column.dtype == np.float64
    assert column.tolist() == [[0, 0], [0.5, 1]]


class Tensor:
    """Behaves like a torch tensor that needs a gradient, in bfloat16 if asked."""

    def __init__(self, values: Any, dtype: str = "torch.float32", attached: bool = True) -> None:
        self.values, self.dtype, self.attached = np.asarray(values), dtype, attached

    def detach(self) -> Tensor:
        return Tensor(self.values, self.dtype, attached=False)

    def cpu(self) -> Tensor:
        return self

    def double(self) -> Tensor:
        return Tensor(self.values.astype(np.float64), "torch.float64", self.attached)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.attached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values if dtype is None else self.values.astype(dtype)


@pytest.mark.parametrize(
    "value", [Tensor(0.5), Tensor([0.5, 1.0]), Tensor(0.5, "torch.bfloat16"), [Tensor(0.5), Tensor(1.0)]]
)
def test_tensors_with_a_gradient_are_logged_as_their_values(journal: Path, value: Any) -> None:
    column = read_one(journal, [value])

    expected = [each.values for each in value] if isinstance(value, list) else value.values
    np.testing.assert_array_equal(column, np.array([expected]))


def test_the_callers_dictionaries_are_left_alone(journal: Path) -> None:
    tick, metrics = {"t": 0}, {"x": 1}

    write_twice = JournalWriter(journal, ["t"], ["x"])
    write_twice.append(tick, metrics, False)
    metrics["x"] = 2
    write_twice.append(tick, metrics, True)
    write_twice.close()

    assert (tick, metrics) == ({"t": 0}, {"x": 2})
    assert read_journal(journal).columns["x"].tolist() == [1, 2]


def test_ticks_wait_in_memory_until_one_is_saved(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 0}, True)
    writer.append({"t": 1}, {"x": 1}, False)
    waiting = read_journal(journal).n_ticks

    writer.append({"t": 2}, {"x": 2}, True)

    assert (waiting, writer.n_ticks, read_journal(journal).n_ticks) == (1, 3, 3)
    writer.close()


def test_64_kilobytes_in_memory_are_written_unasked(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])

    for number in range(10_000):
        writer.append({"t": number}, {"x": 0.5}, False)

    assert read_journal(journal).n_ticks >= 10_000 - 65536 // 22 - 1
    writer.release()


def test_what_is_in_the_file_stays_until_the_first_tick(journal: Path) -> None:
    write(journal, [{"x": 1}, {"x": 2}])

    writer = JournalWriter(journal, ["t"], ["y"])
    before = read_journal(journal).n_ticks
    writer.append({"t": 0}, {"y": 3}, True)
    after = read_journal(journal)
    writer.close()

    assert before == 2
    assert (after.metric_names, after.n_ticks) == (("y",), 1)


def test_a_run_that_fails_before_its_first_tick_keeps_what_is_there(journal: Path) -> None:
    write(journal, [{"x": 1}, {"x": 2}])

    JournalWriter(journal, ["t"], ["x"]).release()

    assert read_journal(journal).n_ticks == 2


def test_a_run_that_ends_well_without_a_tick_has_no_ticks(journal: Path) -> None:
    write(journal, [{"x": 1}, {"x": 2}])

    JournalWriter(journal, ["t"], ["x"]).close()

    log = read_journal(journal)
    assert (log.n_ticks, log.names, log.damage) == (0, ("t", "x"), None)


def test_a_journal_that_was_only_opened_has_no_ticks(journal: Path) -> None:
    JournalWriter(journal, ["t"], ["x"]).release()

    log = read_journal(journal)
    assert (log.n_ticks, log.names, log.damage) == (0, (), None)


def test_rewinding_goes_on_behind_the_tick_that_is_kept(journal: Path) -> None:
    write(journal, [{"x": [0, 1]}, {"x": [2, 3]}, {"x": [4, 5]}])

    writer = JournalWriter(journal, ["t"], ["x"])
    writer.rewind(2)
    writer.append({"t": 7}, {"x": [0.5, 9]}, True)
    writer.close()

    log = read_journal(journal)
    assert writer.n_ticks == 3
    assert log.columns["t"].tolist() == [0, 1, 7]
    assert log.columns["x"].tolist() == [[0, 1], [2, 3], [0.5, 9]]


def test_rewinding_to_nothing_starts_anew_with_other_shapes(journal: Path) -> None:
    write(journal, [{"x": [0, 1]}])

    writer = JournalWriter(journal, ["t"], ["x"])
    writer.rewind(0)
    writer.append({"t": 0}, {"x": 1}, True)
    writer.close()

    assert read_journal(journal).columns["x"].tolist() == [1]


def test_rewinding_forgets_what_waits_in_memory(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    for number in range(5):
        writer.append({"t": number}, {"x": number}, number < 3)

    writer.rewind(2)
    writer.append({"t": 9}, {"x": 9}, True)
    writer.close()

    assert read_journal(journal).columns["x"].tolist() == [0, 1, 9]


def test_rewinding_beyond_the_end_is_refused(journal: Path) -> None:
    write(journal, [{"x": 1}, {"x": 2}])
    writer = JournalWriter(journal, ["t"], ["x"])

    with pytest.raises(LogError, match="has 2 whole ticks, so the run cannot continue from tick 3"):
        writer.rewind(3)

    writer.release()
    assert read_journal(journal).n_ticks == 2


def test_rewinding_a_journal_of_other_names_is_refused(journal: Path) -> None:
    write(journal, [{"x": 1}, {"x": 2}])
    writer = JournalWriter(journal, ["t"], ["y"])

    with pytest.raises(
        LogError, match=r"tracks time \['t'\] and metrics \['x'\], this run time \['t'\] and metrics \['y'\]"
    ):
        writer.rewind(1)

    writer.release()


def test_a_closed_journal_takes_no_ticks(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 0}, True)
    writer.close()
    writer.close()
    writer.release()

    with pytest.raises(LogError, match="The log of this run is closed"):
        writer.append({"t": 1}, {"x": 1}, False)

    assert read_journal(journal).n_ticks == 1


def test_logging_plain_numbers_imports_nothing_heavy(journal: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mle_toolbox.log.journal import JournalWriter\n"
        "import mle_toolbox.log.sealing, mle_toolbox.log.run_record\n"
        "writer = JournalWriter(Path(sys.argv[1]), ['t'], ['x'])\n"
        "for i in range(3): writer.append({'t': i}, {'x': i / 2}, True)\n"
        "writer.close(); print({'numpy', 'h5py', 'yaml'} & set(sys.modules))\n"
    )

    run = subprocess.run([sys.executable, "-c", script, str(journal)], capture_output=True, text=True, check=True)

    assert run.stdout == "set()\n"
