"""run.json, and what it and the files beside it say about a run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status, write_run_record

JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()) | st.just({"a": {"b": None}})


def test_what_is_read_is_what_was_written(folder: SeedFolder) -> None:
    record = RunRecord(
        status="failed",
        configuration="größe 'x'",
        seed=3,
        scheduler={"job": 5, "task": 2},
        command=["python", "train.py", "-seed", "3"],
        exit_status=-9,
        signal="SIGKILL",
        packages={"numpy": "2.0"},
        extra={"later_field": [1, {"a": None}]},
    )

    write_run_record(folder, record)

    assert read_run_record(folder) == record
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


@settings(max_examples=50)
@given(content=st.dictionaries(st.text(), JSON))
def test_unknown_fields_of_a_newer_version_are_kept(content: dict[str, Any]) -> None:
    known = RunRecord().to_json()

    kept = RunRecord.from_json(content).to_json()

    assert {name: kept[name] for name in content} == content
    assert kept.keys() == known.keys() | content.keys()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_a_damaged_record_is_no_record(folder: SeedFolder, content: bytes) -> None:
    folder.run_record.write_bytes(content)

    assert read_run_record(folder) is None
    assert run_status(folder) == "waiting"


def test_a_record_may_name_files_that_are_not_utf8(folder: SeedFolder) -> None:
    write_run_record(folder, RunRecord(configuration="a\udcff"))

    assert json.loads(folder.run_record.read_text(encoding="utf-8"))["configuration"] == "a\udcff"


def test_an_empty_folder_waits(folder: SeedFolder) -> None:
    assert run_status(folder) == "waiting"
    assert run_status(SeedFolder(folder.path / "missing")) == "waiting"


def test_a_run_is_running_as_long_as_its_journal_is_held(folder: SeedFolder) -> None:
    writer = JournalWriter(folder.journal, ["t"], ["x"])
    before_its_record = run_status(folder)
    write_run_record(folder, RunRecord(status="running"))
    during = run_status(folder)
    writer.release()

    assert (before_its_record, during, run_status(folder)) == ("running", "running", "died")


def test_a_run_that_was_killed_has_died(folder: SeedFolder) -> None:
    script = (
        "import os, sys; from pathlib import Path; from mle_toolbox.layout import SeedFolder\n"
        "from mle_toolbox.log.journal import JournalWriter\n"
        "from mle_toolbox.log.run_record import RunRecord, run_status, write_run_record\n"
        "folder = SeedFolder(Path(sys.argv[1])); writer = JournalWriter(folder.journal, ['t'], ['x'])\n"
        "write_run_record(folder, RunRecord(pid=os.getpid()))\n"
        "print(run_status(folder), flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    seen_by_itself = process.stdout.readline().strip()
    seen = run_status(folder)
    process.kill()
    process.communicate()

    assert (seen_by_itself, seen, run_status(folder)) == ("running", "running", "died")


@pytest.mark.parametrize(
    ("status", "log", "expected"),
    [
        ("failed", False, "failed"),
        ("failed", True, "failed"),
        ("done", True, "done"),
        ("running", True, "done"),
        ("done", False, "waiting"),
        ("running", False, "died"),
        (None, True, "done"),
    ],
)
def test_the_record_and_the_finished_log_decide_when_nobody_writes(
    folder: SeedFolder, status: str | None, log: bool, expected: str
) -> None:
    if status is not None:
        write_run_record(folder, RunRecord(status=status))
    if log:
        folder.log.touch()

    assert run_status(folder) == expected


def test_a_run_that_was_killed_before_its_record_has_died(folder: SeedFolder) -> None:
    folder.journal.touch()

    assert run_status(folder) == "died"


def test_a_new_attempt_runs_beside_the_log_of_an_old_one(folder: SeedFolder) -> None:
    folder.log.touch()
    writer = JournalWriter(folder.journal, ["t"], ["x"])

    status = run_status(folder)

    writer.release()
    assert status == "running"
