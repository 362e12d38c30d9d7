"""`mle clean`: what of a results folder may be deleted, and with --yes delete it."""

from __future__ import annotations

import argparse
from pathlib import Path

from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, shown
from mle_toolbox.drive.removable import KINDS, Removable, delete, find_removable
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.render.grid import Cell, Column, Grid
from mle_toolbox.render.terminal import TerminalTable
from mle_toolbox.text import NOTHING, listed

__all__ = ["add_arguments", "call"]

_NAMES_SHOWN = 1
# Short, so that the table fits into 80 columns.
_WORDS = {"configurations": "not in the file", "earlier": "earlier results", "remade": "can be made again"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", default=Path("exp.yaml"), help="default: exp.yaml")
    parser.add_argument(
        "--what",
        nargs="+",
        choices=[*KINDS],
        metavar="KIND",
        default=[*KINDS],
        help="; ".join(f"{kind}: {words}" for kind, words in KINDS.items()) + "; default: all three",
    )
    parser.add_argument("--yes", action="store_true", help="delete it; without this option nothing is deleted")
    add_replacing_arguments(parser)


def call(arguments: argparse.Namespace) -> int:
    """Show what may be deleted, or delete it."""
    plan = load_plan(arguments.experiment_file, asked=asked_by(arguments))
    found = find_removable(plan, arguments.what)
    output, console = output_console(), error_console()
    if not found:
        output.print("Nothing to delete.")
        return 0
    output.print(TerminalTable(_table(found)))
    total = _in_words(sum(each.size for each in found))
    if not arguments.yes:
        print_words(console, f"Nothing was deleted. `mle clean --yes` deletes this: {total}.")
        return 0
    delete(plan, found)
    output.print(f"Deleted: {total}.")
    return 0


def _table(found: list[Removable]) -> Grid:
    rows = []
    for kind, words in _WORDS.items():
        members = [each for each in found if each.kind == kind]
        if members:
            runs = sum(each.seed_runs for each in members)
            names = listed((shown(each.path) for each in members), _NAMES_SHOWN)
            size = _in_words(sum(each.size for each in members))
            rows.append((Cell(words), Cell(names), Cell(f"{runs:,}" if runs else NOTHING), Cell(size)))
    columns = (Column("what"), Column("where"), Column("seed runs", right=True), Column("size", right=True))
    return Grid("", columns, tuple(rows))


def _in_words(size: float) -> str:
    """Return a number of bytes as ``12 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
