"""The critical-difference diagram: average ranks of methods over tasks, and which of them differ (Demšar 2006)."""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.sheet import new_sheet
from mle_toolbox.plots.style import drawing, points
from mle_toolbox.statistics.over_tasks import Ranks

__all__ = ["critical_difference_diagram"]

_WIDTH = 5.5  # inches
_STEP = 0.24  # between two names
_BARS_STEP = 0.12  # between two bars


def critical_difference_diagram(
    ranks: Ranks,
    *,
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw average ranks on a line, the best on the left; bars join methods that do not differ significantly.

    Parameters
    ----------
    ranks
        From `ranks_over_tasks`.
    note, size, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib.

    Notes
    -----
    Demšar 2006, JMLR 7, figure 1.
    """
    names = list(ranks.average)
    half = math.ceil(len(names) / 2)
    height = 0.75 + _BARS_STEP * len(ranks.groups) + _STEP * half
    with drawing(style):
        sheet = new_sheet(size or (_WIDTH, height))
        axes = sheet.axes[0]
        axes.set_axis_off()
        # All places are in inches, so that text keeps its distance whatever the size is.
        width, height = sheet.figure.get_figwidth() - 0.2, sheet.figure.get_figheight() - 0.2
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        left, right = 0.26 * width, 0.74 * width
        unit = (right - left) / (len(names) - 1)

        def across(rank: float) -> float:
            return left + (rank - 1) * unit

        scale = 0.52
        _scale(axes, across, len(names), scale)
        _ruler(axes, ranks, left, unit)
        bars = scale + 0.1
        for place, group in enumerate(ranks.groups):
            ends = [across(ranks.average[group[0]]) - 0.04, across(ranks.average[group[-1]]) + 0.04]
            y = bars + _BARS_STEP * place
            axes.plot(ends, [y, y], color="black", linewidth=3.2, solid_capstyle="butt", gid="group")
        first = bars + _BARS_STEP * len(ranks.groups) + 0.1
        measured = measure(sheet.figure, points(1.0))
        short = shortened(names, left - 0.55, lambda each: measured(plain(each)))
        for place, (name, shown) in enumerate(zip(names, short, strict=True)):
            on_left = place < half
            y = first + _STEP * (place if on_left else len(names) - 1 - place)
            x, end = across(ranks.average[name]), (left - 0.1 if on_left else right + 0.1)
            axes.plot([x, x, end], [scale, y, y], color="#555555", linewidth=0.8, gid="method")
            parts = [plain(shown), f"{ranks.average[name]:.2f}"]
            words = "  ".join(parts if on_left else reversed(parts))
            axes.text(
                end - 0.05 if on_left else end + 0.05,
                y,
                words,
                ha="right" if on_left else "left",
                va="center",
                gid="name",
            )
        return sheet.finish([*ranks.sentences, note] if caption else ())


def _scale(axes: Axes, across: Callable[[float], float], k: int, y: float) -> None:
    axes.plot([across(1), across(k)], [y, y], color="black", linewidth=0.9)
    for rank in range(1, k + 1):
        axes.plot([across(rank)] * 2, [y - 0.06, y], color="black", linewidth=0.9)
        if k <= 12 or rank % 5 == 0 or rank in (1, k):
            axes.text(across(rank), y - 0.09, str(rank), ha="center", va="bottom", fontsize=points(0.9))


def _ruler(axes: Axes, ranks: Ranks, left: float, unit: float) -> None:
    """Draw how long the critical difference is."""
    length = ranks.critical_difference * unit
    axes.plot([left, left + length], [0.14, 0.14], color="black", linewidth=0.9, marker="|", markersize=5, gid="ruler")
    axes.text(
        left + length + 0.06,
        0.14,
        f"critical difference {ranks.critical_difference:.2f}",
        ha="left",
        va="center",
        fontsize=0.85 * mpl.rcParams["font.size"],
    )
