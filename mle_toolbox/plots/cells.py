"""Shared by the two figures with cells: names along both sides, and numbers that are readable on their colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.colors import to_rgb

from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.sheet import Sheet
from mle_toolbox.plots.style import points

__all__ = ["ink", "readable_size", "write_names"]

_LONGEST = 1.7  # inches


def ink(colour: Any) -> str:
    """Return black or white, whichever is more readable on ``colour``."""
    # WCAG 2: relative luminance; above 0.18 black has the better contrast.
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return "black" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.18 else "white"


def readable_size(count: int) -> float:
    """Return the size, in points, of numbers in a grid with this many columns."""
    return points(0.9 if count <= 6 else 0.83 if count <= 10 else 0.67)


def write_names(sheet: Sheet, columns: Sequence[str], rows: Sequence[str], cell: float, *, top: bool) -> None:
    """Write names along the top or bottom and the left of a grid of cells, without marks and frame.

    ``cell`` is the width of a cell in inches: wider names are rotated.
    """
    axes = sheet.axes[0]
    size = points(1.0 if max(len(columns), len(rows)) <= 20 else 0.72)
    turned = len(columns) > 3
    # In axes of the user the width of a cell is not known here; then the number of columns decides.
    if sheet.own:
        measured = measure(sheet.figure, size)
        columns = shortened(columns, _LONGEST, lambda name: measured(plain(name)))
        rows = shortened(rows, _LONGEST, lambda name: measured(plain(name)))
        turned = max(measured(plain(name)) for name in columns) > 0.92 * cell
    axes.set_xticks(range(len(columns)), [plain(name) for name in columns])
    axes.set_yticks(range(len(rows)), [plain(name) for name in rows])
    axes.tick_params(length=0, labelsize=size, labeltop=top, labelbottom=not top)
    for label in axes.get_xticklabels() if turned else ():
        label.set(rotation=45, ha="left" if top else "right", rotation_mode="anchor")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
