"""What has become of a task: its exit file is the truth, the scheduler only gives hints about tasks that wrote none.

Pure: told what was seen and when, it answers; it reads nothing and asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from snakemake_executor_plugin_mle_sge.gridengine import TaskId

__all__ = ["Clues", "Look", "Sighting", "explain_loss", "state_in_words"]

# qstat may miss a task once, between two states of its life.
_LOOKS_WITHOUT = 2


@dataclass(frozen=True)
class Look:
    """One answer of qstat; ``asked`` is when it was asked, by the driver's monotonic clock."""

    asked: float
    states: Mapping[TaskId, str]
    reasons: Mapping[TaskId, str] = field(default_factory=dict)


@dataclass
class Sighting:
    """What is known of one task that has written no exit file."""

    since: float
    state: str | None = None
    missed: int = 0
    gone_since: float | None = None
    last_look: float = 0.0

    def see(self, look: Look, task: TaskId) -> None:
        """Take note of an answer of qstat; one that was asked before the task was submitted says nothing."""
        if look.asked <= max(self.since, self.last_look):
            return
        self.last_look = look.asked
        self.state = look.states.get(task)
        if self.state is not None:
            self.missed, self.gone_since = 0, None
            return
        self.missed += 1
        if self.gone_since is None:
            self.gone_since = look.asked

    @property
    def is_in_error(self) -> bool:
        """Whether the scheduler says that the task cannot be started."""
        return self.state is not None and "E" in self.state

    def is_lost(self, now: float, patience: float) -> bool:
        """Whether the task is gone for long enough that no exit file is to be expected any more."""
        return self.gone_since is not None and self.missed >= _LOOKS_WITHOUT and now - self.gone_since >= patience


def state_in_words(state: str) -> str | None:
    """Return what is unusual about a state, or None for queued and running."""
    if "d" in state:
        return "is being deleted"
    if "h" in state:
        return "is held back (qhold, or it waits for another job)"
    if set("sST") & set(state):
        return "is suspended"
    return None


# What qacct gives as "failed" for a task that ran: nothing wrong, or ended by a signal.
_ENDED_BY_ITSELF = ("0", "100")


@dataclass(frozen=True)
class Clues:
    """What helps to say why a task wrote no exit file; None or empty is unknown."""

    started: tuple[str, int] | None
    ran_seconds: float | None
    time_limit: float | None
    account: Mapping[str, str]


def explain_loss(clues: Clues) -> str:
    """Say in one sentence or two why a task ended without an exit file, as far as can be told."""
    if clues.started is None and not clues.account:
        return "was taken out of the queue before it started, most likely with qdel."
    host = clues.account.get("hostname") or (clues.started[0] if clues.started else "a node")
    known = _known(clues)
    failed = clues.account.get("failed", "0").split(":", 1)
    # Either daemon may enforce the limit; the master says so as a failure: "qmaster enforced h_rt, ...".
    if _is_over_time(clues) and (failed[0].strip() in _ENDED_BY_ITSELF or "h_rt" in failed[-1]):
        return f"was killed on {host} at its time limit of {clues.time_limit:.0f} s{known}. Ask for more time."
    if clues.account and failed[0].strip() not in _ENDED_BY_ITSELF:
        return f"could not be run on {host}: {failed[-1].strip()}{known}."
    return f"was killed on {host}{known}: deleted with qdel, over a limit of the queue, or the node went down."


def _is_over_time(clues: Clues) -> bool:
    if clues.time_limit is None:
        return False
    wallclock = _seconds(clues.account.get("ru_wallclock"))
    ran = wallclock if wallclock is not None else clues.ran_seconds
    return ran is not None and ran >= clues.time_limit - 1


def _known(clues: Clues) -> str:
    """Return what the accounting adds, in brackets."""
    parts = []
    if "exit_status" in clues.account:
        parts.append(f"exit status {' '.join(clues.account['exit_status'].split())}")
    if "maxvmem" in clues.account:
        parts.append(f"at most {clues.account['maxvmem']} of virtual memory")
    wallclock = _seconds(clues.account.get("ru_wallclock"))
    if wallclock is not None:
        parts.append(f"ran {wallclock:.0f} s")
    return f" ({', '.join(parts)})" if parts else ""


def _seconds(text: str | None) -> float | None:
    try:
        return float(text.rstrip("s")) if text else None
    except ValueError:
        return None
