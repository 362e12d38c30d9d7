"""Snakemake executor plugin `mle-sge`: jobs as array tasks on a Grid Engine cluster.

Snakemake finds it by the prefix of its name, from which it also derives the names of the executor and its settings, and
reads the names below. mle_cluster/executor.py explains how the executor works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mle_cluster.plugin import on_demand

if TYPE_CHECKING:
    from snakemake_executor_plugin_mle_sge.executor import Executor, common_settings
    from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

__getattr__ = on_demand(__name__)
