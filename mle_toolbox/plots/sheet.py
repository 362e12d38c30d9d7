"""A figure with its axes, a strip for the legend and a caption that says how it was made.

Made without pyplot: no window, no list of open figures, no choice of backend.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from mle_toolbox.plots.figure_text import measure, plain, shortened, wrapped
from mle_toolbox.plots.style import points

__all__ = ["Entry", "Sheet", "new_sheet", "sheet_on"]

_MARGIN = 0.08  # inches
_CAPTION_SIZE = 0.78  # of the text
_LINE_HEIGHT = 1.35 / 72  # inches for each point of the size


class _ShownFigure(Figure):
    """A figure that a notebook displays although it is not one of pyplot's."""

    def _repr_png_(self) -> bytes:
        with io.BytesIO() as file:
            self.savefig(file, format="png")
            return file.getvalue()


@dataclass
class Entry:
    """An entry of the legend: its artist, a name of the user, and our remark after the name."""

    handle: Any
    name: str
    remark: str = ""


@dataclass
class Sheet:
    """Axes to draw in; ``own`` if the layout of the figure is ours."""

    figure: Figure
    axes: list[Axes]
    own: bool
    columns: int = 1
    square: bool = False
    entries: list[Entry] = field(default_factory=list)
    x_label: str = ""

    def finish(self, caption: Sequence[str] = ()) -> Figure:
        """Add the legend and the caption, make room for them, and return the figure."""
        root = self.figure
        if not self.own:
            self._legend_inside()
            return root
        # From the bottom upwards: each part is placed on top of those before.
        height = _MARGIN
        sentences = " ".join(sentence for sentence in caption if sentence)
        if sentences:
            height += self._caption(root, sentences, height)
        if self.entries:
            height += self._legend(root, height)
        if self.x_label:
            height += self._strip(root, plain(self.x_label), height, points(1.0), middle=True)
        bottom = height / root.get_figheight()
        root.set_layout_engine(_layout((0, bottom, 1, 1 - bottom), self.square))
        return root

    def _caption(self, figure: Figure, sentences: str, bottom: float) -> float:
        width = figure.get_figwidth() - 2 * _MARGIN
        lines = wrapped(sentences, width, measure(figure, points(_CAPTION_SIZE)))
        return self._strip(figure, lines, bottom, points(_CAPTION_SIZE))

    def _strip(self, figure: Figure, lines: str, bottom: float, size: float, *, middle: bool = False) -> float:
        """Write lines at ``bottom`` inches, centred or as a caption, and return their height."""
        height = (lines.count("\n") + 1) * size * _LINE_HEIGHT
        self._grow(figure, height)
        text = figure.text(
            0.5 if middle else _MARGIN / figure.get_figwidth(),
            bottom / figure.get_figheight(),
            lines,
            fontsize=size,
            va="bottom",
            ha="center" if middle else "left",
            alpha=1.0 if middle else 0.75,
            linespacing=1.2,
            gid="label" if middle else "caption",
        )
        # Its room is reserved in `finish`; the layout engine would shrink the axes for it once more.
        text.set_in_layout(False)
        return height

    def _legend(self, figure: Figure, bottom: float) -> float:
        """Put the legend below the axes, in as many columns as fit, and return its height in inches."""
        width = figure.get_figwidth() - 2 * _MARGIN
        self._shorten(figure, width)
        for columns in range(min(len(self.entries), 6), 0, -1):
            legend = figure.legend(
                [entry.handle for entry in self.entries],
                ["x" for _ in self.entries],
                loc="lower center",
                bbox_to_anchor=(0.5, bottom / figure.get_figheight()),
                ncols=columns,
                borderaxespad=0.0,
                columnspacing=1.6,
                handlelength=2.6,
            )
            self._name(legend)
            legend.set_in_layout(False)
            extent = legend.get_window_extent()
            if extent.width / figure.dpi <= width or columns == 1:
                break
            legend.remove()
        height = float(extent.height / figure.dpi)
        self._grow(figure, max(0.0, height - 0.3))
        legend.set_bbox_to_anchor((0.5, bottom / figure.get_figheight()))
        return height

    def _legend_inside(self) -> None:
        if self.entries:
            legend = self.axes[0].legend([entry.handle for entry in self.entries], ["x" for _ in self.entries])
            self._name(legend)

    def _name(self, legend: Any) -> None:
        # Names are set afterwards: matplotlib leaves labels that start with "_" out of a legend.
        for text, entry in zip(legend.get_texts(), self.entries, strict=True):
            text.set_text(f"{plain(entry.name)}{entry.remark}")

    def _shorten(self, figure: Figure, width: float) -> None:
        measured = measure(figure, mpl.rcParams["legend.fontsize"])
        room = width - 0.6 - max(measured(entry.remark) for entry in self.entries)
        names = shortened([entry.name for entry in self.entries], room, lambda name: measured(plain(name)))
        for entry, name in zip(self.entries, names, strict=True):
            entry.name = name

    def _grow(self, figure: Figure, height: float) -> None:
        """Make the figure taller at the bottom; texts and legends keep their place in inches."""
        before = figure.get_figheight()
        figure.set_figheight(before + height)
        for text in figure.texts:
            text.set_y(text.get_position()[1] * before / figure.get_figheight())
        for legend in figure.legends:
            x, y, _, _ = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted()).bounds
            legend.set_bbox_to_anchor((x, y * before / figure.get_figheight()))


def new_sheet(
    size: tuple[float, float],
    rows: int = 1,
    columns: int = 1,
    *,
    square: bool = False,
    own_x: bool = False,
    own_y: bool = False,
) -> Sheet:
    """Return a sheet with a grid of axes that share their limits, of x unless ``own_x``, of y unless ``own_y``.

    ``size`` is that of the grid in inches, without legend and caption; ``square`` when the axes keep their proportions.
    """
    # Set from the start, because a colour bar adapts to the layout engine that the figure has when it is added.
    figure = _ShownFigure(figsize=size, layout=_layout((0, 0, 1, 1), square))
    axes = figure.subplots(rows, columns, sharex=not own_x, sharey=not own_y, squeeze=False)
    return Sheet(figure, list(axes.flat), own=True, columns=columns, square=square)


def _layout(rectangle: tuple[float, float, float, float], square: bool) -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(rect=rectangle, compress=square, w_pad=0.07, h_pad=0.07, hspace=0.03, wspace=0.03)


def sheet_on(axes: Axes) -> Sheet:
    """Return a sheet on axes of the user; their figure and layout are not changed."""
    figure: Any = axes.figure
    while not isinstance(figure, Figure):  # a SubFigure
        figure = figure.figure
    return Sheet(figure, [axes], own=False)
