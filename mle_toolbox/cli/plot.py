"""`mle plot`: figures of the results, as PNG, SVG or PDF."""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mle_toolbox.cli import task_figures
from mle_toolbox.cli.choice import (
    add_choice_arguments,
    add_folder_arguments,
    choose_metrics,
    folders_given,
    result_folders,
    scores_options,
)
from mle_toolbox.cli.consoles import error_console
from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import KINDS, OVER_SETTINGS, draw, in_words
from mle_toolbox.cli.files import shown
from mle_toolbox.cli.results import read_results
from mle_toolbox.errors import MLEToolboxError, UsageError, did_you_mean
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import Configurations, ExperimentResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["add_arguments", "call", "figure_name"]

OF_A_SEARCH = ("slices", "history")
ON_REQUEST = ("contour", "importance")
"""Not among all kinds: a surface between few trials looks as if it had been measured, and a share like a fact."""
MOST_TRIALS = 10
"""Of a search, in a figure with a part for each configuration."""

_MISSING_GLYPH = re.compile(r"Glyph (\d+) .*missing from")
_PLACES = re.compile(r"\{(kind|metric)\}")
_BRACES = re.compile(r"\{[^{}]*\}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_folder_arguments(parser)
    parser.add_argument(
        "--kind",
        action="append",
        choices=[*KINDS, "all"],
        metavar="KIND",
        help="curve (learning curves), final (values of the seeds), profile (performance profiles), improvement (its "
        "probability), heatmap (over two settings), contour (an interpolation over two numeric settings), slices (a "
        "panel for each setting), history (the trials of a search in their order, and its winner with fresh seeds), "
        "importance (of its variables); over tasks: aggregate (with intervals), tasks (curves, a panel for each), "
        "ranks (with their critical difference); all: all of these except contour and importance; may be given "
        "several times; default: curve",
    )
    add_choice_arguments(parser)
    parser.add_argument("--time", metavar="NAME", help="time variable of the curves; default: the first one")
    parser.add_argument("--log-x", action="store_true", help="logarithmic time axis")
    parser.add_argument("--log-y", action="store_true", help="logarithmic axis (or colour scale) for the metric")
    parser.add_argument(
        "--settings",
        nargs="+",
        metavar="KEY",
        help="the two settings of the heat map or contour, or those of the slices; default: the variables of a search, "
        "else those that distinguish the most configurations",
    )
    parser.add_argument(
        "--seeds",
        action=argparse.BooleanOptionalAction,
        help="draw single seeds as thin lines; default: only with up to four configurations",
    )
    parser.add_argument("--include-unfinished", action="store_true", help="also show failed and running seed runs")
    parser.add_argument("--style", metavar="NAME", help="a matplotlib style, or a file with its settings")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the axes in inches, such as 3.3x2.2")
    parser.add_argument("--no-caption", action="store_true", help="leave out the caption")
    parser.add_argument(
        "--output",
        "-o",
        type=Path,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="one or several files ending in .png, .svg or .pdf; {kind} and {metric} are replaced; in a folder, files "
        "get the usual names; default: figures/{kind}_{metric}.png in the results folder",
    )


def call(arguments: argparse.Namespace) -> int:
    """Write the figures and print where they are."""
    kinds = list(dict.fromkeys(arguments.kind or ["curve"]))
    outputs = [_pattern(path) for path in arguments.output or [_usual_folder(folders_given(arguments))]]
    # matplotlib takes most of a second to import, and is not needed to see a mistake on the command line.
    results = read_results(arguments).displayed()
    metrics = choose_metrics(results, arguments.metric)
    wants_all, asked = "all" in kinds, kinds
    if wants_all:
        # Elsewhere than in a search configurations are not points of a space: a chart of one setting says little.
        kinds = [each for each in KINDS if each not in OF_A_SEARCH or results.searched or each in kinds]
        kinds = [each for each in kinds if each not in task_figures.KINDS or results.tasks is not None]
        kinds = [each for each in kinds if each not in ON_REQUEST or each in asked]
    chosen = [(kind, metric) for kind in kinds for metric in metrics]
    _check_names(outputs, chosen)
    written = 0
    with _one_line_on_missing_glyphs():
        for kind, metric in chosen:
            try:
                request = _request(arguments, metric, results.labels.get(metric, metric))
                chosen_results, request = _of_first_trials(kind, results, request, arguments)
                figure = draw(kind, chosen_results, request)
            except MLEToolboxError as error:
                # Of all kinds, some do not fit every experiment: a heat map needs two settings that differ.
                if not wants_all:
                    raise
                error_console().print(f"No {kind} of {metric}: {error}", markup=False)
                continue
            for path in _paths(outputs, kind, metric, metrics):
                _save(figure, path, arguments.style)
                print(shown(path.absolute()))
            if words := in_words(kind, chosen_results, request):
                # Not on stdout, where programs read the names of the files.
                error_console().print(words, markup=False, highlight=False)
            written += 1
    if not written:
        raise UsageError("There is nothing to draw.")
    return 0


def figure_name(kind: str, metric: str, metrics: Sequence[str]) -> tuple[str, str]:
    """Return the values of ``{kind}`` and ``{metric}`` in a file name; different for different metrics."""
    safe = [re.sub(r"[^\w.-]+", "_", name).strip("._")[:80] or "metric" for name in metrics]
    place = metrics.index(metric)
    # `a/b` and `a_b` become the same name: a number keeps the second figure from replacing the first.
    again = safe[:place].count(safe[place])
    return kind, f"{safe[place]}_{again + 1}" if again else safe[place]


def _request(arguments: argparse.Namespace, metric: str, called: str) -> FigureRequest:
    return FigureRequest(
        metric=metric,
        time=arguments.time,
        at=arguments.at,
        statistic=arguments.statistic,
        confidence=arguments.confidence,
        lower_is_better=arguments.lower_is_better,
        include_unfinished=arguments.include_unfinished,
        log_time=arguments.log_x,
        log_metric=arguments.log_y,
        settings=tuple(arguments.settings) if arguments.settings else None,
        seeds=arguments.seeds,
        size=arguments.size,
        caption=not arguments.no_caption,
        style=arguments.style,
        called=called,
        **scores_options(arguments),
    )


def _of_first_trials(
    kind: str, results: Configurations, request: FigureRequest, arguments: argparse.Namespace
) -> tuple[Configurations, FigureRequest]:
    """Return the first trials of a search where all of them would not fit into the figure; its caption says so."""
    if not isinstance(results, ExperimentResults) or results.search is None:
        return results, request
    # Over tasks a trial is a cell of a method and a task: without some of them methods would lack tasks.
    whole = kind in OVER_SETTINGS or results.tasks is not None
    if arguments.configurations or whole or len(results) <= MOST_TRIALS:
        return results, request
    ranked = results.ranking(request.metric, lower_is_better=request.lower_is_better)
    first = [each.name for each in ranked if each.name in results][:MOST_TRIALS]
    note = f"The first {len(first)} of {len(results):,} trials of a search."
    return results.select(first), replace(request, note=note)


def _usual_folder(given: Sequence[Path]) -> Path:
    folders = result_folders(given)
    home = folders[0] if len(folders) == 1 and folders[0].is_dir() else Path()
    return ExperimentFolder(home).figures / "{kind}_{metric}.png"


def _pattern(path: Path) -> str:
    """Return a file name, with placeholders if it has any; for a folder, the usual name in it."""
    if path.is_dir() or not path.suffix:
        return str(path / "{kind}_{metric}.png")
    for place in _BRACES.findall(str(path)):
        if not _PLACES.fullmatch(place):
            hint = did_you_mean(place, ("{kind}", "{metric}"))
            raise UsageError(f"--output {path}: unknown placeholder {place}; there are {{kind}} and {{metric}}.{hint}")
    from mle_toolbox.plots.saving import check_format

    check_format(path)
    return str(path)


def _check_names(outputs: Sequence[str], chosen: Sequence[tuple[str, str]]) -> None:
    """Refuse file names with which one figure would overwrite another."""
    several = [
        place
        for place, values in (("{kind}", {k for k, _ in chosen}), ("{metric}", {m for _, m in chosen}))
        if len(values) > 1
    ]
    for output in outputs:
        missing = [place for place in several if place not in output]
        if missing:
            path = Path(output)
            better = path.with_name(f"{path.stem}_{'_'.join(missing)}{path.suffix}")
            raise UsageError(
                f"--output {output}: {len(chosen)} figures need as many files. Use placeholders in the name: "
                f"--output '{better}'"
            )


def _paths(outputs: Sequence[str], kind: str, metric: str, metrics: Sequence[str]) -> Iterator[Path]:
    names = dict(zip(("kind", "metric"), figure_name(kind, metric, metrics), strict=True))
    for output in outputs:
        yield Path(_PLACES.sub(lambda place: names[place.group(1)], output))


def _save(figure: Figure, path: Path, style: str | None) -> None:
    from mle_toolbox.plots import save_figure

    try:
        save_figure(figure, path, style=style)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


@contextmanager
def _one_line_on_missing_glyphs() -> Iterator[None]:
    """List the characters that the font lacks in one line; matplotlib warns each time it measures one."""
    with warnings.catch_warnings(record=True) as caught:
        # By default Python shows a warning only the first time, which would hide all but one character.
        warnings.simplefilter("always")
        yield
    letters: dict[str, None] = {}
    for each in caught:
        found = _MISSING_GLYPH.match(str(each.message))
        if found:
            letters[chr(int(found[1]))] = None
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if letters:
        error_console().print(
            f"The font has no glyph for {' '.join(letters)}; a box is drawn instead. Choose another font in a file of "
            "matplotlib settings (font.family: ...) and give that file as --style.",
            markup=False,
        )


def _size(text: str) -> tuple[float, float]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)[x,](\d+(?:\.\d+)?)", text)
    if not found or not (0.5 <= float(found[1]) <= 100 and 0.5 <= float(found[2]) <= 200):
        raise argparse.ArgumentTypeError(f"{text!r} is not a width and height in inches, such as 5.5x3.4")
    return float(found[1]), float(found[2])
