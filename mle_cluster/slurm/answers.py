"""How to read the answers of squeue and sacct."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
        for number in expand_tasks(tasks):
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


def expand_tasks(tasks: str) -> Iterator[int]:
    """Yield task numbers.

    >>> list(expand_tasks("1,4-6%2")), list(expand_tasks("1-9:4")), list(expand_tasks("N/A"))
    ([1, 4, 5, 6], [1, 5, 9], [1])
    """
    for part in tasks.replace("N/A", "1").partition("%")[0].split(","):
        if (match := re.fullmatch(r"(\d+)(?:-(\d+))?(?::(\d+))?", part.strip())) is not None:
            first, last, step = match.groups()
            yield from range(int(first), int(last or first) + 1, int(step or 1))


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
        if not number_of_job.isdecimal() or "State" not in values:
            continue
        # Tasks that never started are in one line: 12_[3-7].
        for number in expand_tasks(tasks.strip("[]") or "1"):
            if step and number in found:
                found[number]["MaxRSS"] = values.get("MaxRSS") or found[number]["MaxRSS"]
            elif not step and not values["State"].startswith(_NOT_OVER):
                found[number] = values.copy()
    return found
