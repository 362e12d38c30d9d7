"""Configurations for which there is nothing to do, so that Snakemake need not look at their seed runs.

For each job that Snakemake knows it asks the disk and its own notes, several times, also where there is nothing to do:
of 10,000 seed runs that takes longer than all the rest. `settle` has read the record of each of them already. What is
left to find out is whether what is merged from them is up to date, by the times of the files as Snakemake does it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import LOG, ConfigurationFolder, ExperimentFolder, SeedFolder

__all__ = ["note_untouched", "untouched"]

_NOTE = "untouched.json"


def untouched(plan: Plan, wanted: Collection[SeedFolder]) -> list[str]:
    """Return the names of the configurations that have finished and whose merged logs are newer than their seeds'.

    A configuration of which one seed run has to run is none of them, so that Snakemake notes all of its seeds as the
    inputs of what is merged.

    Parameters
    ----------
    plan
        The plan, whose results folder has been settled.
    wanted
        The seed runs that have to run, or that run already.
    """
    if plan.looks is not None:
        # The next look may give any of them more seeds.
        return []
    experiment = ExperimentFolder(plan.experiment_path)
    touched = {run.path.parent.name for run in wanted}
    names = [each.name for each in plan.configurations if each.name not in touched]
    return [name for name in names if _is_merged(experiment.configuration(name), plan.seeds)]


def note_untouched(folder: Path, names: Collection[str]) -> Path:
    """Write the names into the driver's folder, for the workflow."""
    path = folder / _NOTE
    path.write_text(json.dumps(list(names)), encoding="utf-8")
    return path


def _is_merged(configuration: ConfigurationFolder, seeds: Collection[int]) -> bool:
    """Whether the merged log of a configuration is newer than the logs of all its seeds."""
    try:
        merged = os.stat(configuration.log).st_mtime_ns  # noqa: PTH116 (ten thousand times)
        return all(
            os.stat(f"{configuration.seed(seed).path}/{LOG}").st_mtime_ns <= merged  # noqa: PTH116
            for seed in seeds
        )
    except OSError:
        return False
