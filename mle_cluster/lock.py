"""One driver of a Snakefile at a time: a POSIX lock. It ends with its process however that ends, and works on NFS."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

from snakemake_interface_common.exceptions import WorkflowError

__all__ = ["hold_lock", "holder_of", "is_held"]

_MOMENT_SECONDS = 0.1


def hold_lock(path: Path) -> IO[str]:
    """Lock ``path`` for as long as the returned file stays open.

    Raises
    ------
    WorkflowError
        When another process holds it; says which.
    """
    file = path.open("a+")
    if not _lock(file, fcntl.LOCK_EX):
        # Another driver may just be asking whether it is held.
        time.sleep(_MOMENT_SECONDS)
        if not _lock(file, fcntl.LOCK_EX):
            file.close()
            raise WorkflowError(
                f"Another Snakemake submits jobs of this Snakefile: {holder_of(path)}. Wait for it, or stop it with "
                "Ctrl-C."
            )
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
    file.flush()
    return file


def is_held(path: Path) -> bool:
    """Tell whether another process holds ``path``; asked about a lock of its own, a process would free it."""
    try:
        with path.open() as file:
            return not _lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def holder_of(path: Path) -> str:
    """Return who holds ``path``, in words."""
    return path.read_text().strip() or "a process that left no name"


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.lockf(file, kind | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks: better without than not at all.
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True
