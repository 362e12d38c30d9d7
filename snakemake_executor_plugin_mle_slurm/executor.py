"""The executor of mle_cluster, with Slurm as its scheduler."""

from __future__ import annotations

from mle_cluster.executor import ClusterExecutor, common_settings
from mle_cluster.slurm.backend import SCHEDULER
from snakemake_executor_plugin_mle_slurm.settings import check_settings

__all__ = ["Executor", "common_settings"]


class Executor(ClusterExecutor):
    """Runs jobs on a Slurm cluster."""

    scheduler = SCHEDULER

    def check_settings(self) -> None:
        """Refuse values with which no job could be submitted."""
        check_settings(self.workflow.executor_settings)
