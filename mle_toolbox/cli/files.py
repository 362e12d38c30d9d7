"""Paths that several commands take and print."""

from __future__ import annotations

import argparse
from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

__all__ = ["add_replacing_arguments", "asked_by", "find_experiment", "find_experiment_folder", "shown"]


def shown(path: Path) -> str:
    """Return a path as the user would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def add_replacing_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that replace values of the experiment file."""
    parser.add_argument(
        "-train_config",
        "--base-train-config",
        metavar="FILE",
        help="the configuration to run in place of base_train_config of the experiment file",
    )
    parser.add_argument(
        "-exp_dir",
        "--experiment-dir",
        metavar="DIR",
        help="the results folder in place of experiment_dir of the experiment file",
    )


def asked_by(arguments: argparse.Namespace) -> Asked:
    """Return what a command line says besides the experiment file, and where it is typed."""
    named = {key: getattr(arguments, key, None) for key in ("base_train_config", "experiment_dir")}
    return Asked(typed_in=Path.cwd(), given={key: value for key, value in named.items() if value is not None})


def find_experiment_folder(given: Path | None, asked: Asked | None = None) -> ExperimentFolder:
    """Return the results folder of a folder, of an experiment file, or of exp.yaml when none is given.

    Raises
    ------
    ResultsError
        When nothing is given and there is no exp.yaml here.
    """
    meant = find_experiment(given, asked)
    return meant if isinstance(meant, ExperimentFolder) else ExperimentFolder(meant.experiment_path)


def find_experiment(given: Path | None, asked: Asked | None = None) -> ExperimentFolder | Plan:
    """Return the given results folder, or the plan of an experiment file (default: exp.yaml).

    ``asked`` is what the command line says besides; by default only where it is typed.

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
    return load_plan(path, check_sources=False, asked=asked if asked is not None else Asked(typed_in=Path.cwd()))
