"""Snakemake executor plugin `mle-sge`: jobs as array tasks on a Grid Engine cluster.

Snakemake finds it by the prefix of its name, from which it also takes the name of the executor and of its settings, and
asks for the names below. They are imported when they are asked for, since Snakemake imports every plugin at every
start. How the executor works is told in mle_cluster/executor.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snakemake_executor_plugin_mle_sge.executor import Executor, common_settings
    from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


def __getattr__(name: str) -> Any:
    if name == "ExecutorSettings":
        from snakemake_executor_plugin_mle_sge import settings

        return settings.ExecutorSettings
    if name in ("Executor", "common_settings"):
        from snakemake_executor_plugin_mle_sge import executor

        return getattr(executor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
