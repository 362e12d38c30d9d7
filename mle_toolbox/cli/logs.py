"""`mle logs`: the output of a seed run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.cli.consoles import error_console, print_words
from mle_toolbox.cli.files import find_experiment_folder, shown
from mle_toolbox.cli.following import follow
from mle_toolbox.drive.processing import ProcessingStatus
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus, output_name, read_status
from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.excerpts import last_lines, lines_of, readable
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.log.run_record import run_status
from mle_toolbox.text import listed

__all__ = ["add_arguments", "call"]

_WIDTH = 2000  # of a line on a terminal: more than `mle run` shows
_LONGEST = 1 << 20
_NAMED = 20
# Not started yet counts: a script that imports for a minute has written no record of its own.
_GOING_ON = ("running", "waiting")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "configuration",
        nargs="?",
        help="name of the configuration: its file name without .json or .yaml; or pre_processing, post_processing",
    )
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument(
        "--experiment", type=Path, metavar="PATH", help="results folder or experiment file; default: exp.yaml"
    )
    parser.add_argument("--tail", type=_whole, metavar="N", help="only the last N lines of each")
    parser.add_argument("-f", "--follow", action="store_true", help="follow the output until the seed run ends")
    parser.add_argument(
        "--all-failed", action="store_true", help="print all failed seed runs, or those of CONFIGURATION"
    )


def call(arguments: argparse.Namespace) -> int:
    """Print stdout and stderr of one seed run, of all failed ones, or of the pre-processing or post-processing."""
    status = read_status(find_experiment_folder(arguments.experiment))
    if arguments.all_failed:
        if arguments.follow or arguments.seed is not None:
            raise UsageError("--all-failed prints seed runs that have ended: it takes neither a seed nor --follow.")
        return _all_failed(status, arguments)
    if arguments.configuration is None:
        raise UsageError("Which seed run? mle logs CONFIGURATION SEED, or mle logs --all-failed.")
    if arguments.seed is None and arguments.configuration in status.configurations:
        arguments.seed = _only_seed(status, arguments.configuration)
    output = _output_of(status, arguments.configuration, arguments.seed)
    _say_words(output.headline)
    if arguments.follow:
        follow(output.files, output.is_over, arguments.tail, say=_say)
        _say_words(_output_of(read_status(status.folder), arguments.configuration, arguments.seed).headline)
    else:
        _print_files(output.files, arguments.tail)
    return 0


@dataclass(frozen=True)
class _Output:
    """What to print of one seed run or processing."""

    headline: str
    files: tuple[Path, ...]
    is_over: Callable[[], bool]
    """Whether it has ended: nothing more will be written."""


def _output_of(status: ExperimentStatus, name: str, seed: int | None) -> _Output:
    if seed is not None:
        return _of_run(status, _find(status, name, seed))
    processing = _find_processing(status, name)
    reason = processing.record.reason if processing.record is not None else None
    said = f"{processing.name} {processing.status}{f': {reason}' if reason else ''}"

    def is_over() -> bool:
        return _find_processing(read_status(status.folder), name).status not in _GOING_ON

    return _Output(said, (processing.log, processing.err), is_over)


def _of_run(status: ExperimentStatus, run: SeedRunStatus) -> _Output:
    reason = f": {readable(run.record.reason)}" if run.record is not None and run.record.reason else ""
    files = tuple(run.folder.path / output_name(status, key) for key in ("log_file", "err_file"))
    return _Output(
        f"{run.configuration} seed {run.seed} {run.status}{reason}",
        files,
        lambda: run_status(run.folder) not in _GOING_ON,
    )


def _all_failed(status: ExperimentStatus, arguments: argparse.Namespace) -> int:
    if arguments.configuration is not None:
        _check_name(status, arguments.configuration)
    failed = [run for run in status.failed() if arguments.configuration in (None, run.configuration)]
    if not failed:
        _say("No seed run has failed.")
    for number, run in enumerate(failed):
        output = _of_run(status, run)
        if number:
            _say("")
        _say_words(output.headline)
        _print_files(output.files, arguments.tail)
    return 0


def _print_files(files: Iterable[Path], tail: int | None) -> None:
    for path in files:
        _say(f"==> {shown(path)} <==")
        _print_file(path, tail)


def _say(words: str) -> None:
    # Flushed, as all that is printed here, so that headings on stderr and text on stdout stay in order on a terminal.
    print(words, file=sys.stderr, flush=True)


def _say_words(words: str) -> None:
    # A sentence, which a terminal would break in the middle of a word; a path, to be copied, stays whole.
    print_words(error_console(), words)
    sys.stderr.flush()


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number (0 or more)")
    return int(text)


def _print_file(path: Path, tail: int | None) -> None:
    if tail is not None or not path.exists():
        print(*last_lines(path, tail if tail is not None else 1, _WIDTH), sep="\n", flush=True)
        return
    # Where it goes to a file or a pipe it may be searched, so lines are cut only at a size that no line of text has.
    width = _WIDTH if sys.stdout.isatty() else _LONGEST
    for line in lines_of(path, width):
        print(line)
    sys.stdout.flush()


def _find_processing(status: ExperimentStatus, name: str) -> ProcessingStatus:
    for each in status.processing:
        if name in (each.stage, each.name):
            return each
    if name.replace("-", "_") in STAGES and name not in status.configurations:
        raise UsageError(f"This experiment has no {name.replace('_', '-')}.")
    raise _no_configuration(status, name)


def _only_seed(status: ExperimentStatus, name: str) -> int:
    seeds = [run.seed for run in status.of(name)]
    if len(seeds) == 1:
        return seeds[0]
    raise UsageError(f"The seed is missing: mle logs {name} SEED. There are: {', '.join(map(str, seeds))}.")


def _no_configuration(status: ExperimentStatus, name: str) -> UsageError:
    names = listed(status.configurations, _NAMED)
    return UsageError(
        f"There is no configuration {name!r}.{did_you_mean(name, status.configurations)} There are: {names}."
    )


def _find(status: ExperimentStatus, configuration: str, seed: int) -> SeedRunStatus:
    _check_name(status, configuration)
    for run in status.of(configuration):
        if run.seed == seed:
            return run
    seeds = ", ".join(str(run.seed) for run in status.of(configuration))
    raise UsageError(f"There is no seed {seed} in {configuration!r}. There are: {seeds}.")


def _check_name(status: ExperimentStatus, configuration: str) -> None:
    if configuration not in status.configurations:
        raise _no_configuration(status, configuration)
