"""One driver per Snakefile at a time: a POSIX lock, which always ends with its process and works on NFS."""

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
# Earlier versions wrote a sentence; one of their drivers may still be running.
_EARLIER_WORDS = re.compile(r"process (?P<pid>\d+) on (?P<host>\S+) since (?P<since>.+)")


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, or was the last to hold it."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def hold_lock(path: Path) -> IO[str] | None:
    """Lock ``path`` for as long as the returned file stays open; None when another process holds it."""
    file = path.open("a+")
    if not _lock(file, fcntl.LOCK_EX):
        # is_held of another driver locks for a moment; so a second try before giving up.
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
    """Whether another process holds ``path``; never call it for a lock of this process, which it would release."""
    try:
        with path.open() as file:
            return not _lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def holder_of(path: Path) -> Holder | None:
    """Return the present or last holder of ``path``; None when the file names none."""
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
        # A file system without locks: running unprotected is better than not running.
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True
