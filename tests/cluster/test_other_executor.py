"""A profile with an executor that is not ours: the lines of docs/other-clusters.md, on the real schedulers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_project import wait_until
from mle_project import Project, new_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("snakemake_executor_plugin_cluster_generic") is None,
        reason="snakemake-executor-plugin-cluster-generic is not installed (extra dev).",
    ),
]

on_slurm = pytest.mark.parametrize("cluster", [pytest.param("slurm", marks=pytest.mark.slurm)], indirect=True)
Queue = Callable[[], dict[tuple[int, int], str]]
# One seed of each configuration fails until it is repaired.
FAILING = (
    "    if mle.seed == 1 and not pathlib.Path('repaired').exists():\n"
    "        raise ValueError('the second seed is broken')\n"
    "    value = 0.0\n"
)


@pytest.fixture
def other(tmp_path: Path, cluster: str, repository: Path) -> Iterator[Project]:
    """A project with the two files of the page, for this scheduler."""
    project = new_project(tmp_path / "project", "mine")
    folder = project.path / "profiles" / "mine"
    folder.mkdir(parents=True)
    for name, text in files_of_the_page(repository / "docs" / "other-clusters.md", cluster).items():
        (folder / name).write_text(text)
    yield project
    project.end()


def files_of_the_page(page: Path, cluster: str) -> dict[str, str]:
    text = page.read_text(encoding="utf-8")
    profile, script, grid_engine = re.findall(r"^```(?:yaml|bash)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[:3]
    if cluster == "sge":
        assert "For Grid Engine (`qdel`):" in text
        own = re.compile(r"^submit\(\) \{.*?^\}\n\nis_gone\(\) \{.*?^\}\n", re.MULTILINE | re.DOTALL)
        assert len(own.findall(script)) == len(own.findall(grid_engine)) == 1
        profile = profile.replace("cancel-cmd: scancel", "cancel-cmd: qdel")
        script = own.sub(lambda found: grid_engine, script)
    return {"config.yaml": profile, "cluster.sh": script}


@pytest.mark.parametrize(
    "cluster",
    [pytest.param("sge", marks=[pytest.mark.sge, pytest.mark.soak]), pytest.param("slurm", marks=pytest.mark.slurm)],
    indirect=True,
)
def test_a_failed_seed_run_is_reported_and_only_it_runs_again(other: Project, queue: Queue) -> None:
    script = other.path / "train.py"
    script.write_text(script.read_text().replace("    value = 0.0\n", FAILING))
    other.let_go()

    first = other.mle("run", "exp.yaml", "--profile", "mine")
    then = other.statuses()
    (other.path / "repaired").touch()
    second = other.mle("run", "exp.yaml", "--profile", "mine")

    assert first.returncode == 1
    assert "ValueError: the second seed is broken" in first.stderr
    assert "mle run exp.yaml --profile mine" in first.stderr
    assert sorted(then) == ["done", "done", "failed", "failed"]
    assert second.returncode == 0, second.stderr
    assert "4 of 4 seed runs done" in second.stdout
    assert other.started() == ["a 0", "a 1", "a 1", "b 0", "b 1", "b 1"]
    assert len(list((other.path / ".snakemake" / "other_cluster").glob("*.exit"))) == 6
    wait_until(lambda: queue() == {}, 30)


@on_slurm
def test_a_stop_deletes_the_jobs_and_the_next_run_goes_on(other: Project, queue: Queue) -> None:
    other.begin("mle_toolbox", "run", "exp.yaml", "--profile", "mine")
    other.wait_for_starts(4)
    running = other.statuses()

    stopped = other.mle("stop")
    wait_until(lambda: queue() == {}, 60)
    then = other.statuses()
    other.let_go()
    again = other.mle("run", "exp.yaml", "--profile", "mine")

    assert running == ["running"] * 4
    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped: 1 driver" in stopped.stdout
    assert then == ["stopped"] * 4
    assert again.returncode == 0, again.stderr
    assert "4 of 4 seed runs done" in again.stdout


@pytest.mark.soak
@on_slurm
def test_what_a_killed_driver_has_left_running_runs_to_its_end_and_nothing_runs_twice(
    other: Project, queue: Queue
) -> None:
    other.begin("mle_toolbox", "run", "exp.yaml", "--profile", "mine")
    other.wait_for_starts(4)
    other.kill_driver(snakemake=True)

    other.begin("mle_toolbox", "run", "exp.yaml", "--profile", "mine")
    wait_until(lambda: len(queue()) == 8, 60)
    other.let_go()
    status = other.begun[-1].wait(timeout=300)

    assert status == 0, other.said()
    assert "4 of 4 seed runs done" in other.said()
    assert other.started() == ["a 0", "a 1", "b 0", "b 1"]
    wait_until(lambda: queue() == {}, 60)


@pytest.mark.soak
@on_slurm
def test_a_job_that_was_deleted_by_hand_is_noticed_although_it_wrote_nothing(other: Project, queue: Queue) -> None:
    other.begin("mle_toolbox", "run", "exp.yaml", "--profile", "mine")
    other.wait_for_starts(4)
    job = min(job for job, _ in queue())

    subprocess.run(["scancel", "--signal=KILL", "--full", str(job)], check=True)
    wait_until(lambda: len(queue()) == 3, 60)
    other.let_go()
    status = other.begun[-1].wait(timeout=300)

    assert status == 1, other.said()
    assert not (other.path / ".snakemake" / "other_cluster" / f"{job}.exit").exists()
    assert sorted(other.statuses()) == ["died", "done", "done", "done"]
