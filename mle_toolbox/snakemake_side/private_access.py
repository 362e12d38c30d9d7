"""What is taken from Snakemake where no public interface gives it.

Each function is handed the object by a caller that runs inside Snakemake (a plugin, the workflow), so nothing of
Snakemake is imported here.
"""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["RARE_TIMERS", "SHIPPED_TIMESPANS", "TIMESPAN", "end_timers", "forced_jobs", "framed"]

# After each round of scheduling, Snakemake sets a timer of this time for another round, which sets the next: after
# 1,000 ended jobs there are 1,000 timers, so it has to be long. Snakemake waits for the last ones at its end, which is
# why the profiles say 1 s or 5 s; `mle run` gives it our logger plugin, which ends them.
TIMESPAN = "max-jobs-per-timespan"
RARE_TIMERS = "1000000/10m"
SHIPPED_TIMESPANS = (None, "100000/1s", "100000/5s")


def end_timers() -> None:
    """End the timers of Snakemake's scheduler. Only for when it has come to its end: the process would wait for all."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def framed(shell: Any, command: str) -> str:
    """Return a shell command with what ``snakemake.shell.shell`` puts before and after it, strict mode and the like."""
    return f"{shell._get_process_prefix(shell.get_executable())} {command} {shell._process_suffix}".strip()


def forced_jobs(workflow: Any) -> tuple[bool, bool]:
    """Return whether all jobs are forced (``--forceall``), and whether at least some are (``--forcerun``)."""
    settings = workflow.dag_settings
    return bool(settings.forceall), bool(settings.forceall or settings.forcerun)
