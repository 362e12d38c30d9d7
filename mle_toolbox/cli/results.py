"""`mle results`: the table of final values, as text, CSV, LaTeX, Markdown, JSON or parquet."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from mle_toolbox.cli.choice import (
    add_choice_arguments,
    add_folder_arguments,
    choose_configurations,
    choose_metrics,
    result_folders,
    scores_options,
)
from mle_toolbox.cli.consoles import error_console, output_console
from mle_toolbox.cli.files import shown
from mle_toolbox.errors import MissingExtraError, UsageError, did_you_mean
from mle_toolbox.render.overview import MAX_METRICS, too_many_metrics
from mle_toolbox.results import Configurations, ExperimentResults, load
from mle_toolbox.text import listed

if TYPE_CHECKING:
    from mle_toolbox.render.rendered import Rendered

__all__ = ["add_arguments", "call", "read_results"]

_SUFFIXES = {
    ".txt": "rich",
    ".csv": "csv",
    ".parquet": "parquet",
    ".md": "markdown",
    ".tex": "latex",
    ".json": "json",
}
_FORMATS = tuple(_SUFFIXES.values())
_ONE_TABLE = ("csv", "parquet")
_FOR_PROGRAMS = ("csv", "parquet", "json")

TOP = 10
"""Trials of a search in a terminal."""
ALL = 0
"""``--top all``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_folder_arguments(parser)
    add_choice_arguments(parser, "all of them, with --compare the first one")
    parser.add_argument(
        "--compare",
        nargs="?",
        const="best",
        metavar="BASELINE",
        help="compare all configurations with this one, with the best one (without a name), or with each other (all)",
    )
    parser.add_argument(
        "--top",
        type=_top,
        metavar="K",
        help="of a search, only the best K trials, or all; default: 10 in a terminal, all of them elsewhere",
    )
    parser.add_argument("--include-unfinished", action="store_true", help="also count failed and running seed runs")
    parser.add_argument("--format", choices=_FORMATS, help="default: what --output ends with, else rich (a terminal)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there instead of printing it")


def call(arguments: argparse.Namespace) -> int:
    """Print or write the summary, and the comparisons if requested."""
    form = _format(arguments.format, arguments.output)
    results = read_results(arguments)
    parts = _parts(results, arguments, form)
    if form == "parquet":
        _write_parquet(parts, arguments.output)
    elif arguments.output is not None:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(_text(parts, form), encoding="utf-8")
    elif form == "rich":
        console = output_console()
        for place, part in enumerate(parts):
            if place:
                console.print()
            console.print(part)
    else:
        print(_text(parts, form), end="")
    if arguments.output is not None:
        error_console().print(f"Written: {shown(arguments.output)}", markup=False)
    return 0


def read_results(arguments: argparse.Namespace) -> Configurations:
    """Return the results chosen by ``DIR…`` and ``--configurations``."""
    folders = result_folders(arguments.experiments)
    current = arguments.only_current
    found = load(folders[0] if len(folders) == 1 else folders, only_current=current)
    # The folder of one configuration or seed run is shown as an experiment of one.
    results = found if isinstance(found, Configurations) else load([folders[0]], only_current=current)
    results = results.with_task(arguments.task)
    if arguments.configurations:
        return results.select(choose_configurations(results, arguments.configurations))
    return results


def _parts(results: Configurations, arguments: argparse.Namespace, form: str) -> list[Rendered]:
    """Return the tables. A format that holds only one gets the comparisons if they were requested."""
    options: dict[str, Any] = {
        "at": arguments.at,
        "lower_is_better": arguments.lower_is_better,
        "confidence": arguments.confidence,
        "include_unfinished": arguments.include_unfinished,
    }
    if arguments.top is not None and results.tasks is not None:
        raise UsageError(f"--top {arguments.top}: trials of several tasks ({results.tasks.key_words}) are not ranked.")
    if _has_tasks(results):
        return _over_tasks(results, arguments, form, options)
    if _wants_trials(results, arguments):
        return [_trials(results, arguments, form, options)]
    if arguments.top is not None:
        why = "leave out --compare, --at and --statistic" if results.searched else "this is no search"
        if results.searched and not isinstance(results, ExperimentResults):
            why = "give the results folder of one search"
        raise UsageError(f"--top {arguments.top}: it shortens the ranking of a search's trials; {why}.")
    metrics = choose_metrics(results, arguments.metric)
    if not arguments.metric and not arguments.compare:
        metrics = results.metrics[:MAX_METRICS] if form == "rich" else results.metrics
        if len(results.metrics) > len(metrics):
            error_console().print(too_many_metrics(results.metrics), markup=False)
    parts: list[Rendered] = []
    if not arguments.compare or form not in _ONE_TABLE:
        parts.append(results.summary(metrics, statistic=arguments.statistic, **options))
    if arguments.compare:
        baseline = _baseline(results, arguments.compare)
        parts += [results.compare(metric=metric, baseline=baseline, **options) for metric in metrics]
    return parts


