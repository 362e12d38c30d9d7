"""Learning curves: thin seeds, a bold aggregate and its interval, over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import hidden_words, label_sheet, log_scale
from mle_toolbox.plots.curve_limits import set_limits
from mle_toolbox.plots.curve_lines import CurveLines, draw_curve, draw_diverged
from mle_toolbox.plots.panels import MOST_IN_ONE, draw_behind, new_panels, title_panels
from mle_toolbox.plots.sheet import Entry, Sheet, new_sheet, sheet_on
from mle_toolbox.plots.style import Look, drawing, looks
from mle_toolbox.statistics import Curve
from mle_toolbox.statistics.estimate import STATISTICS

__all__ = ["learning_curves"]

_SIZE = (5.5, 3.4)  # inches
_MOST_WITH_SEEDS = 4


def learning_curves(
    curves: Mapping[str, Curve],
    *,
    metric: str | None = None,
    statistic: str = "mean",
    confidence: float = 0.95,
    log_x: bool = False,
    log_y: bool = False,
    seeds: bool | None = None,
    panels: bool | None = None,
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw a metric over time, one line and band for each configuration.

    Parameters
    ----------
    curves
        By configuration, from ``results.curve()``.
    metric
        The label of its axis; by default the name that it has in the logs.
    statistic, confidence
        "mean", "median" or "iqm" and its interval, see ``statistics.Curve.band``.
    log_x, log_y
        Logarithmic axes. Values that are not above 0 are left out and counted in the caption.
    seeds
        Whether single seeds are drawn as thin lines; default: with up to four configurations, and in panels.
    panels
        Whether each configuration gets axes of its own; default: with more than ten, when ``axes`` is not given.
    note
        A sentence for the caption, for example that lower is better.
    size
        Width and height of the figure in inches, without legend and caption.
    axes
        Draw into these instead; layout and caption are then up to you.
    caption
        Whether a caption below the figure says how it was made.
    style
        A matplotlib style.

    Returns
    -------
    Figure
        Of matplotlib and unknown to pyplot, so save it with ``save_figure(figure, path)`` or ``figure.savefig(path)``.
        The line is thinner where fewer seeds have a value than elsewhere; a cross marks where a seed diverged.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.
    """
    lines = [CurveLines.of(name, curve, statistic, confidence, log_x=log_x) for name, curve in curves.items()]
    if not any(each.has_values for each in lines):
        raise StatisticsError("There is nothing to draw: no configuration has a seed with a finite value.")
    in_panels = axes is None and (panels if panels is not None else len(lines) > MOST_IN_ONE)
    with_seeds = seeds if seeds is not None else in_panels or len(lines) <= _MOST_WITH_SEEDS
    with drawing(style):
        if in_panels:
            sheet = new_panels(len(lines), size)
        else:
            sheet = sheet_on(axes) if axes is not None else new_sheet(size or _SIZE)
        hidden = _set_scales(sheet, lines, log_x, log_y)
        if in_panels:
            _draw_panels(sheet, lines, with_seeds)
        else:
            _draw_together(sheet, lines, with_seeds)
        # After all lines, because the limits depend on them; before the crosses, which are clipped to the limits.
        cut = set_limits(sheet.axes, lines, log_x=log_x, log_y=log_y, with_seeds=with_seeds)
        # In panels the names tell the configurations apart, so all have one colour.
        own = looks(1) * len(lines) if in_panels else looks(len(lines))
        places = sheet.axes if in_panels else sheet.axes * len(lines)
        for where, look, each in zip(places, own, lines, strict=True):
            draw_diverged(where, each, look)
        # Configurations of several experiments may have different names for these.
        times, metrics = ([each.curve.time_name for each in lines], [each.curve.metric for each in lines])
        label_sheet(sheet, _joined(times), metric or _joined(metrics))
        figure = sheet.finish([*_caption(lines, with_seeds), hidden, cut, note] if caption else ())
        # Last: how much room a title has is known when the layout is.
        if in_panels:
            title_panels(sheet, [each.name for each in lines], [each.remark() for each in lines])
        return figure


def _set_scales(sheet: Sheet, lines: list[CurveLines], log_x: bool, log_y: bool) -> str:
    """Make axes logarithmic; return the sentence on values that they cannot show."""
    hidden = 0
    for axes in sheet.axes:
        hidden_y = log_scale(axes, "y", [each.curve.values for each in lines]) if log_y else 0
        hidden_x = log_scale(axes, "x", [each.curve.time for each in lines]) if log_x else 0
        hidden = hidden_y + hidden_x
    if log_y and not any((each.center > 0).any() for each in lines):
        raise StatisticsError("A logarithmic axis needs values above 0, and no configuration has any.")
    return hidden_words(hidden)


def _draw_together(sheet: Sheet, lines: list[CurveLines], with_seeds: bool) -> None:
    own = looks(len(lines))
    for place, (look, each) in enumerate(zip(own, lines, strict=True)):
        draw_curve(sheet.axes[0], each, look, with_seeds=with_seeds, marker_shift=(place + 0.5) / len(lines))
        sheet.entries.append(Entry(_handle(look, each), each.name, f"  ({each.remark()})"))


def _draw_panels(sheet: Sheet, lines: list[CurveLines], with_seeds: bool) -> None:
    draw_behind(sheet, [each.center_line() for each in lines])
    for axes, each in zip(sheet.axes, lines, strict=True):
        draw_curve(axes, each, looks(1)[0], with_seeds=with_seeds, marker_shift=None)


def _handle(look: Look, lines: CurveLines) -> object:
    line = Line2D([], [], color=look.colour, linestyle=look.line, linewidth=1.8, marker=look.marker, markersize=5)
    if not lines.has_band:
        return line
    return (Patch(color=look.colour, alpha=0.18, linewidth=0), line)


def _joined(names: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(names))


def _caption(lines: list[CurveLines], with_seeds: bool) -> list[str]:
    with_band = next((each for each in lines if each.has_band), None)
    any_line = with_band or lines[0]
    unfinished = sum(status != "done" for each in lines for status in each.curve.statuses)
    several = any(len(each.curve.values) > 1 for each in lines)
    return [
        f"Bold: {STATISTICS[any_line.band.statistic]} of the seeds." if several else "One seed each: no interval.",
        f"Band: {with_band.band.method}." if with_band else "",
        "Thin: single seeds." if with_seeds and several else "",
        "The bold line is thinner where fewer seeds have a value." if any(each.n_changes for each in lines) else "",
        "\N{MULTIPLICATION SIGN}: a seed diverged here and no longer counts."
        if any(each.band.diverged for each in lines)
        else "",
        f"{unfinished} of the runs did not finish and are drawn as far as they got." if unfinished else "",
    ]
