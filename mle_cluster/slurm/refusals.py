"""The meaning of a refused sbatch: try again later, make smaller arrays, or correct the profile."""

from __future__ import annotations

import re

from mle_cluster.scheduler import Refusal
from mle_cluster.slurm import commands

__all__ = ["read_refusal"]

# A limit on submitted jobs counts every task. Of a limit of the accounting, older versions only say the third.
_TOO_MANY = re.compile(r"Submit\w*Limit|queue full|retrying|violates accounting/QOS policy", re.IGNORECASE)
_ANOTHER_LIMIT = re.compile(r"(Assoc|QOS)(?!\w*Submit)\w*(Limit|Per\w+)")
_TOO_LARGE = re.compile(r"Invalid job array specification", re.IGNORECASE)
_ADVICE = (
    (r"account", "`sacctmgr show associations user=$USER` lists yours; set mle-slurm-account in the profile."),
    (r"partition", "`sinfo -s` lists the partitions; set mle-slurm-partition in the profile, or the job's own queue."),
    (r"qos", "`sacctmgr show qos` lists them; set mle-slurm-qos in the profile."),
    (r"gres", "`sinfo -o '%P %G'` lists what there is; set mle-slurm-gpu-request in the profile."),
    (r"feature", "`sinfo -o '%P %f'` lists the features; set mle-slurm-gpu-type-request in the profile."),
    (r"node name", "`sinfo -N` lists the nodes; correct exclude_nodes or include_nodes."),
    (r"memory", "Ask for less (memory_per_job), or set mle-slurm-memory-per in the profile."),
    (r"node configuration", "Ask for less (num_logical_cores, num_gpus, memory_per_job) or for another queue."),
    (r"time limit", "Ask for less time (time_per_job) or for another queue."),
)


def read_refusal(message: str, n_tasks: int) -> Refusal:
    """Return the meaning of the message about a refused array of ``n_tasks``."""
    # A limit that this array keeps is no reason to cut it: that would repeat for ever.
    limit = commands.max_array_size() if _TOO_LARGE.search(message) else None
    if limit is not None and limit < n_tasks:
        return Refusal("smaller", message, max(limit, 1))
    if _TOO_MANY.search(message) and not _ANOTHER_LIMIT.search(message):
        return Refusal("later", message, n_tasks // 2 or None)
    advice = next((words for pattern, words in _ADVICE if re.search(pattern, message, re.IGNORECASE)), "")
    return Refusal("final", f"{message} {advice}".rstrip())
