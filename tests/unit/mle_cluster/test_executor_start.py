"""The executor while it is being made: Snakemake's base class starts the thread that watches its jobs before that."""

from __future__ import annotations

import logging
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_executor_plugins.settings import SharedFSUsage

from mle_cluster import executor as core


@pytest.mark.parametrize("plugin", ["snakemake_executor_plugin_mle_sge", "snakemake_executor_plugin_mle_slurm"])
def test_jobs_are_watched_however_long_the_records_of_earlier_ones_take_to_read(
    plugin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # As on a slow shared disk: longer than the first wait of the thread, but for its step.
    monkeypatch.setattr(core, "remove_old_arrays", lambda root: time.sleep(1))
    module = import_module(plugin)

    executor = module.Executor(workflow_of(module, tmp_path), logging.getLogger("test"))
    time.sleep(0.5)

    assert executor.wait_thread.is_alive()
    executor.shutdown()
    for lock in executor._lock_files:
        lock.close()


def workflow_of(module: object, folder: Path) -> SimpleNamespace:
    """Return as much of a workflow as an executor needs that has no jobs yet."""
    remote = SimpleNamespace(
        max_status_checks_per_second=10, jobname="job.{jobid}", jobscript=None, immediate_submit=False
    )
    return SimpleNamespace(
        executor_settings=module.ExecutorSettings(),  # type: ignore[attr-defined]
        executor_plugin=SimpleNamespace(common_settings=module.common_settings),  # type: ignore[attr-defined]
        remote_execution_settings=remote,
        storage_settings=SimpleNamespace(shared_fs_usage=SharedFSUsage.all()),
        main_snakefile=str(folder / "Snakefile"),
        scheduler=None,
        dag=None,
    )
