"""Access to Snakemake where it has no public interface.

For our plugins and the workflow, which run inside Snakemake; the functions that import it are called only there.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

__all__ = [
    "RARE_TIMERS",
    "SHIPPED_SCHEDULERS",
    "SHIPPED_TIMESPANS",
    "TIMESPAN",
    "end_timers",
    "forced_jobs",
    "framed",
    "import_pandas_late",
    "limit_of_resource",
    "limit_resource",
    "runs_jobs_itself",
    "start_nothing_more",
]

# After each round of scheduling, Snakemake sets a timer of this length for another round, which sets the next: after
# 1,000 finished jobs there are 1,000 timers, so it has to be long. At its end Snakemake waits for the last ones, which
# is why the profiles say 1 s or 5 s; `mle run` gives it our logger plugin, which cancels them. In minutes, because
# Snakemake has no milliseconds: it reads `100ms` as 100 minutes.
TIMESPAN = "max-jobs-per-timespan"
RARE_TIMERS = "1000000/10m"
SHIPPED_TIMESPANS = (None, "100000/1s", "100000/5s")
# What `mle run` replaces by a scheduler that keeps to the order of priorities (snakemake_scheduler_plugin_mle).
SHIPPED_SCHEDULERS = (None, "greedy")


def end_timers() -> None:
    """Cancel the timers of Snakemake's scheduler; only for its end, where the process would wait for all of them."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def start_nothing_more() -> bool:
    """Let Snakemake end when the jobs that are running have ended; whether it is scheduling at all.

    To be called in another thread than the main one.
    """
    # SIGTERM does this too, but its handler takes a lock that the main thread, which it interrupts, may hold: then
    # Snakemake hangs. In a thread it waits until the lock is free.
    handler = signal.getsignal(signal.SIGTERM)
    if getattr(handler, "__name__", None) != "exit_gracefully" or not callable(handler):
        return False
    handler(signal.SIGTERM, None)
    return True


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


def runs_jobs_itself(workflow: Any) -> bool:
    """Return whether jobs run on this machine as children of Snakemake; known once the workflow is executed."""
    return bool(workflow.local_exec)


def limit_of_resource(workflow: Any, name: str) -> int | None:
    """Return how much of a resource all running jobs may have together (``--resources``), or None without a limit."""
    limit = workflow.scheduler.global_resources.get(name)
    return None if limit is None else int(limit)


def limit_resource(workflow: Any, name: str, amount: int) -> None:
    """Limit how much of a resource all running jobs have together; in ``onstart:``, before the first of them."""
    # workflow.register_resource does half of it: the scheduler subtracts only what is in its own list of limits.
    workflow.scheduler.global_resources[name] = workflow.scheduler.resources[name] = amount


def import_pandas_late() -> None:
    """Keep Snakemake from importing pandas only to see that no ``params`` of a job are a data frame.

    It does so wherever pandas is installed, which takes a fifth of its start. A data frame can exist only in a
    process that has imported pandas, so this changes nothing else.
    """
    import snakemake.persistence

    base: Any = getattr(snakemake.persistence, "PersistenceBase", None)
    if hasattr(base, "_serialize_param_builtin") and hasattr(base, "_serialize_param_pandas"):
        base._serialize_param = property(
            lambda self: self._serialize_param_pandas if "pandas" in sys.modules else self._serialize_param_builtin
        )
