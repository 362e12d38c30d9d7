"""Whose turn it is at a scheduler of this machine, among all processes that run tests."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["GRID_ENGINE", "SLURM", "cluster_turn"]

GRID_ENGINE = "mle-test-cluster"
# With MLE_SLURM_NUMBER, tests have another one than those that run at the same time without (slurm.sh).
SLURM = "-".join(filter(None, ("mle-test-slurm", os.environ.get("MLE_SLURM_NUMBER"))))


@contextmanager
def cluster_turn(cluster: str, *, alone: bool, start: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a scheduler, beside others or alone; ``start`` is called before others may come in."""
    folder = Path(tempfile.gettempdir())
    with (folder / f"{cluster}.gate").open("a+") as gate, (folder / f"{cluster}.lock").open("a+") as lock:
        # Whoever waits to be alone holds the gate, so that nobody else comes in before.
        fcntl.lockf(gate, fcntl.LOCK_EX)
        fcntl.lockf(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        start()
        fcntl.lockf(gate, fcntl.LOCK_UN)
        yield
