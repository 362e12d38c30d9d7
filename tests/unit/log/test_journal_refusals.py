"""What a journal refuses, it refuses by name, and goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import LogError
from mle_toolbox.log.journal import JournalWriter, read_journal


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, r"This tick has no metric: all of what_to_track, \['x'\], is None. A tick has at least one metric"),
        ("0.5", "'x' must be a number or an array of numbers, found str. Print text, or store it with save_extra"),
        (1j, "found complex. Log its real and its imaginary part under two names."),
        (Fraction(1, 3), r"found Fraction. Log float\(value\)."),
        ({"a": 1}, "found dict."),
        (object(), "found object."),
        (b"1", "found bytes."),
        ([1, [2, 3]], "found a list that is none: setting an array element with a sequence"),
        ([1, None], "found list of object."),
        (np.array(["a"]), "found ndarray of <U1."),
        (np.array([1j]), "found ndarray of complex128."),
        (np.datetime64("2024-01-01"), r"found datetime64"),
        (np.timedelta64(3, "s"), r"found timedelta64"),
        (np.ma.masked_array([1, 2], [0, 1]), r"'x' is a masked array. Fill the gaps: log value.filled"),
        (2**64, "'x' is 18446744073709551616, an integer that does not fit into 64 bits. Log it as a float."),
        (-(2**63) - 1, "an integer that does not fit into 64 bits"),
        (1 << 1000, "'x' is an integer of 1001 bits"),
        ([2**53 + 1, 0.5], "'x' holds 9007199254740993 beside floats, and no float64 is exactly that."),
        (np.longdouble("1e4000"), "'x' holds a .* that is too large for a float64"),
    ],
)
def test_a_value_that_is_no_number_is_refused_by_name_and_type(journal: Path, value: Any, message: str) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": 0.5}, True)

    with pytest.raises(LogError, match=message):
        writer.append({"t": 1}, {"x": value}, True)

    writer.append({"t": 1}, {"x": 1.5}, True)
    writer.close()
    assert read_journal(journal).columns["x"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("tick", "metrics", "message"),
    [
        ({"t": 0}, {"metrix": 1}, r"'metrix' is not tracked: what_to_track is \['metric1'\]. Did you mean 'metric1'\?"),
        ({"t": 0}, {"metric1": 1, "zzz": 2}, r"'zzz' is not tracked: what_to_track is \['metric1'\].$"),
        ({"T": 0}, {"metric1": 1}, r"'T' is not tracked: time_to_track is \['t'\]. Did you mean 't'\?"),
        ({"t": 0}, {}, r"This tick has no metric: what_to_track is \['metric1'\], and none"),
        ({"t": None}, {"metric1": 1}, "'t' must be a number or an array of numbers, found None"),
        ({}, {"metric1": 1}, "'t' is missing from this tick"),
        ({}, {"metric1": 1, "t": 0}, "'t' is in time_to_track, not in what_to_track: it belongs in the other"),
        ({"t": 0}, {5: 1}, "5 is not tracked"),
        ({"t": 0}, None, "A tick is two dictionaries; found NoneType for the metrics."),
        ({"t": [1, 2]}, {"metric1": 1}, r"'t' is a time variable and must be one number, found shape \(2,\)."),
    ],
)
@pytest.mark.parametrize("n_before", [0, 2])
def test_a_tick_with_other_keys_than_the_tracked_is_refused(
    journal: Path, n_before: int, tick: Any, metrics: Any, message: str
) -> None:
    writer = JournalWriter(journal, ["t"], ["metric1"])
    for number in range(n_before):
        writer.append({"t": number}, {"metric1": 0.5}, True)

    with pytest.raises(LogError, match=message):
        writer.append(tick, metrics, True)

    assert writer.n_ticks == n_before
    writer.release()


def test_another_shape_is_refused_with_both_shapes(journal: Path) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": [1, 2]}, True)

    with pytest.raises(LogError, match=r"'x' has shape \(3,\) at this tick and had \(2,\) at the first one"):
        writer.append({"t": 1}, {"x": [1, 2, 3]}, True)
    with pytest.raises(LogError, match=r"'x' has shape \(\) at this tick and had \(2,\) at the first one"):
        writer.append({"t": 1}, {"x": 1}, True)

    writer.release()
    assert read_journal(journal).n_ticks == 1


@pytest.mark.parametrize(
    ("time_names", "metric_names", "message"),
    [
        (["t"], ["t"], "'t' is in time_to_track and in what_to_track; it can be only one of them"),
        (["t", "t"], [], "'t' is in time_to_track twice"),
        ([1], [], "time_to_track must list names, found 1 of type int"),
        ("t", [], r"time_to_track must be a list of names, found the text 't'. Write \['t'\]"),
        (["t"], [""], "'' in what_to_track cannot be the name of a variable"),
        (["t"], ["a\0b"], "cannot be the name of a variable"),
        (["t"], ["\ud800"], "cannot be the name of a variable"),
    ],
)
def test_names_that_no_log_can_have_are_refused(
    journal: Path, time_names: Any, metric_names: Any, message: str
) -> None:
    with pytest.raises(LogError, match=message):
        JournalWriter(journal, time_names, metric_names)

    assert not journal.exists()


def test_attributes_that_json_cannot_hold_are_refused_at_once(journal: Path) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        JournalWriter(journal, ["t"], ["x"], {"a": object()})

    assert not journal.exists()
