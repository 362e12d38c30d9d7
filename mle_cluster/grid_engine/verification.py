"""Why a waiting job cannot start even if no other job is ahead of it: `qalter -w` asks the scheduler itself."""

from __future__ import annotations

import re

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import Obstacle

__all__ = ["obstacle_of", "reasons_in"]

_SHOWN = 3
# Known without any load report.
_NAMES = frozenset({"hostname", "qname"})
_QUEUE_LIMITS = frozenset(f"{kind}_{name}" for kind in "hs" for name in ("rt", "cpu", "vmem", "rss", "data", "stack"))
# A fixed value of the queue, the host or the whole site, such as the name of a machine: it does not depend on the load.
_FIXED = re.compile(r"offers only [qhg]f:")
# Columns of `qconf -sc`: name, shortcut, type, relation, requestable, consumable, default, urgency.
_CONSUMABLE = 6


def obstacle_of(job: int, *, seconds: float) -> Obstacle | None:
    """Ask the scheduler about a waiting job; None when it only waits for its turn, is held, or is gone.

    Parameters
    ----------
    job
        Its number.
    seconds
        How long an answer may take.

    Raises
    ------
    SchedulerError
        When the scheduler does not answer.
    """
    # `-w v` assumes an empty cluster without load values, into which a job that requests mem_free, say, never fits. So
    # such a job is checked against the present state, where only a load value that is too low means something: any job
    # may have to wait for slots.
    if _asks_for_load(job, seconds):
        now = reasons_in(commands.verify(job, "p", seconds=seconds))
        if now and all(_FIXED.search(reason) for reason in now):
            return Obstacle(_joined(now), "never")
        load = [reason for reason in now if "offers only hl:" in reason]
        return Obstacle(_joined(load), "lack") if load else None
    reasons = reasons_in(commands.verify(job, "v", seconds=seconds))
    return Obstacle(_joined(reasons), "never") if reasons else None


def _asks_for_load(job: int, seconds: float) -> bool:
    """Whether a job requests a load value, which machines report, and not a consumable or a queue limit."""
    asked = re.search(r"^hard resource_list:\s+(\S+)", commands.ask(["qstat", "-j", str(job)], seconds=seconds), re.M)
    names = {part.partition("=")[0] for part in asked.group(1).split(",")} if asked else set()
    columns = [line.split() for line in commands.ask(["qconf", "-sc"], seconds=seconds).splitlines()]
    counted = {words[0] for words in columns if len(words) >= _CONSUMABLE and words[_CONSUMABLE - 1] != "NO"}
    return bool(names - counted - _QUEUE_LIMITS - _NAMES)


def reasons_in(answer: str) -> list[str]:
    r"""Return the reasons in an answer of ``qalter -w``; none when a queue was found.

    >>> reasons_in('Job 7 cannot run in PE "smp" because it only offers 0 slots\nverification: no suitable queues\n')
    ['cannot run in PE "smp" because it only offers 0 slots']
    """
    if "verification: no suitable queues" not in answer:
        return []
    return [re.sub(r"^Job \d+ ", "", line.strip()) for line in answer.splitlines() if line.startswith("Job ")]


def _joined(reasons: list[str]) -> str:
    more = f" (and {len(reasons) - _SHOWN} more)" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more
