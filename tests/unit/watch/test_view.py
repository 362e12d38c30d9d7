"""What `mle watch` reads: states, ticks, curves; each look only what is new."""

from __future__ import annotations

import numpy as np
from watched import Watched

from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.results import load
from mle_toolbox.statistics import band


def test_a_look_shows_the_state_the_tick_and_the_last_value_of_each_seed_run(watched: Watched) -> None:
    view = watched.view()
    view.look()

    rows = {row.key: row for row in view.rows("accuracy", "as in the file", "")}

    assert len(rows) == 9
    assert rows["adam", 1].n_ticks == 10
    assert rows["adam", 1].value == 1 - (1 / 10 + 0.1)
    assert rows["adam", 2].run.status == "waiting"
    assert view.metrics == ("loss", "accuracy")


def test_the_next_look_has_what_was_appended_and_ended_since(watched: Watched) -> None:
    view = watched.view()
    view.look()
    watched.tick("adam", 0, 5)
    watched.writers["adam", 1].release()
    run = watched.folder.seed_run("adam", 1)
    write_run_record(run, RunRecord(status="failed", reason="ValueError", start="2026-01-02T03:04:05+00:00"))
    watched.start("adam", 2)
    view.look()

    rows = {row.key: row for row in view.rows("loss", "as in the file", "")}

    assert rows["adam", 0].n_ticks == 15
    assert rows["adam", 0].rate is not None
    assert rows["adam", 1].run.status == "failed"
    assert rows["adam", 1].n_ticks == 10
    assert rows["adam", 2].run.status == "running"


def test_the_curve_is_the_band_of_the_statistics_over_what_runs_or_is_done(watched: Watched) -> None:
    watched.tick("adam", 1, 5)
    view = watched.view()
    view.look()

    (curve,) = view.curves("loss", ["adam", "-dash é"])

    found = load(watched.folder.path).curve("loss", include_unfinished=True)["adam"]
    expected = band(found.values, found.time)
    assert (curve.n_seeds, curve.n_running) == (2, 2)
    np.testing.assert_array_equal(curve.band.time, expected.time)
    np.testing.assert_array_equal(curve.band.center, expected.center)
    np.testing.assert_array_equal(curve.band.low, expected.low)


def test_a_curve_is_computed_again_only_when_there_are_new_numbers(watched: Watched) -> None:
    view = watched.view()
    view.look()
    (first,) = view.curves("loss", ["adam"])
    view.look()

    assert view.curves("loss", ["adam"])[0] is first
    watched.tick("adam", 0)
    view.look()
    assert view.curves("loss", ["adam"])[0] is not first


def test_of_a_hundred_thousand_ticks_as_many_are_kept_as_a_screen_shows(watched: Watched) -> None:
    watched.tick("adam", 0, 100_000)
    view = watched.view()
    view.look()
    watched.tick("adam", 0, 1)
    view.look()

    (row,) = (row for row in view.rows("loss", "as in the file", "adam seed 0"))
    (curve,) = view.curves("loss", ["adam"])

    assert row.n_ticks == 100_011
    assert len(curve.band.time) <= 300
    assert curve.band.time[-1] > 99_000


def test_rows_are_sorted_and_filtered(watched: Watched) -> None:
    view = watched.view()
    view.look()

    states = [row.run.status for row in view.rows("loss", "state", "")]
    values = [row.value for row in view.rows("loss", "value", "") if row.value is not None]

    assert states == ["running"] * 4 + ["failed"] + ["waiting"] * 4
    assert values == sorted(values)
    assert [row.key for row in view.rows(None, "state", "[RED]sgd seed 1")] == [("[red]sgd", 1)]
    assert len(view.rows(None, "state", "node7")) == 4
