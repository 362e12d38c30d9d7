"""One driver at a time: a POSIX lock, which ends with its process however that ends, and works on NFS."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

from snakemake_interface_common.exceptions import WorkflowError

__all__ = ["hold_lock"]


def hold_lock(path: Path) -> IO[str]:
    """Lock ``path`` for as long as the returned file stays open.

    Raises
    ------
    WorkflowError
        When another process holds it; says which.
    """
    file = path.open("a+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            return file  # A file system without locks: better without than not at all.
        file.seek(0)
        holder = file.read().strip() or "a process that left no name"
        file.close()
        raise WorkflowError(
            f"Another Snakemake submits jobs of this folder: {holder}. Wait for it, or stop it with Ctrl-C."
        ) from None
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
    file.flush()
    return file
