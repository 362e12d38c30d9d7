"""One driver at a time for an experiment.

The lock is a `flock` on an open file that Snakemake inherits, so it is held for as long as either `mle run` or its
Snakemake lives, and the system frees it when both are gone, however they died. Snakemake's own lock is a mere file
that outlives a `kill -9`; holding ours tells that such a file is a left-over.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mle_toolbox.errors import FolderInUseError
from mle_toolbox.experiment_file.plan import Plan

__all__ = ["clear_stale_snakemake_lock", "hold_driver_lock"]


@contextmanager
def hold_driver_lock(driver_folder: Path) -> Iterator[int]:
    """Hold the lock of an experiment; yields the descriptor that Snakemake is to inherit.

    Raises
    ------
    FolderInUseError
        When another driver holds it: says who, where and since when.
    """
    driver_folder.mkdir(parents=True, exist_ok=True)
    path = driver_folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUseError(_holder(path)) from None
        _sign(descriptor)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def clear_stale_snakemake_lock(plan: Plan, driver_folder: Path) -> None:
    """Remove the lock that the Snakemake of an earlier driver left behind; call only while holding our lock.

    A lock of a Snakemake that was started by hand is left alone: nothing tells whether it still runs. So are the
    locks of other experiments in the same folder.
    """
    if not (driver_folder / "started").exists():
        return
    for lock in (plan.project_dir / ".snakemake" / "locks").glob("*.lock"):
        if _names_a_file_in(lock, plan.experiment_dir.as_posix()):
            lock.unlink()


def _names_a_file_in(lock: Path, folder: str) -> bool:
    """Tell whether one of the files that a lock of Snakemake lists, one a line, lies in ``folder``."""
    return any(line.startswith(f"{folder}/") for line in lock.read_text(errors="replace").splitlines())


def _sign(descriptor: int) -> None:
    who = {"host": platform.node(), "pid": os.getpid(), "since": _now()}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(who).encode(), 0)


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text())
        detail = f"by process {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError):
        detail = "by another process"
    return (
        f"{path.parent.parent}: this experiment is being run {detail}. "
        "Wait for it (`mle status` shows how far it is), or stop it with Ctrl-C where it was started."
    )


def _now() -> str:
    return datetime.now(UTC).astimezone().isoformat(sep=" ", timespec="seconds")
