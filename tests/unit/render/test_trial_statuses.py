"""The state of a search on a screen: what needs a look has a line, the rest is counted."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.render.trial_statuses import is_search, search_grid


def status_of(folder: ExperimentFolder, statuses: dict[int, list[RunStatus]]) -> ExperimentStatus:
    entries = [
        {"name": f"trial_{number:04d}", "trial": {"number": number, "values": {"lrate": number / 1000}}}
        for number in statuses
    ]
    record = {
        "search": {"type": "grid", "variables": [{"name": "lrate"}], "metrics": ["loss"]},
        "configurations": entries,
        "outside": [],
    }
    runs = [
        SeedRunStatus(f"trial_{number:04d}", seed, status, False, None, folder.seed_run(f"trial_{number:04d}", seed))
        for number, members in statuses.items()
        for seed, status in enumerate(members)
    ]
    return ExperimentStatus(folder, record, tuple(runs))


def as_lines(status: ExperimentStatus) -> list[str]:
    screen = StringIO()
    Console(file=screen, width=100).print(search_grid(status))
    return [line.rstrip() for line in screen.getvalue().splitlines() if line.strip()]


def test_of_four_hundred_trials_only_those_that_failed_or_run_have_a_line(tmp_path: Path) -> None:
    statuses: dict[int, list[RunStatus]] = {number: ["done", "done"] for number in range(390)}
    statuses |= {number: ["waiting", "waiting"] for number in range(390, 400)}
    statuses[7] = ["failed", "done"]
    statuses[8] = ["running", "done"]
    status = status_of(ExperimentFolder(tmp_path), statuses)

    lines = as_lines(status)

    assert is_search(status)
    assert lines == [
        "grid search over lrate: 388 of 400 trials done, 1 with failed seeds, 1 running, 10 not started",
        "trial_0007  1/2  1 failed  ✗✓  lrate 0.007",
        "trial_0008  1/2            ▸✓  lrate 0.008",
        "✓ done   ▸ running   ✗ failed",
        "done: 388 trials (0-6,9-389)",
        "not started: 10 trials (390-399)",
    ]


def test_of_many_failed_trials_the_first_ones_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    status = status_of(ExperimentFolder(tmp_path), {number: ["failed"] for number in range(50)})

    lines = as_lines(status)

    assert len([line for line in lines if line.startswith("trial_")]) == 20
    assert "and 30 more with failed seeds" in lines


def test_the_first_trials_of_the_table_are_named(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.trials.write_text("rank,trial,loss\n1,trial_0001,0.25\n2,trial_0000,0.5\n,trial_0002,\n")
    status = status_of(folder, {0: ["done"], 1: ["done"], 2: ["outdated"]})

    assert as_lines(status)[1:] == [
        "done: 2 trials (0-1)",
        "outdated: 1 trial (2)",
        "best in search.csv: trial_0001 (loss 0.25), trial_0000 (loss 0.5)",
    ]
