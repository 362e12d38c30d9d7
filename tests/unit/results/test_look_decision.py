"""What a look decides, and what every output says of it: by the seeds of the look alone, once and for ever."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.looks.look_files import Look, read_look
from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults
from mle_toolbox.results.look_decision import decide_look
from tests.made_results import made_results

DIGEST = "abc"
Values = Mapping[str, NDArray[np.float64]]


def results_of(
    folder: Path,
    values: Values,
    *,
    maximum: int = 20,
    statuses: Mapping[tuple[str, int], RunStatus] | None = None,
    contents: Mapping[str, Mapping[str, str]] | None = None,
) -> ExperimentResults:
    """Return results whose last losses are these, of which 5 and each further 5 seeds are looked at."""
    folder.mkdir(exist_ok=True)
    looks = {"metric": "loss", "better": "lower", "minimum": 5, "maximum": maximum, "step": 5, "digest": DIGEST}
    configurations = [
        {"name": name, "content": (contents or {}).get(name, {}), "seeds": list(range(len(each)))}
        for name, each in values.items()
    ]
    record = {"looks": looks, "seeds": list(range(maximum)), "configurations": configurations}
    (folder / "experiment.json").write_text(json.dumps(record))
    rows = {name: each[:, None] for name, each in values.items()}
    return made_results(folder, rows, record=record, statuses=statuses)


def losses(number: int, n: int, **levels: float) -> dict[str, NDArray[np.float64]]:
    generator = np.random.default_rng(number)
    return {name: level + generator.normal(0, 1, 20)[:n] for name, level in levels.items()}


def seeds_on_record(folder: Path) -> dict[str, int]:
    record = json.loads((folder / "experiment.json").read_text())
    return {each["name"]: len(each["seeds"]) for each in record["configurations"]}


def test_who_is_clearly_worse_gets_no_more_seeds(tmp_path: Path) -> None:
    look = decide_look(results_of(tmp_path, losses(1, 5, a=0.0, b=0.2, c=30.0)), 1)

    assert (look.worse.keys(), look.undecided, look.n_seeds) == ({"c"}, ("a", "b"), 5)
    assert seeds_on_record(tmp_path) == {"a": 10, "b": 10, "c": 5}
    assert read_look(ExperimentFolder(tmp_path).look(DIGEST, 1)) == look


def test_a_look_takes_the_seeds_of_its_own_only_so_other_seeds_change_nothing(tmp_path: Path) -> None:
    values = losses(2, 5, a=0.0, b=1.0, c=30.0)
    more = {name: np.r_[each, np.full(7, -1000.0 if name == "c" else 50.0)] for name, each in values.items()}

    looks = [decide_look(results_of(tmp_path / name, each), 1) for name, each in (("some", values), ("all", more))]

    assert looks[0] == looks[1]
    files = [ExperimentFolder(tmp_path / name).look(DIGEST, 1).read_bytes() for name in ("some", "all")]
    assert files[0] == files[1]


def test_when_one_is_left_all_is_decided(tmp_path: Path) -> None:
    results = results_of(tmp_path, losses(3, 5, a=0.0, b=40.0))

    look = decide_look(results, 1)

    assert look.undecided == ()
    assert seeds_on_record(tmp_path) == {"a": 5, "b": 5}
    with pytest.raises(ResultsError, match="look 2 is not due"):
        decide_look(results_of(tmp_path, losses(3, 5, a=0.0, b=40.0)), 2)


def test_a_seed_that_has_not_ended_keeps_a_look_from_being_held(tmp_path: Path) -> None:
    statuses: dict[tuple[str, int], RunStatus] = {("b", 3): "failed"}
    results = results_of(tmp_path, losses(4, 5, a=0.0, b=0.1), statuses=statuses)

    with pytest.raises(ResultsError, match="look 1 needs seed 3 of b, which is not done"):
        decide_look(results, 1)

    look = decide_look(results, 1, without_failed=True)
    assert look.failed == {("b", 3)}
    assert look.undecided == ("a", "b")


def test_a_configuration_without_two_finite_values_gets_no_more_seeds(tmp_path: Path) -> None:
    values = losses(5, 5, a=0.0, b=0.1, c=0.0)
    values["c"][1:] = np.inf

    look = decide_look(results_of(tmp_path, values), 1)

    assert (dict(look.worse), look.undecided) == ({"c": ""}, ("a", "b"))


def test_tasks_are_decided_each_by_itself(tmp_path: Path) -> None:
    contents = {f"{m}_{t}": {"algo": m, "env_name": t} for m in ("x", "y", "z") for t in ("Pong", "Go")}
    levels = {"x_Pong": 0.0, "y_Pong": 0.1, "z_Pong": 40.0, "x_Go": 900.0, "y_Go": 940.0, "z_Go": 980.0}

    look = decide_look(results_of(tmp_path, losses(6, 5, **levels), contents=contents), 1)

    assert dict(look.worse) == {"z_Pong": "x_Pong", "y_Go": "x_Go", "z_Go": "x_Go"} or look.worse["z_Pong"] == "y_Pong"
    assert look.undecided == ("x_Pong", "y_Pong")


def held(folder: Path, values: Values, **options: int) -> tuple[ExperimentResults, list[Look]]:
    """Hold all looks; return the results after the last one."""
    looks: list[Look] = []
    while True:
        now = seeds_on_record(folder) if looks else dict.fromkeys(values, 5)
        results = results_of(folder, {name: each[: now[name]] for name, each in values.items()}, **options)
        if results.looks is not None and results.looks.is_over:
            return results, looks
        looks.append(decide_look(results, len(looks) + 1))


def test_the_answer_says_at_which_look_it_was_decided(tmp_path: Path) -> None:
    results, looks = held(tmp_path, losses(13, 20, a=0.0, b=1.6, c=30.0))

    found, text = results.answer(), str(results.summary())

    assert 1 < len(looks) < 4
    n = looks[-1].n_seeds
    assert found.best == ("a",)
    assert "Look 1 (5 seeds): c is worse than a." in text
    assert f"Look {len(looks)} ({n} seeds): b is worse than a." in text
    assert f"Decided at look {len(looks)} of at most 4, with {n} seeds." in text
    assert "corrected for looking up to 4 times" in text
    assert f"Decided at look {len(looks)} of at most 4" in str(results.compare())


def test_the_band_of_a_curve_ends_in_the_interval_of_the_table(tmp_path: Path) -> None:
    results, _ = held(tmp_path / "results", losses(13, 20, a=0.0, b=1.6, c=30.0))
    text = write_report(results, tmp_path / "report.html").read_text()

    estimates = results.answer().estimates
    bands = {name: curve.band() for name, curve in results.curve().items()}

    for name, band in bands.items():
        expected = estimates[name]
        assert (band.low[-1], band.high[-1]) == pytest.approx((expected.low, expected.high))
        assert band.method.endswith("at each point in time by itself, corrected for looking up to 4 times")
        assert band.confidence == 0.95
    assert bands["a"].method.startswith("95 % ")
    assert bands["a"].method in text


def test_what_is_undecided_after_all_seeds_is_said_with_the_seeds_that_it_needs(tmp_path: Path) -> None:
    results, looks = held(tmp_path, losses(9, 20, a=0.0, b=0.3, c=30.0))

    text = str(results.summary())

    assert len(looks) == 4
    assert set(results.answer().best) == {"a", "b"}
    assert "Undecided after 20 seeds: a and b." in text
    needed = next(iter(results.compare("a", "b").values())).seeds_needed
    assert "Seeds of each to see a true difference as large as that from" in text
    assert f" {needed:,}." in text


def test_programs_read_the_looks_in_json_and_csv(tmp_path: Path) -> None:
    results, looks = held(tmp_path, losses(13, 20, a=0.0, b=1.6, c=30.0))

    summary, comparisons = results.summary(), results.compare(baseline="best")

    for content in (summary.to_dict(), comparisons.to_dict()):
        assert [each["n_seeds"] for each in content["looks"]["held"]] == [each.n_seeds for each in looks]
        assert (content["looks"]["over"], content["looks"]["undecided"]) == (True, [])
    rows = {row["configuration"]: row["looks"] for row in csv.DictReader(io.StringIO(summary.to_csv()))}
    assert rows == {"a": str(len(looks)), "b": str(len(looks)), "c": "1"}
    pairs = {row["a"]: row for row in csv.DictReader(io.StringIO(comparisons.to_csv()))}
    assert (pairs["c"]["look"], pairs["c"]["n_a"], pairs["c"]["n_b"]) == ("1", "5", "5")


def test_one_that_was_stopped_does_not_lead_although_its_few_seeds_are_ahead_by_now(tmp_path: Path) -> None:
    values = losses(10, 20, a=0.0, b=0.1, c=8.0)
    for name in "ab":
        values[name][5:] += 100.0

    results, _ = held(tmp_path, values)

    found = results.answer()
    assert found.ranking[0] == "c"
    assert found.leader in ("a", "b")
    assert "c" not in found.best


def test_looks_before_an_edit_and_a_maximum_that_was_raised_too_late_are_said(tmp_path: Path) -> None:
    values = losses(9, 20, a=0.0, b=0.3, c=30.0)
    held(tmp_path, values, maximum=10)
    results, _ = held(tmp_path, values, maximum=10)
    earlier = ExperimentFolder(tmp_path).look("before", 1)
    earlier.parent.mkdir()
    earlier.write_text("{}")

    raised, _ = results_of(tmp_path, {name: each[:10] for name, each in values.items()}), results
    decide_look(results_of(tmp_path, {"a": values["a"][:15], "b": values["b"][:15], "c": values["c"][:5]}), 3)

    text = " ".join(str(results_of(tmp_path, values).summary()).split())
    assert raised.looks is not None
    assert "the chance of a false finding is up to 6.25 %" in text
    assert "1 look was held before configurations, metric or numbers of seeds were edited" in text


def test_without_looks_nothing_is_said_of_them(tmp_path: Path) -> None:
    results = made_results(tmp_path, {name: each[:, None] for name, each in losses(1, 5, a=0.0, b=1.0).items()})

    assert results.looks is None
    assert "corrected for looking" not in str(results.summary())
    assert "looks" not in results.summary().to_dict()
    assert "look" not in results.compare().to_csv()


def test_names_for_display_are_those_of_the_looks_too(tmp_path: Path) -> None:
    results, _ = held(tmp_path, losses(13, 20, a=0.0, b=1.6, c=30.0))
    record = {**results.record, "display_names": {"c": "the third", "a": "the first"}}
    named = ExperimentResults(results.path, results.names, results.__getitem__, record).displayed()

    assert "Look 1 (5 seeds): the third is worse than the first." in str(named.summary())
    own, shown = results.compare().values(), named.compare().values()
    assert [each.p for each in shown] == [each.p for each in own]
