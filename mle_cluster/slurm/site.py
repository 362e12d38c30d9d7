"""Checks of the Slurm of this site against the profile and the experiment file."""

from __future__ import annotations

import getpass
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.scheduler import Request, SchedulerError, Site
from mle_cluster.site_checks import guarded, settings_of, unknown
from mle_cluster.slurm.answers import default_partition
from mle_cluster.slurm.commands import ask
from mle_cluster.slurm.request import sbatch_options, seconds_of, with_nodes_of_site

__all__ = ["check_site"]

_SECONDS = 10.0
_SHOWN = 8
_SINFO = "%P|%a|%D|%T|%l|%G|%M"
# Busy nodes take jobs later; nodes in these states do not without intervention.
_OUT_OF_SERVICE = re.compile(r"down|drain|fail|maint|unknown")


@dataclass(frozen=True)
class _Partition:
    """One partition; ``limit_seconds`` is None where it has none."""

    name: str
    nodes: int
    usable: int
    states: str
    limit_seconds: float | None
    has_gpus: bool
    is_preempted: bool


def check_site(asked: Request | None, site: Site) -> Iterator[Finding]:
    """Check the scheduler; yields nothing where there is no sbatch.

    Parameters
    ----------
    asked
        The request of seed runs; None: only the profile is checked.
    site
        The profile.
    """
    if shutil.which("sbatch") is None:
        return
    try:
        lines = ask(["sinfo", "-h", "-o", _SINFO], seconds=_SECONDS).splitlines()
        partitions = _partitions(lines)
        version = ask(["sinfo", "--version"], seconds=_SECONDS).strip()
    except SchedulerError as error:
        yield problem(
            f"sbatch is there ({shutil.which('sbatch')}), but Slurm does not answer: {str(error).rstrip('.')}",
            "load the module of Slurm, or log in to a login node; if that does not help, its controller is down",
        )
        return
    yield fine(f"the scheduler answers: {version}, {len(partitions)} partitions")
    settings = settings_of("mle-slurm", site)
    wanted = str((asked and asked.queue) or settings.partition)
    where = asked.file if asked is not None and asked.queue else site.shown_file
    wanted = wanted or default_partition(text.partition("|")[0] for text in lines)
    names = [name.strip() for name in wanted.split(",") if name.strip()] or list(partitions)
    for name in names:
        if name not in partitions:
            sentence = f"there is no partition {name!r} that you may use"
            yield unknown(sentence, name, list(partitions), f"name another one in {where}: {', '.join(partitions)}")
    meant = [partitions[name] for name in names if name in partitions]
    for partition in meant[:_SHOWN]:
        yield from _check_partition(partition, asked)
    if len(meant) > _SHOWN:
        yield fine(f"{len(meant) - _SHOWN} more partitions: {', '.join(each.name for each in meant[_SHOWN:])}")
    has_accounts: list[str] = []
    yield from guarded(_check_accounts(asked, settings, site, has_accounts))
    yield from guarded(_check_configuration(asked, settings, site, bool(has_accounts)))
    if asked is not None:
        yield from _test_only(sbatch_options(settings, "mle", asked.cores, asked.resources()), site)


def _partitions(text: Iterable[str]) -> Mapping[str, _Partition]:
    """Read the lines of sinfo, each of which is about nodes of a partition that are alike."""
    lines: dict[str, list[list[str]]] = {}
    for line in text:
        if len(row := line.split("|")) > _SINFO.count("|"):
            lines.setdefault(row[0].rstrip("*"), []).append(row)
    return {
        name: _Partition(
            name,
            sum(int(row[2]) for row in rows),
            sum(int(row[2]) for row in rows if row[1] == "up" and not _OUT_OF_SERVICE.match(row[3])),
            ", ".join(dict.fromkeys(f"{row[1]}, nodes {row[3]}" for row in rows)),
            seconds_of(rows[0][4]),
            any("gpu" in row[5] for row in rows),
            rows[0][6].startswith(("CANCEL", "REQUEUE")),
        )
        for name, rows in lines.items()
    }


def _check_partition(partition: _Partition, asked: Request | None) -> Iterator[Finding]:
    name, limit = partition.name, partition.limit_seconds
    if not partition.usable:
        yield warning(
            f"partition {name} accepts no jobs: {partition.states}", f"ask your administrator, or leave {name} out"
        )
        return
    words = f", at most {_long(limit)} a job" if limit is not None else ""
    yield fine(f"partition {name}: {partition.usable} of {partition.nodes} nodes take jobs{words}")
    if asked is None:
        return
    if limit is not None and asked.time_minutes is not None and asked.time_minutes * 60 > limit:
        yield warning(
            f"time_per_job is longer than partition {name} lets a job run ({_long(limit)}); at most "
            "sites such a job waits for ever",
            "lower time_per_job, or name a partition for longer jobs",
        )
    if asked.gpus and not partition.has_gpus:
        yield warning(f"partition {name} has no GPUs", "name one that has in the experiment file (queue)")
    if partition.is_preempted and asked.retries == 0:
        yield warning(
            f"jobs of partition {name} may be preempted (PreemptMode), and a seed run that is counts as failed",
            f"set retries in {asked.file}: it is then submitted again at once, and resumes from its checkpoint",
        )


