"""Processes that drive an experiment from this machine, and how to stop each kind of them."""

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

__all__ = ["Driver", "driver_of_lock", "driver_of_submissions", "drivers_by_hand", "end_processes", "launchers_below"]

_LOOK_SECONDS = 0.2
_SECONDS_TO_END = 10.0


@dataclass(frozen=True)
class Driver:
    """One process that starts seed runs.

    ``steps`` are ways to stop it, from gentle to hard; the next is tried when one has not worked for some time.
    """

    what: str
    host: str
    pid: int
    lives: Callable[[], bool]
    steps: Sequence[Callable[[], None]]

    def stop(self, patience: float, say: Callable[[str], None]) -> bool:
        """Ask it to stop, more firmly each time patience is over; return whether it has ended."""
        for number, step in enumerate(self.steps):
            if number:
                say(f"It did not end within {patience:.0f} s; sending a stronger signal ...")
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

    To `mle run` a signal is like Ctrl-C: the first interrupts its Snakemake, the second terminates it, the third
    kills it.
    """
    if holder.is_orphaned and holder.snakemake is not None:
        steps = [_group(holder.snakemake, number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)]
        return Driver(
            "the Snakemake that a killed `mle run` left behind", holder.host, holder.snakemake, _held(folder), steps
        )
    # SIGTERM, because a shell makes commands that are started with `&` ignore SIGINT.
    return Driver("`mle run`", holder.host, holder.pid, _held(folder), [_one(holder.pid, signal.SIGTERM)] * 3)


def driver_of_submissions(project: Path, results: Path, found: Submitter) -> Driver:
    """Return a Snakemake that was started by hand and submits to a cluster.

    One that ignores SIGINT gets SIGTERM, after which it starts nothing more, and ends when its tasks are deleted.
    """

    def terminate() -> None:
        os.kill(found.pid, signal.SIGTERM)
        with contextlib.suppress(SchedulerError):
            in_queue = list(tasks_in_queue(open_tasks(project, results), seconds=_SECONDS_TO_END))
            delete_tasks(in_queue, seconds=_SECONDS_TO_END)

    steps = [_one(found.pid, signal.SIGINT), terminate, _one(found.pid, signal.SIGKILL)]
    return Driver("Snakemake", found.host, found.pid, lambda: found.lives, _heard(found.pid, steps))


def drivers_by_hand(launchers: Iterable[int]) -> list[Driver]:
    """Return the Snakemakes that were started by hand and have started these seed runs on this machine."""
    found = {pid: None for launcher in launchers if (pid := _snakemake_above(launcher)) is not None}
    return [Driver("Snakemake", os.uname().nodename, pid, _living(pid), _steps_by_hand(pid)) for pid in found]


def end_processes(pids: Sequence[int], still: Callable[[], int], seconds: float = _SECONDS_TO_END) -> None:
    """Terminate processes, and kill them if ``still`` counts any after so many seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in filter(None, pids):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not still():
                return
            time.sleep(_LOOK_SECONDS)


def launchers_below(pid: int) -> dict[tuple[str, int], int]:
    """Return the launchers that a process of this machine has started, by configuration and seed."""
    import psutil

    found: dict[int, tuple[tuple[str, int], int]] = {}
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                given = dict(word.removeprefix("--").split("=", 1) for word in process.cmdline() if "=" in word)
                # A shell that has the whole command in one word has none of these.
                if {"script", "config", "seed", "experiment-dir"} <= given.keys() and given["seed"].isdecimal():
                    found[process.pid] = ((Path(given["config"]).stem, int(given["seed"])), process.ppid())
    # Its witness (experiment/child_process.py) is a copy of a launcher, below it.
    return {run: number for number, (run, parent) in found.items() if parent not in found}


def _steps_by_hand(pid: int) -> Sequence[Callable[[], None]]:
    """Signal its whole group, as Ctrl-C in its terminal would, so that its jobs get it too."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        group = os.getpgid(pid)
        # In a script without job control `snakemake &` shares our own group, and we would stop ourselves.
        if group != os.getpgrp():
            return _heard(pid, [_group(group, number) for number in numbers])
    return _heard(pid, [_one(pid, number) for number in numbers])


def _heard(pid: int, steps: Sequence[Callable[[], None]]) -> Sequence[Callable[[], None]]:
    """Leave out the first step, SIGINT, where the process ignores it: a script has started it with ``&``."""
    # Without /proc, as on macOS, all steps are tried, which only takes longer.
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return steps
    ignored = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:")), 0)
    return steps[1:] if ignored >> (signal.SIGINT - 1) & 1 else steps


def _snakemake_above(pid: int) -> int | None:
    """Return the nearest Snakemake among the ancestors of a process, or None."""
    import psutil

    # Any of them may end meanwhile, or belong to another user.
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
