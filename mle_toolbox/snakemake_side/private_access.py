"""Access to Snakemake where it has no public interface.

For our plugins and the workflow, which run inside Snakemake; the functions that import it are called only there.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

__all__ = ["RARE_TIMERS", "SHIPPED_TIMESPANS", "TIMESPAN", "end_timers", "forced_jobs", "framed"]

# After each round of scheduling, Snakemake sets a timer of this length for another round, which sets the next: after
# 1,000 finished jobs there are 1,000 timers, so it has to be long. At its end Snakemake waits for the last ones, which
# is why the profiles say 1 s or 5 s; `mle run` gives it our logger plugin, which cancels them. In minutes, because
# Snakemake has no milliseconds: it reads `100ms` as 100 minutes.
TIMESPAN = "max-jobs-per-timespan"
RARE_TIMERS = "1000000/10m"
SHIPPED_TIMESPANS = (None, "100000/1s", "100000/5s")


def end_timers() -> None:
    """Cancel the timers of Snakemake's scheduler; only for its end, where the process would wait for all of them."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def framed(command: str) -> str:
    """Return a shell command with Snakemake's prefix and suffix: strict mode, and those of the workflow."""
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
