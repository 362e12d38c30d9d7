"""Panels for more configurations than one pair of axes can hold: one for each, with the others behind in grey."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.sheet import Sheet, new_sheet
from mle_toolbox.plots.style import points

__all__ = ["MOST_IN_ONE", "draw_behind", "new_panels", "title_panels"]

MOST_IN_ONE = 10
"""Most configurations in one pair of axes."""

_WIDTH = 7.2  # inches
_PANEL_HEIGHT = 1.25
_TITLE_SIZE = 0.76  # of the text


def new_panels(count: int, size: tuple[float, float] | None) -> Sheet:
    """Return a sheet with one pair of axes for each configuration; all share their limits."""
    usual = min(max(4, math.ceil(math.sqrt(count / 1.4))), 10)
    # Of nearby numbers of columns the one that leaves the fewest empty places in the last row.
    columns = min((usual, usual - 1, usual + 1), key=lambda each: -count % each) if usual > 4 else usual
    rows = math.ceil(count / columns)
    sheet = new_sheet(size or (max(_WIDTH, 1.3 * columns), 0.5 + _PANEL_HEIGHT * rows), rows, columns)
    for axes in sheet.axes[count:]:
        axes.set_visible(False)
    # The last panel of each column needs the numbers of the time, also above an empty place.
    for axes in sheet.axes[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)
    sheet.axes = sheet.axes[:count]
    for axes in sheet.axes:
        axes.tick_params(labelsize=points(0.74), length=2)
    return sheet


def title_panels(sheet: Sheet, names: Sequence[str], remarks: Sequence[str], *, low: bool = False) -> None:
    """Write each configuration's name above its panel and a remark inside, on the right where there are no lines.

    Call it for a finished sheet: the width of a panel depends on the numbers and the label to its left.
    """
    measured = measure(sheet.figure, points(_TITLE_SIZE))
    layout = sheet.figure.get_layout_engine()
    # The layout is computed when a figure is drawn; without that the panels have no width yet.
    if layout is not None:
        layout.execute(sheet.figure)
    room = min(axes.get_position().width for axes in sheet.axes) * sheet.figure.get_figwidth()
    short = shortened(names, room, lambda name: measured(plain(name)))
    for axes, name, remark in zip(sheet.axes, short, remarks, strict=True):
        axes.set_title(plain(name), fontsize=points(_TITLE_SIZE), loc="left", pad=2)
        axes.text(
            0.98,
            0.04 if low else 0.96,
            remark,
            transform=axes.transAxes,
            ha="right",
            va="bottom" if low else "top",
            fontsize=points(0.66),
            bbox={"facecolor": axes.get_facecolor(), "alpha": 0.75, "linewidth": 0, "pad": 1.0},
            zorder=5,
            gid="remark",
        )


def draw_behind(sheet: Sheet, lines: Sequence[NDArray[np.float64]]) -> None:
    """Draw the lines of all configurations, each of shape (T, 2), in grey into every panel."""
    for axes in sheet.axes:
        grey = LineCollection(
            lines,
            colors=mpl.rcParams["text.color"],
            linewidths=0.4,
            alpha=0.18,
            zorder=1,
            gid="others",
            # 40 panels with 40 lines each: as vectors the file would be huge.
            rasterized=len(lines) * sum(map(len, lines)) > 20_000,
        )
        axes.add_collection(grey, autolim=False)
