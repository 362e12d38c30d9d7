"""Metrics that are added while a run goes on, as segments of the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.errors import LogError
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.merged_data import stack


def writer(path: Path, *metrics: str) -> JournalWriter:
    return JournalWriter(path / "journal.bin", ["t"], metrics or ["loss"])


def test_a_metric_added_before_the_first_tick_is_one_like_any_other(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.add_metrics(["alpha"])
    journal.append({"t": 0}, {"loss": 1, "alpha": 2.0}, True)
    journal.close()

    data = read_journal(journal.path)

    assert data.metric_names == ("loss", "alpha")
    assert (data.columns["loss"].tolist(), data.columns["alpha"].tolist(), data.absent) == ([1], [2.0], {})


def test_a_metric_added_later_was_not_measured_before(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append({"t": 0}, {"loss": 1}, True)
    journal.append({"t": 1}, {"loss": 2}, False)
    journal.add_metrics(["loss", "grid", "alpha", "alpha"])
    for t in (2, 3):
        journal.append({"t": t}, {"loss": t + 1, "grid": [t, t], "alpha": t / 2}, True)
    journal.close()

    data = read_journal(journal.path)

    assert data.metric_names == ("loss", "grid", "alpha")
    assert data.columns["loss"].tolist() == [1, 2, 3, 4]
    assert data.absent["alpha"].tolist() == data.absent["grid"].tolist() == [True, True, False, False]
    assert data.columns["alpha"][2:].tolist() == [1.0, 1.5]
    assert data.columns["grid"][2:].tolist() == [[2, 2], [3, 3]]
    assert data.damage is None


def test_an_added_metric_survives_log_and_merge(tmp_path: Path) -> None:
    logs = {}
    for seed, added in enumerate((["alpha"], ["beta"], [])):
        (tmp_path / str(seed)).mkdir()
        journal = writer(tmp_path / str(seed))
        journal.append({"t": 0}, {"loss": 1}, True)
        journal.add_metrics(added)
        journal.append({"t": 1}, {"loss": 2, **dict.fromkeys(added, 7)}, True)
        journal.close()
        write_log(tmp_path / f"{seed}.h5", read_journal(journal.path))
        logs[seed] = read_log(tmp_path / f"{seed}.h5")

    merged = stack(logs)

    assert merged.metric_names == ("loss", "alpha", "beta")
    assert merged.seed_log(0).columns["alpha"].tolist() == [0, 7]
    assert merged.seed_log(0).absent["alpha"].tolist() == [True, False]
    assert "alpha" not in merged.seed_log(1).columns
    assert np.isnan(merged.columns["alpha"]).sum() == 5


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["t"], "'t' is in time_to_track and in what_to_track; it can be only one of them"),
        ([3], "what_to_track must list names, found 3 of type int"),
        ([""], "'' in what_to_track cannot be the name of a variable"),
    ],
)
def test_a_name_that_cannot_be_tracked_changes_nothing(tmp_path: Path, names: list[Any], message: str) -> None:
    journal = writer(tmp_path)
    journal.append({"t": 0}, {"loss": 1}, True)

    with pytest.raises(LogError, match=message):
        journal.add_metrics(["good", *names])
    journal.append({"t": 1}, {"loss": 2}, True)
    journal.close()

    assert read_journal(journal.path).metric_names == ("loss",)
    assert read_journal(journal.path).columns["loss"].tolist() == [1, 2]


def test_a_closed_journal_takes_no_metrics(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.close()

    with pytest.raises(LogError, match="The log of this run is closed"):
        journal.add_metrics(["alpha"])


@pytest.mark.parametrize("before_rewind", [True, False])
@pytest.mark.parametrize("n_kept", [1, 2, 3])
def test_an_attempt_that_adds_the_same_metrics_continues(tmp_path: Path, before_rewind: bool, n_kept: int) -> None:
    first = writer(tmp_path)
    first.append({"t": 0}, {"loss": 0}, True)
    first.append({"t": 1}, {"loss": 1}, True)
    first.add_metrics(["alpha"])
    first.append({"t": 2}, {"loss": 2, "alpha": 2.5}, True)
    first.release()

    second = writer(tmp_path)
    if before_rewind:
        second.add_metrics(["alpha"])
    second.rewind(n_kept)
    second.add_metrics(["alpha"])
    for t in range(n_kept, 5):
        second.append({"t": t}, {"loss": t} if t < 2 else {"loss": t, "alpha": t + 0.5}, True)
    second.close()

    data = read_journal(second.path)
    assert data.damage is None
    assert data.columns["loss"].tolist() == [0, 1, 2, 3, 4]
    assert data.columns["alpha"][2:].tolist() == [2.5, 3.5, 4.5]
    assert data.absent["alpha"].tolist() == [True, True, False, False, False]


def test_the_ticks_so_far_are_only_those_of_this_run(tmp_path: Path) -> None:
    first = writer(tmp_path)
    first.append({"t": 0}, {"loss": 0}, True)
    first.release()
    second = writer(tmp_path)

    before = second.read()
    second.append({"t": 5}, {"loss": 5}, False)

    assert (before.n_ticks, before.metric_names) == (0, ("loss",))
    assert second.read().columns["t"].tolist() == [5]
    second.close()


NUMBERS = st.one_of(st.integers(-5, 5), st.floats(-1, 1), st.none())


@given(
    steps=st.lists(st.one_of(st.sampled_from("abc"), st.tuples(NUMBERS, NUMBERS, NUMBERS, st.booleans())), max_size=9)
)
def test_every_tick_comes_out_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    journal, names, expected = writer(tmp_path_factory.mktemp("j")), ["loss"], []
    for step in steps:
        if isinstance(step, str):
            journal.add_metrics([step])
            names += [step] if step not in names else []
            continue
        tick = {"loss": 1.0, **dict(zip(names[1:], step[:3], strict=False))}
        journal.append({"t": len(expected)}, tick, step[3])
        expected.append(tick)
    journal.close()

    data = read_journal(journal.path)

    assert data.metric_names == tuple(names)
    for name in names:
        there = [tick[name] for tick in expected if tick.get(name) is not None]
        assert data.columns[name][data.measured(name)].tolist() == there
        assert data.measured(name).tolist() == [tick.get(name) is not None for tick in expected]
