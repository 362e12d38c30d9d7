"""What is told about the runs: their end, their cost, their versions."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mle_toolbox.excerpts import last_lines
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.report.facts import SeedRun, cost, versions
from mle_toolbox.report.history import failures, files, run_rows, state, steps
from mle_toolbox.statistics.thinning import evenly_chosen


def run(seed: int = 0, status: str = "done", **record: object) -> SeedRun:
    return SeedRun("a", seed, status, RunRecord(configuration="a", seed=seed, **record))  # type: ignore[arg-type]


def test_core_hours_are_time_by_cores_of_the_runs_that_have_both_ends() -> None:
    whole = run(start="2026-01-01T00:00:00+00:00", end="2026-01-01T01:30:00+00:00", cpu_seconds=1800.0)
    half = run(1, "running", start="2026-01-01T00:00:00+00:00")

    spent = cost([whole, half], cores=4)

    assert spent.core_hours == pytest.approx(6.0)
    assert (spent.counted, spent.runs) == (1, 2)
    assert spent.cpu_hours == pytest.approx(0.5)
    assert spent.wall_seconds == 5400


def test_a_clock_that_was_set_back_costs_nothing() -> None:
    back = run(start="2026-01-01T01:00:00+00:00", end="2026-01-01T00:00:00+00:00")

    assert cost([back], cores=1).core_hours == 0


def test_damaged_times_are_not_on_record() -> None:
    assert run(start="yesterday", end="7").seconds is None


def test_versions_are_counted_where_they_differ() -> None:
    runs = [run(0, python="3.11.7"), run(1, python="3.12.1"), run(2, python="3.12.1")]

    assert versions(runs)["Python"] == [("3.12.1", 2), ("3.11.7", 1)]


def test_the_last_lines_are_what_a_person_would_have_seen(tmp_path: Path) -> None:
    path = tmp_path / "err.txt"
    path.write_bytes(b"first\n" * 9000 + b"\x1b[31m 10%\r 50%\r100%\x1b[0m\r\nValueError: \xff\n\n")

    assert last_lines(path, 2) == ["100%", "ValueError: \ufffd"]
    assert last_lines(tmp_path / "none.txt", 2) == ["(No such file or directory)"]
    [without] = failures([replace(run(0, "failed"), folder=tmp_path)], "none.txt")[0]
    assert without["lines"] == ""


def test_runs_that_are_not_done_are_counted_by_their_state() -> None:
    assert state([run(), run(1, "failed"), run(2, "running"), run(3, "waiting")]) == {
        "kind": "bad",
        "text": "1 of 4 seed runs done, 1 running, 1 failed",
    }
    assert state([run(), run(1)]) == {"kind": "good", "text": "all 2 seed runs done"}


def test_of_very_many_failures_the_first_are_shown_in_full_and_the_rest_is_counted() -> None:
    runs = [run(seed, "failed", reason="OSError: no space") for seed in range(50)]

    shown, more = failures(runs, "err.txt")

    assert len(shown) == 20
    assert more == "Also failed: a: OSError: no space (30 seeds)."


def test_a_table_of_thousands_of_runs_is_not_made() -> None:
    rows, why = run_rows([run(seed) for seed in range(2000)])

    assert rows == []
    assert "2,000 seed runs would be too long" in why


@pytest.mark.parametrize("length", [1, 2, 199, 200, 201, 1000, 100_000])
def test_few_points_are_shown_with_both_ends(length: int) -> None:
    chosen = evenly_chosen(length)

    assert chosen[0] == 0
    assert chosen[-1] == length - 1
    assert len(chosen) <= 200
    assert len(chosen) == length or len(chosen) > 150
    assert (chosen[1:] > chosen[:-1]).all()


def test_a_script_in_shell_is_compared_with_itself_and_started_by_its_shell(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("python train.py\n")
    now = hashlib.sha256(b"python train.py\n").hexdigest()
    record = {"experiment_file": "../exp.yaml", "script": "run.sh", "configurations": [{"name": "a", "path": "a.json"}]}
    runs = [run(code={"run.sh": now, "train.py": "b" * 64}, script_sha256="b" * 64)]

    (script,) = [
        each for each in files(record, ExperimentFolder(tmp_path / "results"), runs) if each["name"] == "run.sh"
    ]

    assert script == {"name": "run.sh", "digest": now, "remark": ""}
    commands = [each["command"] for each in steps(record, None, runs)]
    assert "bash run.sh -config a.json -seed 0 -exp_dir by_hand" in commands
