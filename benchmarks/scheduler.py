"""What a benchmark has to see of Grid Engine: whether one answers, which commands are called, what tasks cost nodes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import SchedulerError

__all__ = ["Call", "Recorder", "alone", "cpu_seconds"]

COMMANDS = ("qsub", "qstat", "qacct", "qdel", "qmod", "qconf")
# The tests of this repository stop daemons and delete whatever is in the queue; they hold this file while they do.
LOCK = Path(tempfile.gettempdir()) / "mle-test-cluster.lock"
# Grid Engine writes its accounting every 15 seconds.
ACCOUNTING_SECONDS = 60
# Put before the real command on PATH. Its answer is kept, because it names the job.
WRAPPER = """\
#!/bin/bash
begin=$EPOCHREALTIME
answer=$({real} "$@")
status=$?
printf '{name} %s %s %s\\n' "$begin" "$EPOCHREALTIME" "{answer}" >>{calls}
[[ -z $answer ]] || printf '%s\\n' "$answer"
exit $status
"""


@dataclass(frozen=True)
class Call:
    """One call of a command of Grid Engine, and the job that a qsub made."""

    command: str
    seconds: float
    job: int | None


class Recorder:
    """Writes down every call of a command of Grid Engine that is made with its ``environment``."""

    def __init__(self, folder: Path) -> None:
        self._calls = folder / "calls"
        for name in COMMANDS:
            real = shutil.which(name)
            if real is not None:
                answer = "${answer//$'\\n'/ }" if name == "qsub" else ""
                wrapper = folder / name
                wrapper.write_text(WRAPPER.format(real=real, name=name, calls=self._calls, answer=answer))
                wrapper.chmod(0o755)
        self.environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def calls(self) -> list[Call]:
        """Return the calls that have ended."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [_call(*line.split(" ", 3)) for line in lines]


@contextmanager
def alone(*, is_alone: bool) -> Iterator[None]:
    """Have the queue for oneself, unless the caller has seen to that; without a Grid Engine, leave with status 2."""
    with LOCK.open("w") as file:
        if not is_alone:
            fcntl.lockf(file, fcntl.LOCK_EX)
        try:
            commands.ask(["qstat"])
        except SchedulerError:
            print("Left out: no Grid Engine answers. On Debian, as root: tests/cluster/grid_engine.sh start")
            sys.exit(2)
        yield
    # Locks are not handed on in turn: whoever waits gets a chance.
    time.sleep(1)


def cpu_seconds(jobs: set[int], tasks: int, begin: float) -> float | None:
    """Return the CPU seconds of all tasks of ``jobs`` by the scheduler's own account, or None when it is not complete.

    Parameters
    ----------
    jobs
        Ids of the jobs.
    tasks
        How many tasks they have together: so many are waited for.
    begin
        When the first was submitted, in seconds since 1970.
    """
    since = time.strftime("%Y%m%d%H%M", time.localtime(begin))
    end = time.monotonic() + ACCOUNTING_SECONDS
    while time.monotonic() < end:
        spent = list(_spent(_accounts(since), jobs))
        if len(spent) >= tasks:
            return sum(spent)
        time.sleep(3)
    return None


def _call(command: str, begin: str, end: str, answer: str) -> Call:
    job = re.search(r"\d+", answer)
    return Call(
        command, float(end.replace(",", ".")) - float(begin.replace(",", ".")), int(job.group()) if job else None
    )


def _accounts(since: str) -> str:
    try:
        return commands.ask(["qacct", "-j", "-b", since], seconds=60)
    except SchedulerError:
        return ""


def _spent(text: str, jobs: set[int]) -> Iterator[float]:
    for block in re.split(r"^=+$", text, flags=re.MULTILINE):
        fields = dict(words for line in block.splitlines() if len(words := line.split(None, 1)) == 2)
        if fields.get("jobnumber", "").strip().isdecimal() and int(fields["jobnumber"]) in jobs:
            yield sum(float(fields[name].strip().rstrip("s")) for name in ("ru_utime", "ru_stime"))
