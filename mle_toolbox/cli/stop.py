"""`mle stop`: end what runs of an experiment, here and in the queue of a cluster."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import yaml

from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment
from mle_toolbox.drive.chosen import choose_names
from mle_toolbox.drive.lock import is_driven
from mle_toolbox.drive.status import read_status
from mle_toolbox.drive.stop import Stopped, stop_experiment
from mle_toolbox.drive.stop_some import stop_seed_runs
from mle_toolbox.errors import ExperimentFileError, ResultsError, UsageError
from mle_toolbox.experiment_record import experiment_in_words, project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.statuses import status_line
from mle_toolbox.seed_ranges import parse_seeds, seeds_in_words
from mle_toolbox.text import count, listed

__all__ = ["add_arguments", "call"]

_EXPECTED = "mle stop [exp.yaml | DIR] [CONFIGURATION [SEEDS]]."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.usage = "mle stop [exp.yaml | DIR] [CONFIGURATION [SEEDS]] [options]"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="experiment file or results folder (default: exp.yaml); then, to stop only some, the name of a "
        "configuration (or a pattern such as 'adam*', in quotes, or the number of a trial) and its seeds, like 0-4,7",
    )
    add_replacing_arguments(parser)
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="seconds to wait before the driver gets a stronger signal; default: 30",
    )


def call(arguments: argparse.Namespace) -> int:
    """Stop an experiment; exit status 1 when parts of it are still running."""
    arguments.experiment, name, seeds = _understand(arguments.words)
    folder, project, words = _find(arguments)
    console = error_console()

    def say(text: str) -> None:
        print_words(console, text, "dim")

    if name is None:
        stopped = stop_experiment(folder, project, patience=arguments.patience, say=say)
    else:
        chosen = _chosen(folder, name, seeds)
        stopped = stop_seed_runs(folder, project, chosen, patience=arguments.patience, say=say)
    for sentence in stopped.left:
        print_words(console, sentence, "yellow")
    output = output_console()
    if name is not None:
        which = f"{name} {seeds_in_words(seeds)}" if seeds is not None else name
        if stopped.is_nothing:
            print_words(output, f"Nothing of {which} is running or about to run.")
            return 0
        others = "the others go on" if is_driven(folder.driver) else "no driver is running"
        print_words(output, f"{_in_words(stopped)[:-1]}; {others}.")
        print_words(console, f"The next `mle run {shlex.join(words)}` continues with what was stopped.")
        return 1 if stopped.left else 0
    print_words(output, "Nothing of this experiment is running." if stopped.is_nothing else _in_words(stopped))
    if not stopped.is_nothing:
        _print_state(folder)
        print_words(console, f"The next `mle run {shlex.join(words)}` continues from here.")
    return 1 if stopped.left else 0


def _understand(words: Sequence[str]) -> tuple[Path | None, str | None, tuple[int, ...] | None]:
    """Return the experiment, the name of a configuration and the seeds, as far as they are given."""
    rest = list(words)
    experiment = None
    # A configuration may have the name of a folder; only one with results is meant as such.
    if rest and (
        rest[0].endswith((".yaml", ".yml")) or ExperimentFolder(Path(rest[0])).driver.is_dir() or "/" in rest[0]
    ):
        experiment = Path(rest.pop(0))
    name = rest.pop(0) if rest else None
    seeds = parse_seeds(rest.pop(0)) if rest else None
    if rest:
        raise UsageError(f"mle stop: unexpected {listed(map(repr, rest))}. Expected {_EXPECTED}")
    return experiment, name, seeds


def _chosen(folder: ExperimentFolder, name: str, seeds: Collection[int] | None) -> set[tuple[str, int]]:
    """Return the seed runs of the configurations that a name matches."""
    try:
        runs = read_status(folder).runs
    except ResultsError:
        runs = ()
    names = list(dict.fromkeys(run.configuration for run in runs))
    numbers = {str(int(each.removeprefix("trial_"))): each for each in names if each.removeprefix("trial_").isdecimal()}
    chosen = choose_names([name], names, numbers, "mle stop")
    found = {(run.configuration, run.seed) for run in runs if run.configuration in chosen}
    known = {seed for _, seed in found}
    if seeds is not None and not known.issuperset(seeds):
        raise UsageError(f"mle stop: {name} has no {seeds_in_words({*seeds} - known)}; it has {seeds_in_words(known)}.")
    return {(one, seed) for one, seed in found if seeds is None or seed in seeds}


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
    path: Path = arguments.experiment or Path("exp.yaml")
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
