"""`mle report`: one HTML file about one or several experiments."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path

from mle_toolbox.cli.choice import (
    add_folder_arguments,
    add_only_current_argument,
    add_task_argument,
    result_folders,
)
from mle_toolbox.cli.files import shown
from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ConfigurationResults, SeedResults, load
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.series import array_words

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_folder_arguments(parser)
    parser.add_argument(
        "--output",
        "-o",
        type=Path,
        metavar="FILE",
        help="default: report.html in the results folder; for several, here",
    )
    parser.add_argument("--title", help="default: the project's name")
    for option in ("--lower-is-better", "--higher-is-better"):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="METRIC",
            help="for this metric; for others the name decides, and the report says so",
        )
    add_task_argument(parser)
    add_only_current_argument(parser)
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def call(arguments: argparse.Namespace) -> int:
    """Write the report and print where it is."""
    # The report is imported late: mistakes on the command line are found without charts and statistics.
    folders = result_folders(arguments.experiments)
    output = _output(arguments.output, folders)
    results = _load(folders, only_current=arguments.only_current).with_task(arguments.task)
    directions = dict(_directions(results, arguments.lower_is_better, arguments.higher_is_better))
    from mle_toolbox.report import write_report

    path = write_report(results, output, title=arguments.title, directions=directions)
    print(shown(path.absolute()))
    if arguments.open:
        webbrowser.open(path.absolute().as_uri())
    return 0


def _output(given: Path | None, folders: Sequence[Path]) -> Path:
    if given is None:
        return ExperimentFolder(folders[0]).report if len(folders) == 1 else Path("report.html")
    if given.is_dir():
        raise UsageError(f"--output {given}: this is a folder. Name a file in it, such as {given / 'report.html'}")
    return given


def _load(folders: Sequence[Path], *, only_current: bool) -> Configurations:
    if len(folders) == 1:
        results = load(folders[0], only_current=only_current)
    else:
        results = load(list(folders), only_current=only_current)
    if isinstance(results, ConfigurationResults | SeedResults):
        raise ResultsError(f"{folders[0]}: a report needs an experiment. Did you mean {str(results.path.parent)!r}?")
    return results


def _directions(results: Configurations, lower: Sequence[str], higher: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for name in set(lower) & set(higher):
        raise UsageError(
            f"--lower-is-better {name} --higher-is-better {name}: these contradict each other. Leave one out."
        )
    for option, names, value in (("--lower-is-better", lower, True), ("--higher-is-better", higher, False)):
        for name in names:
            if name not in results.metrics:
                there = ", ".join(map(repr, results.metrics)) or "none"
                hint = array_words(results, name) or did_you_mean(name, results.metrics)
                raise UsageError(f"{option} {name}: the metrics are {there}.{hint}")
            yield name, value
