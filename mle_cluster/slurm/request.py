"""The request of a job as sbatch options. Jobs with the same options may share an array."""

from __future__ import annotations

import functools
import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mle_cluster.reading import names_in, number_in
from mle_cluster.scheduler import Limits, SchedulerError, SchedulerSilentError
from mle_cluster.slurm import commands

__all__ = ["Settings", "bytes_of", "limits_of", "sbatch_command", "sbatch_options", "seconds_of", "with_nodes_of_site"]

# No warning before this share of the time is over: a short run would be warned at its beginning.
_TOLD_AFTER = 0.9
# The shortest time limit with a warning: Slurm may send it up to a minute early.
_SHORTEST_TOLD = 900
_LONG = {"-p": "partition", "-t": "time", "-c": "cpus-per-task"}
_UNITS = {"": 2**20, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DAYS_FIRST = re.compile(r"(?:(?P<days>\d+)-)?(?P<rest>\d+(:\d+){0,2})")


class Settings(Protocol):
    """The settings of a profile that a request needs (snakemake_executor_plugin_mle_slurm/settings.py)."""

    partition: str
    account: str
    qos: str
    memory_per: str
    notice_seconds: float
    gpu_request: str
    gpu_type_request: str
    sbatch_options: str
    tasks_at_once: int
    clean_environment: bool


def sbatch_options(settings: Settings, name: str, threads: int, resources: Mapping[str, Any]) -> tuple[str, ...]:
    """Translate a job's threads and resources.

    Parameters
    ----------
    settings
        How this site takes requests.
    name
        Job name, if the resource ``job_name`` gives none.
    threads
        Cores, all of one machine.
    resources
        Those of the protocol, except for the name under which another scheduler takes GPUs; ``account``, ``qos`` and
        ``sbatch_options``.
    """
    asked: dict[str, Any] = {
        "job-name": re.sub(r"[\s\0]", "_", str(resources.get("job_name") or name)),
        "partition": resources.get("queue") or settings.partition,
        "account": resources.get("account") or settings.account,
        "qos": resources.get("qos") or settings.qos,
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": threads,
    }
    if memory := number_in(resources.get("mem_mb")):
        key, amount = {"job": ("mem", memory), "cpu": ("mem-per-cpu", memory / threads)}.get(
            settings.memory_per, ("", 0)
        )
        asked[key] = f"{math.ceil(amount)}M" if key else None
    if minutes := number_in(resources.get("runtime")):
        asked["time"] = math.ceil(minutes)
        notice = round(min(settings.notice_seconds, minutes * 60 * (1 - _TOLD_AFTER)))
        if notice and minutes * 60 >= _SHORTEST_TOLD:
            # B: to the shell of the task, which passes it on; otherwise only processes that srun has started get it.
            asked["signal"] = f"B:USR1@{notice}"
    asked |= _gpus(settings, math.ceil(number_in(resources.get("gpu"))), names_in(resources.get("gpu_type")))
    asked |= {key: resources.get(name) for key, name in (("nodelist", "include_nodes"), ("exclude", "exclude_nodes"))}
    options = [f"--{key}={value}" for key, value in asked.items() if key and value]
    options += shlex.split(settings.sbatch_options)
    options += shlex.split(str(resources.get("sbatch_options") or ""))
    return tuple(options)


def _gpus(settings: Settings, number: int, kinds: Sequence[str]) -> dict[str, str]:
    """Ask for GPUs, whose kind is a part of the request, or a feature of the node: of several any will do."""
    if not number or settings.gpu_request == "none":
        return {}
    # `gres:gpu`, `gres:gpu:a100`, `gpus` or `gpus-per-node`
    option, _, rest = settings.gpu_request.partition(":")
    parts = [part for part in rest.split(":") if part]
    asked = {}
    if kinds and settings.gpu_type_request == "gres" and len(kinds) == 1:
        parts = [*parts[:1], kinds[0]] if option == "gres" else [kinds[0]]
    elif kinds and settings.gpu_type_request != "none":
        asked["constraint"] = "|".join(kinds)
    return {option: ":".join([*parts, str(number)]), **asked}


def with_nodes_of_site(options: Sequence[str]) -> list[str]:
    """Return options in which nodes are named as the site does, and any of several included ones will do.

    Raises
    ------
    SchedulerSilentError
        When nobody answers: then they cannot be submitted now.
    """
    given = dict.fromkeys(("--nodelist", "--exclude"), "")
    # Options of sbatch that the user gives come later, and are left as they are.
    given |= {name: value for name, _, value in (word.partition("=") for word in reversed(options)) if name in given}
    ours = {f"{name}={value}" for name, value in given.items() if value and "[" not in value}
    if not ours:
        return list(options)
    try:
        nodes = _all_nodes()
    except SchedulerSilentError:
        raise
    except SchedulerError:
        # Then they are as the site writes them, or sbatch says that they are not.
        return list(options)
    included, excluded = ([_as_the_site_writes(name, nodes) for name in names_in(each)] for each in given.values())
    # --nodelist means all of its nodes, and a job of ours needs one: so of several all others are excluded.
    if len(included) > 1:
        wanted = set(included) - set(excluded)
        included, excluded = [], [name for name in nodes if name not in wanted]
    named = {"--nodelist": included, "--exclude": excluded}
    return [
        *(f"{name}={','.join(names)}" for name, names in named.items() if names),
        *(word for word in options if word not in ours),
    ]


def _as_the_site_writes(name: str, nodes: Sequence[str]) -> str:
    """Return the name of a node, which users write with or without its domain."""
    alike = [node for node in nodes if node == name or node.partition(".")[0] == name.partition(".")[0]]
    return name if name in alike or not alike else alike[0]


@functools.cache
def _all_nodes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(commands.ask(["sinfo", "--noheader", "--all", "--Node", "--format=%N"]).split()))


