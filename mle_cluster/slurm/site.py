"""Checks of the Slurm of this site against the profile and the experiment file."""

from __future__ import annotations

import getpass
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.scheduler import Request, SchedulerError, Site
from mle_cluster.slurm.commands import ask
from mle_cluster.slurm.request import sbatch_options
from mle_toolbox.errors import did_you_mean

__all__ = ["check_site"]

_SECONDS = 10.0
_SHOWN = 8
_FIELDS = 6
_HOURS = re.compile(r"(?:(\d+)-)?(\d+):(\d+)(?::(\d+))?")


@dataclass(frozen=True)
class _Partition:
    """One line of sinfo: nodes of a partition that are alike."""

    name: str
    available: str
    nodes: int
    state: str
    limit_minutes: float | None
    gres: str

    @property
    def accepts_jobs(self) -> bool:
        # Busy nodes take jobs later; those that are down, drained or in maintenance do not by themselves.
        return self.available == "up" and not re.match(r"(down|drain|fail|maint|unknown)", self.state)


def check_site(request: Request | None, site: Site) -> Iterator[Finding]:
    """Check the scheduler; yields nothing where there is no sbatch.

    Parameters
    ----------
    request
        The request of seed runs; None: only the profile is checked.
    site
        The profile.
    """
    if shutil.which("sbatch") is None:
        return
    try:
        text = ask(["sinfo", "-h", "-o", "%R|%a|%D|%T|%l|%G"], seconds=_SECONDS)
        version = ask(["sinfo", "--version"], seconds=_SECONDS).strip()
    except SchedulerError as error:
        yield problem(
            f"sbatch is there ({shutil.which('sbatch')}), but Slurm does not answer: {str(error).rstrip('.')}",
            "load the module of Slurm, or log in to a login node; if that does not help, its controller is down",
        )
        return
    rows = [row for row in (line.split("|") for line in text.splitlines()) if len(row) > _FIELDS - 1]
    partitions = [_Partition(row[0], row[1], int(row[2]), row[3], _minutes(row[4]), row[5]) for row in rows]
    yield fine(f"the scheduler answers: {version}, {len({each.name for each in partitions})} partitions")
    yield from _check_partitions(partitions, request, site)
    yield from _guarded(_check_configuration(request, site))
    yield from _guarded(_check_accounts(site))
    if request is not None:
        yield from _guarded(_test_only(request, site))


def _options(request: Request, site: Site) -> Sequence[str]:
    """Return the options of sbatch for a seed run, by the settings of the profile."""
    usual = {"memory-per": "job", "gpu-request": "gres:gpu", "gpu-type-request": "gres"}
    names = ("partition", "account", "qos", "sbatch-options", *usual)
    settings: Any = SimpleNamespace(
        notice_seconds=float(site.setting("notice-seconds") or 300),
        **{name.replace("-", "_"): site.setting(name) or usual.get(name, "") for name in names},
    )
    resources = {
        "mem_mb": request.memory_mb,
        "runtime": request.time_minutes,
        "gpu": request.gpus,
        "gpu_type": ",".join(request.gpu_types),
        "queue": request.queue,
        "exclude_nodes": ",".join(request.exclude_nodes),
        "include_nodes": ",".join(request.include_nodes),
    }
    return sbatch_options(settings, "mle", request.cores, resources)


def _guarded(findings: Iterator[Finding]) -> Iterator[Finding]:
    # One question without an answer must not end the other checks.
    try:
        yield from findings
    except SchedulerError as error:
        yield warning(f"the scheduler did not say more: {error}", "type the command yourself to see")


