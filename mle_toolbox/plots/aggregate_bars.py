"""Aggregates of methods over tasks with their intervals: one panel for each statistic, one row for each method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.sheet import new_sheet
from mle_toolbox.plots.style import drawing, looks, points
from mle_toolbox.statistics import Estimate

__all__ = ["aggregate_intervals"]

_PANEL_WIDTH = 1.75  # inches
_ROW_HEIGHT = 0.26
_NAMES_WIDTH = 1.6
_BAR = 0.62  # of a row


def aggregate_intervals(
    estimates: Mapping[str, Mapping[str, Estimate]],
    *,
    methods: Sequence[str] | None = None,
    label: str = "",
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw aggregates over tasks as in the rliable paper: a bar for the interval, a line for the value.

    Parameters
    ----------
    estimates
        Title of the statistic -> method -> estimate, see ``OverTasks.estimates``.
    methods
        The order of the rows, from above; default: that of the first statistic.
    label
        Of the axis: what the scores are.
    note, size, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. Each panel has an axis of its own.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264, figure 9.
    """
    rows = list(methods if methods is not None else next(iter(estimates.values()), {}))
    if not rows:
        raise StatisticsError("There is nothing to draw: no method has a score on all tasks.")
    usual = (_NAMES_WIDTH + _PANEL_WIDTH * len(estimates), 0.55 + _ROW_HEIGHT * len(rows))
    with drawing(style):
        sheet = new_sheet(size or usual, 1, len(estimates), own_x=True)
        colours = dict(zip(rows, looks(len(rows)), strict=True))
        for axes, (title, found) in zip(sheet.axes, estimates.items(), strict=True):
            for place, method in enumerate(rows):
                if method in found:
                    _draw(axes, place, found[method], colours[method].colour)
            axes.set_title(title, fontsize=points(1.0), pad=4)
            axes.tick_params(axis="y", length=0)
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.locator_params(axis="x", nbins=4)
            axes.margins(x=0.08)
        first = sheet.axes[0]
        first.set_ylim(len(rows) - 0.5, -0.5)
        measured = measure(sheet.figure, points(1.0))
        room = 0.4 * sheet.figure.get_figwidth()
        short = shortened(rows, room, lambda each: measured(plain(each)))
        first.set_yticks(range(len(rows)), [plain(name) for name in short])
        sheet.x_label = label
        how = next((each.method for found in estimates.values() for each in found.values()), "")
        words = f"Bars: {how.partition(' interval')[0]} intervals over the seeds of these tasks."
        return sheet.finish([words, note] if caption else ())


def _draw(axes: Axes, place: int, estimate: Estimate, colour: object) -> None:
    if math.isfinite(estimate.low):
        axes.add_patch(
            Rectangle(
                (estimate.low, place - _BAR / 2),
                estimate.high - estimate.low,
                _BAR,
                facecolor=colour,
                alpha=0.7,
                linewidth=0,
                gid="interval",
            )
        )
        axes.update_datalim(np.array([[estimate.low, place], [estimate.high, place]]))
    axes.plot(
        [estimate.value] * 2, [place - _BAR / 2, place + _BAR / 2], color="black", linewidth=1.2, alpha=0.8, gid="value"
    )
