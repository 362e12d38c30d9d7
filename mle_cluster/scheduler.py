"""The protocol of a scheduler: everything that the executor and the commands need from one.

Knows nothing of Snakemake, nor of any particular scheduler. Each has a folder beside this file, the only place that
calls its commands and knows their formats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
"""The job number of an array and the number of the task in it, from 1."""


class SchedulerError(Exception):
    """The scheduler refuses; the message is the scheduler's."""


class SchedulerSilentError(SchedulerError):
    """The scheduler does not answer; the same command may work later."""


class Kind(Enum):
    """The state of a task, in terms that fit every scheduler."""

    # An unknown state counts as running: a task is never given up because of a code that we do not know.

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    SUSPENDED = "suspended"
    LEAVING = "leaving"
    STUCK = "stuck"
    """It cannot start, and stays in the queue until it is removed."""
    OVER = "over"
    """It has ended, and the scheduler still lists it."""


@dataclass(frozen=True)
class TaskState:
    """One task in one answer of the scheduler; ``code`` and ``reason`` are the scheduler's."""

    kind: Kind
    code: str
    reason: str = ""


@dataclass(frozen=True)
class Limits:
    """What a job may use before the scheduler kills it, and its queue; None is unknown.

    ``memory`` is the request as written, ``memory_bytes`` the total over all cores.
    """

    seconds: float | None = None
    memory: str | None = None
    memory_bytes: float | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Obstacle:
    """The reason why a job cannot start.

    ``never``: not even an empty cluster could run it; ``lack``: no machine has enough of something now; ``closed``: no
    queue that it may use accepts jobs now.
    """

    reason: str
    kind: Literal["never", "lack", "closed"]


@dataclass(frozen=True)
class Refusal:
    """The meaning of a refused submission.

    ``later``: it will be accepted once other jobs have ended, and ``at_most`` tasks of it may be sooner; ``smaller``:
    arrays of ``at_most`` tasks will be; ``final``: it never will be. ``advice`` is the scheduler's message, with a
    remedy if one is known.
    """

    kind: Literal["later", "smaller", "final"]
    advice: str
    at_most: int | None = None


@dataclass(frozen=True)
class Clues:
    """Evidence of why a task was killed; None or empty is unknown.

    ``account`` is the scheduler's accounting, in its own format; ``last`` is what its list of tasks says, where that
    remembers tasks that have ended. ``exit_status``: that of the command, when the task could still write it down.
    """

    started: tuple[str, int] | None
    ran_seconds: float | None
    limits: Limits
    account: Mapping[str, str]
    exit_status: int | None = None
    last: TaskState | None = None


@dataclass(frozen=True)
class Look:
    """One answer about all tasks; ``asked`` is the time of the question by the driver's monotonic clock."""

    asked: float
    states: Mapping[TaskId, TaskState]
    reasons: Mapping[TaskId, str] = field(default_factory=dict)
    """Why tasks are stuck."""
    obstacles: Mapping[int, Obstacle] = field(default_factory=dict)
    """Why jobs that only wait cannot start, for those that cannot."""
    absent: Collection[TaskId] = ()
    """Tasks that are listed as running, and that their nodes do not have."""


@dataclass(frozen=True)
class Queue:
    """One queue; ``hindrance`` says why it, or some of its machines, accepts no jobs."""

    name: str
    accepts_jobs: bool
    hindrance: str = ""


@dataclass(frozen=True)
class Queues:
    """The queues that a request means, and the names of all queues that this user may use.

    ``unknown`` are the names in the request that mean no queue.
    """

    meant: Sequence[Queue]
    known: Sequence[str]
    unknown: Sequence[str] = ()


@dataclass(frozen=True)
class Request:
    """The resources that the seed runs of an experiment request; ``file`` names their source.

    ``queue`` may be several with commas between them. Of ``gpu_types`` any will do; ``gpu_resource`` is the name of the
    number of GPUs where the experiment gives one. ``retries`` is None where nothing is submitted again.
    """

    file: str
    n_jobs: int
    cores: int
    memory_mb: float | None = None
    time_minutes: float | None = None
    gpus: float | None = None
    queue: str | None = None
    gpu_types: Sequence[str] = ()
    gpu_resource: str | None = None
    exclude_nodes: Sequence[str] = ()
    include_nodes: Sequence[str] = ()
    retries: int | None = None

    def resources(self) -> dict[str, Any]:
        """Return them as the resources of a job, for ``options``."""
        return {
            "mem_mb": self.memory_mb,
            "runtime": self.time_minutes,
            "gpu": self.gpus,
            "gpu_type": ",".join(self.gpu_types),
            "gpu_prefix": self.gpu_resource,
            "queue": self.queue,
            "exclude_nodes": ",".join(self.exclude_nodes),
            "include_nodes": ",".join(self.include_nodes),
        }


class Site(Protocol):
    """The settings of a profile for the site; ``setting`` is empty for those that it does not have."""

    @property
    def name(self) -> str:
        """The profile's name."""

    @property
    def shown_file(self) -> str:
        """Its file, as the user would type it from here."""

    def setting(self, name: str) -> str:
        """Return a setting of the executor, without its prefix (``queue``), as text."""