def sbatch_command(settings: Settings, options: Sequence[str], n_tasks: int, array: Path, project: Path) -> list[str]:
    """Return the command line that submits an array.

    Parameters
    ----------
    settings
        How this site takes requests.
    options
        The request of its tasks.
    n_tasks
        Their number.
    array
        The folder of the array, which holds task.sh.
    project
        The folder in which tasks start.
    """
    at_once = f"%{settings.tasks_at_once}" if settings.tasks_at_once else ""
    return [
        *("sbatch", "--parsable", f"--array=1-{n_tasks}{at_once}"),
        # Slurm would start a task again behind the driver's back; Snakemake's `retries` do it at once.
        "--no-requeue",
        f"--export={'NONE' if settings.clean_environment else 'ALL'}",
        f"--chdir={project}",
        # Relative to the project: a name before it might have a %. The folder has to exist already.
        f"--output={array.relative_to(array.parents[2])}/log.%a",
        "--open-mode=append",
        *with_nodes_of_site(options),
        str(array / "task.sh"),
    ]


def limits_of(options: Sequence[str]) -> Limits:
    """Read from sbatch options the limits that Slurm will enforce, wherever the options come from.

    >>> limits_of(["-t", "1:00:00", "--mem-per-cpu=1G", "--cpus-per-task=2"])
    Limits(seconds=3600.0, memory='mem-per-cpu=1G', memory_bytes=2147483648.0, queue=None)
    """
    asked = dict(_options(options))
    key = next((name for name in ("mem", "mem-per-cpu") if name in asked), None)
    amount = bytes_of(asked.get(key or "", ""))
    if amount is not None and key == "mem-per-cpu" and (cores := asked.get("cpus-per-task", "1")).isdecimal():
        amount *= int(cores)
    return Limits(
        seconds_of(asked.get("time", "")), f"{key}={asked[key]}" if key else None, amount, asked.get("partition")
    )


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, has_value, value = word.partition("=")
        if name.startswith("--"):
            yield name[2:], value if has_value else after
        elif name[:2] in _LONG:
            yield _LONG[name[:2]], word[2:] or after


def bytes_of(amount: str) -> float | None:
    """Return an amount of memory as Slurm writes it, for example ``634336K`` or, older, ``2000Mn``."""
    match = re.fullmatch(r"([0-9.]+)([KMGT]?)[cn]?", amount.strip(), re.IGNORECASE)
    return float(match.group(1)) * _UNITS[match.group(2).upper()] if match else None


def seconds_of(text: str) -> float | None:
    """Return a time limit in seconds, None for none.

    Slurm writes minutes[:seconds], hours:minutes:seconds or days-hours[:minutes[:seconds]].

    >>> seconds_of("90"), seconds_of("1:30"), seconds_of("1:0:0"), seconds_of("2-1")
    (5400.0, 90.0, 3600.0, 176400.0)
    """
    match = _DAYS_FIRST.fullmatch(text)
    if match is None:
        return None
    parts = [int(part) for part in match["rest"].split(":")]
    units = (60, 1) if match["days"] is None and len(parts) < 3 else (3600, 60, 1)
    return float(int(match["days"] or 0) * 86400 + sum(part * unit for part, unit in zip(parts, units, strict=False)))
