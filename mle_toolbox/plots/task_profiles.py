"""Performance profiles over tasks: the share of the runs of a method that score above each threshold."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import label_sheet, marker_places
from mle_toolbox.plots.sheet import Entry, new_sheet
from mle_toolbox.plots.style import drawing, looks
from mle_toolbox.statistics.over_tasks.performance import profiles_over_tasks
from mle_toolbox.text import percent

__all__ = ["task_profiles"]

_SIZE = (5.5, 3.4)  # inches
_MOST_WITH_BAND = 4
_POINTS = 201


def task_profiles(
    cells: Mapping[str, Mapping[str, ArrayLike]],
    *,
    label: str = "score",
    confidence: float = 0.95,
    lower_is_better: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw for each method which share of its runs, every task weighing the same, is better than a threshold.

    Parameters
    ----------
    cells
        Method -> task -> shape (seeds of that cell,), on one scale; see ``OverTasks.cells``.
    label
        What the scores are.
    confidence
        Of the bands, which are drawn for up to four methods.
    lower_is_better
        Whether lower scores are better.
    note, size, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264, with the bands of `profile_over_tasks`.
    """
    if not cells:
        raise StatisticsError("There is nothing to draw: no method has a score on all tasks.")
    grid, profiles = profiles_over_tasks(cells, _POINTS, confidence, lower_is_better=lower_is_better)
    with_band = len(cells) <= _MOST_WITH_BAND
    with drawing(style):
        sheet = new_sheet(size or _SIZE)
        axes = sheet.axes[0]
        for place, (look, (method, found)) in enumerate(zip(looks(len(cells)), profiles.items(), strict=True)):
            share, low, high = found
            if with_band:
                axes.fill_between(grid, low, high, color=look.colour, alpha=0.15, linewidth=0, gid="band")
            axes.plot(
                grid,
                share,
                color=look.colour,
                linestyle=look.line,
                linewidth=1.6,
                marker=look.marker,
                markersize=5,
                markeredgecolor=axes.get_facecolor(),
                markeredgewidth=0.5,
                markevery=marker_places(grid, share, 6, (place + 0.5) / len(cells)),
                gid="profile",
            )
            handle = Line2D([], [], color=look.colour, linestyle=look.line, marker=look.marker, markersize=5)
            entry = (Patch(color=look.colour, alpha=0.18, linewidth=0), handle) if with_band else handle
            sheet.entries.append(Entry(entry, method))
        axes.set_ylim(-0.03, 1.03)
        label_sheet(sheet, label, f"share of the runs {'below' if lower_is_better else 'above'} this score")
        bands = f"Bands: {percent(confidence)} intervals of the share at each threshold." if with_band else ""
        return sheet.finish(["Every task weighs the same.", bands, note] if caption else ())
