"""Processes that drive an experiment from this machine, and how each kind of them is asked to end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_cluster.scheduler import SchedulerError
from mle_toolbox.cluster.tasks import Submitter, delete_tasks, open_tasks, tasks_in_queue
from mle_toolbox.drive.lock import Holder, is_alive, is_driven
from mle_toolbox.snakemake_side.assumptions import is_snakemake

__all__ = ["Driver", "driver_of_lock", "driver_of_submissions", "drivers_by_hand", "end_processes"]

_LOOK_SECONDS = 0.2
_SECONDS_TO_END = 10.0


@dataclass(frozen=True)
class Driver:
    """One process that starts seed runs.

    ``steps`` are called one after the other, each when the one before has not helped for some time.
    """

    what: str
    host: str
    pid: int
    lives: Callable[[], bool]
    steps: Sequence[Callable[[], None]]

    def stop(self, patience: float, say: Callable[[str], None]) -> bool:
        """Ask it to end, more firmly each time patience is over; return whether it has ended."""
        for number, step in enumerate(self.steps):
            if number:
                say(f"It did not end within {patience:.0f} s; asking it more firmly ...")
            with contextlib.suppress(ProcessLookupError):
                step()
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if not self.lives():
                    return True
                time.sleep(_LOOK_SECONDS)
        return not self.lives()


def driver_of_lock(folder: Path, holder: Holder) -> Driver:
    """Return `mle run`, or the Snakemake that a killed one has left.

    A signal is what Ctrl-C is to `mle run`: the first interrupts its Snakemake, the second terminates it, the third
    kills it. SIGTERM, because a shell makes commands behind ``&`` ignore SIGINT.
    """
    if holder.is_orphaned and holder.snakemake is not None:
        steps = [_group(holder.snakemake, number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)]
        return Driver(
            "the Snakemake that a killed `mle run` left behind", holder.host, holder.snakemake, _held(folder), steps
        )
    return Driver("`mle run`", holder.host, holder.pid, _held(folder), [_one(holder.pid, signal.SIGTERM)] * 3)


def driver_of_submissions(project: Path, results: Path, found: Submitter) -> Driver:
    """Return a Snakemake that somebody has typed and that submits to a cluster.

    One that does not hear SIGINT is told to start nothing more, and ends when its tasks are deleted.
    """

    def terminate() -> None:
        os.kill(found.pid, signal.SIGTERM)
        with contextlib.suppress(SchedulerError):
            in_queue = list(tasks_in_queue(open_tasks(project, results), seconds=_SECONDS_TO_END))
            delete_tasks(in_queue, seconds=_SECONDS_TO_END)

    steps = [_one(found.pid, signal.SIGINT), terminate, _one(found.pid, signal.SIGKILL)]
    return Driver("Snakemake", found.host, found.pid, lambda: found.lives, _heard(found.pid, steps))


def drivers_by_hand(launchers: Iterable[int]) -> list[Driver]:
    """Return the Snakemakes that somebody has typed and that have started these seed runs on this machine."""
    found = {pid: None for launcher in launchers if (pid := _snakemake_above(launcher)) is not None}
    return [Driver("Snakemake", os.uname().nodename, pid, _living(pid), _steps_by_hand(pid)) for pid in found]


def end_processes(pids: Sequence[int], still: Callable[[], int]) -> None:
    """Terminate processes, and kill those that do not go while ``still`` counts something."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in filter(None, pids):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        end = time.monotonic() + _SECONDS_TO_END
        while time.monotonic() < end:
            if not still():
                return
            time.sleep(_LOOK_SECONDS)


def _steps_by_hand(pid: int) -> Sequence[Callable[[], None]]:
    """As Ctrl-C in its terminal, which reaches its jobs too, unless we would be hit ourselves."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        group = os.getpgid(pid)
        if group != os.getpgrp():
            return _heard(pid, [_group(group, number) for number in numbers])
    return _heard(pid, [_one(pid, number) for number in numbers])


def _heard(pid: int, steps: Sequence[Callable[[], None]]) -> Sequence[Callable[[], None]]:
    """Leave out the first step, SIGINT, where it is ignored: a script has started the process with ``&``."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return steps
    ignored = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:")), 0)
    return steps[1:] if ignored >> (signal.SIGINT - 1) & 1 else steps


def _snakemake_above(pid: int) -> int | None:
    """Return the nearest Snakemake among the ancestors of a process, or None."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.parents()):
            if is_snakemake(" ".join(each.cmdline())):
                return int(each.pid)
    return None


def _one(pid: int, number: int) -> Callable[[], None]:
    return lambda: os.kill(pid, number)


def _group(pid: int, number: int) -> Callable[[], None]:
    return lambda: os.killpg(pid, number)


def _held(folder: Path) -> Callable[[], bool]:
    return lambda: is_driven(folder)


def _living(pid: int) -> Callable[[], bool]:
    return lambda: is_alive(pid)
