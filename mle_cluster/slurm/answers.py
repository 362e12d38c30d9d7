"""How to read the answers of squeue and sacct."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mle_cluster.reading import expand_tasks
from mle_cluster.scheduler import Kind, Obstacle, TaskId, TaskState

__all__ = ["ACCOUNT_FIELDS", "STATE_FORMAT", "obstacle_in", "parse_accounts", "parse_states"]

STATE_FORMAT = "%F|%K|%t|%r"
"""Array, task numbers, state, and the reason for it."""
ACCOUNT_FIELDS = ("JobID", "State", "ExitCode", "NodeList", "ElapsedRaw", "MaxRSS", "ReqMem")

# squeue(1), "JOB STATE CODES". A code that is not here counts as running.
_KINDS = {
    Kind.WAITING: "PD CF RQ",
    Kind.HELD: "RH SE RD",
    Kind.SUSPENDED: "S ST",
    Kind.LEAVING: "CG",
    Kind.OVER: "CD CA F TO NF PR BF DL OOM RV RF",
}
_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}
_NOT_OVER = ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "RESIZING", "STOPPED")
_HELD = re.compile(r"held", re.IGNORECASE)
_CLOSED = re.compile(r"PartitionDown|PartitionInactive|ReqNodeNotAvail|DOWN, ?DRAINED|NodeDown", re.IGNORECASE)
_NEVER = re.compile(
    r"PartitionTimeLimit|PartitionNodeLimit|PartitionConfig|BadConstraints|DependencyNeverSatisfied|Invalid(Account|QOS)|"
    r"Account\w*Not\w*Allowed|QOS\w*Not\w*Allowed|(Assoc|QOS)\w*Per(Job|Node)|MaxMemPerLimit|QOSMin\w+|NonConsumable",
    re.IGNORECASE,
)
_IN_WORDS = {
    "PartitionTimeLimit": "it asks for more time than its partition allows",
    "PartitionConfig": "its partition has or allows less than it asks for",
    "PartitionNodeLimit": "it asks for more than its partition allows",
    "BadConstraints": "no node has what it asks for",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition is inactive",
}


def parse_states(text: str) -> dict[TaskId, TaskState]:
    """Read the lines of squeue; a job that is no array counts as task 1."""
    found: dict[TaskId, TaskState] = {}
    for line in text.splitlines():
        number_of_job, _, rest = line.partition("|")
        # The name of a cluster stands above its jobs where several are asked.
        if not number_of_job.isdecimal() or rest.count("|") < 2:
            continue
        tasks, code, reason = rest.split("|", 2)
        state = _state(code, "" if reason == "None" else reason)
        for number in expand_tasks(tasks.replace("N/A", "1")):
            # A task that was requeued may be listed twice.
            if (int(number_of_job), number) not in found or state.kind is not Kind.OVER:
                found[int(number_of_job), number] = state
    return found


def _state(code: str, reason: str) -> TaskState:
    kind = _KIND_OF.get(code, Kind.RUNNING)
    if kind is Kind.WAITING and _HELD.search(reason):
        kind = Kind.HELD
    # It may end in any way, and its reason is that of the time when it waited.
    return TaskState(kind, code, "ending" if kind is Kind.LEAVING else reason)


def default_partition(names: Iterable[str]) -> str:
    """Return the partition of jobs that name none, which sinfo marks by a star; empty where there is none."""
    return next((name.rstrip("*") for name in names if name.endswith("*")), "")


def obstacle_in(reason: str) -> Obstacle | None:
    """Return the obstacle that the reason of a waiting task means; None if it only waits for its turn."""
    word = reason.split(",")[0]
    words = f"{_IN_WORDS[word]} ({word})" if word in _IN_WORDS else f"Slurm says {reason}"
    if _NEVER.search(reason):
        return Obstacle(words, "never")
    return Obstacle(words, "closed") if _CLOSED.search(reason) else None


def parse_accounts(text: str) -> dict[int, dict[str, str]]:
    """Read the lines of ``sacct --parsable2``: the tasks that are over, with the largest memory of their steps."""
    found: dict[int, dict[str, str]] = {}
    for line in text.splitlines():
        values = dict(zip(ACCOUNT_FIELDS, line.split("|"), strict=False))
        name, _, step = values["JobID"].partition(".")
        number_of_job, _, tasks = name.partition("_")
        # All our jobs are arrays. A line without the number of a task is half a record, of which slurmdbd has heard the
        # end before the beginning: its state is not yet the one that stays.
        if not number_of_job.isdecimal() or not tasks or "State" not in values:
            continue
        # Tasks that never started are in one line: 12_[3-7].
        for number in expand_tasks(tasks.strip("[]")):
            if step and number in found:
                found[number]["MaxRSS"] = values.get("MaxRSS") or found[number]["MaxRSS"]
            elif not step and not values["State"].startswith(_NOT_OVER):
                found[number] = values.copy()
    return found
