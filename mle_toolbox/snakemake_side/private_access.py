"""What is taken from Snakemake where no public interface gives it.

For our plugins and the workflow, which run inside Snakemake; only there are the functions called that import it.
"""

from __future__ import annotations

import threading
from pathlib import Path
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


def framed(command: str) -> str:
    """Return a shell command with what Snakemake puts before and after each: strict mode, and what a workflow sets."""
    from snakemake.shell import shell

    return f"{shell._get_process_prefix(shell.get_executable())} {command} {shell._process_suffix}".strip()


def uses_bash() -> bool:
    """Whether shell commands are run by bash; a workflow may set another shell."""
    from snakemake.shell import shell

    return Path(shell.get_executable() or "").name == "bash"


def is_flagged(file: Any, flag: str) -> bool:
    """Whether a file of a job is marked, by ``ancient()`` or ``pipe()`` for instance."""
    from snakemake.io import is_flagged

    return bool(is_flagged(file, flag))


def forced_jobs(workflow: Any) -> tuple[bool, bool]:
    """Return whether all jobs are forced (``--forceall``), and whether at least some are (``--forcerun``)."""
    settings = workflow.dag_settings
    return bool(settings.forceall), bool(settings.forceall or settings.forcerun)
