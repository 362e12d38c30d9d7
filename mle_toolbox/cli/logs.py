"""`mle logs`: the output of a seed run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mle_toolbox.cli.files import find_experiment_folder, shown
from mle_toolbox.drive.processing import ProcessingStatus
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus, output_name, read_status
from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.excerpts import last_lines, lines_of, readable
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.text import listed

__all__ = ["add_arguments", "call"]

_WIDTH = 2000  # of a line on a terminal: more than `mle run` shows
# Read in pieces: a script may write hundreds of MB without an end of line.
_PIECE = 1 << 16
_NAMED = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "configuration",
        help="name of the configuration: its file name without .json or .yaml; or pre_processing, post_processing",
    )
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument(
        "--experiment", type=Path, metavar="PATH", help="results folder or experiment file; default: exp.yaml"
    )
    parser.add_argument("--tail", type=_whole, metavar="N", help="only the last N lines of each")


def call(arguments: argparse.Namespace) -> int:
    """Print stdout and stderr of one seed run, or of the pre-processing or post-processing."""
    status = read_status(find_experiment_folder(arguments.experiment))
    if arguments.seed is None:
        processing = _find_processing(status, arguments.configuration)
        reason = processing.record.reason if processing.record is not None else None
        said = f"{processing.name} {processing.status}{f': {reason}' if reason else ''}"
        print(said, file=sys.stderr)
        for path in (processing.log, processing.err):
            print(f"==> {shown(path)} <==", file=sys.stderr, flush=True)
            _print_file(path, arguments.tail)
        return 0
    run = _find(status, arguments.configuration, arguments.seed)
    reason = f": {readable(run.record.reason)}" if run.record is not None and run.record.reason else ""
    print(f"{run.configuration} seed {run.seed} {run.status}{reason}", file=sys.stderr)
    for key in ("log_file", "err_file"):
        path = run.folder.path / output_name(status, key)
        # Flushed, as below, so that headings on stderr and text on stdout stay in order on a terminal.
        print(f"==> {shown(path)} <==", file=sys.stderr, flush=True)
        _print_file(path, arguments.tail)
    return 0


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number (0 or more)")
    return int(text)


def _print_file(path: Path, tail: int | None) -> None:
    if tail is not None or not path.exists():
        print(*last_lines(path, tail if tail is not None else 1, _WIDTH), sep="\n", flush=True)
    elif sys.stdout.isatty():
        for line in lines_of(path, _WIDTH):
            print(line)
    else:
        # Uncut, because a file or a pipe may be searched.
        with path.open(encoding="utf-8", errors="replace") as file:
            while piece := file.read(_PIECE):
                print(piece, end="")
        sys.stdout.flush()


def _find_processing(status: ExperimentStatus, name: str) -> ProcessingStatus:
    for each in status.processing:
        if name in (each.stage, each.name):
            return each
    if name.replace("-", "_") in STAGES and name not in status.configurations:
        raise UsageError(f"This experiment has no {name.replace('_', '-')}.")
    raise UsageError(f"The seed is missing: mle logs {name} SEED.")


def _find(status: ExperimentStatus, configuration: str, seed: int) -> SeedRunStatus:
    if configuration not in status.configurations:
        hint = did_you_mean(configuration, status.configurations)
        names = listed(status.configurations, _NAMED)
        raise UsageError(f"There is no configuration {configuration!r}.{hint} There are: {names}.")
    for run in status.of(configuration):
        if run.seed == seed:
            return run
    seeds = ", ".join(str(run.seed) for run in status.of(configuration))
    raise UsageError(f"There is no seed {seed} in {configuration!r}. There are: {seeds}.")
