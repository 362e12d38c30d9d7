"""A search on the real Grid Engine: the trials are asked here, their seed runs are an array there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.workflow.test_forms_of_a_search import ASYNC, BLOCKS, FLAT, curves, make, read_table
from tests.workflow.test_learning_search import make_learning_search
from tests.workflow.test_search import make_search
from tests.workflow.test_seeds_until_decided import looks, seeds_done, started, write_experiment
from tests.workflow.test_seeds_until_decided import make as make_undecided
from tests.workflow.test_seeds_until_decided import run as run_looks

pytestmark = [pytest.mark.sge, pytest.mark.slow]


def test_a_search_runs_and_grows_on_a_grid_engine_as_it_does_here(tmp_path: Path, grid_engine: Path) -> None:
    search = make_search(tmp_path / "project")

    done = search.mle("run", "exp.yaml", "--profile", "sge")

    assert done.returncode == 0, done.stdout + done.stderr
    log = (search.results / ".driver" / "snakemake.log").read_text()
    assert search.runs_now() == {"ask": 1, "train": 8, "merge": 4}
    assert re.search(r"Submitted job \d+ with 8 tasks", log)
    before = search.logs()

    search.write(params={"categorical": {"lrate": [0.1, 0.3, 0.2]}, "integer": {"units": [1, 3, 2]}})
    done = search.mle("run", "exp.yaml", "--profile", "sge")

    assert done.returncode == 0, done.stdout + done.stderr
    assert search.runs_now() == {"ask": 1, "train": 4, "merge": 2}
    assert {place: log for place, log in search.logs().items() if place in before} == before


def test_a_search_that_learns_asks_the_same_trials_there_as_here(tmp_path: Path, grid_engine: Path) -> None:
    here, there = (make_learning_search(tmp_path / place) for place in ("here", "there"))
    here.run()

    done = there.mle("run", "exp.yaml", "--profile", "sge")

    assert done.returncode == 0, done.stdout + done.stderr
    assert there.runs_now() == {"ask": 4, "train": 12, "trial": 6}
    assert there.trial_files() == here.trial_files()
    assert there.jobs_to_run() == {}


@pytest.mark.parametrize(
    ("kind", "section", "seeds", "trials"),
    [
        ("experiment_type", FLAT, [0, 1], 4),
        ("job_type", BLOCKS, [0, 1, 2], 4),
        ("job_type", ASYNC, [1, 4], 3),
    ],
    ids=["flat", "three blocks", "asynchronous"],
)
def test_forms_that_people_wrote_run_there_to_their_table(
    kind: str, section: str, seeds: list[int], trials: int, tmp_path: Path, grid_engine: Path
) -> None:
    (tmp_path / "project").mkdir()
    search = make(tmp_path / "project", kind, '"base.yaml"', section)
    file = tmp_path / "project" / "exp.yaml"
    # Of several queues any will do.
    file.write_text(file.read_text().replace('["cpu-long", "cpu-short"]', '["all.q", "other.q"]'))

    done = search.mle("run", "exp.yaml", "--profile", "sge")

    assert done.returncode == 0, done.stdout + done.stderr
    rows = read_table(search)
    assert len(rows) == trials
    for row in rows:
        rate = float(row["train:lrate" if section is BLOCKS else "lrate"])
        all_curves = curves(rate, float(row["es_config/sigma"]) if section is BLOCKS else 5e-4, seeds)
        # What each form asks for: medians or means over seeds, then the highest or the mean of the curve.
        curve = np.nanmedian(all_curves, axis=0) if section is BLOCKS else np.nanmean(all_curves, axis=0)
        expected = curve.mean() if section is ASYNC else curve.max()
        assert float(row["loss"]) == pytest.approx(expected, rel=1e-12)


def test_looks_decide_the_same_there_as_here(tmp_path: Path, grid_engine: Path) -> None:
    here, there = (make_undecided(tmp_path / place) for place in ("here", "there"))
    for project in (here, there):
        write_experiment(project, num_seeds="{min: 3, max: 6, until: decided}")
    run_looks(here)

    done = there.mle("run", "exp.yaml", "--profile", "sge")

    assert done.returncode == 0, done.stdout + done.stderr
    assert seeds_done(there) == {"a": 3, "b": 6, "c": 6}
    assert set(started(there).values()) == {1}
    assert looks(there) == looks(here)
    assert (there.results / "comparisons.csv").read_bytes() == (here.results / "comparisons.csv").read_bytes()
