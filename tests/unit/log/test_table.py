"""results.csv has one row per seed run and says how each stands."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.results_csv import write_table
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentFolder:
    return ExperimentFolder(tmp_path)


def run(
    experiment: ExperimentFolder, name: str, seed: int, metrics: list[dict[str, Any]], status: str = "done"
) -> None:
    folder = experiment.seed_run(name, seed)
    folder.path.mkdir(parents=True)
    writer = JournalWriter(folder.journal, ["t"], list(metrics[0]))
    for number, each in enumerate(metrics):
        writer.append({"t": number}, each, True)
    writer.close()
    if status == "done":
        prepare_log(folder, {})
        commit_log(folder, RunRecord())
    else:
        write_run_record(folder, RunRecord(status=status))


def rows(experiment: ExperimentFolder) -> list[dict[str, str]]:
    with experiment.table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_is_a_row_for_every_planned_run(experiment: ExperimentFolder) -> None:
    run(experiment, "a", 0, [{"x": 1, "y": 0.1}, {"x": 2, "y": 0.30000000000000004}])
    run(experiment, "a", 1, [{"x": 5, "y": float("nan")}], "failed")
    run(experiment, "b", 0, [{"x": 7, "y": 1}], "running")

    write_table(experiment, ["a", "b"], [0, 1])

    assert experiment.table.read_text() == (
        "configuration,seed,status,ticks,code,t,x,y\n"
        "a,0,done,2,,1,2,0.30000000000000004\n"
        "a,1,failed,1,,0,5,nan\n"
        "b,0,died,1,,0,7,1\n"
        "b,1,waiting,0,,,,\n"
    )


def test_only_what_is_one_number_gets_a_column(experiment: ExperimentFolder) -> None:
    run(experiment, "a", 0, [{"x": 1, "hist": [1, 2, 3]}])
    run(experiment, "b", 0, [{"z": True, "status": 4}])

    write_table(experiment, ["a", "b"], [0])

    first, second = rows(experiment)
    assert list(first) == ["configuration", "seed", "status", "ticks", "code", "t", "x", "z", "status_"]
    assert (first["x"], first["z"]) == ("1", "")
    assert (second["z"], second["status_"], second["status"]) == ("True", "4", "done")


def test_runs_of_the_same_code_have_the_same_name_of_it(experiment: ExperimentFolder) -> None:
    for seed, code in enumerate([{"train.py": "1", "helper.py": "2"}, {"helper.py": "2", "train.py": "1"}, {}]):
        run(experiment, "a", seed, [{"x": 1}])
        write_run_record(experiment.seed_run("a", seed), RunRecord(status="done", script_sha256="1", code=code))

    write_table(experiment, ["a"], [0, 1, 2])

    first, second, third = (row["code"] for row in rows(experiment))
    assert first == second
    assert third not in ("", first)


def test_names_are_data(experiment: ExperimentFolder) -> None:
    run(experiment, 'a,"b"', 0, [{"loss, train": 1}])

    write_table(experiment, ['a,"b"'], [0])

    assert rows(experiment)[0]["configuration"] == 'a,"b"'
    assert rows(experiment)[0]["loss, train"] == "1"


def test_a_run_that_cannot_be_read_is_a_row_without_values(experiment: ExperimentFolder) -> None:
    run(experiment, "a", 0, [{"x": 1}])
    run(experiment, "a", 1, [{"x": 2}])
    experiment.seed_run("a", 1).log.write_bytes(b"broken")

    write_table(experiment, ["a"], [0, 1])

    assert [(row["status"], row["ticks"], row["x"]) for row in rows(experiment)] == [
        ("done", "1", "1"),
        ("done", "0", ""),
    ]
