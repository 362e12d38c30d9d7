"""A Snakemake that starts nothing more, and ends when what runs has ended: nothing is interrupted for it.

`mle run` asks for it by a file, which the logger plugin in Snakemake's process waits for; so it also holds when
`mle run` is killed. The executor of a cluster takes back what is queued.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from mle_toolbox.snakemake_side.private_access import start_nothing_more

__all__ = ["WITHDRAWN", "ask", "forget", "is_paused", "mark_beside", "wait_for_pause"]

WITHDRAWN = "It was taken back before it had started"
"""The beginning of the reason for which the executor reports a queued task that it has taken back."""

_LOOK_EVERY_SECONDS = 0.1
_paused = threading.Event()


def mark_beside(events: Path) -> Path:
    """Return the file by which a Snakemake with this event file is asked to pause."""
    return events.with_name("pause")


def ask(events: Path) -> None:
    """Ask the Snakemake with this event file to start nothing more."""
    mark_beside(events).touch()


def forget(events: Path) -> None:
    """Let the next Snakemake with this event file start jobs."""
    mark_beside(events).unlink(missing_ok=True)


def is_paused() -> bool:
    """Whether this process, a Snakemake, was asked to pause."""
    return _paused.is_set()


def wait_for_pause(events: Path) -> None:
    """Pause this process, a Snakemake, as soon as it is asked to; returns at once."""
    mark = mark_beside(events)

    def wait() -> None:
        # Path.exists would end this thread when the folder cannot be read for a moment, such as on a file server.
        while not os.path.exists(mark):  # noqa: PTH110
            time.sleep(_LOOK_EVERY_SECONDS)
        # Before it schedules, there is nothing to pause yet.
        while not start_nothing_more():
            time.sleep(_LOOK_EVERY_SECONDS)
        _paused.set()

    threading.Thread(target=wait, daemon=True).start()
