"""The commands of Slurm: sbatch, squeue, scancel, sacct, scontrol.

Loads nothing of Snakemake. Every call has a time limit and a session of its own, so that Ctrl-C in the terminal does
not interrupt an sbatch or scancel.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from mle_cluster.scheduler import SchedulerError, SchedulerSilentError
from mle_cluster.slurm.answers import ACCOUNT_FIELDS, STATE_FORMAT, parse_accounts
from mle_toolbox.snakemake_side.assumptions import PROFILE_VARIABLE

__all__ = ["accounts", "ask", "delete", "find_array", "list_tasks", "max_array_size", "read_job_id", "submit"]

_TIMEOUT_SECONDS = 30.0
_SUBMIT_SECONDS = 120.0
# Messages of the different versions when the controller, or the database, does not answer.
_SILENT = re.compile(
    r"unable to contact slurm|socket timed out|connection (refused|timed out|reset)|zero bytes|transport endpoint|"
    r"communication (connection|shutdown)|unexpected message received|insane message|unable to establish|"
    r"problem talking to the database|did not respond|no route to host|not responding",
    re.IGNORECASE,
)
# sbatch itself would try again for minutes, and Snakemake's main thread would wait for it.
_RETRIES = re.compile(r"retrying", re.IGNORECASE)
# These would change what the commands answer, or the request of the jobs. A driver that runs in a job has all of them.
_DROPPED = ("SLURM_", "SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_", "SINFO_", "SRUN_", PROFILE_VARIABLE)
_KEPT = frozenset({"SLURM_CONF", "SLURM_CLUSTERS", "SLURM_CONF_SERVER", "SLURM_JWT"})
# The other variables of sbatch (account, partition, ...) are wishes of the user.
_OURS = frozenset(
    f"SBATCH_{name}"
    for name in (
        *("ARRAY_INX", "OUTPUT", "ERROR", "INPUT", "WAIT", "EXPORT", "SIGNAL", "REQUEUE", "NO_REQUEUE", "OPEN_MODE"),
        *("JOB_NAME",),
    )
)


def submit(command: Sequence[str], answer: Path) -> int:
    """Run an ``sbatch --parsable``, which writes its answer into a file; return the job number.

    Raises
    ------
    SchedulerSilentError
        When the controller does not answer.
    SchedulerError
        When the job is refused, for now or for good.
    """
    with answer.open("wb") as file:
        try:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise SchedulerError(_no_command("sbatch")) from None
        # Longer than a question: an sbatch that is cut short may have submitted the job all the same.
        late = threading.Timer(_SUBMIT_SECONDS, started.kill)
        late.start()
        said = ""
        with started:
            for line in started.stderr or ():
                said += line.decode(errors="replace")
                if _RETRIES.search(said):
                    started.kill()
        late.cancel()
    if _RETRIES.search(said) or started.returncode > 0:
        raise _error("sbatch", said)
    if started.returncode < 0:
        raise SchedulerSilentError(f"sbatch did not come back within {_SUBMIT_SECONDS:.0f} s.")
    job = read_job_id(answer)
    if job is None:
        raise SchedulerError(f"sbatch answered {answer.read_text(errors='replace')!r}, which names no job.")
    return job


def read_job_id(answer: Path) -> int | None:
    """Return the number that ``sbatch --parsable`` wrote (`12`, or `12;cluster`), or None when there is none."""
    try:
        found = re.search(r"^(\d+)(;\S+)?$", answer.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        return None
    return int(found.group(1)) if found else None


def ask(command: Sequence[str], *, seconds: float = _TIMEOUT_SECONDS, check: bool = True) -> str:
    """Return the answer of a command of Slurm; without ``check`` also when it refuses.

    Raises
    ------
    SchedulerSilentError
        When nobody answers.
    SchedulerError
        When there is no such command, or it refuses.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            # Without the first, squeue cuts the task numbers of an array after 64 characters.
            env={**_environment(), "SLURM_BITSTR_LEN": "0", "SLURM_TIME_FORMAT": "standard"},
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SchedulerSilentError(f"{command[0]} did not come back within {seconds:.0f} s.") from None
    except FileNotFoundError:
        raise SchedulerError(_no_command(command[0])) from None
    errors = done.stderr.decode(errors="replace")
    if done.returncode != 0 and (check or _SILENT.search(errors)):
        raise _error(command[0], errors)
    return done.stdout.decode(errors="replace")


def list_tasks(output: str = f"--format={STATE_FORMAT}", *, seconds: float = _TIMEOUT_SECONDS) -> str:
    """Ask once about all tasks of this user, those that have just ended included."""
    # By the number of the user, whose name the site may write otherwise. Never by partition: an administrator may move
    # a job to another one.
    user = str(os.getuid())
    return ask(["squeue", "--noheader", "--all", "--user", user, "--states=all", output], seconds=seconds)


def find_array(folder: Path) -> int | None:
    """Return the job whose output goes into ``folder``, for an sbatch whose answer was lost."""
    # By the name of the folder, which is unique; its path may differ between machines.
    for line in list_tasks("--Format=ArrayJobID:30,STDOUT:4000").splitlines():
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


def max_array_size() -> int | None:
    """Return the number of tasks that this site takes in one array; None when unknown."""
    with contextlib.suppress(SchedulerError):
        found = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]), re.MULTILINE)
        # The largest index is one less, and ours begin with 1.
        return int(found.group(1)) - 1 if found else None
    return None


def _error(command: str, text: str) -> SchedulerError:
    lines = [re.sub(rf"^({command}: )?((error|fatal): )?", "", line.strip()).rstrip(".") for line in text.splitlines()]
    message = f"{command}: {'. '.join(filter(None, lines)) or 'no message'}."
    return SchedulerSilentError(message) if _SILENT.search(message) else SchedulerError(message)


def _no_command(command: str) -> str:
    return (
        f"There is no {command} on PATH. Log in to a login node of the cluster, or load its module (often: module load "
        "slurm); snakemake --profile local runs on this machine."
    )


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or not name.startswith(_DROPPED)) and name not in _OURS
    }
