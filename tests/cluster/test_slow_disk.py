"""A shared disk that shows late what another machine has written."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import Project

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]

JOB = "rule one:\n    output: 'out'\n    shell: 'echo 1 >> ran; echo done > {output}'\n"


def command_that_outlives_its_task(folder: Path, name: str, script: str) -> str:
    """
    Return a PATH on which the command `name` does `script` ($@: its arguments) after its task has ended.

    Grid Engine kills what is left in the process group of a task that ends, so the command returns only when what it
    leaves behind is in a group of its own.
    """
    folder.mkdir()
    command = folder / name
    command.write_text(
        f"#!/bin/sh\nscript='echo > \"$0\"; {script}'\n"
        f'setsid sh -c "$script" "{folder}/apart.$$" "$@" </dev/null >/dev/null 2>&1 &\n'
        f'until [ -s "{folder}/apart.$$" ]; do sleep 0.05; done\n'
    )
    command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def late_renames(folder: Path, seconds: float) -> str:
    """Return a PATH on which `mv` is late: task.sh renames its exit file with it, after which the task is gone."""
    return command_that_outlives_its_task(folder, "mv", f'sleep {seconds}; exec {shutil.which("mv")} "$@"')


def test_exit_files_that_show_late_are_waited_for(project: Project, tmp_path: Path, queue: Queue) -> None:
    project.write(JOB)

    status, said = project.run("--mle-sge-patience-seconds", "60", PATH=late_renames(tmp_path / "bin", 4))

    assert status == 0, said
    assert project.ran() == ["1"]
    project.wait_for(lambda: queue() == {})


def test_how_a_task_ended_whose_exit_file_never_shows_is_asked_of_the_accounting(
    project: Project, tmp_path: Path
) -> None:
    project.write(JOB)

    status, said = project.run("--mle-sge-patience-seconds", "2", PATH=late_renames(tmp_path / "bin", 300))

    assert status == 0, said
    assert project.ran() == ["1"]


def test_outputs_that_show_late_are_waited_for(project: Project, tmp_path: Path) -> None:
    project.write(JOB.replace("echo done > {output}", "echo done > late; show-late late {output}"))
    when_waited_for = 'until grep -q "Waiting at most" .snakemake/log/*; do sleep 0.1; done; mv "$@"'

    status, said = project.run(
        "--latency-wait", "30", PATH=command_that_outlives_its_task(tmp_path / "bin", "show-late", when_waited_for)
    )

    assert status == 0, said
    assert re.search(r"Waiting at most 30 seconds for missing files", said)
    assert project.ran() == ["1"]
