"""Paths that several commands take and print."""

from __future__ import annotations

import argparse
import os
import re
from itertools import islice
from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.text import listed

# A folder may hold a data set of a million files.
_MOST_FILES = 1000
_IS_EXPERIMENT = re.compile(rb"^meta_job_args\s*:", re.MULTILINE)
_LARGEST_START = 1 << 16
_NAMED = 5

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
    given = {key: value for key, value in named.items() if value is not None}
    return Asked(typed_in=Path.cwd(), given=given | dict(getattr(arguments, "set", None) or ()))


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
    """Return the given results folder, or the plan of an experiment file.

    If nothing is given: exp.yaml, the results folder in which the command is typed, or the only experiment file here. A
    folder that holds no results stands for the experiment file in it.

    ``asked`` is what the command line says besides; by default only where it is typed.

    Raises
    ------
    ResultsError
        When nothing is given and none of them is here.
    """
    path = given if given is not None else Path("exp.yaml")
    if path.is_dir():
        inside = None if ExperimentFolder(path).record.exists() else _experiment_file_in(path)
        if inside is None:
            return ExperimentFolder(path)
        path = inside
    elif given is None and not path.exists():
        if (results := _results_around(Path.cwd())) is not None:
            return ExperimentFolder(Path(os.path.relpath(results)))
        path = _only_file_here()
    # Results can be looked at whatever has become of the script since.
    return load_plan(path, check_sources=False, asked=asked if asked is not None else Asked(typed_in=Path.cwd()))


def _only_file_here() -> Path:
    """Return the only experiment file in this folder, or raise ResultsError with the way out."""
    here = _experiment_files(Path())
    if len(here) == 1:
        return here[0]
    missing = "There is no exp.yaml in this folder"
    if here:
        names = listed([each.name for each in here], _NAMED)
        raise ResultsError(f"{missing}, but there are {names}. Name one of them, or the results folder.")
    above = next(filter(None, map(_experiment_file_in, Path.cwd().parents)), None)
    meant = f" Did you mean {os.path.relpath(above)}?" if above is not None else ""
    raise ResultsError(f"{missing}. Name the experiment file or the results folder.{meant}")


def _experiment_file_in(folder: Path) -> Path | None:
    """Return exp.yaml of a folder, or the only experiment file there; None if there is none, or several."""
    if (folder / "exp.yaml").is_file():
        return folder / "exp.yaml"
    found = _experiment_files(folder)
    return found[0] if len(found) == 1 else None


def _experiment_files(folder: Path) -> list[Path]:
    found = []
    try:
        for path in islice(folder.iterdir(), _MOST_FILES):
            if path.suffix in (".yaml", ".yml") and path.is_file():
                with path.open("rb") as file:
                    if _IS_EXPERIMENT.search(file.read(_LARGEST_START)):
                        found.append(path)
    except OSError:
        return []
    return sorted(found)


def _results_around(folder: Path) -> Path | None:
    """Return the results folder that a folder is, or lies in."""
    return next((each for each in (folder, *folder.parents) if ExperimentFolder(each).record.is_file()), None)
