"""Methods on tasks from the experiment file to the table, and the same numbers from logs of other tools."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.results import ExperimentResults, load
from tests.workflow.conftest import EXPERIMENT, Project

pytestmark = pytest.mark.slow

METHODS, TASKS, SEEDS = ("dqn", "ppo", "sac"), ("CartPole-v1", "Pong"), 3

SCRIPT = """\
from mle_toolbox import MLExperiment


def main(mle):
    method, task = mle.train_config.algorithm, mle.train_config.env_name
    if (method, task) == ("sac", "Pong"):
        raise RuntimeError("sac needs continuous actions")
    if (method, task, mle.seed) == ("dqn", "CartPole-v1", 2):
        raise RuntimeError("out of memory")
    level = {"dqn": 1.0, "ppo": 2.0, "sac": 1.5}[method] * {"CartPole-v1": 100.0, "Pong": 1.0}[task]
    for step in range(3):
        mle.update_log({"step": step}, {"return": round(level * (step + mle.rng.normal(1.0, 0.1)), 4)}, save=True)


if __name__ == "__main__":
    main(MLExperiment())
"""

Rows = dict[tuple[str, str, str], tuple[str, ...]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three methods on two tasks; sac fails on one of them, and a seed of dqn on the other."""
    project = Project(tmp_path_factory.mktemp("tasks"))
    (project.path / "train.py").write_text(SCRIPT)
    names = [f"{method}_{task}" for method in METHODS for task in TASKS]
    for name in names:
        method, _, task = name.partition("_")
        settings = {"algorithm": method, "env_name": task}
        log = {"time_to_track": ["step"], "what_to_track": ["return"]}
        content = {"train_config": settings, "net_config": {}, "log_config": log}
        (project.path / f"{name}.json").write_text(json.dumps(content))
    text = EXPERIMENT.format(configurations=json.dumps([f"{name}.json" for name in names]), seeds=SEEDS)
    (project.path / "exp.yaml").write_text(text.replace("multi_ex", "    task: env_name\nmulti_ex", 1))
    outcome = project.mle("run", "exp.yaml", "--cores", "2")
    assert outcome.returncode == 1, outcome.stderr
    assert "14 of 18 seed runs done" in outcome.stdout + outcome.stderr
    return project


def as_csv(run: Path, values: list[float]) -> None:
    run.mkdir(parents=True)
    (run / "progress.csv").write_text(
        "step,return\n" + "".join(f"{step},{value!r}\n" for step, value in enumerate(values))
    )


def as_events(run: Path, values: list[float]) -> None:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(run))
    for step, value in enumerate(values):
        writer.add_scalar("return", value, step)
    writer.close()


def table(project: Project, *options: str) -> Rows:
    outcome = project.mle("results", *options, "--format", "csv")
    assert outcome.returncode == 0, outcome.stderr
    found = csv.DictReader(io.StringIO(outcome.stdout))
    kept = ("n", "value", "low", "high", "best")
    return {
        (row["method"], row["task"], row["aggregate"]): tuple(row[name] for name in kept)
        for row in found
        if row["n"] != "0"
    }


def test_the_table_of_a_run_has_its_gaps_and_aggregates_of_the_methods_without_gaps(ran: Project) -> None:
    rows = table(ran)

    cells = {(method, task): row for (method, task, aggregate), row in rows.items() if not aggregate}
    assert {key: int(row[0]) for key, row in cells.items()} == {
        ("dqn", "CartPole-v1"): 2,
        ("dqn", "Pong"): 3,
        ("ppo", "CartPole-v1"): 3,
        ("ppo", "Pong"): 3,
        ("sac", "CartPole-v1"): 3,
    }
    assert {(method, aggregate) for method, _, aggregate in rows if aggregate} == {
        (method, aggregate) for method in ("dqn", "ppo") for aggregate in ("mean", "median", "iqm")
    }
    said = ran.mle("results").stdout
    assert "sac has no finished seed run with a finite value on Pong" in " ".join(said.split())
    page = (ran.results / "report.html").read_text()
    assert "3 methods on 2 tasks" in page


@pytest.mark.parametrize(("write", "pattern", "tolerance"), [(as_csv, "", 0.0), (as_events, "/*", 1e-5)])
def test_the_same_numbers_imported_give_the_same_table(
    write: Callable[[Path, list[float]], None], pattern: str, tolerance: float, ran: Project, tmp_path: Path
) -> None:
    results = load(ran.results)
    assert isinstance(results, ExperimentResults)
    for name, configuration in results.items():
        method, _, task = name.partition("_")
        for run in configuration.runs:
            if run.status == "done":
                write(tmp_path / "logs" / f"{task}__{method}__{run.seed}", run.metrics["return"].tolist())
    project = Project(tmp_path)

    outcome = project.mle("import", "logs", "--pattern", "{task}__{algorithm}__{seed}" + pattern, "--output", "results")

    assert outcome.returncode == 0, outcome.stderr
    imported, expected = table(project, "results"), table(ran)
    assert imported.keys() == expected.keys()
    for key, (n, *numbers, best) in expected.items():
        assert imported[key][0] == n
        assert imported[key][-1] == best
        ours, theirs = ([float(number or "nan") for number in row] for row in (imported[key][1:-1], numbers))
        # Event files hold single precision.
        np.testing.assert_allclose(ours, theirs, rtol=tolerance)
