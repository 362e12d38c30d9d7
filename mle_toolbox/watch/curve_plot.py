"""The curves of the chosen metric: the mean over seeds of each configuration, between the ends of its interval."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static
from textual_plot import HiResMode, PlotWidget

from mle_toolbox.colours import COLOURS_ON_DARK
from mle_toolbox.render.statuses import in_lines
from mle_toolbox.text import NOTHING, short
from mle_toolbox.watch.view import CurveOverSeeds

__all__ = ["MOST_CURVES", "CurvePlot"]

MOST_CURVES = len(COLOURS_ON_DARK)
"""The most that can be distinguished."""

_DIM = "dim "


class CurvePlot(Vertical):
    """A plot, with a legend of its own below it."""

    DEFAULT_CSS = """
    CurvePlot { height: 1fr; min-height: 6; }
    CurvePlot PlotWidget { height: 1fr; }
    CurvePlot #legend-line { height: auto; max-height: 30%; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._legend: list[Text] = []

    def compose(self) -> ComposeResult:
        """Make the parts."""
        plot = PlotWidget(allow_pan_and_zoom=False, id="plot")
        plot.can_focus = False
        # A terminal of 24 lines has none to spare. Not assigned, because there is nothing yet to be laid out again.
        plot.set_reactive(PlotWidget.margin_top, 0)
        plot.set_reactive(PlotWidget.margin_bottom, 1)
        plot.set_reactive(PlotWidget.margin_left, 8)
        yield plot
        yield Static(id="legend-line", markup=False)

    def show_curves(self, metric: str | None, curves: Sequence[CurveOverSeeds], colours: dict[str, str]) -> None:
        """Draw these curves, each configuration in its colour."""
        plot = self.query_one("#plot", PlotWidget)
        plot.clear()
        # First all intervals, so that none hides a mean.
        for curve in curves:
            for edge in (curve.band.low, curve.band.high):
                style = _DIM + colours[curve.configuration]
                plot.plot(curve.band.time, edge, line_style=style, hires_mode=HiResMode.BRAILLE)
        for curve in curves:
            colour, band = colours[curve.configuration], curve.band
            plot.plot(band.time, band.center, line_style=colour, hires_mode=HiResMode.BRAILLE)
        title = f"{metric}, mean over seeds, 95 % interval" if metric is not None else "no metric logged yet"
        lines = [
            Text("━ ", colours[each.configuration]).append(f"{each.configuration} {_last(each)}", "") for each in curves
        ]
        self._legend = [Text(title, "dim"), *lines]
        self.on_resize()

    def on_resize(self) -> None:
        """Lay the legend out for this width."""
        # A blank on both sides.
        legend = in_lines(self._legend, self.size.width - 2)
        legend.no_wrap, legend.overflow = True, "ellipsis"
        self.query_one("#legend-line", Static).update(legend)


def _last(curve: CurveOverSeeds) -> str:
    """Return the last value at which all seeds of the curve count, with their number."""
    finite = [value for value in curve.band.center.tolist() if value == value]
    running = f", {curve.n_running} running" if curve.n_running else ""
    return f"{short(finite[-1], 3) if finite else NOTHING} (n={curve.n_seeds}{running})"
