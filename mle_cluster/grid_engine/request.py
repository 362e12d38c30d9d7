"""What a job asks of the scheduler, as qsub options. Jobs with the same options may share an array."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mle_cluster.scheduler import Limits

__all__ = ["Settings", "bytes_of", "limits_of", "qsub_command", "qsub_options", "scheduler_name"]

# A script is told at the latest when so much of its time is over, so that a short run is not told at its beginning.
_TOLD_AFTER = 0.9
# A tenth of this is 90 s, for which the exec daemon enforces nothing after a soft limit: with less between them the
# hard limit would hold late.
_SHORTEST_TOLD = 900
_WORDS = ("none", "all", "template")  # to qsub these are no names
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Settings(Protocol):
    """What the request needs of the settings of a profile (snakemake_executor_plugin_mle_sge/settings.py)."""

    parallel_environment: str
    queue: str
    project: str
    memory_resource: str
    memory_per: str
    time_resource: str
    notice_seconds: float
    gpu_resource: str
    qsub_options: str
    tasks_at_once: int
    clean_environment: bool


def qsub_options(settings: Settings, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
    """Translate a job's threads and resources.

    Parameters
    ----------
    settings
        What the site calls things.
    name
        Job name, where the resource ``job_name`` gives none.
    threads
        Cores; more than one needs the parallel environment.
    resources
        ``mem_mb`` (MB for the whole job), ``runtime`` (minutes), ``gpu``, ``queue``, ``project``, ``job_name`` and
        ``qsub_options``; others are no business of the scheduler's.
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
        What the site calls things.
    options
        What its tasks ask for.
    n_tasks
        How many there are.
    array
        The folder of the array, which holds task.sh.
    project
        The folder in which tasks start.
    """
    # The order to end (USR2) before the kill. The hard limit begins with that order, too.
    notify = ["-notify"] if settings.notice_seconds else []
    ours = ["qsub", "-terse", *notify, "-r", "n", "-j", "y", "-wd", str(project)]
    # From the folder of -wd: in a whole path, qsub takes a colon for the end of a machine's name, and a comma for
    # that of the path.
    output = array.relative_to(array.parents[2])
    ours += ["-o", f"{output}/log.$TASK_ID", "-t", f"1-{n_tasks}"]
    script = str(array / "task.sh")
    if settings.clean_environment:
        return [*ours, *options, "-S", "/bin/bash", script]
    # With -S bash, most sites start a login shell, whose start-up files cost time, may hang (all `pyenv init`
    # waits for one lock) and may change the environment that -V has just brought.
    return [*ours, *options, "-V", "-b", "y", "-shell", "n", "/bin/bash", script]


def limits_of(options: Sequence[str]) -> Limits:
    """Read from qsub options what the scheduler will enforce, whoever has put it there.

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
    memory = _number(resources.get("mem_mb"))
    if settings.memory_resource and memory:
        share = memory / threads if settings.memory_per == "slot" else memory
        requests.append(f"{settings.memory_resource}={math.ceil(share)}M")
    minutes = _number(resources.get("runtime"))
    if settings.time_resource and minutes:
        seconds = math.ceil(minutes * 60)
        requests.append(f"{settings.time_resource}={seconds}")
        # The soft limit has this name everywhere: it is one of those that Grid Engine enforces itself.
        if settings.notice_seconds and settings.time_resource == "h_rt" and seconds >= _SHORTEST_TOLD:
            requests.append(f"s_rt={math.ceil(max(seconds - settings.notice_seconds, seconds * _TOLD_AFTER))}")
    gpus = _number(resources.get("gpu"))
    if settings.gpu_resource and gpus:
        requests.append(f"{settings.gpu_resource}={math.ceil(gpus)}")
    return requests


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