def _has_tasks(results: Configurations) -> bool:
    """Tell whether there are several tasks and somebody has said which they are."""
    return results.tasks is not None and not results.tasks.guessed


def _over_tasks(
    results: Configurations, arguments: argparse.Namespace, form: str, options: Mapping[str, Any]
) -> list[Rendered]:
    """Return a table of methods and tasks for each metric; with --compare also the comparisons within each task."""
    metrics = choose_metrics(results, arguments.metric)
    if not arguments.metric and len(results.metrics) > 1:
        if form in _FOR_PROGRAMS:
            metrics = results.metrics
        else:
            others = [name for name in results.metrics if name not in metrics]
            error_console().print(f"Not shown: {listed(others)}. --metric NAME shows them.", markup=False)
    parts: list[Rendered] = []
    for metric in metrics if not arguments.compare or form not in _ONE_TABLE else ():
        scores = scores_options(arguments)
        parts.append(results.task_table(metric, statistic=arguments.statistic, **options, **scores))
    if arguments.compare:
        baseline = _baseline(results, arguments.compare)
        parts += [results.compare(metric=metric, baseline=baseline, **options) for metric in metrics]
    return parts


def _wants_trials(results: Configurations, arguments: argparse.Namespace) -> TypeGuard[ExperimentResults]:
    """Tell whether to show the trials of a search; their score is that of the file, so not with a choice of another."""
    own = not arguments.compare and arguments.at == "last" and arguments.statistic == "mean"
    return isinstance(results, ExperimentResults) and results.search is not None and own


def _trials(
    results: ExperimentResults, arguments: argparse.Namespace, form: str, options: Mapping[str, Any]
) -> Rendered:
    metrics = choose_metrics(results, arguments.metric) if arguments.metric else None
    top = arguments.top if arguments.top is not None else TOP if form == "rich" else ALL
    given = {name: options[name] for name in ("lower_is_better", "confidence", "include_unfinished")}
    return results.trial_table(metrics, top=None if top == ALL else top, **given)


def _baseline(results: Configurations, given: str) -> str | None:
    methods = results.tasks.names if results.tasks is not None else ()
    if given in results or given in methods or given == "best":
        return given
    if given == "all":
        return None
    hint = did_you_mean(given, [*results, *methods, "best", "all"])
    if Path(given).is_dir():
        hint = f" To compare the experiments in {given!r}, write it before --compare."
    raise UsageError(f"--compare {given}: there is {listed(map(repr, results), 12)}, or best, or all.{hint}")


def _top(text: str) -> int:
    if text == "all":
        return ALL
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of trials, such as 20, or all")
    return int(text)


def _format(given: str | None, output: Path | None) -> str:
    if given is None:
        form = "rich" if output is None else _SUFFIXES.get(output.suffix.lower(), "")
        if not form:
            raise UsageError(f"{output}: the name must end with one of {', '.join(_SUFFIXES)}, or give --format.")
        return form
    if given == "parquet" and output is None:
        raise UsageError("A parquet table is not for the terminal. Give --output FILE.parquet.")
    return given


def _text(parts: list[Rendered], form: str) -> str:
    from mle_toolbox.render.records import csv_text, json_text
    from mle_toolbox.results.shown import TrialTable

    if form == "csv":
        return csv_text([record for part in parts for record in part.records()])
    if form == "json":
        if isinstance(parts[0], TrialTable):
            return parts[0].to_json()
        kinds = [_KINDS[type(part).__name__] for part in parts]
        # Numbered where there are several of a kind.
        names = [
            kind if kinds.count(kind) == 1 else f"{kind}_{kinds[: place + 1].count(kind)}"
            for place, kind in enumerate(kinds)
        ]
        return json_text({name: part.to_dict() for name, part in zip(names, parts, strict=True)})
    return "\n".join(map(_WRITERS[form], parts))


_KINDS = {"Summary": "summary", "TaskTable": "tasks", "Comparisons": "comparisons"}

_WRITERS: dict[str, Callable[[Rendered], str]] = {
    "rich": lambda part: f"{part}\n",
    "markdown": lambda part: part.to_markdown(),
    "latex": lambda part: part.to_latex(),
}


def _write_parquet(parts: list[Rendered], output: Path) -> None:
    from mle_toolbox.render.records import dataframe

    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        dataframe([record for part in parts for record in part.records()]).to_parquet(output)
    except ImportError as error:
        raise MissingExtraError(
            "Writing parquet needs pandas and pyarrow. Install them: pip install pandas pyarrow"
        ) from error
