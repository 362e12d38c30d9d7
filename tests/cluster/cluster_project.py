"""A project folder whose jobs run on a cluster, and the Snakemake that drives it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import TaskId

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
# Where grid_engine.sh notes the process of the exec daemon.
EXEC_DAEMON = Path("/var/run/mle-test-cluster/execd.pid")


both_clusters = pytest.mark.parametrize(
    "cluster",
    [pytest.param("sge", marks=pytest.mark.sge), pytest.param("slurm", marks=pytest.mark.slurm)],
    indirect=True,
)
"""For tests of what does not depend on the scheduler: each runs on both of them."""

# Patience is only used up where something is broken, so there may be much of it for machines that do other work too.
_BUSY = 3


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so, for some seconds of an idle machine at most."""
    end = time.monotonic() + seconds * _BUSY
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def kill_at_once(processes: Iterable[psutil.Process]) -> None:
    """Kill processes so that none of them sees the end of another and writes it down."""
    victims = list(processes)
    for action in (psutil.Process.suspend, psutil.Process.kill):
        for process in victims:
            # Whoever had ended, and was not waited for by a parent that is now dead, is gone from the table.
            with contextlib.suppress(psutil.NoSuchProcess):
                action(process)


# A job keeps its number, and the folder from which it was submitted.
_submitted_in: dict[int, str] = {}


def states_of(folder: Path) -> dict[TaskId, str]:
    """Return the state of every task in the queue that was submitted in a folder or below it."""
    found = commands.states()
    if unknown := {job for job, _ in found} - _submitted_in.keys():
        _submitted_in.update(_folders_of(unknown))
    ours = (str(folder), f"{folder}{os.sep}")
    return {
        (job, task): state
        for (job, task), state in found.items()
        if (place := _submitted_in.get(job, "")) == ours[0] or place.startswith(ours[1])
    }


def _folders_of(jobs: Iterable[int]) -> dict[int, str]:
    # Those that have left the queue meanwhile make it an error; the others are answered all the same.
    answer = subprocess.run(["qstat", "-j", ",".join(map(str, jobs))], capture_output=True, text=True, check=False)
    found = re.findall(r"^job_number:\s+(\d+)$.*?^sge_o_workdir:\s+(.*?)$", answer.stdout, re.MULTILINE | re.DOTALL)
    return {int(job): place for job, place in found}


def slurm_states_of(folder: Path) -> dict[TaskId, str]:
    """Return the state of every task in the queue of Slurm that was submitted in a folder or below it."""
    asked = ["squeue", "--noheader", "--all", "--array", "--format=%F|%K|%t|%Z"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|", 3) for line in answer.splitlines()]
    return {
        (int(job), int(task) if task.isdecimal() else 1): state
        for job, task, state, place in rows
        if Path(place).is_relative_to(folder)
    }


@dataclass
class Driver:
    """A Snakemake that runs."""

    process: subprocess.Popen[str]
    output: Path

    def kill(self) -> None:
        """End it as a crash of the login node would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> tuple[int, str]:
        """Return exit status and everything it said."""
        status = self.process.wait(timeout=120 * _BUSY)
        return status, self.output.read_text()


@dataclass
class Project:
    """A folder with a Snakefile whose jobs leave a line in `ran` every time they start."""

    path: Path
    profile: str = "sge"
    drivers: list[Driver] = field(default_factory=list)

    def write(self, snakefile: str) -> None:
        """Write the Snakefile."""
        (self.path / "Snakefile").write_text(snakefile)

    def start(self, *arguments: str, **environment: str) -> Driver:
        """Start Snakemake on the cluster, with short patience."""
        output = self.path / f"driver-{len(self.drivers)}.log"
        setting = f"--mle-{self.profile}"
        command = [sys.executable, "-m", "snakemake", "--profile", str(PROFILES / self.profile), "--latency-wait", "5"]
        command += [f"{setting}-patience-seconds", "4", f"{setting}-query-seconds", "1", *arguments]
        with output.open("w") as file:
            process = subprocess.Popen(
                command,
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | environment,
                start_new_session=True,
            )
        self.drivers.append(Driver(process, output))
        return self.drivers[-1]

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run Snakemake to its end."""
        return self.start(*arguments, **environment).wait()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is so."""
        wait_until(condition, seconds)

    def wait_for_file(self, name: str) -> None:
        """Wait until a file is there."""
        self.wait_for((self.path / name).exists)

    def ran(self) -> list[str]:
        """What was started, a line for each time, sorted."""
        path = self.path / "ran"
        return sorted(path.read_text().split()) if path.exists() else []


SILENT = {"SGE_QMASTER_PORT": "1"}
"""For commands that are to find no master daemon: nobody listens there. The others go on having theirs."""


@contextmanager
def without_master(grid_engine: Path) -> Iterator[None]:
    """Stop the master daemon for the length of a block."""
    subprocess.run([grid_engine, "master", "stop"], check=True)
    try:
        yield
    finally:
        subprocess.run([grid_engine, "master", "start"], check=True)
        wait_until(lambda: subprocess.run([grid_engine, "status"], check=False).returncode == 0, 60)


@contextmanager
def configured(**values: str) -> Iterator[None]:
    """Set values of the global configuration of the test cluster."""
    before = _configuration()
    changed = before
    for key, value in values.items():
        changed = re.sub(rf"^{key} .*$", f"{key} {value}", changed, flags=re.MULTILINE)
    _configure(changed)
    try:
        yield
    finally:
        _configure(before)


def _configuration() -> str:
    return subprocess.run(["qconf", "-sconf", "global"], capture_output=True, text=True, check=True).stdout


def _configure(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "global"  # qconf takes the name of the file for that of the configuration
        file.write_text(text)
        subprocess.run(["qconf", "-Mconf", str(file)], check=True, capture_output=True)
