"""`mle status`: configurations x seeds at a glance."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from mle_toolbox.cli.consoles import output_console
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, find_experiment
from mle_toolbox.drive.pace import Going, Look, Pace
from mle_toolbox.drive.status import (
    ExperimentStatus,
    SeedRunStatus,
    nothing_collected,
    read_plan_status,
    read_status,
)
from mle_toolbox.drive.unattended import unattended_tasks
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import experiment_words
from mle_toolbox.experiment_record import project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.statuses import (
    changed_code,
    driver_line,
    due_line,
    failure_lines,
    processing_line,
    running_table,
    status_grid,
    status_line,
)
from mle_toolbox.render.trial_statuses import many_grid, search_grid
from mle_toolbox.seed_run.own_code import not_frozen_in_words
from mle_toolbox.text import count, listed, rough_duration

__all__ = ["add_arguments", "call"]

# From so many configurations on they are grouped.
_MANY = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment", type=Path, nargs="?", help="results folder or experiment file; default: exp.yaml")
    add_replacing_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def call(arguments: argparse.Namespace) -> int:
    """Print the state of an experiment, live or finished, from its files.

    The scheduler is asked only when the files name tasks whose driver is gone.
    """
    # Until the end: the first look for garbage after it was allowed again would go through all records.
    with nothing_collected():
        return _show(_read(arguments), as_json=arguments.json)


def _show(status: ExperimentStatus, *, as_json: bool) -> int:
    look = Pace().look(status)
    for sentence in status.damage:
        print(sentence, file=sys.stderr)
    if as_json:
        # Indented for people only: for ten thousand seed runs that takes seconds.
        indent = 2 if sys.stdout.isatty() else None
        print(json.dumps(_as_json(status, look), indent=indent, ensure_ascii=False))
        return 0
    console = output_console()
    # No line of this is copied from the terminal, so all are broken between words.
    console.soft_wrap = False
    if status.is_search:
        console.print(search_grid(status))
    else:
        console.print(status_grid(status) if len(status.configurations) < _MANY else many_grid(status))
    left = f"; about {rough_duration(look.left)} left" if look.left is not None else ""
    console.print(f"{status_line(status)}{left}", markup=False)
    for each in status.processing:
        console.print(processing_line(each))
    if (running := running_table(status, look)) is not None:
        console.print()
        console.print(running)
    if status.failed():
        console.print()
        for line in failure_lines(status):
            console.print(line)
    console.print()
    if due := due_line(status):
        console.print(due, markup=False)
    console.print(driver_line(status), markup=False)
    if status.dropped:
        console.print(f"not in the experiment file any more: {listed(status.dropped)}", markup=False, style="dim")
    if purpose := _purpose(status.folder):
        console.print(escape(f"purpose: {purpose}"), style="dim")
    for sentence in changed_code(status):
        console.print(escape(sentence), style="yellow")
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


def _as_json(status: ExperimentStatus, look: Look) -> dict[str, object]:
    causes = {
        run: {"cause": group.failure.words, "place": group.failure.place}
        for group in status.failures
        for run in group.runs
    }
    return {
        "experiment_dir": str(status.folder.path),
        "experiment_file": status.record.get("experiment_file"),
        "purpose": _purpose(status.folder),
        "counts": dict(status.counts),
        "due": sum(run.is_due for run in status.runs),
        "restorable": status.restorable,
        "new": sum(run.is_new for run in status.runs),
        "seconds_left": look.left,
        "driver": None if status.holder is None else asdict(status.holder),
        "dropped": list(status.dropped),
        **({} if status.looks is None else {"looks": status.looks.to_dict()}),
        **{
            each.stage: {"status": each.status, "run": each.record._asdict() if each.record is not None else None}
            for each in status.processing
        },
        "unattended": _unattended(status),
        "failures": [
            {
                "cause": group.failure.words,
                "place": group.failure.place,
                "runs": [{"configuration": name, "seed": seed} for name, seed in group.runs],
            }
            for group in status.failures
        ],
        "runs": [
            {
                **_run_as_json(run, look.going.get((run.configuration, run.seed))),
                **causes.get((run.configuration, run.seed), {}),
            }
            for run in status.runs
        ],
    }


def _run_as_json(run: SeedRunStatus, going: Going | None) -> dict[str, object]:
    content: dict[str, object] = {
        "configuration": run.configuration,
        "seed": run.seed,
        "status": run.status,
        "due": run.is_due,
        "new": run.is_new,
        "stale": run.stale,
        "changed_files": list(run.changed),
        "folder": str(run.folder.path),
        "run": run.record._asdict() if run.record is not None else None,
    }
    if going is not None:
        content |= {
            "ticks": going.n_ticks,
            "ticks_expected": going.expected,
            "seconds": going.seconds,
            "seconds_left": going.left,
            "silent_seconds": going.silent,
        }
    return content
