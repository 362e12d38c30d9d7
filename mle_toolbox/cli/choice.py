"""The options that choose results, metrics and configurations, the same for all commands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mle_toolbox.cli.files import find_experiment_folder
from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import Configurations, ExperimentResults
from mle_toolbox.results.series import array_words, one_element_words
from mle_toolbox.statistics.over_tasks.comparable import SCALES
from mle_toolbox.text import listed

__all__ = [
    "NamesOfMetrics",
    "add_choice_arguments",
    "add_folder_arguments",
    "add_only_current_argument",
    "add_task_argument",
    "choose_configurations",
    "choose_metrics",
    "folders_given",
    "result_folders",
    "scores_options",
]

_AT = re.compile(r"last|best|auc|mean-last-[1-9]\d*")


class NamesOfMetrics(argparse.Action):
    """Takes the names of metrics, and leaves folders and experiment files behind them to ``DIR…``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Note the names, and the folders for `folders_given`."""
        # `mle results --metric loss results/`. The first word is a metric, even if there is a folder of that name.
        first, *more = values
        folders = [word for word in more if Path(word).is_dir() or word.endswith((".yaml", ".yml"))]
        known = getattr(namespace, self.dest) or []
        setattr(namespace, self.dest, [*known, first, *(word for word in more if word not in folders)])
        namespace.folders_behind = [*getattr(namespace, "folders_behind", ()), *map(Path, folders)]


def folders_given(arguments: argparse.Namespace) -> list[Path]:
    """Return ``DIR…``, wherever it was written."""
    return [*arguments.experiments, *getattr(arguments, "folders_behind", ())]


def add_folder_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``DIR…``."""
    parser.add_argument(
        "experiments",
        type=Path,
        nargs="*",
        metavar="DIR",
        help="results folders or experiment files; default: that of exp.yaml, or this folder",
    )


def add_choice_arguments(parser: argparse.ArgumentParser, usual_metrics: str = "the first one") -> None:
    """Declare the options that choose the number taken from each run and how seeds are summarised."""
    parser.add_argument(
        "--metric", action=NamesOfMetrics, nargs="+", metavar="NAME", help=f"one or several; default: {usual_metrics}"
    )
    parser.add_argument(
        "--at",
        type=_at,
        default="last",
        metavar="last|best|auc|mean-last-K",
        help="the value taken from each run: the last one, the best one, the area under its curve, or the mean of the "
        "last K; default: last",
    )
    parser.add_argument(
        "--statistic",
        choices=["mean", "median", "iqm"],
        default="mean",
        help="how seeds are aggregated; iqm: the mean of their middle half; default: mean",
    )
    parser.add_argument(
        "--confidence", type=_confidence, default=0.95, metavar="C", help="confidence level; default: 0.95"
    )
    better = parser.add_mutually_exclusive_group()
    better.add_argument(
        "--lower-is-better",
        action="store_true",
        default=None,
        dest="lower_is_better",
        help="lower values are better; default: what the experiment file says, else a guess from the metric's name, "
        "which the output mentions",
    )
    better.add_argument(
        "--higher-is-better",
        action="store_false",
        default=None,
        dest="lower_is_better",
        help="higher values are better",
    )
    parser.add_argument(
        "--configurations", nargs="+", metavar="NAME", help="only these: names or patterns such as 'sgd*'; default: all"
    )
    add_task_argument(parser)
    parser.add_argument(
        "--scores",
        choices=list(SCALES),
        help="common scale for scores on different tasks; default: references if there are any, as-is if all scores "
        "lie between 0 and 1, else range",
    )
    parser.add_argument(
        "--references",
        type=Path,
        metavar="FILE",
        help="a CSV file with the columns task, low and high; default: reference_scores.csv in the results folder or "
        "beside the experiment file",
    )
    parser.add_argument(
        "--common-tasks", action="store_true", help="compare all methods, over the tasks on which all have scores"
    )
    add_only_current_argument(parser)


def add_task_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--task``."""
    parser.add_argument(
        "--task",
        action="append",
        metavar="KEY",
        help="the setting that is the task (an environment, a data set), or none; may be given several times; default: "
        "what the experiment file says",
    )


def scores_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how scores of unlike tasks are made comparable, as ``over_tasks`` takes it."""
    from mle_toolbox.results.reference_scores import read_references

    return {
        "scores": arguments.scores,
        "references": None if arguments.references is None else read_references(arguments.references),
        "common_tasks": arguments.common_tasks,
    }


def add_only_current_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--only-current``."""
    parser.add_argument("--only-current", action="store_true", help="leave out seed runs made by older code")


def result_folders(given: Sequence[Path]) -> tuple[Path, ...]:
    """Return the results folders of the given folders and experiment files, each once.

    Without any: that of ./exp.yaml, or the current folder when it holds results itself.

    Raises
    ------
    ResultsError
        When none is given and none is here, or an experiment has not been run yet.
    """
    if given:
        # By the resolved path: an experiment under two names would be compared with itself.
        folders: dict[Path, Path] = {}
        for folder in map(_folder, given):
            folders.setdefault(folder.resolve(), folder)
        return tuple(folders.values())
    here = ExperimentFolder(Path())
    if not Path("exp.yaml").exists() and (here.record.exists() or here.results.exists()):
        return (here.path,)
    return (_folder(None),)


def choose_metrics(results: Configurations, given: Sequence[str] | None, option: str = "--metric") -> tuple[str, ...]:
    """Return the requested metrics, or the one that ranks the trials of a search, or the first one.

    Raises
    ------
    UsageError
        When there is no such metric.
    ResultsError
        When no metric with one number per tick is logged.
    """
    there = results.metrics
    if not there:
        nothing = "No configuration has logged a metric with one number per tick."
        raise ResultsError(nothing + one_element_words(results))
    given = [results.metric_here(name) for name in given or ()]
    for name in given:
        if name not in there:
            hint = array_words(results, name) or did_you_mean(name, there)
            raise UsageError(f"{option} {name}: the metrics are {listed(map(repr, there), 12)}.{hint}")
    if given:
        return tuple(dict.fromkeys(given))
    search = results.search if isinstance(results, ExperimentResults) else None
    ranking = [name for name in search.metrics if name in there] if search is not None else []
    return (*ranking, *there)[:1]


def choose_configurations(names: Iterable[str], given: Iterable[str] | None) -> tuple[str, ...]:
    """Return the configurations requested by name or pattern, in the order of the request.

    Raises
    ------
    UsageError
        When a name or pattern fits none.
    """
    names = tuple(names)
    if not given:
        return names
    chosen: dict[str, None] = {}
    for wanted in given:
        # An exact name first: it may contain characters that are special in patterns, such as `[`.
        fitting = [wanted] if wanted in names else [name for name in names if fnmatchcase(name, wanted)]
        if not fitting:
            raise UsageError(
                f"--configurations {wanted}: the names are {listed(map(repr, names), 12)}.{did_you_mean(wanted, names)}"
            )
        chosen.update(dict.fromkeys(fitting))
    return tuple(chosen)


def _folder(given: Path | None) -> Path:
    folder = find_experiment_folder(given)
    if given is not None and given.is_dir() and folder.path == given:
        return given
    if not folder.path.exists():
        name = given if given is not None else Path("exp.yaml")
        raise ResultsError(f"{name} has not been run yet: there is no folder {folder.path}. Next:\n  mle run {name}")
    return folder.path


def _at(text: str) -> str:
    if not _AT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not last, best, auc or mean-last-10 (or another number)")
    return text


def _confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} does not lie between 0 and 1; 0.95 means 95 %")
    return value
