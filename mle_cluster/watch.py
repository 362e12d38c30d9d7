"""What became of a task: its exit file is authoritative, the scheduler only gives hints about tasks without one.

Pure: it judges observations and their times, reads nothing and asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from mle_cluster.scheduler import Kind, Look, TaskId, TaskState

__all__ = ["Sighting", "state_in_words"]

# A listing may miss a task once while its state changes; missing twice means that it is gone.
_LOOKS_WITHOUT = 2


@dataclass
class Sighting:
    """The observations of one task without an exit file."""

    since: float
    state: TaskState | None = None
    end: TaskState | None = None
    """How it ended, if the scheduler still lists that."""
    missed: int = 0
    gone_since: float | None = None
    running_since: float | None = None
    last_look: float = 0.0

    def see(self, look: Look, task: TaskId) -> None:
        """Record an answer of the scheduler."""
        # An answer from before the submission says nothing about the task.
        if look.asked <= max(self.since, self.last_look):
            return
        self.last_look = look.asked
        found = look.states.get(task)
        self.state = None if found is None or found.kind is Kind.OVER else found
        if found is not None:
            self.end = found if found.kind is Kind.OVER else None
        if self.state is None or self.state.kind is not Kind.RUNNING:
            self.running_since = None
        elif self.running_since is None:
            self.running_since = look.asked
        if self.state is not None:
            self.missed, self.gone_since = 0, None
            return
        self.missed += 1
        if self.gone_since is None:
            self.gone_since = look.asked

    @property
    def seems_gone(self) -> bool:
        """Whether the scheduler has said that the task ended, or has missed it more than once."""
        return self.end is not None or self.missed >= _LOOKS_WITHOUT

    def is_lost(self, now: float, patience: float) -> bool:
        """Whether the task has been gone for so long that no exit file can be expected any more."""
        return self.gone_since is not None and self.missed >= _LOOKS_WITHOUT and now - self.gone_since >= patience


def state_in_words(state: TaskState) -> str | None:
    """Return an unusual state in words, or None for queued and running."""
    match state.kind:
        case Kind.LEAVING:
            return state.reason or "being deleted"
        case Kind.HELD:
            return f"held back ({state.reason})" if state.reason else "held back"
        case Kind.SUSPENDED:
            return "suspended"
    return None
