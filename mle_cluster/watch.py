"""What has become of a task: its exit file is the truth, the scheduler only gives hints about tasks that wrote none.

Pure: told what was seen and when, it answers; it reads nothing and asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mle_cluster.grid_engine.commands import TaskId
from mle_cluster.grid_engine.request import Limits, bytes_of

__all__ = ["Clues", "Look", "Sighting", "ended_well", "explain_death", "state_in_words"]

# qstat may miss a task once, between two states of its life.
_LOOKS_WITHOUT = 2


@dataclass(frozen=True)
class Look:
    """One answer of qstat; ``asked`` is when it was asked, by the driver's monotonic clock."""

    asked: float
    states: Mapping[TaskId, str]
    reasons: Mapping[TaskId, str] = field(default_factory=dict)
    closed: Mapping[int, str] = field(default_factory=dict)
    """Of jobs that only wait: why no queue takes them at all, where that is so."""


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
        return "being deleted"
    if "h" in state:
        return "held back (qhold, or waiting for another job)"
    if set("sST") & set(state):
        return "suspended"
    return None


# What qacct gives as "failed" for a task that ran: nothing wrong, ended by a signal, ended for a limit; and for one of
# which the exec daemon, started again, finds nothing but its folder.
_RAN = ("0", "100", "37")
_LOST = ("19", "21", "22")


@dataclass(frozen=True)
class Clues:
    """What helps to say why a task was ended; None or empty is unknown.

    ``was_told`` says that it had the scheduler's notice (SIGUSR2) and could still write how it ended.
    """

    started: tuple[str, int] | None
    ran_seconds: float | None
    limits: Limits
    account: Mapping[str, str]
    was_told: bool = False


def ended_well(account: Mapping[str, str]) -> bool:
    """Whether the accounting says that a task ended by itself, with exit status 0."""
    return account.get("failed", "").split(":")[0].strip() == "0" and account.get("exit_status", "").split()[:1] == [
        "0"
    ]


def explain_death(clues: Clues) -> str:
    """Say in one sentence or two why a task did not end by itself, as far as can be told."""
    if clues.started is None and not clues.account:
        return "was taken out of the queue before it started, most likely with qdel."
    host = clues.account.get("hostname") or (clues.started[0] if clues.started else "a node")
    known = _known(clues)
    failed, _, words = (part.strip() for part in clues.account.get("failed", "0").partition(":"))
    # Either daemon may enforce a limit; the master says so as a failure: "qmaster enforced h_rt, ...".
    if _is_over_time(clues) and (failed in _RAN or "h_rt" in words):
        return f"was killed on {host} at its time limit of {clues.limits.seconds:.0f} s{known}. Ask for more time."
    if (used := _memory_over_limit(clues)) is not None:
        asked = clues.limits.memory
        return f"was killed on {host} for its memory: it asked for {asked} and used {used}{known}. Ask for more memory."
    if "h_rt" in words:
        return f"was killed on {host} over a limit of its queue ({words}){known}."
    if clues.account and failed == "0" and not clues.was_told:
        return f"ended on {host}{known}, and could not write down how. Is there room on the disk of the project?"
    if clues.started and failed in _LOST:
        return f"was lost with its node {host} (Grid Engine says: {words})."
    if clues.account and failed not in _RAN:
        return f"could not be run on {host}: {words}{known}."
    causes = "deleted with qdel, or over a limit of the queue"
    causes = f"{causes}." if clues.was_told else f"{causes}, or the node went down."
    return f"was killed on {host}{known}: {causes}"


def _is_over_time(clues: Clues) -> bool:
    limit = clues.limits.seconds
    ran = clues.ran_seconds if clues.was_told else _seconds(clues.account.get("ru_wallclock"))
    ran = clues.ran_seconds if ran is None else ran
    return limit is not None and ran is not None and ran >= limit - 1


def _memory_over_limit(clues: Clues) -> str | None:
    """Return the most memory that a task has used, where that is at least what it may use."""
    used = clues.account.get("maxvmem")
    limit, amount = clues.limits.memory_bytes, bytes_of(used or "")
    return used if limit is not None and amount is not None and amount >= limit else None


def _known(clues: Clues) -> str:
    """Return what the accounting adds, in brackets."""
    parts = []
    if "exit_status" in clues.account and not clues.was_told:
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
