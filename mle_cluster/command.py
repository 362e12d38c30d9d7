"""The shell command of a task: that of the rule where this suffices, else a nested Snakemake that runs the one job.

Run directly, a job is prepared (old outputs and logs removed, folders made, `update` files saved) by the driver just
before it is submitted, and its outputs are checked by the driver, as with local jobs. A nested Snakemake costs 1.5 s
of CPU a task, and with `update` outputs it takes part in losing them: the failed job's file is put back by the nested
Snakemake and then removed by the driver. tests/cluster/test_direct_commands.py holds what Snakemake promises of outputs
in both ways. Rules with `benchmark:`, `shadow:`, `script:`, `run:`, conda or a container need a nested one, and groups.
"""

from __future__ import annotations

import hashlib
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snakemake_interface_executor_plugins.settings import DeploymentMethod, SharedFSUsage

from mle_cluster.array_folder import TaskRecord
from mle_toolbox.snakemake_side.assumptions import TEMPORARY_FOLDER_VARIABLES, THREAD_VARIABLES
from mle_toolbox.snakemake_side.private_access import framed, is_flagged, uses_bash

__all__ = ["describe", "direct_command", "exports", "is_fresh", "needed_files", "prepare", "runs_directly"]

# Linux takes 128 KiB for one argument.
_LONGEST_COMMAND = 100_000


def runs_directly(workflow: Any, job: Any) -> bool:
    """Whether a job's shell command can run without a Snakemake around it on the node."""
    if job.is_group() or not job.rule.shellcmd or not _is_plain(workflow, job):
        return False
    # task.sh is bash, and so is Snakemake's prefix (`set -euo pipefail`).
    if not uses_bash():
        return False
    if workflow.remote_execution_settings.precommand or workflow.storage_registry.default_storage_provider is not None:
        return False
    # A nested Snakemake would fetch inputs, or make software, that the node does not share with the driver.
    needed = {SharedFSUsage.INPUT_OUTPUT, SharedFSUsage.PERSISTENCE, SharedFSUsage.SOFTWARE_DEPLOYMENT}
    if not needed <= set(workflow.storage_settings.shared_fs_usage):
        return False
    return not _needs_software(workflow.deployment_settings.deployment_method, job) and _formats_alike(workflow, job)


def direct_command(job: Any) -> str | None:
    """Return the rule's shell command as Snakemake itself would start it, or None when it is too long for that."""
    command = framed(job.shellcmd)
    return command if len(command.encode()) < _LONGEST_COMMAND else None


def exports(job: Any, envvars: Mapping[str, str]) -> str:
    """Return the shell lines that set the variables that Snakemake sets for a shell command."""
    variables = dict.fromkeys(THREAD_VARIABLES, str(job.threads))
    # The driver's own temporary folder would replace the one that the scheduler makes for each task.
    if not job.is_group() and (folder := _temporary_folder(job)) != tempfile.gettempdir():
        variables |= dict.fromkeys(TEMPORARY_FOLDER_VARIABLES, folder)
    variables |= envvars
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def prepare(workflow: Any, job: Any) -> None:
    """Do what Snakemake does just before it runs a shell command itself."""
    # For remote jobs Snakemake leaves this undecided ("<TBD>"), and would make a folder of that name.
    job.resources.tmpdir = _temporary_folder(job)
    workflow.async_run(job.prepare())
    job.register()


def needed_files(job: Any) -> list[str]:
    """Return the input files that a node has to see before the command starts."""
    # Not hundreds of them: task.sh looks for one after the other.
    return [str(name) for name in job.input][:50]


def describe(job: Any) -> TaskRecord:
    """Return the outputs of a job, its inputs, and a label for people.

    Two jobs that would write the same files have the same ``claim``; with the same ``digest`` they would also write the
    same content, as far as rule, inputs and parameters tell.
    """
    jobs = sorted(job, key=str) if job.is_group() else [job]
    makes = [(each.rule.name, sorted(map(str, each.output)), sorted(_wildcards(each).items())) for each in jobs]
    made_from = [_made_from(each) for each in jobs]
    label = " ".join([job.name, *(f"{key}={value}" for key, value in _wildcards(jobs[0]).items())])
    first_output = next((str(name) for name in jobs[0].output), "")
    return TaskRecord(claim=_hash(makes), digest=_hash(made_from), label=label, output=first_output)


def _made_from(job: Any) -> tuple[list[str], list[str]]:
    # `reads_...` are files that may be gone when the job starts (their stored copies are read), so they cannot be
    # inputs of the rule. Here they count as inputs, as they did in earlier versions, whose tasks are still attached to.
    reads = [value for name, value in job.params.items() if name.startswith("reads_")]
    others = [repr(value) for value in job.params]
    for each in reads:
        others.remove(repr(each))
    return sorted({*map(str, job.input), *map(str, reads)}), sorted(others)


def is_fresh(job: Any, written: float) -> bool:
    """Whether no input of a job has changed since ``written``; ``ancient()`` inputs may."""
    jobs = job if job.is_group() else [job]
    for each in jobs:
        for name in each.input:
            try:
                if not is_flagged(name, "ancient") and Path(name).stat().st_mtime > written:
                    return False
            except OSError:
                continue
    return True


def _is_plain(workflow: Any, job: Any) -> bool:
    files = [*job.input, *job.output, *job.log]
    return not (
        job.is_shadow
        or job.benchmark
        or job.is_template_engine
        or job.is_pipe
        or job.is_service
        or _is_cached(workflow, job)
        or job.resources.get("shell_exec")
        or "tmpdir" in job.rule.shellcmd
        or any(getattr(name, "is_storage", False) or is_flagged(name, "pipe") for name in files)
    )


def _temporary_folder(job: Any) -> str:
    resources = job.rule.expand_resources(job.wildcards_dict, job.input, job.attempt)
    return str(resources.get("tmpdir") or tempfile.gettempdir())


def _is_cached(workflow: Any, job: Any) -> bool:
    return workflow.workflow_settings.cache is not None and bool(job.rule.cache and job.rule.cache.output)


def _needs_software(methods: Any, job: Any) -> bool:
    return bool(
        (DeploymentMethod.CONDA in methods and job.conda_env)
        or (DeploymentMethod.APPTAINER in methods and job.container_img_url)
        or (DeploymentMethod.ENV_MODULES in methods and job.env_modules)
    )


def _formats_alike(workflow: Any, job: Any) -> bool:
    """Whether names in the command mean the same here as on execution: a `module` has names of its own."""
    module_globals = getattr(job.rule, "module_globals", None)
    return module_globals is None or module_globals is workflow.globals


def _wildcards(job: Any) -> dict[str, str]:
    return dict(job.wildcards_dict)


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:20]
