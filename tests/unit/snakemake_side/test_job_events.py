"""Counting seed runs from Snakemake's events."""

import json
from pathlib import Path

from mle_toolbox.snakemake_side.job_events import EventFile, Tally
from mle_toolbox.snakemake_side.pause import WITHDRAWN


def job(number: int, seed: int) -> dict[str, object]:
    return {"event": "job", "id": number, "rule": "train", "wildcards": {"configuration": "a", "seed": str(seed)}}


def test_seed_runs_that_need_not_run_count_as_done() -> None:
    tally = Tally(total=10)

    tally.count({"event": "plan", "jobs": {"train": 3, "merge": 1, "total": 4}})

    assert (tally.done, tally.to_run) == (7, 3)


def test_seed_runs_that_have_failed_before_and_need_not_run_do_not_count_as_done() -> None:
    tally = Tally(total=10)

    tally.count({"event": "failed before", "number": 2})
    tally.count({"event": "plan", "jobs": {"train": 3}})

    assert (tally.done, tally.failed_before, tally.ended) == (5, 2, 7)


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


def test_a_queued_task_that_was_taken_back_has_not_failed() -> None:
    tally = Tally(total=1)
    tally.count({"event": "plan", "jobs": {"train": 1}})

    tally.count(job(1, 0))
    tally.count({"event": "failed", "id": 1, "reason": f"{WITHDRAWN}."})

    assert (tally.running, tally.failed, tally.ended) == ({}, set(), 0)


def test_the_time_of_a_seed_run_is_that_between_its_events() -> None:
    tally = Tally(total=1)
    tally.count({"event": "plan", "jobs": {"train": 1}})

    tally.count({**job(1, 0), "at": 100.0})
    tally.count({"event": "finished", "id": 1, "at": 136.5})

    assert tally.took == {("a", 0): 36.5}
