"""`mle status`: configurations x seeds at a glance."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from mle_toolbox.cli.files import find_experiment_folder
from mle_toolbox.cli.tables import output_console, status_grid, status_line
from mle_toolbox.drive.status import ExperimentStatus, read_status

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="results folder or experiment file; default: exp.yaml")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def call(arguments: argparse.Namespace) -> int:
    """Print the state of an experiment, live or finished; reads files only."""
    status = read_status(find_experiment_folder(arguments.experiment))
    if arguments.json:
        print(json.dumps(_as_json(status), indent=2, ensure_ascii=False))
        return 0
    console = output_console()
    console.print(status_grid(status))
    console.print(status_line(status))
    return 0


def _as_json(status: ExperimentStatus) -> dict[str, object]:
    return {
        "experiment_dir": str(status.folder.path),
        "experiment_file": status.record["experiment_file"],
        "counts": dict(status.counts),
        "runs": [
            {
                "configuration": run.configuration,
                "seed": run.seed,
                "status": run.status,
                "stale": run.stale,
                "folder": str(run.folder.path),
                "run": asdict(run.record) if run.record is not None else None,
            }
            for run in status.runs
        ],
    }
