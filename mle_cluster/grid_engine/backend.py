"""Grid Engine behind the protocol of mle_cluster/scheduler.py."""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator, Mapping, Sequence

from mle_cluster.findings import Finding
from mle_cluster.grid_engine import commands, deaths, refusals, request
from mle_cluster.grid_engine.queues import named, queue_instances, queue_names, states_in_words
from mle_cluster.grid_engine.verification import obstacle_of
from mle_cluster.scheduler import (
    Kind,
    Obstacle,
    Queue,
    Queues,
    Request,
    SchedulerError,
    Site,
    TaskId,
    TaskState,
)

__all__ = ["SCHEDULER", "GridEngine"]

_SECONDS = 10.0
_LAST_LINES = 8
# The notice (USR2) ends a command that does not handle it, and the shell has to survive it in order to write the exit
# file. The shell also waits for the command, whose children may use the time of the notice to save something. task.sh
# ignores the warnings before a limit (USR1, XCPU), and so does every command that does not ask for them.
_RUN = """\
trap : USR2 TERM
/bin/bash -c "trap : USR2
$command"
finish $?"""


class GridEngine:
    """Grid Engine."""

    name = "Grid Engine"
    executor = "mle-sge"
    profile = "sge"
    submitting, deleting, deleting_by_force, listing = "qsub", "qdel", "qdel -f", "qstat"
    # The master writes accounts every 15 s (flush_time); those that are missing some seconds later never come.
    account_seconds = 20.0
    notice_statuses = frozenset({128 + signal.SIGUSR2})
    task_words: Mapping[str, str] = {"@TASK@": "$SGE_TASK_ID", "@RUN@": _RUN, "@PASS@": ":"}
    node_variables: Mapping[str, str] = {"queue": "QUEUE", "cores": "NSLOTS"}
    cores_setting = "parallel-environment"
    local_if_silent = True
    reuses_numbers = False
    queue_setting = "queue"

    trouble_with_folder = staticmethod(commands.trouble_with_folder)
    options = staticmethod(request.qsub_options)
    limits_of = staticmethod(request.limits_of)
    command = staticmethod(request.qsub_command)
    submit = staticmethod(commands.submit)
    read_job_id = staticmethod(commands.read_job_id)
    refusal = staticmethod(refusals.read_refusal)
    find_array = staticmethod(commands.find_array)
    delete = staticmethod(commands.delete)
    stuck_reasons = staticmethod(commands.error_reasons)
    accounts = staticmethod(commands.accounts)
    ended_well = staticmethod(deaths.ended_well)
    was_cut_off = staticmethod(deaths.was_cut_off)
    explain = staticmethod(deaths.explain_death)

    def states(self, *, seconds: float = 30.0) -> Mapping[TaskId, TaskState]:
        """Call qstat, once."""
        return {task: _state(code) for task, code in commands.states(seconds=seconds).items()}

    def absent(self, job: int, numbers: Collection[int]) -> Collection[int]:
        """Nothing: an exec daemon reports what it runs, and the master ends what it does not."""
        return ()

    def obstacles(
        self,
        waiting: Mapping[int, Sequence[TaskState]],
        queues: Mapping[int, str | None],
        long_ago: int | None,
    ) -> Mapping[int, Obstacle]:
        """Query which queues are open, and once for each job that has waited long why it cannot start."""
        found: dict[int, Obstacle] = {}
        if not waiting:
            return found
        try:
            instances = queue_instances(_SECONDS)
        except SchedulerError:
            instances = []
        for job in waiting:
            meant = named(instances, queues.get(job) or "*")
            if meant and not any(each.accepts_jobs for each in meant):
                names = ", ".join(sorted({each.queue for each in meant}))
                found[job] = Obstacle(f"{names}: {states_in_words(meant)}", "closed")
        # A qalter, which has the scheduler try to place the job: so for one job at a time, and each only once.
        if long_ago is not None and long_ago not in found:
            try:
                obstacle = obstacle_of(long_ago, seconds=_SECONDS)
            except SchedulerError:  # the job may have left between the questions
                obstacle = None
            if obstacle is not None:
                found[long_ago] = obstacle
        return found

    def why_it_waits(self, job: int, *, seconds: float) -> tuple[Obstacle | None, Sequence[str]]:
        """Ask qalter, and read qstat -j."""
        obstacle = obstacle_of(job, seconds=seconds)
        text = commands.ask(["qstat", "-j", str(job)], seconds=seconds)
        _, found, after = text.partition("scheduling info:")
        lines = [line.strip() for line in after.splitlines() if line.strip()]
        words = lines[:_LAST_LINES] if found and lines else ["the scheduler does not say why (see schedd_job_info)"]
        return obstacle, words

    def task_name(self, job: int, number: int) -> str:
        """Return ``12.3``."""
        return f"{job}.{number}"

    def queues(self, asked: str | None, *, seconds: float) -> Queues:
        """Ask for the queues that a request means."""
        instances = queue_instances(seconds)
        meant = named(instances, asked) if asked is not None else instances
        found = []
        for name in queue_names(meant):
            members = [each for each in meant if each.queue == name]
            found.append(Queue(name, any(each.accepts_jobs for each in members), states_in_words(members)))
        # qsub refuses a list if it does not know one of its names.
        unknown = [name for name in (asked or "").split(",") if name.strip() and not named(instances, name)]
        return Queues(found, queue_names(instances), unknown)

    def check_site(self, asked: Request | None, site: Site) -> Iterator[Finding]:
        """Compare the site with the profile and the request of seed runs."""
        # Imported late: only `mle doctor` needs it.
        from mle_cluster.grid_engine.site import check_site

        return check_site(asked, site)


# Letters of qstat(1). A code may have several, such as Eqw, dr or hqw: the worst decides.
def _state(code: str) -> TaskState:
    if "E" in code:
        return TaskState(Kind.STUCK, code)
    if "d" in code:
        return TaskState(Kind.LEAVING, code)
    if "h" in code:
        return TaskState(Kind.HELD, code, "qhold, or waiting for another job")
    if set("sST") & set(code):
        return TaskState(Kind.SUSPENDED, code)
    return TaskState(Kind.WAITING if code == "qw" else Kind.RUNNING, code)


SCHEDULER = GridEngine()
