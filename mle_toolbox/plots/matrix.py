"""A matrix of all pairs of configurations: how likely a run of one is better than a run of the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.cells import ink, readable_size, write_names
from mle_toolbox.plots.sheet import new_sheet, sheet_on
from mle_toolbox.plots.style import drawing
from mle_toolbox.text import percent

__all__ = ["PairedImprovement", "probability_of_improvement_matrix"]

_CELL = ((6, 0.85), (10, 0.5), (20, 0.36), (np.inf, 0.2))  # up to so many configurations, inches for each
_MOST_WITH_INTERVAL = 6
_MOST_WITH_NUMBER = 20
_MOST_WITH_FRAME = 10


class PairedImprovement(Protocol):
    """What is drawn of a pair: of a ``Comparison``, or of two methods over tasks."""

    @property
    def probability_of_improvement(self) -> float:
        """That a run of the first is better."""

    @property
    def poi_low(self) -> float:
        """The lower end of its interval."""

    @property
    def poi_high(self) -> float:
        """The upper end of its interval."""

    @property
    def p(self) -> float:
        """The p-value of the difference of the means, corrected."""

    @property
    def confidence(self) -> float:
        """Of the interval; its complement is the level of the test."""

    @property
    def correction(self) -> object:
        """How p was corrected, in words as text; None for a single test."""


def probability_of_improvement_matrix(
    comparisons: Mapping[tuple[str, str], PairedImprovement],
    *,
    names: Sequence[str] | None = None,
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the probability that a run of the row is better than a run of the column.

    Parameters
    ----------
    comparisons
        By pair of configurations, from ``statistics.compare_all`` or ``results.compare()``; by pair of methods, from
        ``OverTasks.comparisons``. Each pair is needed in one order only.
    names
        The configurations in the order of the rows; default: as in ``comparisons``.
    note
        A sentence for the caption, for example what was compared.
    size
        Width and height of the figure in inches; default: depends on the number of configurations.
    axes, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. A frame marks a pair that differs significantly: p, with the correction of the comparisons, is
        below 0.05 (1 - confidence).

    Raises
    ------
    StatisticsError
        When there is nothing to draw.
    """
    names = list(dict.fromkeys(name for pair in comparisons for name in pair) if names is None else names)
    if len(names) < 2 or not comparisons:
        raise StatisticsError("A comparison needs two configurations.")
    values, differs = _matrices(comparisons, names)
    cell = next(inches for most, inches in _CELL if len(names) <= most)
    side = max(len(names) * cell, 1.6)
    with drawing(style):
        sheet = sheet_on(axes) if axes is not None else new_sheet(size or (side + 2.4, side + 1.1), square=True)
        where = sheet.axes[0]
        image = where.imshow(values, vmin=0, vmax=1, aspect="equal")
        write_names(sheet, names, names, cell, top=True)
        _write_numbers(sheet.axes[0], comparisons, names, values)
        _mark(where, differs, values)
        if sheet.own:
            bar = sheet.figure.colorbar(image, ax=where, shrink=0.8, aspect=18, pad=0.03)
            bar.set_label("P(row better than column)")
            bar.outline.set_visible(False)
        return sheet.finish(_caption(comparisons, names, note, any_differs=bool(differs.any())) if caption else ())


def _matrices(
    comparisons: Mapping[tuple[str, str], PairedImprovement], names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.full((len(names), len(names)), math.nan)
    differs = np.zeros(values.shape, dtype=bool)
    for row, a in enumerate(names):
        for column, b in enumerate(names):
            if (a, b) in comparisons:
                values[row, column] = comparisons[a, b].probability_of_improvement
            elif (b, a) in comparisons:
                values[row, column] = 1 - comparisons[b, a].probability_of_improvement
            pair = comparisons.get((a, b), comparisons.get((b, a)))
            # False where p is NaN: without a test there is no frame.
            differs[row, column] = pair is not None and pair.p < 1 - pair.confidence
    return values, differs


def _write_numbers(
    axes: Axes,
    comparisons: Mapping[tuple[str, str], PairedImprovement],
    names: Sequence[str],
    values: NDArray[np.float64],
) -> None:
    if len(names) > _MOST_WITH_NUMBER:
        return
    colours = mpl.colormaps[mpl.rcParams["image.cmap"]]
    with_interval = len(names) <= _MOST_WITH_INTERVAL
    for row, column in np.argwhere(np.isfinite(values)):
        text = f"{values[row, column]:.2f}"
        if with_interval:
            low, high = _interval(comparisons, names[row], names[column])
            text += f"\n[{low:.2f}, {high:.2f}]" if np.isfinite(low) else ""
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=readable_size(len(names)),
            color=ink(colours(values[row, column])),
            gid="number",
        )


def _interval(comparisons: Mapping[tuple[str, str], PairedImprovement], a: str, b: str) -> tuple[float, float]:
    pair = comparisons.get((a, b))
    if pair is not None:
        return pair.poi_low, pair.poi_high
    pair = comparisons[b, a]
    # The other order: both ends change places.
    return 1 - pair.poi_high, 1 - pair.poi_low


def _mark(axes: Axes, differs: NDArray[np.bool_], values: NDArray[np.float64]) -> None:
    places = np.argwhere(differs)
    # Frames of small cells would touch each other.
    if len(values) > _MOST_WITH_FRAME:
        colours = mpl.colormaps[mpl.rcParams["image.cmap"]](values[differs])
        inks = [ink(colour) for colour in colours]
        axes.scatter(places[:, 1], places[:, 0] + 0.3 * (len(values) <= _MOST_WITH_NUMBER), s=3, c=inks, gid="differs")
        return
    for row, column in places:
        inner = mpl.patches.Rectangle(
            (column - 0.44, row - 0.44), 0.88, 0.88, fill=False, linewidth=1.3, edgecolor=COLOURS[1], gid="differs"
        )
        axes.add_patch(inner)


def _caption(
    comparisons: Mapping[tuple[str, str], PairedImprovement], names: Sequence[str], note: str, *, any_differs: bool
) -> list[str]:
    any_pair = next(iter(comparisons.values()))
    corrected = f", corrected after {any_pair.correction}" if any_pair.correction else ""
    level = f"{1 - any_pair.confidence:.2g}{corrected}"
    marked = "Framed" if len(names) <= _MOST_WITH_FRAME else "With a dot"
    with_interval = len(names) <= _MOST_WITH_INTERVAL and any(
        np.isfinite(each.poi_low) for each in comparisons.values()
    )
    return [
        "How likely a run of the row is better than a run of the column.",
        f"In brackets: {percent(any_pair.confidence)} interval." if with_interval else "",
        f"{marked}: the means differ, p < {level}." if any_differs else f"No two means differ with p < {level}.",
        note,
    ]
