"""The executor of mle_cluster, with Grid Engine as its scheduler."""

from __future__ import annotations

from mle_cluster.executor import ClusterExecutor, common_settings
from mle_cluster.grid_engine.backend import SCHEDULER

__all__ = ["Executor", "common_settings"]


class Executor(ClusterExecutor):
    """Runs jobs on a Grid Engine cluster."""

    scheduler = SCHEDULER
