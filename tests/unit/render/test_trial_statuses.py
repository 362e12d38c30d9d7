"""The state of a search on a screen: what needs a look has a line, the rest is counted."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
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


def learning(folder: ExperimentFolder, trials: list[tuple[int, list[float | None]]]) -> ExperimentStatus:
    """Return the status of a search over steps: for each trial its steps, and the scores of its seeds."""
    status = status_of(folder, {number: ["done"] * len(seeds) for number, (_, seeds) in enumerate(trials)})
    search = {**status.record["search"], "type": "halving", "learning": {}, "maximize": False}
    for entry, (steps, seeds) in zip(status.record["configurations"], trials, strict=True):
        entry["trial"]["asked"] = {"steps": steps}
        known = [each for each in seeds if each is not None]
        score = {
            "metric": "loss",
            "value": sum(known) / len(known) if known else None,
            "seeds": dict(enumerate(seeds)),
            "failed": [],
            "diverged": [seed for seed, each in enumerate(seeds) if each is None],
        }
        place = folder.configuration(entry["name"])
        place.path.mkdir(parents=True)
        place.score.write_text(json.dumps(score))
    return replace(status, record={**status.record, "search": search})


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


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        # A trial with more steps was better with what it shares with the others.
        ([(10, [0.1]), (20, [0.3]), (20, [0.2])], "loss 0.2 (trial_0002)"),
        ([(10, [0.1]), (10, [0.3, 0.3])], "loss 0.3 (trial_0001)"),
        ([(10, [0.1, None]), (10, [0.3, 0.4])], "loss 0.35 (trial_0001)"),
        ([(10, [0.3]), (20, [None])], "loss 0.3 (trial_0000)"),
        ([(10, [0.3]), (10, [0.3])], "loss 0.3 (trial_0000)"),
    ],
)
def test_the_best_so_far_is_the_first_of_the_ranking(
    tmp_path: Path, trials: list[tuple[int, list[float | None]]], best: str
) -> None:
    lines = as_lines(learning(ExperimentFolder(tmp_path), trials))

    assert f"best so far {best}, not confirmed" in lines[0]


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
