"""One driver of a Snakefile at a time: a POSIX lock. It ends with its process however that ends, and works on NFS."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

__all__ = ["Holder", "hold_lock", "holder_of", "is_held"]

_MOMENT_SECONDS = 0.1
# What versions wrote that had no JSON here; a driver of theirs may still run.
_EARLIER_WORDS = re.compile(r"process (?P<pid>\d+) on (?P<host>\S+) since (?P<since>.+)")


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, or has held it last."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def hold_lock(path: Path) -> IO[str] | None:
    """Lock ``path`` for as long as the returned file stays open; None when another process holds it."""
    file = path.open("a+")
    if not _lock(file, fcntl.LOCK_EX):
        # Another driver may just be asking whether it is held.
        time.sleep(_MOMENT_SECONDS)
        if not _lock(file, fcntl.LOCK_EX):
            file.close()
            return None
    file.truncate(0)
    holder = Holder(os.getpid(), socket.gethostname(), time.strftime("%Y-%m-%d %H:%M:%S"))
    file.write(f"{json.dumps(asdict(holder))}\n")
    file.flush()
    return file


def is_held(path: Path) -> bool:
    """Tell whether another process holds ``path``; asked about a lock of its own, a process would free it."""
    try:
        with path.open() as file:
            return not _lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def holder_of(path: Path) -> Holder | None:
    """Return who holds ``path``, or has held it last; None when nobody has left a name there."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    if (earlier := _EARLIER_WORDS.fullmatch(text)) is not None:
        return Holder(int(earlier["pid"]), earlier["host"], earlier["since"])
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.lockf(file, kind | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks: better without than not at all.
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True
