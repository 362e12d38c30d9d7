"""`mle attach`: follow the driver of an experiment that runs in the background or in another terminal."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rich.markup import escape

from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.failures import show_failures
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment, shown
from mle_toolbox.cli.live import watching
from mle_toolbox.cluster.tasks import open_tasks
from mle_toolbox.drive.attached import follow_driver
from mle_toolbox.drive.causes import FailuresSoFar
from mle_toolbox.drive.lock import current_holder
from mle_toolbox.drive.status import read_status
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import experiment_in_words, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.statuses import status_line
from mle_toolbox.results import Configurations, load
from mle_toolbox.snakemake_side.job_events import Tally

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="experiment file or results folder; default: exp.yaml")
    add_replacing_arguments(parser)
    parser.epilog = "Ctrl-C detaches: the driver goes on. `mle stop` ends the driver."


def call(arguments: argparse.Namespace) -> int:
    """Follow the driver to its end; exit status 0 when all seed runs are done, or when the user leaves."""
    plan = _plan(arguments)
    folder = ExperimentFolder(plan.experiment_path)
    console = error_console()
    holder = current_holder(folder.driver)
    tally = Tally(total=0)
    if holder is None:
        print_words(console, "No driver is running. How the last one ended:", "dim")
    else:
        said = f"Driver: process {holder.pid} on {holder.host} since {holder.when}.\nCtrl-C leaves it running."
        try:
            # Within the try: from the moment when this can be read, it is true.
            print_words(console, said, "dim")
            failures = FailuresSoFar(folder, plan.job.err_file, plan.project_dir)
            is_local = not open_tasks(plan.project_dir, folder.path)
            with watching(console, plan, failures, is_local=is_local, pausing=lambda: None) as watch:
                tally = follow_driver(folder.driver, watch)
        except KeyboardInterrupt:
            print_words(console, f"\nDetached; the driver goes on (process {holder.pid}). `mle stop` ends it.")
            return 0
    status = read_status(folder)
    output = output_console()
    results = load(folder.path) if status.counts["done"] else None
    if isinstance(results, Configurations):
        output.print(results_table(results))
    is_named = arguments.experiment is not None
    show_failures(status, console, tally.reasons, project=plan.project_dir, is_named=is_named)
    print_words(output, f"{status_line(status)}.")
    words = experiment_in_words(read_experiment_record(folder) or {})
    if words and not status.is_over:
        print_words(console, f"To run the rest:\n  mle run {shlex.join(words)}")
    if folder.report.exists():
        output.print(f"report  {escape(shown(folder.report))}")
    return 0 if status.counts["done"] == len(status.runs) else 1


def _plan(arguments: argparse.Namespace) -> Plan:
    """Return the plan of an experiment file, or of the one that a results folder names."""
    meant = find_experiment(arguments.experiment, asked_by(arguments))
    if isinstance(meant, Plan):
        return meant
    folder = ExperimentFolder(meant.path.resolve())
    record = read_experiment_record(folder)
    file = (record or {}).get("experiment_file")
    if not isinstance(file, str):
        raise ResultsError(f"{meant.path}: no experiment has been started here (there is no {folder.record.name}).")
    given = (record or {}).get("given")
    asked = Asked(typed_in=Path.cwd(), given=given if isinstance(given, dict) else {})
    return load_plan(folder.path / file, check_sources=False, asked=asked)
