"""Start `mle run` in the background, where a closed terminal does not reach it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from mle_toolbox.drive.lock import current_holder
from mle_toolbox.installed_first import program

__all__ = ["Detached", "output_of", "start_detached"]

_LOOK_EVERY_SECONDS = 0.05


class Detached:
    """The outcome: a driver with this process number, or an exit status if it ended before that."""

    def __init__(self, pid: int, log: Path, exit_status: int | None) -> None:
        self.pid = pid
        self.log = log
        self.exit_status = exit_status


def output_of(driver: Path) -> Path:
    """Return the file that takes the output of a driver in the background."""
    return driver / "mle.log"


def start_detached(driver: Path, words: Sequence[str]) -> Detached:
    """Start `mle` with these words in a session of its own; return once it drives the experiment, or has ended.

    Its output, of both kinds, goes to a file in the driver's folder.
    """
    driver.mkdir(parents=True, exist_ok=True)
    log = output_of(driver)
    with log.open("wb") as output:
        process = subprocess.Popen(
            program("-m", "mle_toolbox", *words),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while (status := process.poll()) is None:
        holder = current_holder(driver)
        if holder is not None and holder.pid == process.pid:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    # It is meant to outlive this process, which does not wait for it.
    process.returncode = process.returncode if process.returncode is not None else 0
    return Detached(process.pid, log, status)
