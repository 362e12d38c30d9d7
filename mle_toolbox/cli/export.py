"""`mle export optuna`: a search as a study that Optuna and its dashboard open."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mle_toolbox.cli.choice import result_folders
from mle_toolbox.cli.files import shown
from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial
from mle_toolbox.search.smbo import StudyTrial, missing_library, write_journal
from mle_toolbox.text import count

__all__ = ["add_arguments", "call"]

_STATES = {"done": "complete", "running": "running", "failed": "failed", "died": "failed"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "format", metavar="optuna", choices=["optuna"], help="a journal file, which optuna-dashboard opens"
    )
    parser.add_argument(
        "experiment",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="results folder or experiment file of a search; default: that of exp.yaml, or this folder",
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="default: optuna.log in the results folder")


def call(arguments: argparse.Namespace) -> int:
    """Write the study and print where it is."""
    if (missing := missing_library()) is not None:
        raise UsageError(missing.replace("search_type 'SMBO'", "mle export optuna"))
    folders = result_folders([arguments.experiment] if arguments.experiment is not None else [])
    results = load(folders[0])
    if not isinstance(results, ExperimentResults) or results.search is None:
        raise ResultsError(f"{shown(folders[0])} is no search, and only a search is a study of Optuna.")
    found = results.ranking()
    if not found.metrics:
        raise ResultsError(f"{results.title}: this search ranks nothing (eval_metrics), so there is no study to write.")
    output = arguments.output if arguments.output is not None else folders[0] / "optuna.log"
    if output.is_dir():
        raise UsageError(f"--output {output}: this is a folder. Name a file in it, such as {output / 'optuna.log'}")
    metric = found.metrics[0]
    trials = [_trial(each, metric) for each in sorted(found, key=lambda each: (each.record.number, each.name))]
    notes = {"metric": metric, "search": found.search.type, **dict(_winner(results, found))}

    def write(path: Path) -> None:
        path.unlink(missing_ok=True)
        write_journal(
            path,
            results.title,
            found.search.variables,
            trials,
            lower_is_better=found.lower_is_better[metric],
            notes=notes,
        )

    replace_file(output, write)
    print(f"{count(len(trials), 'trial')}: {shown(output.absolute())}")
    return 0


def _trial(trial: ScoredTrial, metric: str) -> StudyTrial:
    score = trial.scores[metric]
    value = score.estimate.value if score.known else None
    state = "complete" if value is not None else _STATES.get(trial.status, "waiting")
    by_seed = dict(zip(map(str, score.sample.seeds), map(_finite, score.sample.values.tolist()), strict=True))
    notes: dict[str, Any] = {"name": trial.name, "seeds": score.estimate.n, metric: by_seed}
    if trial.failed or trial.diverged:
        notes |= {"failed": trial.failed, "diverged": trial.diverged}
    if trial.record.steps is not None:
        notes |= {"steps": trial.record.steps, "parent": trial.record.parent}
    if not trial.record.inside:
        notes["outside"] = "outside the present space"
    return StudyTrial(trial.record.values, value, state, notes)


def _winner(results: ExperimentResults, found: RankedTrials) -> Iterator[tuple[str, Any]]:
    """Yield what fresh seeds say of the winner: the values of the trials are those that chose it."""
    answer = results.winner()
    if answer is None or answer.winner is None or answer.estimate is None:
        yield "caution", f"the best of {count(len(found.ranked), 'trial')} by its own seeds looks better than it is"
        return
    yield "winner", answer.winner.name
    yield "value on fresh seeds", answer.estimate.value
    yield "95 % interval", [_finite(answer.estimate.low), _finite(answer.estimate.high)]


def _finite(value: float) -> float | None:
    # Its dashboard reads JSON, which has no NaN.
    return value if math.isfinite(value) else None
