"""A project folder may have any name on the cluster too; what Grid Engine cannot use is refused first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mle_project import Project, edit_profile, new_project

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


@pytest.fixture
def named_project(grid_engine: Path, tmp_path: Path) -> Iterator[Callable[[str], Project]]:
    """A function that makes a project of one seed run in a folder of a given name."""
    made: list[Project] = []

    def make(name: str) -> Project:
        made.append(new_project(tmp_path / name))
        made[-1].write_experiment(["a.json"], seeds=1)
        made[-1].let_go()
        return made[-1]

    yield make
    for project in made:
        project.end()


@pytest.mark.parametrize("name", ["[b] {x} co:lon com,ma;it's", "$ARC ${USER} $(touch pwned) ta\tb *"], ids=ascii)
def test_seed_runs_and_the_job_of_the_doctor_run_in_a_folder_of_any_name(
    named_project: Callable[[str], Project], name: str
) -> None:
    project = named_project(name)

    outcome = project.mle("run", "exp.yaml", "--profile", "sge")
    doctor = project.mle("doctor")

    assert outcome.returncode == 0, outcome.stderr
    assert "1 of 1 seed runs done" in outcome.stdout
    assert project.started() == ["a 0"]
    assert "✓ a job ran on " in doctor.stdout, doctor.stdout
    assert sorted(path.name for path in project.path.parent.iterdir()) == [name]


@pytest.mark.parametrize("clean", ["true", "false"])
def test_the_log_of_a_task_is_found_where_its_folder_has_a_colon_and_a_comma(
    named_project: Callable[[str], Project], clean: str
) -> None:
    project = named_project("co:lon, com,ma")
    edit_profile(project, clean_environment=clean)
    (project.path / "Snakefile").write_text('rule talk:\n    shell: "echo wrong; exit 3"\n')

    outcome = project._run("snakemake", "--profile", "sge", "talk")

    assert outcome.returncode == 1
    assert "log.1:\n  wrong\n" in outcome.stderr


@pytest.mark.parametrize("part", ["$HOME", "$USER", "$JOB_ID", "$JOB_NAME", "$HOSTNAME", "$TASK_ID", "\n"], ids=ascii)
def test_a_folder_of_which_grid_engine_cannot_be_told_is_refused_before_anything_is_submitted(
    named_project: Callable[[str], Project], queue: Queue, part: str
) -> None:
    project = named_project(f"a{part}s")

    outcome = project.mle("run", "exp.yaml", "--profile", "sge")
    doctor = project.mle("doctor", "--no-job")

    told = f"Grid Engine cannot use the folder {str(project.path)!r}: it would replace {part!r}. Rename the folder."
    assert outcome.returncode == 2
    assert outcome.stderr.splitlines()[-1] == told
    assert (doctor.returncode, doctor.stdout.count(told)) == (1, 1)
    assert project.started() == []
    assert queue() == {}
