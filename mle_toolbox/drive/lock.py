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
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mle_toolbox.errors import FolderInUseError

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


def clear_stale_snakemake_lock(project: Path, driver_folder: Path) -> bool:
    """Remove Snakemake's lock when an earlier driver of ours left it; call only while holding our lock.

    Returns
    -------
    bool
        Whether a lock was removed. A lock of a Snakemake that was started by hand is left alone: nothing tells
        whether it still runs.
    """
    ours = driver_folder / "started"
    locks = project / ".snakemake" / "locks"
    if not ours.exists() or not locks.is_dir() or not any(locks.iterdir()):
        return False
    shutil.rmtree(locks)
    return True


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
