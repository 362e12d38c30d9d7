"""The limits of one run on this machine: its time, and the memory of all its processes.

On a cluster the scheduler enforces them. Here the launcher does, by a timer in its own process, since a second process
for each run would cost more than what it watches. Imported only where there is a limit, and imports only what is built
into Python.

Memory is what is resident, and not what is reserved (RLIMIT_AS): torch and JAX reserve many times what they use. Pages
that several processes share, such as those of forked data loaders, count once: the sum of RSS, which is quick to read,
counts them several times, so when it is over the limit the proportional sizes (PSS) decide.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed has only signal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LimitWatch", "Limits", "memory_in_words", "resident_mb", "time_in_words"]

# As the profiles of clusters have it: so long before the end the script is told, but not before this share is over.
_NOTICE_SECONDS = 300.0
_TOLD_AFTER = 0.9
# As Slurm has it: what does not end when it is told to is killed after this time.
_KILLED_AFTER_SECONDS = 30.0
# Memory is looked at so often, or less if a look costs so much that it would take more than this share of a core.
_LOOK_SECONDS = 1.0
_SHARE_OF_A_CORE = 0.001
_PAGES_IN_A_MB = 2**20 / os.sysconf("SC_PAGE_SIZE")


class Limits:
    """What one run may use; None: no limit.

    Parameters
    ----------
    seconds
        Its time. A tenth of it, at most five minutes, before it is over the script gets SIGUSR1, as on a cluster; then
        SIGTERM, and what is left half a minute later is killed.
    memory_mb
        The memory in MiB that is resident in all of its processes together. A run that has more is killed.
    """

    def __init__(self, seconds: float | None = None, memory_mb: float | None = None) -> None:
        self.seconds = seconds
        self.memory_mb = memory_mb


class LimitWatch:
    """Watches one child process of this one, from its creation until ``end``.

    Parameters
    ----------
    limits
        What is watched; at least one of them is given.
    processes
        Returns the processes of the run, that of the script first.
    tell
        Called with the number of a signal, and in words why, when the run is told to end, or that it will be.
    """

    def __init__(
        self, limits: Limits, processes: Callable[[], Sequence[int]], tell: Callable[[int, str], None]
    ) -> None:
        self._limits = limits
        self._processes = processes
        self._tell = tell
        self.excess: str | None = None
        """The memory for which it was killed, in words."""
        begin = time.monotonic()
        self._steps: list[tuple[float, int]] = []
        if limits.seconds is not None:
            notice = max(limits.seconds - _NOTICE_SECONDS, limits.seconds * _TOLD_AFTER)
            moments = (notice, limits.seconds, limits.seconds + _KILLED_AFTER_SECONDS)
            numbers = (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL)
            self._steps = [(begin + moment, number) for moment, number in zip(moments, numbers, strict=True)]
        self._look_at = begin + _LOOK_SECONDS if limits.memory_mb is not None else None
        signal.signal(signal.SIGALRM, lambda *_: self._act())
        self._set_timer()

    def end(self) -> None:
        """Stop watching."""
        self._steps, self._look_at = [], None
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _set_timer(self) -> None:
        moments = [moment for moment, _ in self._steps[:1]] + ([self._look_at] if self._look_at is not None else [])
        if moments:
            # Not 0, which would mean no timer.
            signal.setitimer(signal.ITIMER_REAL, max(min(moments) - time.monotonic(), 0.001))

    def _act(self) -> None:
        now = time.monotonic()
        while self._steps and self._steps[0][0] <= now:
            number = self._steps.pop(0)[1]
            if number == signal.SIGKILL:
                self._kill()
            else:
                self._tell(number, f"time limit of {time_in_words(self._limits.seconds or 0)}")
        if self._look_at is not None and self._look_at <= now:
            self._look_at = self._look()
        self._set_timer()

    def _look(self) -> float | None:
        """Measure the memory, and kill the run if it is too much; return when to look again."""
        limit, begin = self._limits.memory_mb or 0, time.process_time()
        processes = self._processes()
        used = resident_mb(processes)
        if used > limit:
            used = resident_mb(processes, shared_once=True)
        if used > limit:
            self.excess = f"used {memory_in_words(used)} of memory_per_job {memory_in_words(limit)}"
            self._kill()
            return None
        return time.monotonic() + max((time.process_time() - begin) / _SHARE_OF_A_CORE, _LOOK_SECONDS)

    def _kill(self) -> None:
        for process in self._processes():
            try:
                os.kill(process, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


def resident_mb(processes: Sequence[int], *, shared_once: bool = False) -> float:
    """Return the memory in MiB that is resident in processes; those that have ended have none.

    Parameters
    ----------
    processes
        Their numbers.
    shared_once
        Whether memory that several share is counted once, which is slow. Linux only; elsewhere it is counted for each.
    """
    if not sys.platform.startswith("linux"):
        return _resident_by_ps(processes)
    return sum(_proportional(each) if shared_once else _resident(each) for each in processes)


def _resident(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) / _PAGES_IN_A_MB
    except (OSError, IndexError):
        return 0.0


def _proportional(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) / 2**10
    except OSError:  # it has ended, or the kernel has no such file
        pass
    return _resident(pid)


def _resident_by_ps(processes: Sequence[int]) -> float:
    import subprocess

    command = ["ps", "-o", "rss=", "-p", ",".join(map(str, processes))]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return sum(int(line) for line in listed.split()) / 2**10


def time_in_words(seconds: float) -> str:
    """Return ``1:30:00``.

    >>> time_in_words(600), time_in_words(129600), time_in_words(0.5)
    ('0:10:00', '36:00:00', '0:00:00.5')
    """
    whole = int(seconds)
    rest = f"{seconds - whole:.3f}".rstrip("0").removeprefix("0").rstrip(".") if seconds != whole else ""
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}{rest}"


def memory_in_words(megabytes: float) -> str:
    """Return ``5.2 GB``.

    >>> memory_in_words(4096), memory_in_words(5324.8), memory_in_words(300)
    ('4 GB', '5.2 GB', '300 MB')
    """
    if megabytes < 1024:
        return f"{megabytes:.0f} MB"
    return f"{megabytes / 1024:.2f}".rstrip("0").rstrip(".") + " GB"
