"""A metric against one setting at a time: a panel for each, a point for each configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import hidden_words, label_axis, log_scale, spans_magnitudes
from mle_toolbox.plots.figure_text import plain
from mle_toolbox.plots.heat import are_numbers, check_setting, ordered, value_shown
from mle_toolbox.plots.plotted_samples import SampleLike, samples_of
from mle_toolbox.plots.sheet import new_sheet
from mle_toolbox.plots.style import drawing, points
from mle_toolbox.statistics import Estimate, estimate
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.text import count as number_of
from mle_toolbox.text import value_key

__all__ = ["slices"]

_PANEL = (2.9, 2.1)  # inches
_MOST_COLUMNS = 3
_MOST_MEANS = 40
_MOST_INTERVALS = 30
_MOST_NAMES = 8


def slices(
    samples: Mapping[str, ArrayLike | SampleLike],
    settings: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    *,
    metric: str = "",
    statistic: str = "mean",
    confidence: float = 0.95,
    log_y: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the aggregate over the seeds of every configuration against each of several settings.

    Parameters
    ----------
    samples
        By configuration, one number per seed; see `final_values`.
    settings
        By configuration, its settings by name, from ``results.differences()``.
    names
        The settings, a panel each.
    metric
        The label of the axis.
    statistic, confidence
        "mean", "median" or "iqm" and its interval, which is drawn with few configurations and one setting.
    log_y
        Whether the axis of the metric is logarithmic.
    note, size, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. A line joins the means of the configurations that share a value; where other settings differ as
        well, these are means over them, and the caption says so. Numbers a factor of 100 apart are on a logarithmic
        axis. Configurations without the setting are left out of its panel.

    Raises
    ------
    StatisticsError
        When there is nothing to draw, or no configuration has one of these settings.
    """
    if not names:
        raise StatisticsError("Slices need at least one setting.")
    read = samples_of(samples)
    estimates = {
        name: estimate(each.values, statistic, confidence, missing=each.missing) for name, each in read.items()
    }
    known = {name: each for name, each in estimates.items() if each.n}
    columns = min(len(names), _MOST_COLUMNS)
    rows = math.ceil(len(names) / columns)
    with drawing(style):
        sheet = new_sheet(size or (_PANEL[0] * columns + 0.4, _PANEL[1] * rows + 0.3), rows, columns, own_x=True)
        for axes in sheet.axes[len(names) :]:
            axes.set_visible(False)
        hidden = 0
        several = 1
        for place, (axes, name) in enumerate(zip(sheet.axes, names, strict=False)):
            several = max(several, _panel(axes, known, settings, name, intervals=len(names) == 1))
            if log_y:
                hidden = log_scale(axes, "y", [np.array([each.value for each in known.values()])])
            label_axis(axes.yaxis, metric if place % columns == 0 else "")
            axes.set_xlabel(plain(name), fontsize=points(0.9))
        return sheet.finish(_caption(list(estimates.values()), several, hidden, note) if caption else ())


def _panel(
    axes: Axes, known: Mapping[str, Estimate], settings: Mapping[str, Mapping[str, Any]], name: str, *, intervals: bool
) -> int:
    """Draw one setting, and return how many configurations share one of its values."""
    check_setting(name, settings)
    there = {each: settings[each][name] for each in known if name in settings.get(each, {})}
    if not there:
        raise StatisticsError(f"No configuration with a value has {name!r}.")
    keys = ordered(there.values())
    numbers = are_numbers(keys)
    places = {key: float(key) if numbers else float(place) for place, key in enumerate(keys)}
    by_place: dict[float, list[Estimate]] = {}
    for each, value in there.items():
        by_place.setdefault(places[value_key(value)], []).append(known[each])
    drawn = [(place, one) for place, inside in by_place.items() for one in inside]
    if intervals and len(drawn) <= _MOST_INTERVALS:
        _intervals(axes, drawn)
    axes.plot(
        [place for place, _ in drawn],
        [one.value for _, one in drawn],
        linestyle="none",
        marker="o",
        markersize=3.6 if len(drawn) > _MOST_INTERVALS else 5,
        markeredgewidth=0,
        color=COLOURS[0],
        alpha=0.6,
        gid="configurations",
    )
    if 1 < len(by_place) <= _MOST_MEANS and numbers:
        line = sorted((place, float(np.mean([each.value for each in inside]))) for place, inside in by_place.items())
        axes.plot(*zip(*line, strict=True), color=COLOURS[1], linewidth=1.4, gid="means")
    elif not numbers:
        for place, inside in by_place.items():
            mean = float(np.mean([each.value for each in inside]))
            axes.plot([place - 0.25, place + 0.25], [mean, mean], color=COLOURS[1], linewidth=1.6, gid="means")
    if numbers:
        if spans_magnitudes(places.values()):
            log_scale(axes, "x", [np.array(list(places.values()))])
        label_axis(axes.xaxis, name)
    else:
        axes.set_xlim(-0.6, len(keys) - 0.4)
        shown = [plain(value_shown(key))[:14] for key in keys]
        axes.set_xticks(range(len(keys)), shown if len(keys) <= _MOST_NAMES else ["" for _ in shown])
    return max(map(len, by_place.values()))


def _intervals(axes: Axes, drawn: Sequence[tuple[float, Estimate]]) -> None:
    for place, one in drawn:
        if np.isfinite(one.low):
            axes.plot([place, place], [one.low, one.high], color=COLOURS[0], linewidth=1.2, gid="interval")


def _caption(estimates: Sequence[Estimate], several: int, hidden: int, note: str) -> list[str]:
    statistic = STATISTICS[estimates[0].statistic]
    without = sum(1 for each in estimates if not each.n)
    diverged = sum(each.diverged for each in estimates)
    return [
        f"Each point: a configuration, the {statistic} over its seeds.",
        f"Orange: the mean of those that share a value, up to {several}, over all values of the other settings."
        if several > 1
        else "",
        f"{number_of(without, 'configuration has', 'configurations have')} no value." if without else "",
        f"{number_of(diverged, 'seed diverged and does', 'seeds diverged and do')} not count." if diverged else "",
        hidden_words(hidden),
        note,
    ]
