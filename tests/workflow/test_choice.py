"""`mle run` of some seed runs, and `mle run --dry-run`, which says what would run and why."""

from __future__ import annotations

import json
import re

import pytest

import mle_toolbox
from mle_toolbox.text import NOTHING
from tests.workflow.conftest import SCRIPT, Project

pytestmark = pytest.mark.slow

NO_SUCH_NAME = "no configuration of this experiment has such a name."


def started(project: Project) -> list[tuple[str, str]]:
    """Return what the last `mle run` has started."""
    lines = (project.results / ".driver" / "events.jsonl").read_text().splitlines()
    jobs = [event["wildcards"] for event in map(json.loads, lines) if event.get("rule") == "train"]
    return sorted((job["configuration"], job["seed"]) for job in jobs)


def forecast(project: Project, *options: str) -> dict[str, tuple[str, str, str]]:
    """Return the table of a dry run: of each configuration how many would run, why, and how many are finished."""
    outcome = project.mle("run", "exp.yaml", "--dry-run", "--cores", "2", *options)
    assert outcome.returncode == 0, outcome.stderr
    rows = re.findall(r"^│ (\S+) +│ +(\d+) │ (.*?) +│ +(\S+) │$", outcome.stdout, re.MULTILINE)
    return {name: (due, why, finished) for name, due, why, finished in rows}


def test_chosen_seed_runs_run_alone_and_a_plain_run_makes_the_rest(project: Project) -> None:
    first = project.mle("run", "--only", "a*", "--seeds", "0,2", "exp.yaml")
    alone, planned = started(project), forecast(project)
    partial = mle_toolbox.load(project.results)["a"].runs
    second = project.mle("run", "exp.yaml")

    assert first.returncode == 0, first.stderr
    assert alone == [("a", "0"), ("a", "2")]
    assert "2 chosen seed runs done. Of all, 2 of 6 seed runs done" in first.stderr
    assert "The rest:\n  mle run exp.yaml\n" in first.stderr
    assert "2/3, 1 not started" in first.stdout
    assert [run.status for run in partial] == ["done", "done"]
    assert planned == {"a": ("1", "1 missing (seed 1)", "2"), "b": ("3", "3 new", NOTHING)}
    assert second.returncode == 0, second.stderr
    assert started(project) == [("a", "1"), ("b", "0"), ("b", "1"), ("b", "2")]
    assert [run.status for run in mle_toolbox.load(project.results)["a"].runs] == ["done"] * 3
    assert project.jobs_to_run() == {}


def test_what_is_not_chosen_stays_as_it_is(finished: Project) -> None:
    before = finished.logs()
    finished.write_configuration("a.json", learning_rate=0.7)
    finished.write_configuration("b.json", learning_rate=0.8)

    outcome = finished.mle("run", "exp.yaml", "--only", "b", "--seeds", "0")

    assert outcome.returncode == 0, outcome.stderr
    assert started(finished) == [("b", "0")]
    unchanged = {run: log for run, log in finished.logs().items() if run != ("b", "seed_0")}
    assert unchanged == {run: log for run, log in before.items() if run != ("b", "seed_0")}
    finished.write_configuration("a.json")
    assert finished.mle("run", "exp.yaml").returncode == 0
    assert started(finished) == [("b", "1"), ("b", "2")]
    assert [run.status for run in mle_toolbox.load(finished.results)["a"].runs] == ["done"] * 3


def test_the_reasons_are_told_apart_and_each_can_be_run_alone(finished: Project) -> None:
    (finished.path / "train.py").write_text(SCRIPT.replace("    value = 0.0\n", "    value = 0.0\n    1 / mle.seed\n"))
    finished.write_configuration("c.json")
    finished.write_configuration("b.json", learning_rate=0.9)
    finished.write_experiment(["a.json", "b.json", "c.json"], seeds=4)
    finished.mle("run", "exp.yaml", "--only", "c", "--seeds", "0-1")
    (finished.path / "train.py").write_text(SCRIPT)

    assert forecast(finished) == {
        "a": ("1", "1 missing (seed 3)", "3"),
        "b": ("4", "1 missing (seed 3), 3 outdated (seeds 0-2)", NOTHING),
        "c": ("3", "2 missing (seeds 2-3), 1 failed (seed 0)", "1"),
    }
    assert forecast(finished, "--rerun", "failed") == {"c": ("1", "1 failed (seed 0)", "1")}
    assert forecast(finished, "--rerun", "outdated") == {"b": ("3", "3 outdated (seeds 0-2)", NOTHING)}
    assert forecast(finished, "--rerun", "older-code") == {"c": ("1", "1 of older code (seed 1)", NOTHING)}
    assert forecast(finished, "--rerun", "all", "--only", "a") == {
        "a": ("4", "1 missing (seed 3), 3 again (seeds 0-2)", NOTHING)
    }
    outcome = finished.mle("run", "exp.yaml", "--rerun", "failed")
    assert outcome.returncode == 0, outcome.stderr
    assert started(finished) == [("c", "0")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "aa"], "--only 'aa': no configuration of this experiment has such a name. Did you mean 'a'?"),
        (
            ["--only", "b.json"],
            "--only 'b.json': no configuration of this experiment has such a name. Did you mean 'b'?",
        ),
        (["--only", "sgd*"], "--only 'sgd*': no configuration of this experiment has such a name. There are a and b."),
        (["--seeds", "1-4"], "--seeds: this experiment has no seeds 3-4. Expected some of seeds 0-2."),
    ],
)
def test_a_choice_of_nothing_is_one_line_with_the_nearest_name(project: Project, options: list[str], said: str) -> None:
    outcome = project.mle("run", "exp.yaml", "--cores", "1", *options)

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines()[-1] == said
    assert not project.results.exists()


def test_many_configurations_of_one_situation_share_a_row(project: Project) -> None:
    names = [f"c{number}.json" for number in range(40)]
    for name in names:
        project.write_configuration(name)
    project.write_experiment(names, seeds=10)

    outcome = project.mle("run", "exp.yaml", "--dry-run")

    assert "All 400 seed runs would run" in outcome.stdout
    assert re.search(r"│ c0, c1 and 38 more +│ +400 │ 10 new each +│", outcome.stdout)
