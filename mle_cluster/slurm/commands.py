"""The commands of Slurm: sbatch, squeue, scancel, sacct, scontrol. Loads nothing of Snakemake."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mle_cluster.calls import Calls
from mle_cluster.scheduler import SchedulerError, SchedulerSilentError, TaskId, TaskState
from mle_cluster.slurm.answers import ACCOUNT_FIELDS, STATE_FORMAT, parse_accounts, parse_states
from mle_toolbox.snakemake_side.assumptions import PROFILE_VARIABLE

__all__ = ["absent", "accounts", "ask", "delete", "find_array", "max_array_size", "read_job_id", "states", "submit"]

# These would change what the commands answer, or the request of the jobs. A driver that runs in a job has all of them.
_DROPPED = ("SLURM_", "SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_", "SINFO_", "SRUN_", PROFILE_VARIABLE)
_KEPT = frozenset({"SLURM_CONF", "SLURM_CLUSTERS", "SLURM_CONF_SERVER", "SLURM_JWT"})
# The other variables of sbatch (account, partition, ...) are set by the user on purpose.
_OURS = frozenset(
    f"SBATCH_{name}"
    for name in (
        *("ARRAY_INX", "OUTPUT", "ERROR", "INPUT", "WAIT", "EXPORT", "SIGNAL", "REQUEUE", "NO_REQUEUE", "OPEN_MODE"),
        *("JOB_NAME",),
    )
)


def _message(command: str, text: str) -> str:
    lines = [re.sub(rf"^({command}: )?((error|fatal): )?", "", line.strip()).rstrip(".") for line in text.splitlines()]
    return f"{command}: {'. '.join(filter(None, lines)) or 'no message'}."


CALLS = Calls(
    silent=re.compile(
        r"unable to contact slurm|socket timed out|connection (refused|timed out|reset)|zero bytes|"
        r"transport endpoint|communication (connection|shutdown)|unexpected message received|insane message|"
        r"unable to establish|problem talking to the database|did not respond|no route to host|not responding|"
        # A site writes slurm.conf anew at this moment.
        r"unable to process configuration file",
        re.IGNORECASE,
    ),
    # `12`, or `12;cluster`
    job_number=re.compile(r"^(\d+)(;\S+)?$", re.MULTILINE),
    message=_message,
    where="Log in to a login node of the cluster, or load its module (often: module load slurm)",
    keeps=lambda name, value: (name in _KEPT or not name.startswith(_DROPPED)) and name not in _OURS,
    retries=re.compile(r"retrying", re.IGNORECASE),
)
ask, submit, read_job_id = CALLS.ask, CALLS.submit, CALLS.read_job_id


def states(*, seconds: float = 30.0) -> dict[TaskId, TaskState]:
    """Ask once for the state of every task of this user."""
    return parse_states(_list_tasks(f"--format={STATE_FORMAT}", seconds=seconds))


def _list_tasks(output: str, *, seconds: float = 30.0) -> str:
    """Ask once about all tasks of this user, those that have just ended included."""
    # By user id, because the site may spell the name differently. Never by partition: an administrator may move
    # a job to another one.
    user = str(os.getuid())
    command = ["squeue", "--noheader", "--all", "--user", user, "--states=all", output]
    # Without the variable, squeue cuts the task numbers of an array after 64 characters.
    return ask(command, seconds=seconds, variables={"SLURM_BITSTR_LEN": "0"})


def find_array(folder: Path) -> int | None:
    """Return the job whose output goes into ``folder``, for an sbatch whose answer was lost."""
    # By the name of the folder, which is unique; its path may differ between machines.
    for line in _list_tasks("--Format=ArrayJobID:30,STDOUT:4000").splitlines():
        if f"/{folder.name}/" in line and (job := line.split()[0]).isdecimal():
            return int(job)
    return None


def delete(tasks: Mapping[int, Sequence[int] | None]) -> None:
    """Delete jobs with one scancel; ``{12: None, 13: [1, 4]}`` is all of job 12 and two tasks of 13."""
    # A task that is gone already makes scancel fail, which is no error here.
    words = [
        str(job) if numbers is None else f"{job}_[{','.join(map(str, numbers))}]" for job, numbers in tasks.items()
    ]
    if words:
        ask(["scancel", *words], check=False)


def accounts(job: int) -> dict[int, dict[str, str]] | None:
    """Return the accounting of the tasks of a job that are over; None where this site keeps none."""
    fields = f"--format={','.join(ACCOUNT_FIELDS)}"
    try:
        return parse_accounts(ask(["sacct", "--noheader", "--parsable2", "--jobs", str(job), fields]))
    except SchedulerSilentError:
        return {}
    except SchedulerError:
        return None


def absent(job: int, numbers: Collection[int]) -> set[int]:
    """Return which tasks of a job squeue lists as running although their nodes, which answer, do not have them."""
    asked = ["squeue", "--noheader", "--all", "--array", f"--jobs={job}", "--states=R", "--format=%K|%A"]
    rows = (line.partition("|") for line in ask(asked).splitlines())
    # sstat needs the internal job ids of array tasks: asked about 12_3 and 12_4, it reports one of them twice.
    own = {int(task): number for task, _, number in rows if task.isdecimal() and int(task) in numbers}
    if not own:
        return set()
    steps = ",".join(f"{number}.batch" for number in own.values())
    # The exit status is 0 even if a node does not answer.
    found = ask(["sstat", "--noheader", "--parsable2", "--format=JobID", f"--jobs={steps}"], quiet=True).split()
    return {task for task, number in own.items() if f"{number}.batch" not in found}


def max_array_size() -> int | None:
    """Return the number of tasks that this site takes in one array; None when unknown."""
    with contextlib.suppress(SchedulerError):
        found = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]), re.MULTILINE)
        # The largest index is one less, and ours begin with 1.
        return int(found.group(1)) - 1 if found else None
    return None
