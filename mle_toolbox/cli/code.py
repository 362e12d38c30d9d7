"""`mle code`: the code that a seed run used."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from mle_toolbox.cli.consoles import output_console
from mle_toolbox.cli.files import shown
from mle_toolbox.cli.seed_runs import RUN_HELP, find_seed_run
from mle_toolbox.errors import ResultsError
from mle_toolbox.seed_run.own_code import git_in_words
from mle_toolbox.seed_run.stored_run import ELSEWHERE, StoredRun, extract_code

__all__ = ["add_arguments", "call"]

_STYLES = {"as now": "", "changed since": "yellow", "gone": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--extract",
        type=Path,
        metavar="DIR",
        help="write the code that was stored when the run was started into a new folder, with configurations and "
        "experiment file, so that it can be run there",
    )


def call(arguments: argparse.Namespace) -> int:
    """List the files of a run and whether they have changed since, or write them into a folder."""
    run = find_seed_run(arguments.run)
    if arguments.extract is not None:
        _extract(run, arguments.extract)
    else:
        _list(run, arguments.run)
    return 0


def _list(run: StoredRun, given: str) -> None:
    files = run.files()
    if not files:
        raise ResultsError(f"{run.name}: its code was not recorded: it was made by an older version of mle-toolbox.")
    console = output_console()
    for file in files:
        remark = "" if file.stored else ", not stored"
        # markup=False: rich would take brackets in a file name for a style.
        console.print(f"{file.state + remark:<26} {file.name}", style=_STYLES[file.state], markup=False)
    print(f"{run.name}: {git_in_words(run.record)}.", file=sys.stderr)
    # The list above holds the imported files; the snapshot also has those that the run did not import.
    try:
        others = len(run.snapshot().files.keys()) - sum(file.stored for file in files)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return
    more = f" with {others} more that were stored" if others > 0 else ""
    print(f"To extract them{more}:\n  mle code {shlex.quote(given)} --extract DIR", file=sys.stderr)


def _extract(run: StoredRun, into: Path) -> None:
    project = extract_code(run, into)
    snapshot = run.snapshot()
    print(shown(project))
    print(
        f"{len(snapshot.files)} files of {run.name}. Data and files that git ignores are not included.", file=sys.stderr
    )
    for left_out in snapshot.left_out:
        print(f"Not stored: {left_out}", file=sys.stderr)
    if (into / ELSEWHERE).exists():
        print(f"{shown(into / ELSEWHERE)} holds files from outside the project, by their full path.", file=sys.stderr)
    file = run.experiment_file
    name = os.path.relpath(file, run.project_dir) if file is not None else ""
    if name and (project / name).exists():
        print(f"Next:\n  cd {shlex.quote(str(project))} && mle run {shlex.quote(name)}", file=sys.stderr)
