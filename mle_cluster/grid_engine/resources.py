"""Checks of the resources and limits of a Grid Engine against the profile and the experiment file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.grid_engine.listing import Complex, answer, parse_complexes, parse_listing
from mle_cluster.scheduler import Request, SchedulerError, Site
from mle_cluster.site_checks import unknown

__all__ = ["check_limits", "check_resources"]

_SHOWN = 8
# What the executor takes where the profile says nothing; profiles of earlier versions do not name it.
_DEFAULTS = {"gpu-type-resource": "gputype"}
# The exec daemon multiplies these limits by the number of slots, whatever the column `consumable` says.
_LIMITS = ("h_vmem", "s_vmem", "h_rss", "h_data")


def check_resources(request: Request | None, site: Site) -> Iterator[Finding]:
    """Check the names under which memory, time and GPUs are requested."""
    complexes = parse_complexes(answer("qconf", "-sc"))
    has_gpus = bool(request and request.gpus)
    for key, setting, asked in (
        ("memory_per_job", "memory-resource", bool(request and request.memory_mb)),
        ("time_per_job", "time-resource", bool(request and request.time_minutes)),
        ("num_gpus", "gpu-resource", has_gpus and not (request and request.gpu_resource)),
        ("gpu_type", "gpu-type-resource", has_gpus and bool(request and request.gpu_types)),
    ):
        yield from _check_resource(key, setting, asked, site, complexes)
    if request is not None and has_gpus and request.gpu_resource:
        yield from _check_name_of_gpus(request.gpu_resource, request.file, complexes)
    forced = {each.name for each in complexes.values() if each.requestable == "FORCED"}
    if forced:
        yield warning(
            f"jobs go to some queues only if they ask for {', '.join(sorted(forced))}",
            f'if your jobs stay queued: mle-sge-qsub-options: "-l NAME=VALUE" in {site.shown_file}',
        )


def _check_name_of_gpus(name: str, file: str, complexes: Mapping[str, Complex]) -> Iterator[Finding]:
    found = complexes.get(name)
    if found is not None and found.requestable != "NO":
        yield fine(f"num_gpus is asked for as {name}, which this site knows")
        return
    candidates = ", ".join(_candidates("gpu-resource", complexes)) or "none that looks like it"
    yield problem(
        f"gpu_prefix {name} is no resource of this site", f"change or remove it in {file}; here: {candidates}"
    )


def _check_resource(
    key: str, setting: str, asked: bool, site: Site, complexes: Mapping[str, Complex]
) -> Iterator[Finding]:
    name = site.setting(setting) or _DEFAULTS.get(setting, "")
    where = f"set mle-sge-{setting} in {site.shown_file}"
    candidates = ", ".join(_candidates(setting, complexes)) or "none that looks like it"
    if not name:
        if asked:
            yield warning(f"{key} is not asked for: the profile names no resource for it", f"{where}; {candidates}")
        return
    found = complexes.get(name)
    if found is None or found.requestable == "NO":
        if asked:
            what = "is no resource of this site" if found is None else "cannot be asked for"
            yield problem(f"{name} {what}, and {key} is asked for under that name", f"{where}; here: {candidates}")
        return
    if asked or setting == "memory-resource":
        yield fine(f"{key} is asked for as {name}, which this site knows")
    if setting == "memory-resource":
        yield from _check_memory_count(found, site)


def _check_memory_count(found: Complex, site: Site) -> Iterator[Finding]:
    counted = site.setting("memory-per") or "slot"
    right = "slot" if found.consumable == "YES" or found.name in _LIMITS else "job"
    if counted != right:
        yield warning(
            f"{found.name} counts per {right} here (consumable {found.consumable}), and the profile says {counted}",
            f"set mle-sge-memory-per: {right} in {site.shown_file}",
        )
    if found.name in ("h_vmem", "s_vmem"):
        yield warning(
            f"{found.name} limits virtual memory, of which JAX and torch reserve far more than they use",
            "ask for much more than a seed run needs, or for mem_free or a consumable of your site",
        )


def _candidates(setting: str, complexes: Mapping[str, Complex]) -> list[str]:
    words = {
        "memory-resource": ("mem", "ram"),
        "time-resource": ("h_rt",),
        "gpu-resource": ("gpu", "cuda"),
        "gpu-type-resource": ("gpu", "cuda"),
    }[setting]
    wanted = {"memory-resource": "MEMORY", "time-resource": "TIME"}.get(setting)
    return sorted(
        {
            each.name
            for each in complexes.values()
            if each.requestable != "NO"
            and any(word in each.name.lower() for word in words)
            and (wanted is None or each.kind == wanted)
            and not each.name.startswith("s_")
            and "used" not in each.name
        }
    )


def check_limits(request: Request | None, site: Site) -> Iterator[Finding]:
    """Check how much may be submitted."""
    limits_of_all = parse_listing(answer("qconf", "-sconf", "global"))
    tasks, array = _number(limits_of_all.get("max_aj_tasks")), _number(site.setting("array-size")) or 1000
    if tasks and array > tasks:
        yield problem(
            f"the site takes at most {tasks} tasks in one array, and the profile says {array}",
            f"set mle-sge-array-size: {tasks} in {site.shown_file}",
        )
    instances = _number(limits_of_all.get("max_aj_instances"))
    limits = [f"{tasks} tasks in one array" if tasks else "", f"{instances} of them at a time" if instances else ""]
    mine, all_jobs = _number(limits_of_all.get("max_u_jobs")), _number(limits_of_all.get("max_jobs"))
    limits += [f"{mine} jobs of one user" if mine else "", f"{all_jobs} jobs of all" if all_jobs else ""]
    running = _number(parse_listing(answer("qconf", "-ssconf")).get("maxujobs"))
    limits += [f"{running} running jobs of one user" if running else ""]
    yield fine(f"limits of the site: {', '.join(filter(None, limits)) or 'none'}")
    needed = -(-request.n_jobs // min(array, tasks or array)) if request is not None else 1
    if mine and needed > mine:
        yield warning(
            f"the experiment needs {needed} arrays, and you may have {mine} jobs",
            f"raise mle-sge-array-size in {site.shown_file} as far as the site allows",
        )
    yield from _check_project(limits_of_all.get("enforce_project", "false").lower() == "true", site)
    rules = _names("-srqsl")
    if rules:
        yield fine(f"the site has resource quotas ({', '.join(rules[:_SHOWN])}); `qquota` shows yours")


def _check_project(is_needed: bool, site: Site) -> Iterator[Finding]:
    name, where = site.setting("project"), f"set mle-sge-project in {site.shown_file}"
    if is_needed and not name:
        yield problem("the site takes only jobs that name a project", f"{where} (`qconf -sprjl`)")
    elif name and name not in (known := _names("-sprjl")):
        fix = f"{where} to one of {', '.join(known)}" if known else f"this site has none: {where} to nothing"
        yield unknown(f"there is no project {name!r}", name, known, fix)


def _names(listing: str) -> list[str]:
    try:
        return answer("qconf", listing).split()
    except SchedulerError:
        # qconf treats an empty list ("no project list defined") as an error.
        return []


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
