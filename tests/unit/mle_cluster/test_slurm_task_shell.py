"""The shell of a task on Slurm writes down how its command has ended, whoever hears the order to end, and how often."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from mle_cluster.slurm.backend import SCHEDULER

# As in task.sh, without its files.
SHELL = (
    'folder=$1 task=1 command=$2\nfinish() { echo "$1" >"$folder/ended"; exit 0; }\ntrap "" USR1 XCPU\n'
    + SCHEDULER.task_words["@RUN@"]
)
UNTIL_TOLD = "touch ready; while :; do sleep 0.1 & wait; done"
LEAVES = f"bash -c 'trap \"exit 85\" TERM; {UNTIL_TOLD}'"


def begin(folder: Path, command: str) -> subprocess.Popen[bytes]:
    """Start the shell of a task below a folder that stands for its project."""
    array = folder / ".snakemake" / "arrays" / "one"
    array.mkdir(parents=True)
    task = subprocess.Popen(["/bin/bash", "-c", SHELL, "task.sh", str(array), command])
    while not (folder / "ready").exists():
        time.sleep(0.05)
    return task


def end_of(folder: Path) -> str:
    return (folder / ".snakemake/arrays/one/ended").read_text().strip()


def tell(task: subprocess.Popen[bytes], *, all_of_it: bool) -> None:
    told = [psutil.Process(task.pid), *(psutil.Process(task.pid).children(recursive=True) if all_of_it else [])]
    for number in (signal.SIGCONT, signal.SIGTERM):
        for process in reversed(told):  # the command may be gone before its shell hears of it
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


@pytest.mark.parametrize("all_of_it", [True, False], ids=["without cgroups", "with cgroups"])
def test_the_status_is_that_of_the_command_when_it_ends_by_the_order_that_its_shell_hears_too(
    tmp_path: Path, all_of_it: bool
) -> None:
    folders = [tmp_path / f"{number}" for number in range(8)]
    tasks = [begin(folder, LEAVES) for folder in folders]

    for task in tasks:
        tell(task, all_of_it=all_of_it)

    try:
        for task in tasks:
            assert task.wait(timeout=60) == 0
    finally:
        for task in tasks:
            task.kill()
    assert [end_of(folder) for folder in folders] == ["85"] * 8


@pytest.mark.parametrize(("command", "status"), [(f"trap 'exit 86' USR1; {UNTIL_TOLD}", "86"), (LEAVES, "85")])
def test_a_warning_reaches_a_command_that_asks_for_it_and_no_other_ends_by_it(
    tmp_path: Path, command: str, status: str
) -> None:
    task = begin(tmp_path, command)

    task.send_signal(signal.SIGUSR1)
    time.sleep(0.5)
    tell(task, all_of_it=False)

    try:
        assert task.wait(timeout=60) == 0
    finally:
        task.kill()
    assert end_of(tmp_path) == status
