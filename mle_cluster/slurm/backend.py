"""Slurm behind the protocol of mle_cluster/scheduler.py."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mle_cluster.findings import Finding
from mle_cluster.scheduler import (
    Clues,
    Limits,
    Obstacle,
    Queue,
    Queues,
    Refusal,
    Request,
    Site,
    TaskId,
    TaskState,
)
from mle_cluster.slurm import answers, commands, deaths, refusals, request
from mle_cluster.slurm.site import check_site

__all__ = ["SCHEDULER", "Slurm"]

# Under proctrack/cgroup only the shell of the task hears a signal, so it passes on what it hears; and a bash that waits
# for a program in the foreground hears nothing before that has ended. What does not know a warning is not to end by it;
# and the shell of the command waits for its children, which may use the time to save something. A `wait` that a signal
# cuts short at the moment of the end loses the status (-1, for ever): so a shell between the two writes it down.
# (The latter may not ignore a warning: what it starts could not ask for it any more.)
# Where Slurm does not find the project's folder (an automounter may be slow), it starts tasks in /tmp.
_RUN = """\
cd "${folder%/*/*/*}" || finish 1
told= child= status=137 ended="$folder/.status.$task.$$"
pass() { [[ -z $child ]] || kill "-$1" -- "-$child" 2>/dev/null; }
trap 'pass USR1' USR1
trap 'pass XCPU' XCPU
trap '[[ -n $told ]] || { told=143; pass TERM; }' TERM
set -m
{
    trap : USR1 XCPU USR2 TERM
    /bin/bash -c "trap '' USR1 XCPU; trap : USR2 TERM
$command" </dev/null
    status=$?
    printf '%s\\n' "$status" >"$ended"
    exit "$status"
} &
child=$!
set +m
[[ -z $told ]] || pass TERM
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
done
trap '' TERM
[[ ! -s $ended ]] || read -r status <"$ended"
((status >= 0)) || status=137
[[ -z $told || $status -lt 128 ]] || status=$told
finish "$status\""""


class Slurm:
    """Slurm."""

    name = "Slurm"
    executor = "mle-slurm"
    profile = "slurm"
    submitting, deleting, deleting_by_force, listing = "sbatch", "scancel", "scancel", "squeue"
    account_seconds = 20.0
    # With cgroups, the kernel kills what uses too much memory and the shell of the task lives: 137 may mean that, too.
    notice_statuses = frozenset({128 + signal.SIGTERM, 128 + signal.SIGKILL})
    task_words: Mapping[str, str] = {"@TASK@": "$SLURM_ARRAY_TASK_ID", "@RUN@": _RUN}
    node_variables: Mapping[str, str] = {"queue": "SLURM_JOB_PARTITION", "cores": "SLURM_CPUS_PER_TASK"}
    cores_setting = "sbatch-options"
    local_if_silent = False
    # The last seconds before it is killed are not saved yet.
    reuses_numbers = True
    queue_setting = "partition"

    def __init__(self) -> None:
        self._seemed_closed: set[int] = set()

    def trouble_with_folder(self, folder: Path) -> str | None:
        """Return why sbatch cannot be told of a folder."""
        if "\n" not in str(folder):
            return None
        return f"Slurm cannot use the folder {str(folder)!r}: its name has a line break. Rename the folder."

    def options(
        self, settings: request.Settings, name: str, threads: int, resources: Mapping[str, object]
    ) -> tuple[str, ...]:
        """Return sbatch options."""
        return request.sbatch_options(settings, name, threads, resources)

    def limits_of(self, options: Sequence[str]) -> Limits:
        """Read sbatch options."""
        return request.limits_of(options)

    def command(
        self, settings: request.Settings, options: Sequence[str], n_tasks: int, array: Path, project: Path
    ) -> list[str]:
        """Return an sbatch."""
        return request.sbatch_command(settings, options, n_tasks, array, project)

    def submit(self, command: Sequence[str], answer: Path) -> int:
        """Run it."""
        return commands.submit(command, answer)

    def read_job_id(self, answer: Path) -> int | None:
        """Read what it answered."""
        return commands.read_job_id(answer)

    def refusal(self, message: str, n_tasks: int) -> Refusal:
        """Read why it refused."""
        return refusals.read_refusal(message, n_tasks)

    def find_array(self, array: Path) -> int | None:
        """Look for a job by its output folder."""
        return commands.find_array(array)

    def delete(self, tasks: Mapping[int, Sequence[int] | None]) -> None:
        """Call scancel, once."""
        commands.delete(tasks)

    def states(self, *, seconds: float = 30.0) -> Mapping[TaskId, TaskState]:
        """Call squeue, once."""
        return answers.parse_states(commands.list_tasks(seconds=seconds))

    def stuck_reasons(self, job: int) -> Mapping[int, str]:
        """Nothing: what cannot start waits or is held, and squeue has said why."""
        return {}

    def obstacles(
        self,
        waiting: Mapping[int, Sequence[TaskState]],
        queues: Mapping[int, str | None],
        long_ago: int | None,
    ) -> Mapping[int, Obstacle]:
        """Read the reasons that squeue gave; asks nothing."""
        found: dict[int, Obstacle] = {}
        for job, states in waiting.items():
            for reason in {state.reason for state in states}:
                if (obstacle := answers.obstacle_in(reason)) is not None:
                    found[job] = obstacle
        # For a moment after a restart of the controller no node seems to be there: what counts is the second look.
        closed = {job for job, obstacle in found.items() if obstacle.kind == "closed"}
        new, self._seemed_closed = closed - self._seemed_closed, closed
        return {job: obstacle for job, obstacle in found.items() if job not in new}

    def why_it_waits(self, job: int, *, seconds: float) -> tuple[Obstacle | None, Sequence[str]]:
        """Ask squeue about one job."""
        text = commands.ask(["squeue", "--noheader", "--all", f"--jobs={job}", "--format=%r"], seconds=seconds)
        reasons = [reason for reason in dict.fromkeys(text.split("\n")) if reason]
        obstacles = [obstacle for reason in reasons if (obstacle := answers.obstacle_in(reason)) is not None]
        return next(iter(obstacles), None), reasons or ["squeue does not list it"]

    def accounts(self, job: int) -> Mapping[int, Mapping[str, str]] | None:
        """Call sacct."""
        return commands.accounts(job)

    def ended_well(self, account: Mapping[str, str]) -> bool:
        """Read an account."""
        return deaths.ended_well(account)

    def explain(self, clues: Clues) -> str:
        """Explain why a task was killed."""
        return deaths.explain_death(clues)

    def task_name(self, job: int, number: int) -> str:
        """Return ``12_3``."""
        return f"{job}_{number}"

    def queues(self, asked: str | None, *, seconds: float) -> Queues:
        """Ask for the partitions that a request means."""
        text = commands.ask(["sinfo", "--noheader", "--format=%R|%a"], seconds=seconds)
        rows = [line.split("|", 1) for line in text.splitlines() if "|" in line]
        found = {name: Queue(name, state == "up", "" if state == "up" else state) for name, state in rows}
        names = list(found) if asked is None else [name for name in asked.split(",") if name.strip()]
        meant = [found[name] for name in names if name in found]
        return Queues(meant, list(found), [name for name in names if name not in found])

    def check_site(self, asked: Request | None, site: Site) -> Iterator[Finding]:
        """Compare the site with the profile and the request of seed runs."""
        return check_site(asked, site)


SCHEDULER = Slurm()
