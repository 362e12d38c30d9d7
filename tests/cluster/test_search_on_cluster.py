"""A search on the real Grid Engine: the trials are asked here, their seed runs are an array there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.workflow.test_search import make_search

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
