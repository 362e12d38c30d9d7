"""The meaning of a refused qsub: try again later, make smaller arrays, or correct the profile."""

from __future__ import annotations

import re

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import Refusal

__all__ = ["read_refusal"]

_TOO_MANY_JOBS = re.compile(r"only \d+ jobs are allowed per", re.IGNORECASE)  # max_u_jobs, max_jobs
_TOO_MANY_TASKS = re.compile(r"more than (\d+) tasks", re.IGNORECASE)  # max_aj_tasks


def read_refusal(message: str, n_tasks: int) -> Refusal:
    """Return the meaning of the message about a refused array of ``n_tasks``."""
    too_many = _TOO_MANY_TASKS.search(message)
    limit = max(int(too_many.group(1)), 1) if too_many else None
    # A limit that this array keeps is no reason to cut it: that would repeat for ever.
    if limit is not None and limit < n_tasks:
        return Refusal("smaller", _advice(message, limit), limit)
    if _TOO_MANY_JOBS.search(message):
        return Refusal("later", message)
    return Refusal("final", _advice(message, limit))


def _advice(message: str, limit: int | None) -> str:
    message = message if message.endswith((".", "!", "?")) else f"{message}."
    if "parallel environment" in message:
        known = commands.parallel_environments()
        listed = f"This site has: {', '.join(known)}. " if known else ""
        return f"{message} {listed}Set mle-sge-parallel-environment in the profile."
    if "unknown queue" in message:
        return f"{message} `qconf -sql` lists the queues; set mle-sge-queue in the profile, or the job's own queue."
    if "unknown resource" in message:
        return (
            f"{message} `qconf -sc` lists the resources of the site; set mle-sge-memory-resource, "
            "mle-sge-time-resource, mle-sge-gpu-resource or mle-sge-gpu-type-resource in the profile, or gpu_prefix in "
            "the experiment file."
        )
    if limit is not None:
        return f"{message} Set mle-sge-array-size: {limit} in the profile."
    return message
