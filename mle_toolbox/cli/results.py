"""`mle results`: the table of final values, as text, CSV, LaTeX, Markdown, JSON or parquet."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from mle_toolbox.cli.choice import (
    NamesOfMetrics,
    add_choice_arguments,
    add_folder_arguments,
    choose_configurations,
    choose_metrics,
    folders_given,
    result_folders,
    scores_options,
)
from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.files import shown
from mle_toolbox.errors import MissingExtraError, UsageError, did_you_mean
from mle_toolbox.render.number_form import NumberForm
from mle_toolbox.render.overview import metrics_to_show, words_on_others
from mle_toolbox.results import Configurations, ExperimentResults, load
from mle_toolbox.text import listed

if TYPE_CHECKING:
    from mle_toolbox.render.rendered import Rendered
    from mle_toolbox.results.shown import GroupTable, MethodComparisons, TrialTable

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
_ALL_METHODS_UP_TO = 6
"""With --compare alone, so few methods are compared with each other, more only with the best one."""
ALL = 0
"""``--top all``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_folder_arguments(parser)
    add_choice_arguments(parser, "all; with --compare, the first one")
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
        help="show only the best K configurations or trials, or all; default: 10 for a search in a terminal, else all",
    )
    parser.add_argument(
        "--sort", metavar="METRIC", help="sort by this metric, the best first; default: in the order of exp.yaml"
    )
    parser.add_argument(
        "--group-by",
        metavar="KEY",
        help="a row for each value of this setting, averaged over the configurations that have it",
    )
    parser.add_argument(
        "--std",
        action="store_true",
        help="show the standard deviation over the seeds after ±, not the interval; CSV and JSON get a column for it",
    )
    parser.add_argument(
        "--percent",
        action=NamesOfMetrics,
        nargs="+",
        metavar="NAME",
        help="show these metrics in percent: 91.4 for 0.914; CSV and JSON keep the number",
    )
    parser.add_argument("--include-unfinished", action="store_true", help="also count failed and running seed runs")
    parser.add_argument("--format", choices=_FORMATS, help="default: what --output ends with, else rich (a terminal)")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write to this file instead of printing")


def call(arguments: argparse.Namespace) -> int:
    """Print or write the summary, and the comparisons if requested."""
    form = _format(arguments.format, arguments.output)
    results = read_results(arguments)
    if form not in _FOR_PROGRAMS:
        results = results.displayed()
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
    folders = result_folders(folders_given(arguments))
    current = arguments.only_current
    found = load(folders[0] if len(folders) == 1 else folders, only_current=current)
    # The folder of one configuration or seed run is shown as an experiment of one.
    results = found if isinstance(found, Configurations) else load([folders[0]], only_current=current)
    results = results.with_task(arguments.task)
    if arguments.configurations:
        return results.select(choose_configurations(results, map(results.name_here, arguments.configurations)))
    return results


def _parts(results: Configurations, arguments: argparse.Namespace, form: str) -> list[Rendered]:
    """Return the tables. A format that holds only one gets the comparisons if they were requested."""
    options: dict[str, Any] = {
        "at": arguments.at,
        "lower_is_better": arguments.lower_is_better,
        "confidence": arguments.confidence,
        "include_unfinished": arguments.include_unfinished,
    }
    for option in ("top", "sort"):
        if (value := getattr(arguments, option)) is not None and results.tasks is not None:
            what = "trials" if results.searched else "configurations"
            words = f"{what} of several tasks ({results.tasks.key_words}) are not ranked"
            raise UsageError(f"--{option} {value or 'all'}: {words}.")
    percent = choose_metrics(results, arguments.percent, "--percent") if arguments.percent else ()
    numbers = NumberForm(arguments.std, percent, results.labels)
    if arguments.group_by is not None:
        return [replace(_groups(results, arguments, form, options), form=numbers)]
    if _has_tasks(results):
        return _over_tasks(results, arguments, form, options, numbers)
    if _wants_trials(results, arguments):
        return [replace(_trials(results, arguments, form, options), form=numbers)]
    if arguments.top is not None and results.searched:
        alone = isinstance(results, ExperimentResults)
        why = "leave out --compare, --at and --statistic" if alone else "give the results folder of one search"
        raise UsageError(f"--top {arguments.top}: it shortens the ranking of a search's trials; {why}.")
    metrics = choose_metrics(results, arguments.metric)
    if not arguments.metric and not arguments.compare:
        metrics = metrics_to_show(results) if form == "rich" else results.metrics
        if others := words_on_others(results, metrics):
            print_words(error_console(), others)
    parts: list[Rendered] = []
    if not arguments.compare or form not in _ONE_TABLE:
        [by] = choose_metrics(results, [arguments.sort] if arguments.sort else metrics[:1], "--sort")
        shown = tuple(dict.fromkeys((by, *metrics)))
        order: dict[str, Any] = {"sort": arguments.sort is not None, "top": arguments.top or None}
        summary = results.summary(shown, statistic=arguments.statistic, **order, **options)
        parts.append(replace(summary, form=numbers))
    if arguments.compare:
        baseline = _baseline(results, arguments.compare)
        parts += _comparisons(results, metrics, baseline, options, numbers)
    return parts


