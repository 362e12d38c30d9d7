"""The resources of a seed run, from the valid keys of single_job_args in all the forms in which users write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mle_toolbox.experiment_file.planned_jobs import JobResources

__all__ = ["job_resources", "megabytes", "minutes"]

_UNITS = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}
_AMOUNT = re.compile(r"(\d+) ?([KMGT])I?B?")
# Not between brackets, where a scheduler lists numbers of machines: node[1,3].
_COMMA = re.compile(r",(?![^\[\]]*\])")


def job_resources(job: Mapping[str, Any]) -> JobResources:
    """Return the resources that a section asks for; it has all defaults."""
    cores = int(job["num_logical_cores"])
    of_job, of_core = megabytes(job["memory_per_job"]), megabytes(job["memory_per_cpu"])
    return JobResources(
        name=job["job_name"],
        cores=cores,
        gpus=int(job["num_gpus"] or 0),
        memory_mb=of_job if of_core is None else of_core * cores,
        time_minutes=minutes(job["time_per_job"]),
        queue=",".join(_names(job["queue"])) or None,
        log_file=job["log_file"],
        err_file=job["err_file"],
        environment=None if job["use_conda_venv"] is False else job["env_name"],
        gpu_types=_names(job["gpu_type"]),
        gpu_resource=next(iter(_names(job["gpu_prefix"])), None),
        exclude_nodes=_names(job["exclude_nodes"]),
        include_nodes=_names(job["include_nodes"]),
        runs_per_gpu=int(job["runs_per_gpu"]),
        seeds_per_job=int(job["seeds_per_job"]),
    )


def minutes(time: str | None) -> int | None:
    """Return the minutes of a time ``"dd:hh:mm"``.

    >>> minutes("01:02:30")
    1590
    """
    if time is None:
        return None
    days, hours, rest = (int(part) for part in time.split(":"))
    return (days * 24 + hours) * 60 + rest


def megabytes(memory: int | float | str | None) -> int | None:
    """Return an amount of memory in MB; without a unit it is in MB already.

    >>> megabytes(4000), megabytes("4000"), megabytes("4G"), megabytes("4 GB"), megabytes("500k")
    (4000, 4000, 4096, 4096, 1)
    """
    if memory is None:
        return None
    text = str(memory).upper()
    amount = _AMOUNT.fullmatch(text)
    return int(float(text)) if amount is None else max(1, round(int(amount[1]) * _UNITS[amount[2]]))


def _names(given: str | list[str] | None) -> tuple[str, ...]:
    """Return one name or several, each once and in their order.

    >>> _names("a, b"), _names(["node[1,3]", "node7"])
    (('a', 'b'), ('node[1,3]', 'node7'))
    """
    texts = [given] if isinstance(given, str) else given or ()
    names = (name.strip() for text in texts for name in _COMMA.split(text))
    return tuple(dict.fromkeys(filter(None, names)))
