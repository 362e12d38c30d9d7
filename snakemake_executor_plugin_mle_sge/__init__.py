"""Snakemake executor plugin `mle-sge`: jobs as array tasks on a Grid Engine cluster.

Snakemake finds it by the prefix of its name and imports it at every call, so nothing is imported here that is not
there already. How it works is told in executor.py.
"""

from snakemake_executor_plugin_mle_sge.executor import Executor, common_settings
from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