def _comparisons(
    results: Configurations,
    metrics: Sequence[str],
    baseline: str | None,
    options: Mapping[str, Any],
    numbers: NumberForm,
) -> Iterator[Rendered]:
    """Yield the comparisons in each metric; the titles of several name it."""
    for metric in metrics:
        found = replace(results.compare(metric=metric, baseline=baseline, **options), form=numbers)
        yield found if len(metrics) == 1 else replace(found, title=f"{found.title}, {numbers.label(metric)}")


def _groups(
    results: Configurations, arguments: argparse.Namespace, form: str, options: Mapping[str, Any]
) -> GroupTable:
    for option in ("compare", "top", "sort"):
        if getattr(arguments, option) is not None:
            raise UsageError(f"--group-by and --{option} do not go together. Leave one out.")
    if arguments.statistic != "mean":
        raise UsageError(f"--statistic {arguments.statistic}: groups have means only. Leave it out.")
    if arguments.std:
        raise UsageError(
            "--std: a group is the mean of several configurations, each with a standard deviation of its own. "
            "Leave it out."
        )
    metrics = choose_metrics(results, arguments.metric)
    if not arguments.metric:
        metrics = metrics_to_show(results) if form == "rich" else results.metrics
    return results.grouped(arguments.group_by, metrics, **options)


def _has_tasks(results: Configurations) -> bool:
    """Tell whether there are several tasks and somebody has said which they are."""
    return results.tasks is not None and not results.tasks.guessed


def _over_tasks(
    results: Configurations,
    arguments: argparse.Namespace,
    form: str,
    options: Mapping[str, Any],
    numbers: NumberForm,
) -> list[Rendered]:
    """Return a table of methods and tasks for each metric; with --compare also those over all tasks and within each."""
    metrics = choose_metrics(results, arguments.metric)
    if not arguments.metric and len(results.metrics) > 1:
        if form in _FOR_PROGRAMS:
            metrics = results.metrics
        else:
            others = [name for name in results.metrics if name not in metrics]
            print_words(error_console(), f"Not shown: {listed(others)}. --metric NAME shows them.")
    parts: list[Rendered] = []
    for metric in metrics if not arguments.compare or form not in _ONE_TABLE else ():
        scores = scores_options(arguments)
        table = results.task_table(metric, statistic=arguments.statistic, **options, **scores)
        parts.append(replace(table, form=numbers))
    if arguments.compare:
        baseline = _baseline(results, arguments.compare)
        scores = scores_options(arguments)
        methods = [each for metric in metrics for each in _methods(results, metric, baseline, options, scores)]
        parts += [replace(each, form=numbers) for each in methods]
        parts += _comparisons(results, metrics, baseline, options, numbers)
    return parts


def _methods(
    results: Configurations, metric: str, baseline: str | None, options: Mapping[str, Any], scores: Mapping[str, Any]
) -> Iterator[MethodComparisons]:
    """Yield the comparisons of methods over the tasks, if there are any."""
    methods = results.tasks.names if results.tasks is not None else ()
    # A configuration as the baseline is one of a single task.
    if baseline is None or baseline == "best" or baseline in methods:
        few = len(methods) <= _ALL_METHODS_UP_TO
        one = None if baseline == "best" and few else baseline
        found = results.compare_methods(metric, baseline=one, **options, **scores)
        if found.pairs:
            yield found


def _wants_trials(results: Configurations, arguments: argparse.Namespace) -> TypeGuard[ExperimentResults]:
    """Tell whether to show the trials of a search; their score is that of the file, so not with a choice of another."""
    own = not arguments.compare and arguments.at == "last" and arguments.statistic == "mean"
    return isinstance(results, ExperimentResults) and results.search is not None and own


def _trials(
    results: ExperimentResults, arguments: argparse.Namespace, form: str, options: Mapping[str, Any]
) -> TrialTable:
    metrics = choose_metrics(results, arguments.metric) if arguments.metric else None
    if arguments.sort:
        own = metrics or (results.search.metrics if results.search is not None else ())
        metrics = tuple(dict.fromkeys((*choose_metrics(results, [arguments.sort], "--sort"), *own)))
    top = arguments.top if arguments.top is not None else TOP if form == "rich" else ALL
    given = {name: options[name] for name in ("lower_is_better", "confidence", "include_unfinished")}
    return results.trial_table(metrics, top=None if top == ALL else top, **given)


def _baseline(results: Configurations, given: str) -> str | None:
    methods = results.tasks.names if results.tasks is not None else ()
    given = results.name_here(given)
    if given in results or given in methods or given == "best":
        return given
    if given == "all":
        return None
    hint = did_you_mean(given, [*results, *methods, "best", "all"])
    if Path(given).is_dir():
        hint = f" To compare the experiments in {given!r}, write it before --compare."
    raise UsageError(f"--compare {given}: the names are {listed(map(repr, results), 12)}, best and all.{hint}")


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


_KINDS = {
    "Summary": "summary",
    "GroupTable": "groups",
    "TaskTable": "tasks",
    "MethodComparisons": "methods",
    "Comparisons": "comparisons",
}

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
