"""What a job asks of the scheduler, as qsub options. Jobs with the same options may share an array."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings

__all__ = ["qsub_options", "scheduler_name"]


def qsub_options(settings: ExecutorSettings, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
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


def scheduler_name(text: str) -> str:
    """Return ``text`` as a job name that Grid Engine takes.

    >>> scheduler_name("1st try: ode/euler")
    'j1st_try__ode_euler'
    """
    name = re.sub(r"[\s/:@\\*?\"'`$|<>()&;,!\[\]{}]", "_", text)
    return name if name[:1].isalpha() or name[:1] == "_" else f"j{name}"


def _requests(settings: ExecutorSettings, threads: int, resources: Mapping[str, Any]) -> list[str]:
    requests = []
    memory = _number(resources.get("mem_mb"))
    if settings.memory_resource and memory:
        share = memory / threads if settings.memory_per == "slot" else memory
        requests.append(f"{settings.memory_resource}={math.ceil(share)}M")
    minutes = _number(resources.get("runtime"))
    if settings.time_resource and minutes:
        requests.append(f"{settings.time_resource}={math.ceil(minutes * 60)}")
    gpus = _number(resources.get("gpu"))
    if settings.gpu_resource and gpus:
        requests.append(f"{settings.gpu_resource}={math.ceil(gpus)}")
    return requests


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
