"""Slurm behind the protocol of mle_cluster/scheduler.py."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from mle_cluster.scheduler import Obstacle, Queue, Queues, TaskState
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
    task_words: Mapping[str, str] = {"@TASK@": "$SLURM_ARRAY_TASK_ID", "@RUN@": _RUN, "@PASS@": 'kill "-$1" "$child"'}
    node_variables: Mapping[str, str] = {"queue": "SLURM_JOB_PARTITION", "cores": "SLURM_CPUS_PER_TASK"}
    cores_setting = "sbatch-options"
    local_if_silent = False
    # The last seconds before it is killed are not saved yet.
    reuses_numbers = True
    queue_setting = "partition"

    def __init__(self) -> None:
        self._seemed_closed: set[int] = set()

    def trouble_with_folder(self, folder: Path) -> str | None:
        """Return why sbatch cannot be given a folder, or None if it can."""
        if "\n" not in str(folder):
            return None
        return f"Slurm cannot use the folder {str(folder)!r}: its name has a line break. Rename the folder."

    options = staticmethod(request.sbatch_options)
    limits_of = staticmethod(request.limits_of)
    command = staticmethod(request.sbatch_command)
    submit = staticmethod(commands.submit)
    read_job_id = staticmethod(commands.read_job_id)
    refusal = staticmethod(refusals.read_refusal)
    find_array = staticmethod(commands.find_array)
    delete = staticmethod(commands.delete)
    states = staticmethod(commands.states)
    absent = staticmethod(commands.absent)
    accounts = staticmethod(commands.accounts)
    ended_well = staticmethod(deaths.ended_well)
    was_cut_off = staticmethod(deaths.was_cut_off)
    explain = staticmethod(deaths.explain_death)
    check_site = staticmethod(check_site)

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
        # For a moment after a restart of the controller no node seems to exist, so only the second answer counts.
        closed = {job for job, obstacle in found.items() if obstacle.kind == "closed"}
        new, self._seemed_closed = closed - self._seemed_closed, closed
        return {job: obstacle for job, obstacle in found.items() if job not in new}

    def why_it_waits(self, job: int, *, seconds: float) -> tuple[Obstacle | None, Sequence[str]]:
        """Ask squeue about one job."""
        text = commands.ask(["squeue", "--noheader", "--all", f"--jobs={job}", "--format=%r"], seconds=seconds)
        reasons = [reason for reason in dict.fromkeys(text.split("\n")) if reason]
        obstacles = [obstacle for reason in reasons if (obstacle := answers.obstacle_in(reason)) is not None]
        return next(iter(obstacles), None), reasons or ["squeue does not list it"]

    def task_name(self, job: int, number: int) -> str:
        """Return ``12_3``."""
        return f"{job}_{number}"

    def queues(self, asked: str | None, *, seconds: float) -> Queues:
        """Ask for the partitions that a request means."""
        text = commands.ask(["sinfo", "--noheader", "--format=%P|%a"], seconds=seconds)
        rows = [line.split("|", 1) for line in text.splitlines() if "|" in line]
        default = answers.default_partition(name for name, _ in rows)
        found = {
            name: Queue(name, state == "up", "" if state == "up" else state)
            for name, state in ((name.rstrip("*"), state) for name, state in rows)
        }
        names = [name for name in (asked or default).split(",") if name.strip()] or list(found)
        meant = [found[name] for name in names if name in found]
        return Queues(meant, list(found), [name for name in names if name not in found])


SCHEDULER = Slurm()
