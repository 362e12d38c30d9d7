"""Learning curves of methods, one panel for each task, and how fast they learn over all tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import log_scale
from mle_toolbox.plots.curve_lines import CurveLines, draw_curve
from mle_toolbox.plots.figure_text import plain
from mle_toolbox.plots.sheet import Entry, new_sheet
from mle_toolbox.plots.style import Look, drawing, looks, points
from mle_toolbox.statistics import Curve
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.statistics.over_tasks import estimate_over_tasks

__all__ = ["task_curves"]

Floats = NDArray[np.float64]

_PANEL = (1.9, 1.5)  # inches
_MOST_COLUMNS = 4
_POINTS = 41
ALL = "all tasks"


def task_curves(
    curves: Mapping[str, Mapping[str, Curve]],
    *,
    statistic: str = "mean",
    confidence: float = 0.95,
    references: Mapping[str, tuple[float, float]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    over_all: bool = True,
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the learning curves of all methods, a panel for each task.

    Parameters
    ----------
    curves
        Task -> method -> curve.
    statistic, confidence
        Over the seeds, as in `learning_curves`.
    references
        Task -> (low, high): the scale of the panel of all tasks; None: the range of the curves of each task.
    log_x, log_y
        Logarithmic axes of the tasks.
    over_all
        Whether a last panel shows the mean over the tasks of the scaled curves, against the share of the time, for the
        methods that have a curve on every task.
    note, size, caption, style
        As in `learning_curves`.

    Returns
    -------
    Figure
        Of matplotlib. Each panel has axes of its own, because tasks have unlike scores.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.
    """
    methods = list(dict.fromkeys(name for each in curves.values() for name in each))
    if not methods:
        raise StatisticsError("There is nothing to draw: no method has a finished seed run.")
    own = dict(zip(methods, looks_of(len(methods), style), strict=True))
    whole = [name for name in methods if all(name in each and _is_known(each[name]) for each in curves.values())]
    with_all = over_all and len(curves) > 1 and bool(whole)
    count = len(curves) + with_all
    # Of four and three columns the ones that leave fewer empty places.
    columns = (
        count if count <= _MOST_COLUMNS else min((_MOST_COLUMNS, _MOST_COLUMNS - 1), key=lambda each: -count % each)
    )
    rows = math.ceil(count / columns)
    with drawing(style):
        sheet = new_sheet(
            size or (_PANEL[0] * columns + 0.4, _PANEL[1] * rows + 0.3), rows, columns, own_x=True, own_y=True
        )
        for axes in sheet.axes[count:]:
            axes.set_visible(False)
        for axes, (task, each) in zip(sheet.axes, curves.items(), strict=False):
            _panel(axes, task, each, own, statistic, confidence, log_x=log_x, log_y=log_y)
        if with_all:
            _panel_of_all(sheet.axes[len(curves)], curves, whole, own, confidence, references)
        for name in methods:
            look = own[name]
            handle = Line2D([], [], color=look.colour, linestyle=look.line, linewidth=1.8)
            sheet.entries.append(Entry(handle, name))
        any_curve = next(curve for each in curves.values() for curve in each.values())
        sheet.x_label = any_curve.time_name
        sheet.axes[0].figure.supylabel(any_curve.metric, fontsize=points(1.0))
        scale = "the references" if references else "the lowest and the highest value seen"
        return sheet.finish(
            [
                f"Bold: {STATISTICS[statistic]} of the seeds with its interval; each panel has its own scale.",
                f"{ALL.capitalize()}: mean over the tasks of the scores between {scale} of each task, against the "
                "share of the time; the interval is about these tasks."
                if with_all
                else "",
                note,
            ]
            if caption
            else ()
        )


def looks_of(count: int, style: str | None) -> list[Look]:
    """Return the looks under a style, which decides the colours."""
    with drawing(style):
        return looks(count)


def _is_known(curve: Curve) -> bool:
    return bool(np.isfinite(curve.values).any())


def _panel(
    axes: Axes,
    task: str,
    curves: Mapping[str, Curve],
    own: Mapping[str, Look],
    statistic: str,
    confidence: float,
    *,
    log_x: bool,
    log_y: bool,
) -> None:
    lines = [CurveLines.of(name, curve, statistic, confidence, log_x=log_x) for name, curve in curves.items()]
    if log_x:
        log_scale(axes, "x", [each.curve.time for each in lines])
    if log_y:
        log_scale(axes, "y", [each.curve.values for each in lines])
    for each in lines:
        draw_curve(axes, each, own[each.name], with_seeds=False, marker_shift=None)
    _decorate(axes, task)


def _panel_of_all(
    axes: Axes,
    curves: Mapping[str, Mapping[str, Curve]],
    methods: list[str],
    own: Mapping[str, Look],
    confidence: float,
    references: Mapping[str, tuple[float, float]] | None,
) -> None:
    share = np.linspace(0.0, 1.0, _POINTS)
    scaled = {task: _scaled(each, share, (references or {}).get(task)) for task, each in curves.items()}
    for method in methods:
        center, low, high = (np.full(_POINTS, np.nan) for _ in range(3))
        for place in range(_POINTS):
            cells = {task: each[method][:, place] for task, each in scaled.items()}
            finite = {task: values[np.isfinite(values)] for task, values in cells.items()}
            # Where a seed of a task has no value any more, the mean would go over other runs than before.
            if all(len(values) for values in finite.values()):
                found = estimate_over_tasks(finite, "mean", confidence)
                center[place], low[place], high[place] = found.value, found.low, found.high
        look = own[method]
        axes.fill_between(share, low, high, color=look.colour, alpha=0.18, linewidth=0, gid="band")
        axes.plot(share, center, color=look.colour, linestyle=look.line, linewidth=1.8, gid="all")
    axes.set_xticks([0, 0.5, 1], ["0", "½", "all"])
    _decorate(axes, ALL)


def _scaled(curves: Mapping[str, Curve], share: Floats, ends: tuple[float, float] | None) -> Mapping[str, Floats]:
    """Return for each method the scores of its seeds at shares of the time, shape (S, K), between the ends."""
    last = min(float(each.time[-1]) for each in curves.values())
    first = max(float(each.time[0]) for each in curves.values())
    times = first + share * (last - first)
    at = {
        name: np.array([np.interp(times, each.time, row) for row in each.values]).reshape(len(each.values), len(times))
        for name, each in curves.items()
    }
    finite = np.concatenate([values[np.isfinite(values)] for values in at.values()])
    low, high = ends if ends is not None else (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    return {name: (values - low) / (high - low if high != low else 1.0) for name, values in at.items()}


def _decorate(axes: Axes, title: str) -> None:
    axes.set_title(plain(title), fontsize=points(0.9), loc="left", pad=3)
    axes.tick_params(labelsize=points(0.78), length=2)
    axes.locator_params(nbins=4) if axes.get_xscale() == axes.get_yscale() == "linear" and title != ALL else None
