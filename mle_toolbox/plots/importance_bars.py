"""The importance of variables: a bar for each, its interval, and which ones chance alone would show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.sheet import new_sheet
from mle_toolbox.plots.style import drawing, points

__all__ = ["ImportanceLike", "importance_bars"]

_WIDTH = 4.6  # inches
_ROW = 0.3
_NAMES = 0.35  # of the width
_CHANCE = "#b8b8b8"


class ImportanceLike(Protocol):
    """What is drawn of a variable; ``results.importance().variables`` are examples."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def share(self) -> float:
        """Of the importance of all variables, from 0 to 1."""

    @property
    def low(self) -> float:
        """The lower end of its interval."""

    @property
    def high(self) -> float:
        """The upper end of its interval."""

    @property
    def is_chance(self) -> bool:
        """Whether chance alone would make it look as important."""


def importance_bars(
    variables: Sequence[ImportanceLike],
    *,
    metric: str = "",
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw how important each variable of a search is.

    Parameters
    ----------
    variables
        From above; those that are no more than chance are grey.
    metric
        For which score, in the label of the axis.
    note, size, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib.

    Raises
    ------
    StatisticsError
        When there is no variable.
    """
    if not variables:
        raise StatisticsError("There is nothing to draw: no variable has an importance.")
    rows = np.arange(len(variables))
    with drawing(style):
        sheet = new_sheet(size or (_WIDTH, 0.7 + _ROW * len(variables)))
        axes = sheet.axes[0]
        axes.barh(
            rows,
            [each.share for each in variables],
            height=0.62,
            color=[_CHANCE if each.is_chance else COLOURS[0] for each in variables],
            gid="share",
        )
        for row, each in zip(rows, variables, strict=True):
            axes.plot([each.low, each.high], [row, row], color="black", linewidth=1.1, alpha=0.75, gid="interval")
        axes.set_xlim(0, 1)
        axes.set_ylim(len(variables) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_xlabel(plain(f"share of the importance for {metric}" if metric else "share of the importance"))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        measured = measure(sheet.figure, points(1.0))
        room = _NAMES * sheet.figure.get_figwidth()
        names = shortened([each.name for each in variables], room, lambda name: measured(plain(name)))
        axes.set_yticks(rows, [plain(name) for name in names])
        grey = any(each.is_chance for each in variables)
        words = "Lines: 95 % intervals over trials drawn again."
        return sheet.finish([words, "Grey: no more than chance." if grey else "", note] if caption else ())
