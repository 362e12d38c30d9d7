"""What has to be known of a scheduler in order to run jobs on it, whichever it is.

Knows nothing of Snakemake and of no scheduler in particular. One folder beside this file answers these questions for
each of them; nothing else calls a command of theirs, or knows how they write things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol

from mle_cluster.findings import Finding

__all__ = [
    "ASK_FOR_LESS",
    "Clues",
    "Kind",
    "Limits",
    "Look",
    "Obstacle",
    "Queue",
    "Queues",
    "Refusal",
    "Request",
    "Scheduler",
    "SchedulerError",
    "SchedulerSilentError",
    "Site",
    "TaskId",
    "TaskState",
    "in_queue",
]

ASK_FOR_LESS = "ask for less (num_logical_cores, num_gpus, memory_per_job, time_per_job) or for another queue"

TaskId = tuple[int, int]
"""The number of an array's job, and that of the task in it, from 1 on."""


class SchedulerError(Exception):
    """The scheduler refuses; the message is its own."""


class SchedulerSilentError(SchedulerError):
    """The scheduler does not answer; the same command may work later."""


class Kind(Enum):
    """Where a task stands, in words that fit every scheduler; a state that is not known counts as running."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    SUSPENDED = "suspended"
    LEAVING = "leaving"
    STUCK = "stuck"
    """It cannot be started, and stays in the queue until somebody removes it."""
    OVER = "over"
    """It has ended, and the scheduler still remembers it."""


@dataclass(frozen=True)
class TaskState:
    """One task in one answer of the scheduler, whose own words are ``code`` and ``reason``."""

    kind: Kind
    code: str
    reason: str = ""


@dataclass(frozen=True)
class Limits:
    """What a job may use before the scheduler kills it, and the queue that it asks for; None is unknown.

    ``memory`` is the request as it was written, ``memory_bytes`` what that comes to with all cores.
    """

    seconds: float | None = None
    memory: str | None = None
    memory_bytes: float | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Obstacle:
    """What keeps a job from starting.

    ``never``: not even an empty cluster could run it; ``lack``: no machine has enough of something now; ``closed``: no
    queue that it may use accepts jobs now.
    """

    reason: str
    kind: Literal["never", "lack", "closed"]


@dataclass(frozen=True)
class Refusal:
    """What a refused submission means.

    ``later``: the same will be taken once other jobs have ended; ``smaller``: arrays of ``at_most`` tasks will be
    taken; ``final``: it will not. ``advice`` is the scheduler's message with the way out, where one is known.
    """

    kind: Literal["later", "smaller", "final"]
    advice: str
    at_most: int | None = None


@dataclass(frozen=True)
class Clues:
    """What helps to say why a task was ended; None or empty is unknown.

    ``account`` is what the scheduler's accounting says, in its own words. ``was_told`` says that the task had the
    scheduler's notice and could still write how it ended.
    """

    started: tuple[str, int] | None
    ran_seconds: float | None
    limits: Limits
    account: Mapping[str, str]
    was_told: bool = False


@dataclass(frozen=True)
class Look:
    """One answer about all tasks; ``asked`` is when it was asked, by the driver's monotonic clock."""

    asked: float
    states: Mapping[TaskId, TaskState]
    reasons: Mapping[TaskId, str] = field(default_factory=dict)
    """Why tasks are stuck."""
    obstacles: Mapping[int, Obstacle] = field(default_factory=dict)
    """Of jobs that only wait: why they cannot start, where that is so."""


@dataclass(frozen=True)
class Queue:
    """One queue; ``hindrance`` says in words what keeps jobs away from it, or from some of its machines."""

    name: str
    accepts_jobs: bool
    hindrance: str = ""


@dataclass(frozen=True)
class Queues:
    """The queues that a request means, and the names of all that this user may use."""

    meant: Sequence[Queue]
    known: Sequence[str]


@dataclass(frozen=True)
class Request:
    """What the seed runs of an experiment ask for; ``file`` is where that is written."""

    file: str
    n_jobs: int
    cores: int
    memory_mb: float | None = None
    time_minutes: float | None = None
    gpus: float | None = None
    queue: str | None = None


class Site(Protocol):
    """What a profile says about the site; ``setting`` is empty for what it does not say."""

    @property
    def name(self) -> str:
        """The profile's name."""

    @property
    def shown_file(self) -> str:
        """Its file, as the user would type it from here."""

    def setting(self, name: str) -> str:
        """Return a setting of the executor, without its prefix (``queue``), as text."""


