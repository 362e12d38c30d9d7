"""Paths that several commands take and print."""

from __future__ import annotations

from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

__all__ = ["find_experiment", "find_experiment_folder", "shown"]


def shown(path: Path) -> str:
    """Return a path as the user would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def find_experiment_folder(given: Path | None) -> ExperimentFolder:
    """Return the results folder of a folder, of an experiment file, or of exp.yaml when none is given.

    Raises
    ------
    ResultsError
        When nothing is given and there is no exp.yaml here.
    """
    meant = find_experiment(given)
    return meant if isinstance(meant, ExperimentFolder) else ExperimentFolder(meant.experiment_path)


def find_experiment(given: Path | None) -> ExperimentFolder | Plan:
    """Return the given results folder, or the plan of an experiment file (default: exp.yaml).

    Raises
    ------
    ResultsError
        When nothing is given and there is no exp.yaml here.
    """
    path = given if given is not None else Path("exp.yaml")
    if path.is_dir():
        return ExperimentFolder(path)
    if given is None and not path.exists():
        raise ResultsError("There is no exp.yaml in this folder. Name the experiment file or the results folder.")
    # Results can be looked at whatever has become of the script since.
    return load_plan(path, check_sources=False)
