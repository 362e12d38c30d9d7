"""The findings of the real job of `mle doctor` about the nodes."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import mle_toolbox
from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.scheduler import ASK_FOR_LESS, Scheduler
from mle_toolbox.doctor.job import JobReport, run_job
from mle_toolbox.doctor.machine import nearest_folder
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.snakemake_side.profile_files import Profile

__all__ = ["check_node"]

_SLOW_SECONDS = 20.0
_CLOCK_SECONDS = 2.0


def check_node(
    scheduler: Scheduler, plan: Plan | None, project: Path, results: Path, profile: Profile, wait: float
) -> Iterator[Finding]:
    """Submit one job that requests what a seed run requests, and judge what it saw.

    Parameters
    ----------
    scheduler
        Where it runs.
    plan
        The experiment, or None.
    project
        The project folder.
    results
        The folder for results; it need not exist.
    profile
        The profile of that scheduler.
    wait
        Seconds after which a job that has not ended is removed.
    """
    report = run_job(scheduler, plan, project, nearest_folder(results), wait)
    if report.timed_out:
        yield _unfinished(report, wait)
        return
    if not report.ended_well:
        yield problem(f"the job failed: {report.trouble}", "fix what the scheduler reports, then run mle doctor again")
        return
    if "trouble" in report.answer:
        yield problem(
            f"this Python ({sys.executable}) does not run on the node: {report.answer['trouble']}",
            "install Python and mle-toolbox in a folder that the nodes see too, for example in your home",
        )
        return
    yield from _judge(scheduler, report, plan, profile)


def _unfinished(report: JobReport, wait: float) -> Finding:
    if report.obstacle is not None and report.obstacle.kind == "never":
        return problem(f"the job can never start here: {report.obstacle.reason}", ASK_FOR_LESS)
    why, fix = "; ".join(report.reasons), "a full cluster is no fault; to wait longer: mle doctor --wait SECONDS"
    if report.obstacle is not None:
        # In the scheduler's own words queues may be full as well, which passes.
        why = report.obstacle.reason
        fix = f"no machine has now what it asks for; if none ever has so much, {ASK_FOR_LESS}"
    return warning(f"the job did not end within {wait:.0f} s, and was removed: {why}", fix)


def _judge(scheduler: Scheduler, report: JobReport, plan: Plan | None, profile: Profile) -> Iterator[Finding]:
    answer, host = report.answer, report.answer.get("host")
    queue = f" in {scheduler.queue_setting} {answer['queue']}" if answer.get("queue") else ""
    yield fine(f"a job ran on {host}{queue}; from mle to its end {report.took:.0f} s")
    if report.seen_after is not None:
        yield _shared(report.seen_after, str(host), scheduler, profile)
    if "import_error" in answer:
        yield problem(
            f"mle-toolbox cannot be imported on {host}: {answer['import_error']}",
            "install it in a folder that the nodes see too, and activate that environment before `mle run`",
        )
    elif (answer.get("python"), answer.get("mle_toolbox")) != (platform.python_version(), mle_toolbox.__version__):
        yield problem(
            f"on {host} there are Python {answer.get('python')} and mle-toolbox {answer.get('mle_toolbox')}, here "
            f"{platform.python_version()} and {mle_toolbox.__version__}",
            "use one environment in a folder that all machines see",
        )
    else:
        yield fine(f"the same Python {answer['python']} and mle-toolbox {answer['mle_toolbox']} there")
    if answer.get("writable") is not True:
        yield problem(
            f"the folder for results cannot be written from {host}: {answer.get('writable')}",
            "choose an experiment_dir on a file system that the nodes may write to",
        )
    wanted = plan.job.cores if plan is not None else 1
    if str(answer.get("slots")) != str(wanted):
        yield warning(
            f"the job asked for {wanted} cores and got {answer.get('slots')} slots",
            f"see {scheduler.executor}-{scheduler.cores_setting} in {profile.shown_file}",
        )
    if report.node_clock is not None and abs(report.node_clock) > _CLOCK_SECONDS:
        yield warning(
            f"the clock of {host} differs from this machine's by {report.node_clock:.0f} s",
            "Snakemake compares the times of files; ask your administrator to have the clocks set",
        )


def _shared(seconds: float, host: str, scheduler: Scheduler, profile: Profile) -> Finding:
    text = f"the project folder is shared: a file written on {host} was seen here after {seconds:.1f} s"
    if seconds < _SLOW_SECONDS:
        return fine(text)
    return warning(
        text,
        f"raise latency-wait and {scheduler.executor}-patience-seconds in {profile.shown_file} to {4 * seconds:.0f} or "
        "more",
    )