def _long(seconds: float) -> str:
    return f"{seconds / 3600:.3g} hours" if seconds >= 7200 else f"{seconds / 60:.3g} minutes"


def _check_configuration(asked: Request | None, settings: Any, site: Site, has_accounts: bool) -> Iterator[Finding]:
    lines = (line.partition("=") for line in ask(["scontrol", "show", "config"], seconds=_SECONDS).splitlines())
    config = {key.strip(): value.strip() for key, _, value in lines}
    numbers = {key: int(found[0]) for key, value in config.items() if (found := re.match(r"\d+", value))}
    largest = numbers.get("MaxArraySize")
    if largest is not None and largest < 2:
        yield problem(f"this site takes no arrays (MaxArraySize={largest})", "ask your administrator for 1001 or more")
    elif largest is not None and settings.array_size > largest - 1:
        # The largest index is one less, and ours begin with 1.
        yield warning(
            f"arrays have at most {largest - 1} tasks here (MaxArraySize), and the profile says "
            f"{settings.array_size}: larger ones are refused first, and then split",
            f"set mle-slurm-array-size: {largest - 1} in {site.shown_file}",
        )
    age = numbers.get("MinJobAge")
    # 0: jobs are never purged.
    if age and age <= settings.query_seconds and not has_accounts:
        yield warning(
            f"Slurm forgets after {age} s how a job has ended (MinJobAge), squeue is asked every "
            f"{settings.query_seconds:.0f} s, and there is no accounting: some ends stay without a reason",
            f"set mle-slurm-query-seconds: {max(age // 2, 1)} in {site.shown_file}",
        )
    if "KillWait" in numbers:
        yield fine(f"a script that is told to end has {numbers['KillWait']} s (KillWait) to save a checkpoint")
    tracking = config.get("ProctrackType", "")
    if tracking.endswith("pgid"):
        yield warning(
            "Slurm does not find all processes of a job (ProctrackType=proctrack/pgid): a seed run that ignores being "
            "told to end goes on after scancel and its time limit",
            "ask your administrator for proctrack/cgroup; until then, look for such processes on the nodes",
        )
    counted = config.get("SelectTypeParameters", "")
    if "MEMORY" not in counted.upper() and asked is not None and asked.memory_mb:
        yield warning(
            f"memory is not counted here (SelectTypeParameters={counted or 'none'}), so memory_per_job reserves none",
            "if requests of memory are refused, set mle-slurm-memory-per: none in the profile",
        )


def _check_accounts(asked: Request | None, settings: Any, site: Site, found: list[str]) -> Iterator[Finding]:
    """Check what the accounting allows; adds the accounts of this user to ``found``."""
    rows = _listed("assoc", f"user={getpass.getuser()}", "format=account,qos,maxsubmitjobs")
    found += dict.fromkeys(row[0] for row in rows)
    qos = list(dict.fromkeys(name for row in rows for name in row[1].split(",") if name))
    if not found:
        yield fine("there is no accounting, or it knows no account of yours; ends of jobs are read from squeue")
        return
    for setting, wanted, names in (("account", settings.account, found), ("qos", settings.qos, qos)):
        if wanted and names and wanted not in names:
            fix = f"set mle-slurm-{setting} in {site.shown_file} to one of {', '.join(names)}"
            yield unknown(f"you have no {setting} {wanted!r}", wanted, names, fix)
    yield fine(f"your accounts: {', '.join(found)}")
    limits = [row[2] for row in rows if settings.account in ("", row[0])]
    limits += [row[1] for row in _listed("qos", "format=name,maxsubmitjobsperuser") if row[0] in (settings.qos or qos)]
    most = min((int(limit) for limit in limits if limit.isdecimal()), default=None)
    if most is not None and asked is not None and asked.n_jobs > most:
        yield warning(
            f"you may have {most} jobs at a time (MaxSubmitJobs, which counts every task of an array), and there are "
            f"{asked.n_jobs} seed runs: the others are submitted as these end",
            "nothing to change, but `mle run` has to go on until the last is submitted: type it in tmux",
        )


def _listed(*words: str) -> Sequence[Sequence[str]]:
    text = ask(["sacctmgr", "-nP", "show", *words], seconds=_SECONDS, check=False)
    columns = words[-1].count(",") + 1
    return [row for row in (line.split("|") for line in text.splitlines()) if len(row) >= columns]


def _test_only(options: Sequence[str], site: Site) -> Iterator[Finding]:
    """Have Slurm check the request of a seed run without submitting it."""
    try:
        ask(["sbatch", "--test-only", *with_nodes_of_site(options), "--wrap=true"], seconds=_SECONDS)
    except SchedulerError as error:
        yield problem(
            f"sbatch would refuse a seed run: {str(error).rstrip('.')}",
            f"change the request in the experiment file, or the settings in {site.shown_file}",
        )
    else:
        yield fine(f"sbatch would take a seed run: {' '.join(options) or 'no options'}")
