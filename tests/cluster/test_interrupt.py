"""Ctrl-C at the moment at which the scheduler takes the tasks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from cluster_project import Project

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


def test_ctrl_c_during_qsub_leaves_nothing_in_the_queue(project: Project, queue: Queue) -> None:
    slow = project.path / "bin/qsub"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n{shutil.which("qsub")} "$@"\ntouch {project.path}/taken\nsleep 1\n')
    slow.chmod(0o755)
    project.write("rule all:\n    input: 'a', 'b'\nrule train:\n    output: '{n}'\n    shell: 'sleep 60'\n")
    driver = project.start(PATH=f"{slow.parent}:{os.environ['PATH']}")
    project.wait_for_file("taken")

    driver.interrupt()
    status, said = driver.wait()

    assert status == 1, said
    assert "Submitted job" in said
    assert queue() == {}
