"""`mle stop`: end what runs of an experiment, here and in the queue of a cluster."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from pathlib import Path

import yaml
from rich.markup import escape

from mle_toolbox.cli.consoles import error_console, output_console
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment
from mle_toolbox.drive.status import read_status
from mle_toolbox.drive.stop import Stopped, stop_experiment
from mle_toolbox.errors import ExperimentFileError, ResultsError
from mle_toolbox.experiment_record import experiment_in_words, project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.statuses import status_line
from mle_toolbox.text import count

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="experiment file or results folder; default: exp.yaml")
    add_replacing_arguments(parser)
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="seconds to wait before the driver is asked more firmly; default: 30",
    )


def call(arguments: argparse.Namespace) -> int:
    """Stop an experiment; exit status 1 when parts of it are still running."""
    folder, project, words = _find(arguments)
    console = error_console()
    stopped = stop_experiment(
        folder,
        project,
        patience=arguments.patience,
        say=lambda text: console.print(escape(text), style="dim"),
    )
    for sentence in stopped.left:
        console.print(escape(sentence), style="yellow")
    output = output_console()
    output.print("Nothing of this experiment is running." if stopped.is_nothing else _in_words(stopped))
    if not stopped.is_nothing:
        _print_state(folder)
        console.print(f"The next `mle run {escape(shlex.join(words))}` continues from here.")
    return 1 if stopped.left else 0


def _find(arguments: argparse.Namespace) -> tuple[ExperimentFolder, Path, list[str]]:
    """Return the results folder, its project folder, and the words that name the experiment to `mle run` there."""
    try:
        meant = find_experiment(arguments.experiment, asked_by(arguments))
    except ExperimentFileError:
        found = _of_broken_file(arguments)
        if found is None:
            raise
        return found
    if not isinstance(meant, ExperimentFolder):
        return ExperimentFolder(meant.experiment_path), meant.project_dir, meant.words
    folder = ExperimentFolder(meant.path.resolve())
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{meant.path}: no experiment has been started here (there is no {folder.record.name}).")
    return folder, (folder.path / (project_in(record) or ".")).resolve(), experiment_in_words(record)


def _of_broken_file(arguments: argparse.Namespace) -> tuple[ExperimentFolder, Path, list[str]] | None:
    """Return the same for an experiment file that was broken while it ran, if its results folder can be made out."""
    path = arguments.experiment or Path("exp.yaml")
    with contextlib.suppress(OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        results = arguments.experiment_dir or content["meta_job_args"]["experiment_dir"]
        beside = path.absolute().parent
        for start in dict.fromkeys((beside, Path.cwd(), *beside.parents)):
            folder = ExperimentFolder(start / results)
            if folder.driver.is_dir():
                return folder, start, [path.name]
    return None


def _in_words(stopped: Stopped) -> str:
    numbers = {"driver": stopped.drivers, "task": stopped.tasks, "seed run": stopped.seed_runs}
    numbers["pre- or post-processing"] = stopped.processing
    parts = [count(number, noun) for noun, number in numbers.items() if number]
    return f"Stopped: {', '.join(parts)}." if parts else "Nothing could be stopped from this machine."


def _print_state(folder: ExperimentFolder) -> None:
    try:
        status = read_status(folder)
    except ResultsError:  # stopped before experiment.json was written
        return
    output_console().print(f"{status_line(status)}.")
