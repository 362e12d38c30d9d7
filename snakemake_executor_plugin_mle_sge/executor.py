"""The executor of mle_cluster, with Grid Engine as its scheduler."""

from __future__ import annotations

from mle_cluster.executor import ClusterExecutor, common_settings
from mle_cluster.grid_engine.backend import SCHEDULER
from snakemake_executor_plugin_mle_sge.settings import check_settings

__all__ = ["Executor", "common_settings"]


class Executor(ClusterExecutor):
    """Runs jobs on a Grid Engine cluster."""

    scheduler = SCHEDULER

    def check_settings(self) -> None:
        """Refuse values with which no job could be submitted."""
        check_settings(self.workflow.executor_settings)
