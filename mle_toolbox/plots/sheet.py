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
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine

from mle_toolbox.plots.figure_text import Measure, measure, plain, shortened, wrapped
from mle_toolbox.plots.style import points

__all__ = ["Entry", "Sheet", "new_sheet", "sheet_on"]

_MARGIN = 0.08  # inches
_CAPTION_SIZE = 0.78  # of the text
_LINE_HEIGHT = 1.35 / 72  # inches for each point of the size
_LEGEND_ROOM = 0.3  # inches of the given height that the legend may take
_MOST_OF_HEIGHT = 0.3  # of the axes: a legend that is higher gets a smaller form


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


@dataclass(frozen=True)
class _LegendForm:
    """``text``: its size, as a share of the user's; the others in units of it."""

    text: float
    handle: float
    gap: float


_ROOMY, _TIGHT = _LegendForm(1.0, 2.6, 1.6), _LegendForm(0.85, 1.8, 1.0)


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
        self._wrap_labels(root)
        sentences = " ".join(sentence for sentence in caption if sentence)
        legend, of_all = self._fitting_legend(root) if self.entries else (None, "")
        if of_all and legend is not None:
            words = f"{of_all.strip(' ()')} each"
            if sentences:
                sentences = f"{words}. {sentences}"
            else:
                legend.set_title(words, {"size": legend.get_texts()[0].get_fontsize()})
        # From the bottom upwards: each part is placed on top of those before.
        height = _MARGIN
        if sentences:
            height += self._caption(root, sentences, height)
        if legend is not None:
            height += self._place(root, legend, height)
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

    def _wrap_labels(self, figure: Figure) -> None:
        """Break the labels of axes that are longer than it, before legend and caption make the figure higher."""
        measured = measure(figure, points(1.0))
        # What the numbers and the label of the other axis take, about, and of the height what the legend does.
        width = figure.get_figwidth() - 0.6
        height = figure.get_figheight() - 0.6 - (_LEGEND_ROOM if self.entries else 0)
        for axes in self.axes:
            for label, room in ((axes.xaxis.label, width / self.columns), (axes.yaxis.label, height)):
                label.set_text(wrapped(label.get_text(), room, measured))
        for label in figure.texts:
            if label.get_gid() == "y label":
                label.set_text(wrapped(label.get_text(), height, measured))

    def _fitting_legend(self, figure: Figure) -> tuple[Any, str]:
        """Make the legend in the roomiest form that is not too high.

        Return it, and the remark on all entries if that was left out to make it smaller.
        """
        most = _MOST_OF_HEIGHT * figure.get_figheight()
        remarks = {entry.remark for entry in self.entries}
        common = remarks.pop() if len(remarks) == 1 and len(self.entries) > 1 else ""
        forms = [(_ROOMY, False), (_TIGHT, False), *([(_TIGHT, True)] if common else [])]
        for form, is_left_out in forms:
            legend = self._legend_in(figure, form, with_remarks=not is_left_out)
            if legend.get_window_extent().height / figure.dpi <= most or (form, is_left_out) == forms[-1]:
                break
            legend.remove()
        return legend, common if is_left_out else ""

    def _legend_in(self, figure: Figure, form: _LegendForm, *, with_remarks: bool) -> Any:
        """Make the legend below the axes, in as many columns as fit."""
        width = figure.get_figwidth() - 2 * _MARGIN
        size = form.text * FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
        texts = self._texts(measure(figure, size), width, with_remarks=with_remarks)
        for columns in range(min(len(self.entries), 6), 0, -1):
            legend = figure.legend(
                [entry.handle for entry in self.entries],
                ["x" for _ in self.entries],
                loc="lower center",
                bbox_to_anchor=(0.5, 0.0),
                ncols=columns,
                borderaxespad=0.0,
                fontsize=size,
                columnspacing=form.gap,
                handlelength=form.handle,
            )
            _name(legend, texts)
            legend.set_in_layout(False)
            if columns == 1 or legend.get_window_extent().width / figure.dpi <= width:
                break
            legend.remove()
        return legend

    def _place(self, figure: Figure, legend: Any, bottom: float) -> float:
        """Put the legend at ``bottom`` inches, and return its height in inches."""
        height = float(legend.get_window_extent().height / figure.dpi)
        self._grow(figure, max(0.0, height - _LEGEND_ROOM))
        legend.set_bbox_to_anchor((0.5, bottom / figure.get_figheight()))
        return height

    def _legend_inside(self) -> None:
        if self.entries:
            legend = self.axes[0].legend([entry.handle for entry in self.entries], ["x" for _ in self.entries])
            _name(legend, [f"{plain(entry.name)}{entry.remark}" for entry in self.entries])

    def _texts(self, measured: Measure, width: float, *, with_remarks: bool) -> list[str]:
        """Return the lines of the legend, the names shortened to the width of a column that fills the figure."""
        remarks = [entry.remark if with_remarks else "" for entry in self.entries]
        room = width - 0.6 - max(map(measured, remarks))
        names = shortened([entry.name for entry in self.entries], room, lambda name: measured(plain(name)))
        return [f"{plain(name)}{remark}" for name, remark in zip(names, remarks, strict=True)]

    def _grow(self, figure: Figure, height: float) -> None:
        """Make the figure taller at the bottom; texts and legends keep their place in inches."""
        before = figure.get_figheight()
        figure.set_figheight(before + height)
        for text in figure.texts:
            text.set_y(text.get_position()[1] * before / figure.get_figheight())
        for legend in figure.legends:
            x, y, _, _ = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted()).bounds
            legend.set_bbox_to_anchor((x, y * before / figure.get_figheight()))


def _name(legend: Any, texts: Sequence[str]) -> None:
    # Names are set afterwards: matplotlib leaves labels that start with "_" out of a legend.
    for shown, text in zip(legend.get_texts(), texts, strict=True):
        shown.set_text(text)


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
