"""The processes that a process has started, directly or through others. Only modules that are built into Python."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed has only signal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["adopt_orphans", "descendants", "is_in_our_session", "terminate_marked", "with_descendants"]

_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform.startswith("linux")


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose parents end, so that they stay its descendants. Linux only."""
    if _IS_LINUX:
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        except (OSError, AttributeError):
            pass


def descendants(pid: int) -> list[int]:
    """Return the processes below one, nearest first; those that start meanwhile may be missing."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents_by_proc() if _IS_LINUX else _parents_by_ps():
        children.setdefault(parent, []).append(child)
    found, due = [], [pid]
    while due:
        below = children.pop(due.pop(0), [])
        found += below
        due += below
    return found


def with_descendants(pid: int) -> list[int]:
    """Return a process and those below it, itself first.

    Quick where the kernel lists the children of each thread: it costs as much as the run has threads, while
    ``descendants`` asks every process of the machine for its parent.
    """
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return [pid, *descendants(pid)]
    found = [pid]
    for each in found:  # which grows meanwhile
        try:
            for thread in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{thread}/children", "rb") as file:
                    found += map(int, file.read().split())
        except OSError:  # it has ended
            continue
    return found


def is_in_our_session(pid: int) -> bool:
    """Return whether a process belongs to the session of this one, which a daemon has left."""
    try:
        return os.getsid(pid) == os.getsid(0)
    except OSError:
        return False


def terminate_marked(mark: bytes) -> None:
    """Terminate all processes that have this entry, ``NAME=VALUE``, in their environment. Linux only."""
    own = os.getpid()
    for name in os.listdir("/proc") if _IS_LINUX else ():
        if not name.isdecimal() or int(name) == own:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                is_marked = any(each.startswith(mark) for each in file.read().split(b"\0"))
            if is_marked:
                os.kill(int(name), signal.SIGTERM)
        except OSError:  # it has ended, or belongs to another user
            continue


def _parents_by_proc() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name of the program, in parentheses, may contain anything.
                yield int(name), int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):  # it has ended
            continue


def _parents_by_ps() -> Iterator[tuple[int, int]]:
    import subprocess

    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)
