"""The executor of mle_cluster, with Slurm as its scheduler."""

from __future__ import annotations

from mle_cluster.executor import ClusterExecutor, common_settings
from mle_cluster.slurm.backend import SCHEDULER

__all__ = ["Executor", "common_settings"]


class Executor(ClusterExecutor):
    """Runs jobs on a Slurm cluster."""

    scheduler = SCHEDULER
