"""The commands of Grid Engine: qsub, qstat, qdel, qacct, qconf, and how to read their answers.

Loads nothing of Snakemake.
"""

from __future__ import annotations

import getpass
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from mle_cluster.calls import Calls
from mle_cluster.reading import expand_tasks
from mle_cluster.scheduler import SchedulerError, SchedulerSilentError, TaskId
from mle_toolbox.snakemake_side.assumptions import PROFILE_VARIABLE

__all__ = [
    "accounts",
    "ask",
    "delete",
    "error_reasons",
    "find_array",
    "parallel_environments",
    "parse_accounts",
    "parse_states",
    "read_job_id",
    "states",
    "submit",
    "trouble_with_folder",
    "user_name",
    "verify",
]

_NO_ACCOUNT_YET = re.compile(r"job (id|name) \S+ not found", re.IGNORECASE)
# qsub -wd replaces these, whatever follows them (qsub(1), -o), and drops everything after a newline.
_REPLACED = re.compile(r"\$(HOME|USER|JOB_ID|JOB_NAME|HOSTNAME|TASK_ID)|\n")
# Exported functions are multi-line values, which older versions pass on torn. The profile of the driver is not meant
# for a nested Snakemake.
_NOT_HANDED_ON = ("BASH_FUNC_", PROFILE_VARIABLE)


def _is_handed_on(name: str, value: str) -> bool:
    # A driver that is itself an array task must not pass on its own task number.
    return not name.startswith((*_NOT_HANDED_ON, "SGE_TASK")) and "\n" not in value


def _message(command: str, text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and line.strip() != "Exiting."]
    return f"{command}: {' '.join(lines) or 'no message'}"


CALLS = Calls(
    silent=re.compile(
        r"unable to contact|can't connect|cannot connect|commlib error|communication error|failed receiving gdi|"
        r"unable to send message|got send error|timeout|got max\. unheard|qmaster .*not (reachable|available)",
        re.IGNORECASE,
    ),
    # `12`, or `12.1-20:1`; a job submission verifier (JSV) or a sge_request file may add lines.
    job_number=re.compile(r"^(\d+)(\.\d+.*)?$", re.MULTILINE),
    message=_message,
    where="Log in to a submit host of the cluster, or load its module (often: module load sge, or source "
    "$SGE_ROOT/default/common/settings.sh)",
    # qsub -V passes it on.
    keeps=_is_handed_on,
)
ask, submit, read_job_id = CALLS.ask, CALLS.submit, CALLS.read_job_id


def trouble_with_folder(folder: Path) -> str | None:
    """Return a sentence on why jobs cannot start in ``folder``, or None if they can.

    >>> trouble_with_folder(Path("/home/me/$USER"))
    "Grid Engine cannot use the folder '/home/me/$USER': it would replace '$USER'. Rename the folder."
    """
    found = _REPLACED.search(str(folder))
    if found is None:
        return None
    return f"Grid Engine cannot use the folder {str(folder)!r}: it would replace {found[0]!r}. Rename the folder."


def user_name() -> str:
    """Return the name of this user, or the number where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # before Python 3.13 it is a KeyError
        return str(os.getuid())


def states(*, seconds: float = 30.0) -> dict[TaskId, str]:
    """Ask once for the state of every task of this user, for example ``{(12, 3): "r"}``."""
    # One question for all (80 ms); a question per task would load the master, which all users share.
    return parse_states(ask(["qstat", "-u", user_name(), "-xml"], seconds=seconds))


def parse_states(text: str) -> dict[TaskId, str]:
    """Read the answer of ``qstat -xml``; a job that is no array counts as task 1."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (the scheduler's own answer)
    except ElementTree.ParseError as error:
        raise SchedulerSilentError(f"qstat -xml gave no XML ({error}).") from None
    found: dict[TaskId, str] = {}
    for entry in root.iter("job_list"):
        job = int(entry.findtext("JB_job_number") or 0)
        state = entry.findtext("state") or ""
        for task in expand_tasks(entry.findtext("tasks") or "1"):
            found[job, task] = state
    return found


def error_reasons(job_id: int) -> dict[int, str]:
    """Return why tasks of a job are in state E, without the date and the numbers before it."""
    text = ask(["qstat", "-j", str(job_id)])
    found = re.findall(r"^error reason\s+(\d+):\s+(.*)$", text, re.MULTILINE)
    return {int(task): re.sub(r"^\S+ \S+ \[\d+:\d+\]: (error: )?", "", reason) for task, reason in found}


def verify(job_id: int, how: str, *, seconds: float = 30.0) -> str:
    """Return the scheduler's verdict on a waiting job, for an empty cluster (``v``) or the present state (``p``)."""
    # A job without a suitable queue is an answer here, whatever the exit status.
    return ask(["qalter", "-w", how, str(job_id)], check=False, seconds=seconds)


def find_array(folder: Path) -> int | None:
    """Return the job whose output goes into ``folder``, for a qsub whose answer was lost."""
    # By the name of the folder, which is unique; its path may differ between machines.
    jobs = sorted({job for job, _ in states()})
    if not jobs:
        return None
    text = ask(["qstat", "-j", ",".join(map(str, jobs))])
    for block in text.split("=" * 20):
        number = re.search(r"^job_number:\s+(\d+)", block, re.MULTILINE)
        if number and re.search(rf"^stdout_path_list:.*/{re.escape(folder.name)}/", block, re.MULTILINE):
            return int(number.group(1))
    return None


def delete(tasks: Mapping[int, Sequence[int] | None]) -> None:
    """Delete jobs with one qdel; ``{12: None, 13: [1, 4]}`` is all of job 12 and two tasks of 13."""
    # A task that is gone already makes qdel fail, which is no error here.
    words: list[str] = []
    for job, numbers in tasks.items():
        words += [str(job)] if numbers is None else [f"{job}.{number}" for number in numbers]
    if words:
        ask(["qdel", *words], check=False)


def accounts(job_id: int) -> dict[int, dict[str, str]] | None:
    """Return the accounting of a job's tasks; None when it cannot be read or will never have any."""
    try:
        return parse_accounts(ask(["qacct", "-j", str(job_id)])) or None
    except SchedulerError as error:
        # Accounts are written every 15 s (flush_time), so a job that has just ended is not found at first.
        return {} if _NO_ACCOUNT_YET.search(str(error)) else None


def parse_accounts(text: str) -> dict[int, dict[str, str]]:
    """Read the answer of ``qacct -j``: one block per task; of a task that ran twice the last one counts."""
    found: dict[int, dict[str, str]] = {}
    for block in re.split(r"^=+$", text, flags=re.MULTILINE):
        lines = (line.split(None, 1) for line in block.splitlines())
        fields = {words[0]: words[1].strip() for words in lines if len(words) == 2}
        if "jobnumber" in fields:
            task = fields.get("taskid", "1")
            found[int(task) if task.isdecimal() else 1] = fields
    return found


def parallel_environments() -> list[str]:
    """Return the parallel environments of the site; empty when unknown."""
    try:
        return ask(["qconf", "-spl"]).split()
    except SchedulerError:
        return []
