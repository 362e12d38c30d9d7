"""In which order seed runs start."""

from __future__ import annotations

import json

import pytest

from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow


def order_of_start(project: Project) -> list[str]:
    lines = (project.results / ".driver" / "events.jsonl").read_text().splitlines()
    jobs = [event["wildcards"] for event in map(json.loads, lines) if event.get("rule") == "train"]
    return [job["configuration"] + job["seed"] for job in jobs]


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([], ["b0", "a0", "b1", "a1", "b2", "a2"]),
        (["--order", "configurations"], ["b0", "b1", "b2", "a0", "a1", "a2"]),
    ],
)
def test_seed_runs_start_in_the_order_of_the_file_seed_by_seed_or_one_configuration_after_the_other(
    project: Project, options: list[str], order: list[str]
) -> None:
    project.write_experiment(["b.json", "a.json"], seeds=3)

    outcome = project.mle("run", "exp.yaml", "--cores", "1", *options)
    started = order_of_start(project)
    other = project.mle("run", "exp.yaml", "--cores", "1", "--order", "configurations")

    assert outcome.returncode == 0, outcome.stderr
    assert started == order
    assert other.returncode == 0
    assert "train" not in project.jobs_of_last_run(), "another order repeats nothing"
