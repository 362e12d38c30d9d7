"""A run that has written nothing for long is named, by its own pace."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.seed_run.silence import silent_seconds

HOUR = 3600.0


@pytest.mark.parametrize(
    ("ticks", "silent", "is_unusual"),
    [
        (100, 300.0, False),  # a tick takes 36 s, but five minutes are nothing
        (100, 660.0, True),
        (10, 660.0, False),  # a tick takes six minutes
        (10, 4000.0, True),
        (0, 90000.0, False),  # before the first tick nothing is known of its pace
    ],
)
def test_silence_is_judged_by_the_usual_interval_of_the_run(ticks: int, silent: float, is_unusual: bool) -> None:
    assert silent_seconds(0.0, HOUR, ticks, HOUR + silent) == (silent if is_unusual else None)


def test_a_clock_that_was_set_back_makes_no_run_silent() -> None:
    assert silent_seconds(5000.0, 1000.0, 10, 90000.0) is None
    assert silent_seconds(0.0, 1000.0, 10, 500.0) is None


def test_ticks_that_are_not_saved_are_written_after_a_while_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mle_toolbox.log.journal._PENDING_SECONDS", 0.05)
    journal = tmp_path / "journal.bin"
    writer = JournalWriter(journal, ["step"], ["loss"], {})
    writer.append({"step": 0}, {"loss": 0.5}, save=True)

    writer.append({"step": 1}, {"loss": 0.5}, save=False)
    at_once = read_journal(journal).n_ticks
    time.sleep(0.1)
    writer.append({"step": 2}, {"loss": 0.5}, save=False)
    later = read_journal(journal).n_ticks
    writer.close()

    assert (at_once, later) == (1, 3)
