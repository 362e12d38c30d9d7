"""One number per seed: every seed as a dot, and the interval of the mean, median or interquartile mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.plots.axis import hidden_words, label_axis, log_scale
from mle_toolbox.plots.figure_text import measure, plain, shortened
from mle_toolbox.plots.panels import MOST_IN_ONE
from mle_toolbox.plots.plotted_samples import Sample, SampleLike, samples_of
from mle_toolbox.plots.sheet import Sheet, new_sheet, sheet_on
from mle_toolbox.plots.style import Look, drawing, looks, points
from mle_toolbox.statistics import Estimate, estimate

__all__ = ["final_values"]

_WIDTH = 6.0  # inches
_ROWS = ((8, 0.42), (20, 0.3), (np.inf, 0.22))  # up to so many configurations, inches for each
_NAMES = 0.38  # of the width
_DOTS, _INTERVAL = -0.13, 0.2  # of a row, from its middle
_SPREAD = 0.2
_BINS = 60


def final_values(
    samples: Mapping[str, ArrayLike | SampleLike],
    *,
    metric: str = "",
    statistic: str = "mean",
    confidence: float = 0.95,
    log_x: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
    estimates: Mapping[str, Estimate] | None = None,
) -> Figure:
    """Draw one row for each configuration: its seeds as dots, their aggregate and its interval.

    Parameters
    ----------
    samples
        By configuration, one number per seed, shape (S,), in the unit of the metric; not finite where a seed diverged.
        Or the result of ``results.samples()``, which also has the number of missing seeds.
    metric
        The label of the axis.
    statistic, confidence
        "mean", "median" or "iqm" and its interval, see ``statistics.estimate``.
    log_x
        Draw the values on a logarithmic axis. Values that are not above 0 are left out and counted in the caption.
    note
        A sentence for the caption, for example that lower is better.
    size
        Width and height of the figure in inches; default: the height depends on the number of configurations.
    axes
        Draw into these instead; layout and caption are then up to you.
    caption
        Whether a caption below the figure says how it was made.
    style
        A matplotlib style.
    estimates
        The aggregates with their intervals, if they are known already, such as ``results.answer().estimates``.

    Returns
    -------
    Figure
        Of matplotlib and unknown to pyplot, so save it with ``save_figure(figure, path)`` or ``figure.savefig(path)``.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.
    """
    read = samples_of(samples)
    if estimates is None:
        estimates = {
            name: estimate(each.values, statistic, confidence, missing=each.missing) for name, each in read.items()
        }
    with drawing(style):
        height = 0.6 + len(read) * next(inches for most, inches in _ROWS if len(read) <= most)  # 0.6 for the x axis
        sheet = sheet_on(axes) if axes is not None else new_sheet(size or (_WIDTH, height))
        where = sheet.axes[0]
        hidden = log_scale(where, "x", [each.finite for each in read.values()]) if log_x else 0
        # As in the learning curves, where so many configurations get panels of one look.
        own = looks(len(read)) if len(read) <= MOST_IN_ONE else looks(1) * len(read)
        for row, (look, name) in enumerate(zip(own, read, strict=True)):
            _draw_dots(where, row, read[name], look)
            _draw_interval(where, row, estimates[name], look)
        _label(sheet, read, estimates, metric)
        return sheet.finish(_caption(read, estimates, note, hidden) if caption else ())


def _draw_dots(axes: Axes, row: int, sample: Sample, look: Look) -> None:
    values = np.sort(sample.finite)
    axes.plot(
        values,
        row + _DOTS + _offsets(values),
        linestyle="none",
        marker="o",
        markersize=3.6,
        color=look.colour,
        alpha=0.6,
        markeredgewidth=0,
        gid="seeds",
    )
    if sample.diverged:
        # A value that is not finite has no place on the axis; the right edge shows that it was there.
        edge = blended_transform_factory(axes.transAxes, axes.transData)
        place = 1 - 0.012 * np.arange(sample.diverged)
        axes.plot(
            np.maximum(place, 0.9),
            np.full(sample.diverged, row + _DOTS),
            transform=edge,
            linestyle="none",
            marker="x",
            markersize=5,
            color=look.colour,
            clip_on=False,
            gid="diverged",
        )


def _draw_interval(axes: Axes, row: int, made: Estimate, look: Look) -> None:
    if made.n == 0:
        return
    y = row + _INTERVAL
    if np.isfinite(made.low):
        axes.plot([made.low, made.high], [y, y], color=look.colour, linewidth=2, solid_capstyle="butt", gid="interval")
    axes.plot(
        [made.value],
        [y],
        marker=look.marker,
        markersize=6,
        color=look.colour,
        markeredgecolor=axes.get_facecolor(),
        linestyle="none",
        gid="value",
    )


def _label(sheet: Sheet, samples: Mapping[str, Sample], estimates: Mapping[str, Estimate], metric: str) -> None:
    axes = sheet.axes[0]
    names = list(samples)
    if sheet.own:
        figure = sheet.figure
        measured = measure(figure, points(1.0))
        names = shortened(names, _NAMES * figure.get_figwidth(), lambda name: measured(plain(name)))
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(names) - 0.45, -0.55)
    label_axis(axes.xaxis, metric)
    right = blended_transform_factory(axes.transAxes, axes.transData)
    for row, each in enumerate(estimates.values()):
        axes.text(1.025, row, str(each), transform=right, va="center", ha="left", fontsize=points(0.9), gid="estimate")


def _caption(samples: Mapping[str, Sample], estimates: Mapping[str, Estimate], note: str, hidden: int) -> list[str]:
    made = next((each for each in estimates.values() if each.n > 1), None)
    diverged = any(each.diverged for each in samples.values())
    return [
        "A dot for each seed." + (f" Below: {made.method.split(';')[0]}." if made else " One seed: no interval."),
        "\N{MULTIPLICATION SIGN} at the edge: a seed that diverged; it does not count." if diverged else "",
        hidden_words(hidden),
        note,
    ]


def _offsets(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vertical offsets for dots that would cover each other; ``values`` increasing."""
    offsets = np.zeros(len(values))
    spread = np.ptp(values) if len(values) else 0.0
    bins = np.floor((values - values[0]) / spread * _BINS) if spread > 0 else np.zeros(len(values))
    for each in np.unique(bins):
        inside = np.flatnonzero(bins == each)
        step = min(0.09, 2 * _SPREAD / max(len(inside) - 1, 1))
        offsets[inside] = (np.arange(len(inside)) - (len(inside) - 1) / 2) * step
    return offsets
