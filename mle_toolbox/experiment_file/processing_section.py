"""Reads the sections ``pre_processing_args`` and ``post_processing_args`` of an experiment file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.argument_words import words_of
from mle_toolbox.experiment_file.job_section import job_resources
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import is_unused
from mle_toolbox.experiment_file.planned_jobs import Processing

__all__ = ["STAGES", "named_scripts", "processing_of"]

STAGES = ("pre_processing", "post_processing")

# Without these keys the script runs in the environment of the seed runs, so that a project names it only once.
_ENVIRONMENT = ("env_name", "use_conda_venv")


def named_scripts(data: Any, settings: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[JsonPath, str]]:
    """Yield every script that is named there, and where; names that are no text are left out."""
    for stage in STAGES:
        name = settings.get(f"{stage}_args", {}).get("processing_fname")
        if isinstance(name, str):
            yield _place(data, stage, "processing_fname"), name


def processing_of(
    stage: str, settings: Mapping[str, Mapping[str, Any]], data: Mapping[str, Any], script: Path | None
) -> Processing | None:
    """Return one stage of a valid file, or None if the file does not have it.

    Parameters
    ----------
    stage
        One of ``STAGES``.
    settings
        The sections under their primary names, with defaults.
    data
        The content of the file.
    script
        The script of the stage, absolute or from the project folder.
    """
    section = settings.get(f"{stage}_args")
    if section is None or script is None:
        return None
    seed_runs, job = settings["single_job_args"], dict(section.get("processing_job_args") or {})
    around, name = _place(data, stage, "processing_job_args")
    given = data[around].get(name) or {}
    if job.get("queue") is None:
        job["queue"] = job.get("partition")
    if is_unused(given.get("env_name")) and "use_conda_venv" not in given:
        job |= {key: seed_runs[key] for key in _ENVIRONMENT}
    if "job_name" not in given:
        job["job_name"] = seed_runs["job_name"]
    job["seeds_per_job"] = 1  # it is one job
    arguments = {**(job["extra_cmd_line_input"] or {}), **(section.get("extra_cmd_line_input") or {})}
    return Processing(
        stage=stage,
        script=script,
        arguments=tuple(words_of(arguments)),
        job=job_resources(job),
        retries=int(job["retries"]),
        frozen_code=bool(job["frozen_code"]),
    )


def _place(data: Any, stage: str, key: str) -> tuple[str, str]:
    """Return the path of a key of a stage, which may be under its earlier name."""
    section = f"{stage}_args"
    if stage == "post_processing" and isinstance(data, Mapping) and is_unused(data.get(section)):
        return "post_process_args", key.replace("processing_", "process_")
    return section, key