class Scheduler(Protocol):
    """A scheduler: its vocabulary and its operations.

    Unless stated otherwise, every method may raise SchedulerError, and SchedulerSilentError when there is no answer.
    """

    name: str
    """Its name in messages."""
    executor: str
    """The name of the executor plugin, and the prefix of its settings."""
    profile: str
    """The profile that is shipped for it."""
    submitting: str
    """Its command that submits; if that is not on PATH, the scheduler counts as absent."""
    deleting: str
    deleting_by_force: str
    listing: str
    account_seconds: float
    """How long after the end of a task its accounting may still appear."""
    notice_statuses: frozenset[int]
    """Exit statuses of a task that the scheduler may have ended; they do not say why it did."""
    task_words: Mapping[str, str]
    """Replacements in task.sh: ``@TASK@``, the number of the task, ``@RUN@``, how its command is run, and ``@PASS@``,
    how signal ``$1`` is passed on to the shell ``$child`` where the scheduler does not send it to the whole group."""
    node_variables: Mapping[str, str]
    """Names of the environment variables that hold a job's ``queue`` and its ``cores``."""
    cores_setting: str
    """The setting that determines how several cores are requested."""
    local_if_silent: bool
    """Whether `mle run` uses this machine where the scheduler is installed and does not answer, or has no open queue.
    False: it is most likely a login node, where nothing may run unless the user says so."""
    reuses_numbers: bool
    """Whether a job number may be given out a second time soon, after the scheduler was killed."""
    queue_setting: str
    """The setting that names the queue for jobs that name none; also what users of this scheduler call a queue."""

    def trouble_with_folder(self, folder: Path) -> str | None:
        """Return a sentence on why jobs cannot start in a folder, or None if they can."""

    def options(self, settings: Any, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the request of a job as command line options; jobs with equal options may share an array.

        Parameters
        ----------
        settings
            The settings of the profile.
        name
            The name of the job where its resources give none.
        threads
            Its cores.
        resources
            ``mem_mb`` (MB for the whole job), ``runtime`` (minutes), ``gpu``, ``gpu_type``, ``gpu_prefix`` (the site's
            name for the number of GPUs), ``queue``, ``exclude_nodes``, ``include_nodes`` and ``job_name``. Of kinds of
            GPU, queues and machines there may be several, with commas between them: the scheduler may choose among the
            first two.
        """

    def limits_of(self, options: Sequence[str]) -> Limits:
        """Read from options the limits that the scheduler will enforce, wherever the options come from."""

    def command(self, settings: Any, options: Sequence[str], n_tasks: int, array: Path, project: Path) -> list[str]:
        """Return the command line that submits the array in a folder with task.sh."""

    def submit(self, command: Sequence[str], answer: Path) -> int:
        """Run that command and return the job number; its answer goes to a file, to outlive this process."""

    def read_job_id(self, answer: Path) -> int | None:
        """Return the job number in such an answer, or None."""

    def refusal(self, message: str, n_tasks: int) -> Refusal:
        """Return the meaning of a SchedulerError of ``submit``."""

    def find_array(self, array: Path) -> int | None:
        """Return the job whose output goes into a folder, for a submission whose answer was lost."""

    def delete(self, tasks: Mapping[int, Sequence[int] | None]) -> None:
        """Delete jobs with one command; None is every task of a job. A task that is gone is no error."""

    def states(self, *, seconds: float = 30.0) -> Mapping[TaskId, TaskState]:
        """Ask once for the state of every task of this user."""

    def stuck_reasons(self, job: int) -> Mapping[int, str]:
        """Return why tasks of a job cannot be started, by their number."""

    def absent(self, job: int, numbers: Collection[int]) -> Collection[int]:
        """Return which tasks of a job are listed as running although their nodes, which answer, do not have them.

        A scheduler that was killed may have lost them. Asks the nodes, so it is for tasks that show no sign of life.
        """

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
            One of them that has waited for long, about which more may be asked. Each job comes once.
        """

    def why_it_waits(self, job: int, *, seconds: float) -> tuple[Obstacle | None, Sequence[str]]:
        """Return the obstacle of one job that does not start, if any, and the scheduler's explanation."""

    def accounts(self, job: int) -> Mapping[int, Mapping[str, str]] | None:
        """Return the accounting of a job's tasks; None when it cannot be read or will never have any."""

    def ended_well(self, account: Mapping[str, str]) -> bool:
        """Whether the accounting says that a task ended by itself, with exit status 0."""

    def was_cut_off(self, last: TaskState | None, account: Mapping[str, str] | None) -> bool | None:
        """Whether a task was killed together with its shell, so that no exit file will come.

        ``last`` as in Clues; without an account the answer may be None: only the accounting can tell.
        """

    def explain(self, clues: Clues) -> str:
        """Explain in a sentence or two why a task was killed; the caller writes the subject before it."""

    def task_name(self, job: int, number: int) -> str:
        """Return a task as users of this scheduler write it."""

    def queues(self, asked: str | None, *, seconds: float) -> Queues:
        """Return the queues for a request; None means any."""

    def check_site(self, asked: Request | None, site: Site) -> Iterator[Finding]:
        """Compare the site with the profile and the request; yields nothing where it is not installed."""


def in_queue(states: Mapping[TaskId, TaskState]) -> set[TaskId]:
    """Return the tasks that have not ended according to an answer."""
    return {task for task, state in states.items() if state.kind is not Kind.OVER}
