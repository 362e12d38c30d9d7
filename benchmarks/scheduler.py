"""What a benchmark has to see of a scheduler: whether it answers, which commands are called, what tasks cost nodes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from mle_cluster.grid_engine import commands as grid_engine
from mle_cluster.scheduler import SchedulerError
from mle_cluster.slurm import commands as slurm

__all__ = ["GRID_ENGINE", "SLURM", "Call", "Cluster", "Recorder", "alone", "cpu_seconds"]

# The accounting of both is written with some delay.
ACCOUNTING_SECONDS = 60
# Put before the real command on PATH, also for tasks: the environment is handed on to them. A submission's answer is
# kept, because it names the job.
WRAPPER = """\
#!/bin/bash
begin=$EPOCHREALTIME
answer=$({real} "$@")
status=$?
printf '{name} %s %s %s %s\\n' "$begin" "$EPOCHREALTIME" "${{JOB_ID:-${{SLURM_JOB_ID:-driver}}}}" "{answer}" >>{calls}
[[ -z $answer ]] || printf '%s\\n' "$answer"
exit $status
"""


@dataclass(frozen=True)
class Cluster:
    """The commands of one scheduler, and how it keeps account."""

    name: str
    commands: tuple[str, ...]
    submitting: str
    deleting: str
    counted: tuple[str, ...]
    """Commands that have a column of their own."""
    answers: Callable[[], object]
    """Raises SchedulerError when there is none."""
    lock: Path
    """The tests of this repository stop daemons and delete whatever is in the queue; they hold this file meanwhile."""
    spent: Callable[[set[int], float], dict[str, float]]
    """CPU seconds of each task that is over, of some jobs that were submitted since a time."""


@dataclass(frozen=True)
class Call:
    """One call of a command of a scheduler, by the driver or on a node, and the job that a submission made."""

    command: str
    seconds: float
    job: int | None
    on_node: bool


class Recorder:
    """Writes down every call of a command of a scheduler that is made with its ``environment``."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._calls = folder / "calls"
        for name in cluster.commands:
            real = shutil.which(name)
            if real is not None:
                answer = "${answer//$'\\n'/ }" if name == cluster.submitting else ""
                wrapper = folder / name
                wrapper.write_text(WRAPPER.format(real=real, name=name, calls=self._calls, answer=answer))
                wrapper.chmod(0o755)
        self.environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def calls(self) -> list[Call]:
        """Return the calls that have ended."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [_call(*line.split(" ", 4)) for line in lines]


@contextmanager
def alone(cluster: Cluster, *, is_alone: bool) -> Iterator[None]:
    """Have the queue for oneself, unless the caller has seen to that; without a scheduler, leave with status 2."""
    with cluster.lock.open("w") as file:
        if not is_alone:
            fcntl.lockf(file, fcntl.LOCK_EX)
        try:
            cluster.answers()
        except SchedulerError:
            script = f"tests/cluster/{cluster.name.lower().replace(' ', '_')}.sh"
            print(f"Left out: no {cluster.name} answers. On Debian, as root: {script} start")
            sys.exit(2)
        yield
    # Locks are not handed on in turn: whoever waits gets a chance.
    time.sleep(1)


def cpu_seconds(cluster: Cluster, jobs: set[int], tasks: int, begin: float) -> float | None:
    """Return the CPU seconds of all tasks of ``jobs`` by the scheduler's own account, or None when it is not complete.

    Parameters
    ----------
    cluster
        The scheduler.
    jobs
        Ids of the jobs.
    tasks
        How many tasks they have together: so many are waited for.
    begin
        When the first was submitted, in seconds since 1970.
    """
    end = time.monotonic() + ACCOUNTING_SECONDS
    while time.monotonic() < end:
        try:
            spent = cluster.spent(jobs, begin)
        except SchedulerError:
            spent = {}
        if len(spent) >= tasks:
            return sum(spent.values())
        time.sleep(3)
    return None


def _call(command: str, begin: str, end: str, caller: str, answer: str) -> Call:
    job = re.search(r"\d+", answer)
    seconds = float(end.replace(",", ".")) - float(begin.replace(",", "."))
    return Call(command, seconds, int(job.group()) if job else None, caller != "driver")


def _spent_on_grid_engine(jobs: set[int], begin: float) -> dict[str, float]:
    since = time.strftime("%Y%m%d%H%M", time.localtime(begin))
    found: dict[str, float] = {}
    for block in re.split(r"^=+$", grid_engine.ask(["qacct", "-j", "-b", since], seconds=60), flags=re.MULTILINE):
        fields = {words[0]: words[1].strip() for line in block.splitlines() if len(words := line.split(None, 1)) == 2}
        job = fields.get("jobnumber", "")
        if job.isdecimal() and int(job) in jobs:
            spent = sum(float(fields[name].rstrip("s")) for name in ("ru_utime", "ru_stime"))
            found[f"{job}.{fields.get('taskid')}"] = spent
    return found


def _spent_on_slurm(jobs: set[int], begin: float) -> dict[str, float]:
    numbers = ",".join(map(str, sorted(jobs)))
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(begin))
    text = slurm.ask(["sacct", "-nP", "-S", since, "-j", numbers, "-o", "JobID,TotalCPU,State"], seconds=60)
    found: dict[str, float] = {}
    for name, spent, state in (line.split("|") for line in text.splitlines()):
        task, _, step = name.partition(".")
        # A job has one line for each of its steps; the shell of its script is the step "batch".
        if step and state == "COMPLETED":
            found[task] = found.get(task, 0.0) + _seconds(spent)
    return found


def _seconds(text: str) -> float:
    days, _, rest = text.rpartition("-")
    parts = [float(part) for part in rest.split(":")]
    return int(days or 0) * 86400 + sum(part * 60**power for power, part in enumerate(reversed(parts)))


TEMPORARY = Path(tempfile.gettempdir())
GRID_ENGINE = Cluster(
    "Grid Engine",
    ("qsub", "qstat", "qacct", "qdel", "qmod", "qconf"),
    "qsub",
    "qdel",
    ("qsub", "qstat", "qacct"),
    lambda: grid_engine.ask(["qstat"]),
    TEMPORARY / "mle-test-cluster.lock",
    _spent_on_grid_engine,
)
SLURM = Cluster(
    "Slurm",
    ("sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "sacctmgr", "sshare", "srun", "sstat"),
    "sbatch",
    "scancel",
    ("sbatch", "squeue", "sacct"),
    lambda: slurm.ask(["squeue"]),
    TEMPORARY / "mle-test-slurm.lock",
    _spent_on_slurm,
)