class Scheduler(Protocol):
    """A scheduler: its words, and what it can be asked.

    Every question may raise SchedulerError where nothing else is said, and SchedulerSilentError when there is no
    answer.
    """

    name: str
    """As people call it: every sentence takes its words from here."""
    executor: str
    """The name of the executor plugin, and the prefix of its settings."""
    profile: str
    """The profile that is shipped for it."""
    submitting: str
    """Its command that submits; where that is not on PATH, there is no such scheduler."""
    deleting: str
    deleting_by_force: str
    listing: str
    account_seconds: float
    """How long after the end of a task its account may still come."""
    notice_statuses: frozenset[int]
    """Exit statuses with which a task ends by the scheduler's notice, which do not say why it was given."""
    task_words: Mapping[str, str]
    """What task.sh has in the places of ``@TASK@``, the number of the task, and ``@RUN@``, how its command is run."""
    node_variables: Mapping[str, str]
    """Names of the environment variables that hold a job's ``queue`` and its ``cores``."""
    cores_setting: str
    """The setting that says how several cores are asked for."""

    def trouble_with_folder(self, folder: Path) -> str | None:
        """Return why jobs cannot be started in a folder, if that is so, as a sentence."""

    def options(self, settings: Any, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a job asks for, in words of the command line; jobs with the same may share an array."""

    def limits_of(self, options: Sequence[str]) -> Limits:
        """Read from options what the scheduler will enforce, whoever has put it there."""

    def command(self, settings: Any, options: Sequence[str], n_tasks: int, array: Path, project: Path) -> list[str]:
        """Return the command line that submits an array, whose folder holds task.sh."""

    def submit(self, command: Sequence[str], answer: Path) -> int:
        """Run that command, whose answer goes to a file so that it outlives this process; return the job number."""

    def read_job_id(self, answer: Path) -> int | None:
        """Return the job number that such an answer names, or None."""

    def refusal(self, message: str, n_tasks: int) -> Refusal:
        """Return what a SchedulerError of ``submit`` means."""

    def find_array(self, array: Path) -> int | None:
        """Return the job whose output goes into a folder: for a submission whose answer was lost."""

    def delete(self, tasks: Mapping[int, Sequence[int] | None]) -> None:
        """Delete jobs with one command; None is every task of a job, and one that is gone already is no error."""

    def states(self, *, seconds: float = 30.0) -> Mapping[TaskId, TaskState]:
        """Ask once for the state of every task of this user."""

    def stuck_reasons(self, job: int) -> Mapping[int, str]:
        """Return why tasks of a job cannot be started, by their number."""

    def obstacles(
        self,
        waiting: Mapping[int, Sequence[TaskState]],
        queues: Mapping[int, str | None],
        long_ago: int | None,
    ) -> Mapping[int, Obstacle]:
        """Return why jobs cannot start; raises nothing.

        Parameters
        ----------
        waiting
            The states of the jobs of which every task waits.
        queues
            The queue that each job asks for.
        long_ago
            One of them that has waited for long: about that one, more may be asked. Each job comes once.
        """

    def why_it_waits(self, job: int, *, seconds: float) -> tuple[Obstacle | None, Sequence[str]]:
        """Return all that can be found out about one job that does not start, and the scheduler's own words."""

    def accounts(self, job: int) -> Mapping[int, Mapping[str, str]] | None:
        """Return what the accounting knows of a job's tasks; None when it cannot be read or will never know."""

    def ended_well(self, account: Mapping[str, str]) -> bool:
        """Whether the accounting says that a task ended by itself, with exit status 0."""

    def explain(self, clues: Clues) -> str:
        """Say in one sentence or two why a task did not end by itself; the subject, the task, stands before it."""

    def task_name(self, job: int, number: int) -> str:
        """Return a task as users of this scheduler write it."""

    def queues(self, asked: str | None, *, seconds: float) -> Queues:
        """Ask which queues there are for a request; None means any."""

    def check_site(self, asked: Request | None, site: Site) -> Iterator[Finding]:
        """Compare the site with what a profile says and seed runs will ask for; nothing where it is not installed."""


def in_queue(states: Mapping[TaskId, TaskState]) -> set[TaskId]:
    """Return the tasks that have not ended, as far as an answer tells."""
    return {task for task, state in states.items() if state.kind is not Kind.OVER}
