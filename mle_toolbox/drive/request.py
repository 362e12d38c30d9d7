"""A call of `mle run` while the experiment has a driver: left in a file, and taken up when the present plan is done.

The asker writes the request and then looks once more whether the driver still holds its lock; the driver looks for a
request after it has given the lock back. Whoever removes the file does the work, so it is neither lost nor done twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mle_toolbox.log.atomic import replace_text

__all__ = ["Request", "drop_request", "leave_request", "take_request"]

_REQUEST = "request.json"


@dataclass(frozen=True)
class Request:
    """A call of `mle run`."""

    words: tuple[str, ...]
    """Its arguments."""
    folder: str
    """Where it was typed, absolute."""


def leave_request(driver: Path, words: Sequence[str]) -> None:
    """Ask the driver of this folder to go on with this call of `mle run`; the last request counts."""
    request = Request(tuple(words), str(Path.cwd()))
    replace_text(driver / _REQUEST, json.dumps(asdict(request), ensure_ascii=False))


def take_request(driver: Path) -> Request | None:
    """Take the request over, which is the caller's to carry out from now on; None if there is none."""
    taken = driver / f"{_REQUEST}.taken"
    try:
        (driver / _REQUEST).rename(taken)
        content = json.loads(taken.read_text(encoding="utf-8"))
        return Request(tuple(map(str, content["words"])), str(content["folder"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def drop_request(driver: Path, *, before: float | None = None) -> bool:
    """Remove a request that was left before a time, in seconds of the epoch; return whether there was one."""
    path = driver / _REQUEST
    try:
        if before is not None and path.stat().st_mtime >= before:
            return False
        path.unlink()
    except OSError:
        return False
    return True
