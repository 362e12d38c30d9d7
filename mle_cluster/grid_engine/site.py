"""Checks of the Grid Engine of this site against the profile and the experiment file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence

from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.grid_engine.listing import answer, parse_listing, seconds_of
from mle_cluster.grid_engine.queues import (
    QueueInstance,
    is_machine,
    named,
    queue_instances,
    queue_names,
    states_in_words,
)
from mle_cluster.grid_engine.resources import check_limits, check_resources
from mle_cluster.scheduler import Request, SchedulerError, Site
from mle_cluster.site_checks import guarded, unknown
from mle_toolbox.errors import did_you_mean

__all__ = ["check_site"]

_SECONDS = 10.0
_SHOWN = 8
_SETTINGS = "$SGE_ROOT/default/common/settings.sh"
# Allocation rules that distribute the cores of a job over machines; a seed run is one process on one.
_SPREADING = ("$round_robin", "$fill_up")


def check_site(request: Request | None, site: Site) -> Iterator[Finding]:
    """Check the scheduler; yields nothing where there is no qsub.

    Parameters
    ----------
    request
        The request of seed runs; None: only the profile is checked.
    site
        The profile.
    """
    if shutil.which("qsub") is None:
        return
    try:
        instances = queue_instances(_SECONDS)
    except SchedulerError as error:
        yield problem(
            f"qsub is there ({shutil.which('qsub')}), but the scheduler does not answer: {str(error).rstrip('.')}",
            f"source {_SETTINGS}, or log in to a submit host; if that does not help, its master daemon is down",
        )
        return
    yield fine(f"the scheduler answers: {_version()}, {len(instances)} queue instances that you may use")
    yield from guarded(_check_queues(instances, request, site))
    if request is not None:
        yield from _check_machines(instances, request)
    yield from guarded(_check_parallel_environment(request, site))
    yield from guarded(check_resources(request, site))
    yield from guarded(check_limits(request, site))


def _version() -> str:
    try:
        return answer("qstat", "-help").splitlines()[0].strip()
    except (SchedulerError, IndexError):
        return "of unknown version"


def _check_queues(instances: Sequence[QueueInstance], request: Request | None, site: Site) -> Iterator[Finding]:
    asked, _ = _asked_queue(request, site)
    wanted = named(instances, asked) if asked else instances
    names = queue_names(wanted)
    for name in names[:_SHOWN]:
        yield from _check_queue(name, [each for each in wanted if each.queue == name], request)
    if len(names) > _SHOWN:
        yield fine(f"{len(names) - _SHOWN} more queues: {', '.join(names[_SHOWN:])}")
    if wanted and not any(each.accepts_jobs for each in wanted):
        yield problem("no queue accepts jobs, so `mle run` would run here", "ask your administrator when one will")


def _check_machines(instances: Sequence[QueueInstance], request: Request) -> Iterator[Finding]:
    hosts = sorted({each.host for each in instances})
    for key, names in (("exclude_nodes", request.exclude_nodes), ("include_nodes", request.include_nodes)):
        for name in names:
            if not any(is_machine(host, name) for host in hosts):
                yield warning(
                    f"{key} names {name!r}, which is no machine of your queues.{did_you_mean(name, hosts)}".rstrip("."),
                    f"correct or remove it in {request.file}; `qconf -sel` lists the machines",
                )
    left = [host for host in hosts if not any(is_machine(host, name) for name in request.exclude_nodes)]
    if request.include_nodes:
        left = [host for host in left if any(is_machine(host, name) for name in request.include_nodes)]
    if hosts and not left:
        yield problem("exclude_nodes and include_nodes leave no machine", f"change them in {request.file}")
    elif len(left) < len(hosts):
        yield fine(f"seed runs may use {len(left)} of {len(hosts)} machines (exclude_nodes, include_nodes)")


def _asked_queue(request: Request | None, site: Site) -> tuple[str, str]:
    if request is not None and request.queue:
        return request.queue, request.file
    return site.setting("queue"), f"the profile {site.name}"


def _check_queue(name: str, instances: Sequence[QueueInstance], request: Request | None) -> Iterator[Finding]:
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
    wanted = request.time_minutes * 60 if request is not None and request.time_minutes else None
    if limit is not None and wanted is not None and wanted > limit:
        yield warning(
            f"time_per_job is longer than queue {name} lets a job run ({limit / 3600:.3g} hours)",
            "lower time_per_job, or name a queue for longer jobs",
        )
    elif limit is not None and wanted is None:
        yield fine(f"queue {name} kills jobs after {limit / 3600:.3g} hours; the experiment file gives no time_per_job")


def _check_parallel_environment(request: Request | None, site: Site) -> Iterator[Finding]:
    cores = request.cores if request is not None else 2
    if cores == 1:
        yield fine("a seed run asks for one core, so no parallel environment is needed")
        return
    name = site.setting("parallel-environment") or "smp"
    known = answer("qconf", "-spl").split()
    where = f"set mle-sge-parallel-environment in {site.shown_file}"
    if name not in known:
        # Each is one qconf, and sites may have hundreds.
        good = [each for each in known[:50] if _allocation_rule(each) == "$pe_slots"]
        advice = f"those that keep a job on one machine: {', '.join(good)}" if good else f"known: {', '.join(known)}"
        yield unknown(f"there is no parallel environment {name!r}", name, known, f"{where}; {advice}")
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
    yield from _check_queues_have(name, request, site)


def _check_queues_have(name: str, request: Request | None, site: Site) -> Iterator[Finding]:
    asked, _ = _asked_queue(request, site)
    candidates = named(queue_instances(_SECONDS), asked) if asked else queue_instances(_SECONDS)
    queues = queue_names(each for each in candidates if each.accepts_jobs)[:50]
    # `pe_list` may have values per machine: `smp mpi,[node1=smp]`.
    having = [each for each in queues if name in _pe_list(each)]
    if queues and not having:
        yield problem(
            f"no queue that accepts jobs has the parallel environment {name}",
            f"see pe_list in `qconf -sq {queues[0]}`, and set mle-sge-parallel-environment in {site.shown_file}",
        )


def _pe_list(queue: str) -> list[str]:
    return re.split(r"[\s,\[\]=]+", parse_listing(answer("qconf", "-sq", queue)).get("pe_list", ""))


def _allocation_rule(name: str) -> str:
    return parse_listing(answer("qconf", "-sp", name)).get("allocation_rule", "unknown")
