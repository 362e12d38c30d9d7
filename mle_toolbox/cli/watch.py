"""`mle watch`: a live view of an experiment, from another terminal or machine, from its files alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment, shown
from mle_toolbox.drive.status import ExperimentStatus, read_plan_status, read_status
from mle_toolbox.errors import MissingExtraError, ResultsError, UsageError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder

if TYPE_CHECKING:
    from mle_toolbox.watch.app import WatchApp

__all__ = ["add_arguments", "call", "make_app"]

_INSTALL = "Install it: pip install 'mle-toolbox-snakemake[watch]'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="results folder or experiment file; default: exp.yaml")
    add_replacing_arguments(parser)
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.svg", help="write a picture of the screen and exit; needs no terminal"
    )
    parser.add_argument(
        "--size", default="120x40", metavar="COLUMNSxROWS", help="size of the picture in characters; default: 120x40"
    )


def call(arguments: argparse.Namespace) -> int:
    """Show the screen until it is closed."""
    size = _size(arguments.size)
    if arguments.picture is None and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise UsageError("mle watch needs a terminal. `mle status` prints the state once; --picture FILE.svg draws it.")
    app = make_app(arguments)
    if arguments.picture is None:
        app.run()
    else:
        import asyncio

        from mle_toolbox.watch.picture import draw

        asyncio.run(draw(app, arguments.picture, size))
        print(shown(arguments.picture))
    return 0


def make_app(arguments: argparse.Namespace) -> WatchApp:
    """Return the screen of an experiment, which need not have been started.

    Raises
    ------
    MissingExtraError
        When Textual or its plot is not installed.
    """
    try:
        from mle_toolbox.watch.app import WatchApp
    except ImportError as error:
        if error.name is None or not error.name.startswith("textual"):
            raise
        raise MissingExtraError(f"mle watch needs textual and textual-plot. {_INSTALL}") from None
    from mle_toolbox.watch.stopping import stop_one
    from mle_toolbox.watch.view import View

    asked = asked_by(arguments)
    path = arguments.experiment if arguments.experiment is not None else Path("exp.yaml")
    meant = find_experiment(arguments.experiment, asked)

    def read() -> ExperimentStatus:
        again = find_experiment(arguments.experiment, asked)
        return read_plan_status(again) if isinstance(again, Plan) else read_status(again)

    if isinstance(meant, Plan):
        folder, project = ExperimentFolder(meant.experiment_path), meant.project_dir
        sources = [path, *(meant.project_dir / each.path for each in meant.configurations)]
        # Each look notes there that there are more seed runs.
        sources += [folder.record] if meant.looks is not None else []
        title = meant.project_name
    else:
        if not meant.path.is_dir():
            raise ResultsError(f"{meant.path}: there is no such folder.")
        read()  # a folder without results is a mistake to be said before the screen is there
        folder = ExperimentFolder(meant.path.resolve())
        project = (folder.path / (project_in(read_experiment_record(folder) or {}) or ".")).resolve()
        sources, title = [meant.record], meant.path.resolve().name
    return WatchApp(View(read, sources), lambda run: stop_one(folder, project, run), title)


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and 40 <= int(columns) <= 400 and 12 <= int(rows) <= 200):
        raise UsageError(f"--size is like 80x24, from 40x12 to 400x200; found {text!r}.")
    return int(columns), int(rows)
