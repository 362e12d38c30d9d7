"""The Grid Engine of this site against what the profile and the experiment file will ask of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence

from mle_toolbox.doctor.findings import Finding, fine, problem, warning
from mle_toolbox.doctor.listing import answer, file_of, parse_listing, seconds_of
from mle_toolbox.doctor.resources import check_limits, check_resources
from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.snakemake_side.profile_files import Profile
from snakemake_executor_plugin_mle_sge.gridengine import GridEngineError
from snakemake_executor_plugin_mle_sge.queues import QueueInstance, named, queue_instances, queue_names, states_in_words

__all__ = ["check_site"]

_SECONDS = 10.0
_SHOWN = 8
_SETTINGS = "$SGE_ROOT/default/common/settings.sh"
_SPREADING = ("$round_robin", "$fill_up")


def check_site(plan: Plan | None, profile: Profile) -> Iterator[Finding]:
    """Look at the scheduler; yields nothing where there is no qsub.

    Parameters
    ----------
    plan
        What seed runs will ask for; None: only the profile is looked at.
    profile
        What they are asked for with.
    """
    if shutil.which("qsub") is None:
        return
    try:
        instances = queue_instances(_SECONDS)
    except GridEngineError as error:
        yield problem(
            f"qsub is there ({shutil.which('qsub')}), but the scheduler does not answer: {str(error).rstrip('.')}",
            f"source {_SETTINGS}, or log in to a submit host; if that does not help, its master daemon is down",
        )
        return
    yield fine(f"the scheduler answers: {_version()}, {len(instances)} queue instances that you may use")
    yield from _guarded(_check_queues(instances, plan, profile))
    yield from _guarded(_check_parallel_environment(plan, profile))
    yield from _guarded(check_resources(plan, profile))
    yield from _guarded(check_limits(plan, profile))


def _guarded(findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except GridEngineError as error:
        yield warning(f"the scheduler did not say more: {error}", "type the command yourself to see")


def _version() -> str:
    try:
        return answer("qstat", "-help").splitlines()[0].strip()
    except (GridEngineError, IndexError):
        return "of unknown version"


def _check_queues(instances: Sequence[QueueInstance], plan: Plan | None, profile: Profile) -> Iterator[Finding]:
    asked, _ = _asked_queue(plan, profile)
    wanted = named(instances, asked) if asked else instances
    names = queue_names(wanted)
    for name in names[:_SHOWN]:
        yield from _check_queue(name, [each for each in wanted if each.queue == name], plan)
    if len(names) > _SHOWN:
        yield fine(f"{len(names) - _SHOWN} more queues: {', '.join(names[_SHOWN:])}")
    if wanted and not any(each.accepts_jobs for each in wanted):
        yield problem("no queue accepts jobs, so `mle run` would run here", "ask your administrator when one will")


def _asked_queue(plan: Plan | None, profile: Profile) -> tuple[str, str]:
    if plan is not None and plan.job.queue:
        return plan.job.queue, plan.experiment_file.name
    return profile.setting("queue"), f"the profile {profile.name}"


def _check_queue(name: str, instances: Sequence[QueueInstance], plan: Plan | None) -> Iterator[Finding]:
    usable = [each for each in instances if each.accepts_jobs]
    slots, used = sum(each.slots for each in usable), sum(each.used for each in usable)
    closed = [each for each in instances if not each.accepts_jobs]
    words = states_in_words(closed)
    if not usable:
        yield warning(f"queue {name} accepts no jobs: {words}", f"ask your administrator, or leave {name} out")
        return
    machines = "machine" if len(usable) == 1 else "machines"
    some = f"; {len(closed)} of {len(instances)} machines: {words}" if closed else ""
    yield fine(f"queue {name}: {slots} slots on {len(usable)} {machines}, {used} of them in use{some}")
    limit = seconds_of(parse_listing(answer("qconf", "-sq", name)).get("h_rt", "INFINITY"))
    wanted = plan.job.time_minutes * 60 if plan is not None and plan.job.time_minutes else None
    if limit is not None and wanted is not None and wanted > limit:
        yield warning(
            f"time_per_job is longer than queue {name} lets a job run ({limit / 3600:.3g} hours)",
            "lower time_per_job, or name a queue for longer jobs",
        )
    elif limit is not None and wanted is None:
        yield fine(f"queue {name} kills jobs after {limit / 3600:.3g} hours; the experiment file gives no time_per_job")


def _check_parallel_environment(plan: Plan | None, profile: Profile) -> Iterator[Finding]:
    cores = plan.job.cores if plan is not None else 2
    if cores == 1:
        yield fine("a seed run asks for one core, so no parallel environment is needed")
        return
    name = profile.setting("parallel-environment") or "smp"
    known = answer("qconf", "-spl").split()
    where = f"set mle-sge-parallel-environment in {file_of(profile)}"
    if name not in known:
        good = [each for each in known[:50] if _allocation_rule(each) == "$pe_slots"]
        advice = f"those that keep a job on one machine: {', '.join(good)}" if good else f"known: {', '.join(known)}"
        yield problem(
            f"there is no parallel environment {name!r}.{did_you_mean(name, known)}".rstrip("."), f"{where}; {advice}"
        )
        return
    rule = _allocation_rule(name)
    if rule in ("$pe_slots", str(cores)):
        yield fine(f"parallel environment {name}: its allocation rule {rule} gives all cores on one machine")
    elif rule in _SPREADING or rule.isdecimal():
        good = [each for each in known[:50] if _allocation_rule(each) == "$pe_slots"]
        yield problem(
            f"parallel environment {name} scatters a job's cores over machines (allocation rule {rule})",
            f"{where} to {' or '.join(good)}" if good else "ask for one with the allocation rule $pe_slots",
        )
    else:
        yield warning(f"parallel environment {name} has the allocation rule {rule}", "$pe_slots is the right one")
    yield from _check_queues_have(name, plan, profile)


def _check_queues_have(name: str, plan: Plan | None, profile: Profile) -> Iterator[Finding]:
    asked, _ = _asked_queue(plan, profile)
    candidates = named(queue_instances(_SECONDS), asked) if asked else queue_instances(_SECONDS)
    queues = queue_names(each for each in candidates if each.accepts_jobs)[:50]
    having = [each for each in queues if name in _pe_list(each)]
    if queues and not having:
        yield problem(
            f"no queue that accepts jobs has the parallel environment {name}",
            f"see pe_list in `qconf -sq {queues[0]}`, and set mle-sge-parallel-environment in {file_of(profile)}",
        )


def _pe_list(queue: str) -> list[str]:
    return re.split(r"[\s,\[\]=]+", parse_listing(answer("qconf", "-sq", queue)).get("pe_list", ""))


def _allocation_rule(name: str) -> str:
    return parse_listing(answer("qconf", "-sp", name)).get("allocation_rule", "unknown")
