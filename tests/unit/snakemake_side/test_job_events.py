"""Counting seed runs from Snakemake's events."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from mle_toolbox.cli.live import watching
from mle_toolbox.snakemake_side.job_events import EventFile, Tally


def job(number: int, seed: int) -> dict[str, object]:
    return {"event": "job", "id": number, "rule": "train", "wildcards": {"configuration": "a", "seed": str(seed)}}


def test_seed_runs_that_need_not_run_count_as_done() -> None:
    tally = Tally(total=10)

    tally.count({"event": "plan", "jobs": {"train": 3, "merge": 1, "total": 4}})

    assert (tally.done, tally.to_run) == (7, 3)


def test_other_jobs_are_not_counted() -> None:
    tally = Tally(total=1)

    tally.count({"event": "job", "id": 9, "rule": "merge", "wildcards": {}})
    tally.count({"event": "finished", "id": 9})

    assert (tally.done, tally.running) == (0, {})


def test_a_failed_seed_run_that_succeeds_when_tried_again_is_done() -> None:
    tally = Tally(total=1)
    tally.count({"event": "plan", "jobs": {"train": 1}})

    for event in (job(1, 0), {"event": "failed", "id": 1}, job(1, 0), {"event": "finished", "id": 1}):
        tally.count(event)

    assert (tally.done, tally.failed, tally.ended) == (1, set(), 1)


def test_a_failed_seed_run_that_is_tried_again_is_running_and_no_longer_failed() -> None:
    tally = Tally(total=1)
    tally.count({"event": "plan", "jobs": {"train": 1}})

    for event in (job(1, 0), {"event": "failed", "id": 1, "reason": "It was killed."}, job(1, 0)):
        tally.count(event)

    assert (list(tally.running.values()), tally.failed, tally.reasons, tally.ended) == ([("a", 0)], set(), {}, 0)


def test_a_line_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = EventFile(path)
    line = json.dumps({"event": "finished", "id": 1}) + "\n"

    assert list(events.new_events()) == []
    path.write_text(line[:7])
    assert list(events.new_events()) == []
    path.write_text(line + line[:3])

    assert list(events.new_events()) == [{"event": "finished", "id": 1}]


def test_a_seed_run_that_was_stopped_is_not_said_to_have_failed(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(total=2)
    for event in (
        {"event": "plan", "jobs": {"train": 2}},
        job(1, 0),
        job(2, 1),
        {"event": "failed", "id": 1},
        {"event": "failed", "id": 2},
    ):
        tally.count(event)

    with watching(Console(), 2, is_stopped=lambda run: run == ("a", 1)) as watch:
        watch(tally)

    assert capsys.readouterr().out == "0 of 2 seed runs done; 1 stopped, 1 failed\n"
