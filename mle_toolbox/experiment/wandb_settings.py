"""What a seed run is called at Weights & Biases, with which settings and which API key."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.environment import has_package
from mle_toolbox.errors import ExperimentFileError, ResultsError, UsageError
from mle_toolbox.experiment.inputs import RunInputs
from mle_toolbox.experiment.run_configuration import read_configuration_file
from mle_toolbox.experiment.settings import Settings
from mle_toolbox.experiment.wandb_run import WandbRun
from mle_toolbox.experiment_file.log_keys import WANDB_MISSING
from mle_toolbox.experiment_record import project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder

__all__ = ["wandb_run_for"]


def wandb_run_for(inputs: RunInputs, seed_dir: Path, extra: Settings) -> WandbRun:
    """Return what sends the ticks of a seed run, by the ``wandb_config`` of its configuration.

    Parameters
    ----------
    inputs
        Of the seed run.
    seed_dir
        Its folder.
    extra
        The other arguments of the command line, of which ``wb_project`` and ``wb_group`` are read.

    Raises
    ------
    UsageError
        When the package wandb is not installed.
    """
    if not has_package("wandb"):
        raise UsageError(f"use_wandb is true in log_config, but {WANDB_MISSING}.")
    results, name, content = inputs.experiment_dir, inputs.configuration.name, inputs.configuration.content
    record: dict[str, Any] = {}
    with contextlib.suppress(ResultsError):
        record = read_experiment_record(ExperimentFolder(results)) or {}
    log_config = content["log_config"]
    log_settings = {key: value for key, value in log_config.items() if key not in ("use_wandb", "wandb_config")}
    return WandbRun(
        seed_dir,
        {"key": _key_of_base(record, results, name), **(log_config.get("wandb_config") or {})},
        project=extra.get("wb_project") or record.get("project_name") or results.name,
        group=extra.get("wb_group") or name,
        name=f"{name} seed {inputs.seed}",
        config={**content, "log_config": log_settings, "configuration": name, "seed": inputs.seed},
    )


def _key_of_base(record: Mapping[str, Any], results: Path, name: str) -> str | None:
    """Return the API key in the base configuration of a trial, which is in no file of the results.

    Parameters
    ----------
    record
        ``experiment.json``.
    results
        Its folder.
    name
        The configuration. None is returned if it is no trial, or if its base has no key or is gone.
    """
    with contextlib.suppress(LookupError, TypeError, AttributeError, OSError, ExperimentFileError):
        (trial,) = (each["trial"] for each in record["configurations"] if each["name"] == name)
        (file,) = (each for each in record["search"]["base_files"] if Path(each).stem == trial["base"])
        content = read_configuration_file(Path(os.path.realpath(results), project_in(record) or ".", file))
        return content["log_config"]["wandb_config"].get("key") or None
    return None
