"""`mle stop`: end what runs of an experiment, here and in the queue of a cluster."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import yaml
from rich.markup import escape

from mle_toolbox.cli.consoles import error_console, output_console
from mle_toolbox.cli.files import find_experiment_folder
from mle_toolbox.drive.status import read_status
from mle_toolbox.drive.stop import Stopped, stop_experiment
from mle_toolbox.errors import ExperimentFileError, ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.statuses import status_line
from mle_toolbox.text import count

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="experiment file or results folder; default: exp.yaml")
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="seconds to wait before the driver is asked more firmly; default: 30",
    )


def call(arguments: argparse.Namespace) -> int:
    """Stop an experiment; exit status 1 when parts of it are still running."""
    folder, experiment_file = _find(arguments.experiment)
    console = error_console()
    stopped = stop_experiment(
        folder,
        experiment_file.parent,
        patience=arguments.patience,
        say=lambda text: console.print(escape(text), style="dim"),
    )
    for sentence in stopped.left:
        console.print(escape(sentence), style="yellow")
    output = output_console()
    output.print("Nothing of this experiment is running." if stopped.is_nothing else _in_words(stopped))
    if not stopped.is_nothing:
        _print_state(folder)
        console.print(f"The next `mle run {escape(experiment_file.name)}` continues from here.")
    return 1 if stopped.left else 0


def _find(given: Path | None) -> tuple[ExperimentFolder, Path]:
    """Return the results folder and the experiment file that it belongs to."""
    path = given if given is not None else Path("exp.yaml")
    if not path.is_dir():
        return _of_file(path, given)
    folder = ExperimentFolder(path.resolve())
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{path}: no experiment has been started here (there is no {folder.record.name}).")
    return folder, (folder.path / str(record["experiment_file"])).resolve()


def _of_file(path: Path, given: Path | None) -> tuple[ExperimentFolder, Path]:
    """Find the results folder of an experiment file; one that was broken while it ran can still be stopped."""
    try:
        folder = find_experiment_folder(given)
    except ExperimentFileError:
        with contextlib.suppress(OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            folder = ExperimentFolder(path.absolute().parent / content["meta_job_args"]["experiment_dir"])
            if folder.driver.is_dir():
                return folder, path.absolute()
        raise
    return folder, path.absolute()


def _in_words(stopped: Stopped) -> str:
    numbers = {"driver": stopped.drivers, "task": stopped.tasks, "seed run": stopped.seed_runs}
    parts = [count(number, noun) for noun, number in numbers.items() if number]
    return f"Stopped: {', '.join(parts)}." if parts else "Nothing could be stopped from this machine."


def _print_state(folder: ExperimentFolder) -> None:
    try:
        status = read_status(folder)
    except ResultsError:  # stopped before experiment.json was written
        return
    output_console().print(f"{status_line(status)}.")
