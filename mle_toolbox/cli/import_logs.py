"""`mle import`: logs of other tools as a results folder."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from mle_toolbox.cli.choice import add_task_argument
from mle_toolbox.cli.consoles import error_console, output_console
from mle_toolbox.cli.files import shown
from mle_toolbox.importers import KINDS, import_logs, write_results
from mle_toolbox.render.overview import results_table
from mle_toolbox.results import load
from mle_toolbox.results.analysis import Configurations

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the logs; it is not changed")
    parser.add_argument(
        "--pattern",
        metavar="PATTERN",
        help="which part of a path is the configuration and which the seed: '{configuration}/seed_{seed}/*.csv'; "
        "{task} is the task, other names in braces are settings, * matches anything. mlflow, wandb and mle-logging "
        "need no pattern",
    )
    parser.add_argument("--kind", choices=tuple(KINDS), help="default: guessed from the files")
    parser.add_argument(
        "--time",
        action="append",
        default=[],
        metavar="NAME",
        help="csv, jsonl: the time column; may be given several times",
    )
    parser.add_argument("--seed-key", metavar="NAME", help="the setting that holds the seed; default: seed")
    add_task_argument(parser)
    parser.add_argument(
        "--output",
        "-o",
        type=Path,
        metavar="DIR",
        help="the results folder to write; default: FOLDER's name with _results",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier import")


def call(arguments: argparse.Namespace) -> int:
    """Import, and show the table of results."""
    folder: Path = arguments.folder
    output = arguments.output if arguments.output is not None else Path(f"{folder.resolve().name}_results")
    found = import_logs(
        folder,
        arguments.pattern,
        arguments.kind,
        time=arguments.time,
        seed_key=arguments.seed_key,
        task=arguments.task,
    )
    written = write_results(found, output, overwrite=arguments.overwrite)
    results = load(written)
    if isinstance(results, Configurations):
        output_console().print(results_table(results))
    runs = sum(len(each.runs) for each in found.values())
    kind = KINDS[found.record["imported"]["kind"]].title
    place = shlex.quote(shown(written))
    error_console().print(
        f"{runs} runs of {len(found)} configurations ({kind}) are in {shown(written)}. Next:\n"
        f"  mle results {place} --compare\n  mle plot {place}\n  mle report {place}",
        markup=False,
    )
    return 0
