"""A search whose driver is killed at random moments: it goes on, repeats nothing, and has the same results."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.conftest import wait_for
from tests.workflow.test_search import SCRIPT, SearchProject, make_search

pytestmark = pytest.mark.slow

# Leaves a line when a seed run starts, and takes a moment, so that a kill finds some of them running.
SLOW_SCRIPT = SCRIPT.replace(
    "    for step in range(3):\n",
    "    with open('started.txt', 'a') as file:\n"
    "        file.write('/'.join(name) + '\\n')\n"
    "    import time\n"
    "    time.sleep(0.3)\n"
    "    for step in range(3):\n",
)
SEEDS = 3


def slow_search(path: Path, trials: int) -> SearchProject:
    """Make a search in which nothing has run yet."""
    project = make_search(path)
    (project.path / "train.py").write_text(SLOW_SCRIPT)
    lrates = [round(0.1 * number, 1) for number in range(1, 6)]
    project.write(
        params={"categorical": {"lrate": lrates}, "integer": {"units": [1, 4, 4]}}, budget=trials, seeds=SEEDS
    )
    return project


@pytest.mark.parametrize(("trials", "kills"), [(8, 2), pytest.param(20, 5, marks=pytest.mark.soak)])
def test_a_search_whose_driver_is_killed_several_times_repeats_nothing_and_has_the_same_results(
    trials: int, kills: int, tmp_path: Path
) -> None:
    search = slow_search(tmp_path / "project", trials)
    undisturbed = SearchProject(Path(shutil.copytree(search.path, tmp_path / "undisturbed")))
    undisturbed.run()
    generator = random.Random(14)
    # The first kill may come while the trials are being asked.
    moments = [0, *sorted(generator.sample(range(1, trials * SEEDS - 5), kills - 1))]

    for number, moment in enumerate(moments):
        process = search.start("run", "exp.yaml", "--profile", "local")
        lock = search.results / ".driver" / "lock"
        wait_for(lambda: holder_of(lock).get("snakemake") is not None or process.poll() is not None)  # noqa: B023
        wait_for(lambda: len(search.logs()) >= moment or process.poll() is not None)  # noqa: B023
        assert process.poll() is None, process.communicate()
        # Seed runs that are left alone come to their end, and the next driver waits for them.
        snakemake = holder_of(lock)["snakemake"]
        process.kill()
        if number % 2 == 0:
            os.kill(snakemake, signal.SIGKILL)
        process.communicate()

    search.run()

    started = Counter((search.path / "started.txt").read_text().split())
    assert len(started) == trials * SEEDS
    assert set(started.values()) == {1}
    for path in undisturbed.results.glob("trial_*/trial_*.json"):
        assert (search.results / path.relative_to(undisturbed.results)).read_bytes() == path.read_bytes()
    tables = [path.name for path in undisturbed.results.glob("*.csv")]
    assert "results.csv" in tables
    for table in tables:
        assert (search.results / table).read_bytes() == (undisturbed.results / table).read_bytes()


def holder_of(lock: Path) -> dict[str, int]:
    try:
        return dict(json.loads(lock.read_text()))
    except (OSError, ValueError):
        return {}
