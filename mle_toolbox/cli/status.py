"""`mle status`: configurations x seeds at a glance."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from pathlib import Path

from rich.markup import escape

from mle_toolbox.cli.consoles import output_console
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment
from mle_toolbox.drive.status import ExperimentStatus, read_plan_status, read_status
from mle_toolbox.drive.unattended import unattended_tasks
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import experiment_words
from mle_toolbox.experiment_record import project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.statuses import changed_code, processing_line, status_grid, status_line
from mle_toolbox.render.trial_statuses import is_search, search_grid
from mle_toolbox.seed_run.own_code import not_frozen_in_words
from mle_toolbox.text import count

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="results folder or experiment file; default: exp.yaml")
    add_replacing_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def call(arguments: argparse.Namespace) -> int:
    """Print the state of an experiment, live or finished, from its files.

    The scheduler is asked only when the files name tasks whose driver is gone.
    """
    status = _read(arguments)
    for sentence in status.damage:
        print(sentence, file=sys.stderr)
    if arguments.json:
        print(json.dumps(_as_json(status), indent=2, ensure_ascii=False))
        return 0
    console = output_console()
    console.print(search_grid(status) if is_search(status) else status_grid(status))
    console.print(status_line(status))
    for each in status.processing:
        console.print(processing_line(each))
    if purpose := _purpose(status.folder):
        console.print(escape(f"purpose: {purpose}"), style="dim")
    for line in changed_code(status):
        console.print(escape(line), style="yellow")
    if not_frozen := _not_frozen(status):
        console.print(escape(not_frozen), style="yellow")
    if unattended := _unattended(status):
        console.print(escape(unattended), style="yellow")
    return 0


def _read(arguments: argparse.Namespace) -> ExperimentStatus:
    """Read the state of an experiment file as it is now, or of the last start in a results folder."""
    asked = asked_by(arguments)
    meant = find_experiment(arguments.experiment, asked)
    if isinstance(meant, ExperimentFolder):
        return read_status(meant)
    if not ExperimentFolder(meant.experiment_path).record.exists():
        words = experiment_words(str(arguments.experiment or "exp.yaml"), asked.given)
        start = f"mle run {shlex.join(words)}"
        raise ResultsError(f"{meant.experiment_path}: no experiment has been started here. Next:\n  {start}")
    return read_plan_status(meant)


def _not_frozen(status: ExperimentStatus) -> str | None:
    found = [each.record.not_frozen for each in status.runs if each.record is not None and each.record.not_frozen]
    if not found:
        return None
    files = sorted({name for names in found for name in names})
    return f"{count(len(found), 'seed run')} imported {not_frozen_in_words(files)}"


def _purpose(folder: ExperimentFolder) -> str | None:
    # Not of status.record: what an experiment is for is in no experiment file.
    with contextlib.suppress(ResultsError):
        purpose = (read_experiment_record(folder) or {}).get("purpose")
        return purpose if isinstance(purpose, str) else None
    return None


def _unattended(status: ExperimentStatus) -> str | None:
    project = project_in(status.record)
    if project is None:
        return None
    return unattended_tasks(status.folder, (status.folder.path.absolute() / project).resolve())


def _as_json(status: ExperimentStatus) -> dict[str, object]:
    return {
        "experiment_dir": str(status.folder.path),
        "experiment_file": status.record.get("experiment_file"),
        "purpose": _purpose(status.folder),
        "counts": dict(status.counts),
        **{
            each.stage: {"status": each.status, "run": each.record._asdict() if each.record is not None else None}
            for each in status.processing
        },
        "unattended": _unattended(status),
        "runs": [
            {
                "configuration": run.configuration,
                "seed": run.seed,
                "status": run.status,
                "stale": run.stale,
                "changed_files": list(run.changed),
                "folder": str(run.folder.path),
                "run": run.record._asdict() if run.record is not None else None,
            }
            for run in status.runs
        ],
    }
