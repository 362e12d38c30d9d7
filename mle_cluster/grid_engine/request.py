"""The request of a job as qsub options. Jobs with the same options may share an array."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mle_cluster.reading import names_in, number_in
from mle_cluster.scheduler import Limits

__all__ = ["Settings", "bytes_of", "limits_of", "machines_in_words", "qsub_command", "qsub_options", "scheduler_name"]

# No warning before this share of the time is over: a short run would be warned at its beginning.
_TOLD_AFTER = 0.9
# The shortest time limit with a warning. A tenth of it is 90 s, for which the exec daemon enforces nothing after a soft
# limit: with less between the two, the hard limit would be enforced too late.
_SHORTEST_TOLD = 900
# Job names with a meaning of their own to qsub.
_WORDS = ("none", "all", "template")
# Lower case is decimal, upper case binary (sge_types(1)).
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Settings(Protocol):
    """The settings of a profile that a request needs (snakemake_executor_plugin_mle_sge/settings.py)."""

    parallel_environment: str
    queue: str
    project: str
    memory_resource: str
    memory_per: str
    time_resource: str
    notice_seconds: float
    gpu_resource: str
    gpu_type_resource: str
    qsub_options: str
    tasks_at_once: int
    clean_environment: bool


def qsub_options(settings: Settings, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
    """Translate a job's threads and resources.

    Parameters
    ----------
    settings
        The names of resources at this site.
    name
        Job name, if the resource ``job_name`` gives none.
    threads
        Cores; more than one needs the parallel environment.
    resources
        Those of the protocol, ``project`` and ``qsub_options``; the others do not concern the scheduler.
    """
    options = ["-N", scheduler_name(str(resources.get("job_name") or name))]
    if queue := resources.get("queue") or settings.queue:
        options += ["-q", str(queue)]
    if project := resources.get("project") or settings.project:
        options += ["-P", str(project)]
    if threads > 1:
        options += ["-pe", settings.parallel_environment, str(threads)]
    for request in _requests(settings, threads, resources):
        options += ["-l", request]
    if settings.tasks_at_once:
        options += ["-tc", str(settings.tasks_at_once)]
    options += shlex.split(settings.qsub_options)
    options += shlex.split(str(resources.get("qsub_options") or ""))
    return tuple(options)


def qsub_command(settings: Settings, options: Sequence[str], n_tasks: int, array: Path, project: Path) -> list[str]:
    """Return the command line that submits an array.

    Parameters
    ----------
    settings
        The names of resources at this site.
    options
        The request of its tasks.
    n_tasks
        Their number.
    array
        The folder of the array, which holds task.sh.
    project
        The folder in which tasks start.
    """
    # The notice (USR2) before the kill; a hard limit, too, begins with it.
    notify = ["-notify"] if settings.notice_seconds else []
    # One array for all of them: `qsub -t 1-10000` takes 70 ms, a single job 78 ms.
    ours = ["qsub", "-terse", *notify, "-r", "n", "-j", "y", "-wd", str(project)]
    # Relative to -wd: in an absolute path, qsub takes a colon for the end of a host name, and a comma for the end of
    # the path. The folder has to exist already: a job without it goes into state Eqw and waits for ever.
    output = array.relative_to(array.parents[2])
    ours += ["-o", f"{output}/log.$TASK_ID", "-t", f"1-{n_tasks}"]
    script = str(array / "task.sh")
    if settings.clean_environment:
        return [*ours, *options, "-S", "/bin/bash", script]
    # With -S bash most sites start a login shell, whose start-up files take time, may hang (`pyenv init` waits for a
    # lock) and may change the environment that -V passes on.
    return [*ours, *options, "-V", "-b", "y", "-shell", "n", "/bin/bash", script]


def limits_of(options: Sequence[str]) -> Limits:
    """Read from qsub options the limits that the scheduler will enforce, wherever the options come from.

    >>> limits_of(["-l", "h_rt=0:1:0,h_vmem=1G", "-pe", "smp", "2"])
    Limits(seconds=60.0, memory='h_vmem=1G', memory_bytes=2147483648.0, queue=None)
    """
    asked: dict[str, str] = {}
    queue, slots = None, 1
    for option, value, more in zip(options, [*options[1:], ""], [*options[2:], "", ""], strict=False):
        if option == "-l":
            asked |= dict(part.split("=", 1) for part in value.split(",") if "=" in part)
        elif option == "-q":
            queue = value
        elif option == "-pe" and more.isdecimal():
            slots = int(more)
    memory = asked.get("h_vmem")
    amount = bytes_of(memory or "")
    return Limits(
        _seconds(asked.get("h_rt", "")),
        f"h_vmem={memory}" if memory else None,
        None if amount is None else amount * slots,
        queue,
    )


def bytes_of(amount: str) -> float | None:
    """Return an amount of memory as Grid Engine writes it (``300M``, ``46.852MB``) in bytes; None when it is none."""
    found = re.fullmatch(r"([0-9.]+)([kKmMgGT]?)B?", amount.strip())
    try:
        return float(found.group(1)) * _UNITS[found.group(2)] if found else None
    except ValueError:
        return None


def _seconds(text: str) -> float | None:
    """Return a time as Grid Engine takes it, ``3600`` or ``1:0:0``."""
    parts = text.split(":")
    if not all(part.isdecimal() or (not part and len(parts) > 1) for part in parts) or len(parts) > 3:
        return None
    return float(sum(int(part or 0) * 60**power for power, part in enumerate(reversed(parts))))


def scheduler_name(text: str) -> str:
    """Return ``text`` as a job name that Grid Engine takes.

    >>> scheduler_name("1st try: ode/euler")
    'j1st_try__ode_euler'
    >>> scheduler_name("größe"), scheduler_name("none")
    ('gr__e', 'jnone')
    """
    name = re.sub(r"[^\w.+=%^~-]", "_", text, flags=re.ASCII)
    return name if re.match(r"[A-Za-z_]", name) and name.lower() not in _WORDS else f"j{name}"


def _requests(settings: Settings, threads: int, resources: Mapping[str, Any]) -> list[str]:
    requests = []
    memory = number_in(resources.get("mem_mb"))
    if settings.memory_resource and memory:
        share = memory / threads if settings.memory_per == "slot" else memory
        requests.append(f"{settings.memory_resource}={math.ceil(share)}M")
    minutes = number_in(resources.get("runtime"))
    if settings.time_resource and minutes:
        seconds = math.ceil(minutes * 60)
        requests.append(f"{settings.time_resource}={seconds}")
        # s_rt has this name at every site, because Grid Engine itself enforces it.
        if settings.notice_seconds and settings.time_resource == "h_rt" and seconds >= _SHORTEST_TOLD:
            requests.append(f"s_rt={math.ceil(max(seconds - settings.notice_seconds, seconds * _TOLD_AFTER))}")
    gpus = number_in(resources.get("gpu"))
    if gpus and (name := resources.get("gpu_prefix") or settings.gpu_resource):
        requests.append(f"{name}={math.ceil(gpus)}")
    if gpus and settings.gpu_type_resource and (types := names_in(resources.get("gpu_type"))):
        requests.append(f"{settings.gpu_type_resource}={'|'.join(types)}")
    if machines := machines_in_words(
        names_in(resources.get("include_nodes")), names_in(resources.get("exclude_nodes"))
    ):
        requests.append(f"hostname={machines}")
    return requests


def machines_in_words(included: Sequence[str], excluded: Sequence[str]) -> str:
    """Return which machines a job may use as Grid Engine writes it (sge_types(1), RESTRING); empty for all.

    >>> machines_in_words(["node1", "node2"], []), machines_in_words([], ["node7"])
    ('(node1|node1.*|node2|node2.*)', '!(node7|node7.*)')
    """
    # With the pattern too, because the site may call a machine by its full name where users leave the domain out. It
    # also keeps qsub from looking up a single name, which it refuses to submit when the resolver does not know it.
    either, neither = ("|".join(f"{name}|{name}.*" for name in names) for names in (included, excluded))
    parts = [f"({either})" if either else "", f"!({neither})" if neither else ""]
    return "&".join(filter(None, parts))