def _check_partitions(partitions: Sequence[_Partition], request: Request | None, site: Site) -> Iterator[Finding]:
    from_file = request is not None and request.queue
    asked = str(request.queue) if request is not None and request.queue else site.setting("partition")
    where = request.file if request is not None and from_file else site.shown_file
    names = list(dict.fromkeys(each.name for each in partitions))
    wanted = [name.strip() for name in asked.split(",") if name.strip()] or names
    for name in wanted:
        if name not in names:
            yield problem(
                f"there is no partition {name!r} that you may use.{did_you_mean(name, names)}".rstrip("."),
                f"name another one in {where}: {', '.join(names)}",
            )
    known = [name for name in wanted if name in names]
    for name in known[:_SHOWN]:
        parts = [each for each in partitions if each.name == name]
        usable = sum(each.nodes for each in parts if each.accepts_jobs)
        total = sum(each.nodes for each in parts)
        if not usable:
            states = ", ".join(dict.fromkeys(f"{each.available}, nodes {each.state}" for each in parts))
            yield warning(f"partition {name} accepts no jobs: {states}", f"ask your administrator, or leave {name} out")
            continue
        limit = parts[0].limit_minutes
        words = f", at most {limit / 60:.3g} hours a job" if limit is not None else ""
        yield fine(f"partition {name}: {usable} of {total} nodes take jobs{words}")
        minutes = request.time_minutes if request is not None else None
        if limit is not None and minutes is not None and minutes > limit:
            yield warning(
                f"time_per_job is longer than partition {name} lets a job run ({limit / 60:.3g} hours); at most "
                "sites such a job waits for ever",
                "lower time_per_job, or name a partition for longer jobs",
            )
        if request is not None and request.gpus and not any("gpu" in each.gres for each in parts):
            yield warning(f"partition {name} has no GPUs", "name one that has in the experiment file (queue)")
    if len(known) > _SHOWN:
        yield fine(f"{len(known) - _SHOWN} more partitions: {', '.join(known[_SHOWN:])}")


def _check_configuration(request: Request | None, site: Site) -> Iterator[Finding]:
    lines = (line.partition("=") for line in ask(["scontrol", "show", "config"], seconds=_SECONDS).splitlines())
    config = {key.strip(): value.strip() for key, _, value in lines}
    largest, size = config.get("MaxArraySize", ""), site.setting("array-size")
    if largest.isdecimal() and size.isdecimal() and int(size) > int(largest) - 1:
        yield fine(f"arrays have at most {int(largest) - 1} tasks here (MaxArraySize), so more of them are made")
    kill = re.match(r"\d+", config.get("KillWait", ""))
    if kill is not None:
        yield fine(f"a script that is told to end has {kill.group()} s (KillWait) to save a checkpoint")
    counted = config.get("SelectTypeParameters", "")
    if "MEMORY" not in counted.upper() and request is not None and request.memory_mb:
        yield warning(
            f"memory is not counted here (SelectTypeParameters={counted or 'none'}), so memory_per_job reserves none",
            "if requests of memory are refused, set mle-slurm-memory-per: none in the profile",
        )


def _check_accounts(site: Site) -> Iterator[Finding]:
    text = ask(
        ["sacctmgr", "-nP", "show", "assoc", f"user={getpass.getuser()}", "format=account,qos"],
        seconds=_SECONDS,
        check=False,
    )
    rows = [line.split("|") for line in text.splitlines() if "|" in line]
    accounts = list(dict.fromkeys(row[0] for row in rows))
    qos = list(dict.fromkeys(name for row in rows for name in row[1].split(",") if name))
    if not accounts:
        yield fine("there is no accounting, or it knows no account of yours; ends of jobs are read from squeue")
        return
    for setting, names in (("account", accounts), ("qos", qos)):
        wanted = site.setting(setting)
        if wanted and names and wanted not in names:
            yield problem(
                f"you have no {setting} {wanted!r}.{did_you_mean(wanted, names)}".rstrip("."),
                f"set mle-slurm-{setting} in {site.shown_file} to one of {', '.join(names)}",
            )
    yield fine(f"your accounts: {', '.join(accounts)}")


def _test_only(request: Request, site: Site) -> Iterator[Finding]:
    """Have Slurm check the request of a seed run without submitting it."""
    options = _options(request, site)
    try:
        ask(["sbatch", "--test-only", *options, "--wrap=true"], seconds=_SECONDS)
    except SchedulerError as error:
        yield problem(
            f"sbatch would refuse a seed run: {str(error).rstrip('.')}",
            f"change the request in the experiment file, or the settings in {site.shown_file}",
        )
    else:
        yield fine(f"sbatch would take a seed run: {' '.join(options) or 'no options'}")


def _minutes(text: str) -> float | None:
    """Return a time limit of sinfo (``2-00:00:00``, ``30:00``) in minutes; None for infinite."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    days, first, second, third = (int(each or 0) for each in found.groups())
    # Two parts are minutes and seconds, three are hours, minutes and seconds.
    if found.group(4) is None:
        return days * 1440 + first + second / 60
    return days * 1440 + first * 60 + second + third / 60
