"""Why a job that waits cannot start, whether or not others are ahead of it: `qalter -w` asks the scheduler itself."""

from __future__ import annotations

import re

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import Obstacle

__all__ = ["obstacle_of", "reasons_in"]

_SHOWN = 3
_QUEUE_LIMITS = frozenset(f"{kind}_{name}" for kind in "hs" for name in ("rt", "cpu", "vmem", "rss", "data", "stack"))
# Columns of `qconf -sc`: name, shortcut, type, relation, requestable, consumable, default, urgency.
_CONSUMABLE = 6


def obstacle_of(job: int, *, seconds: float) -> Obstacle | None:
    """Ask the scheduler about a job that waits; None when it waits for its turn, is held, or is gone.

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
    # To Grid Engine an empty cluster has no load, so that a job which asks for mem_free, say, never fits it. As things
    # are now, only a load that is too little tells something, since any job may have to wait for slots.
    if _asks_for_load(job, seconds):
        now = reasons_in(commands.verify(job, "p", seconds=seconds))
        load = [reason for reason in now if "offers only hl:" in reason]
        return Obstacle(_joined(load), "lack") if load else None
    reasons = reasons_in(commands.verify(job, "v", seconds=seconds))
    return Obstacle(_joined(reasons), "never") if reasons else None


def _asks_for_load(job: int, seconds: float) -> bool:
    """Whether a job asks for what machines report rather than for what is counted or a limit of the queue."""
    asked = re.search(r"^hard resource_list:\s+(\S+)", commands.ask(["qstat", "-j", str(job)], seconds=seconds), re.M)
    names = {part.partition("=")[0] for part in asked.group(1).split(",")} if asked else set()
    columns = [line.split() for line in commands.ask(["qconf", "-sc"], seconds=seconds).splitlines()]
    counted = {words[0] for words in columns if len(words) >= _CONSUMABLE and words[_CONSUMABLE - 1] != "NO"}
    return bool(names - counted - _QUEUE_LIMITS)


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
