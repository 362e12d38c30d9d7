"""A metric over two settings that are numbers: contours of an interpolation between the configurations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import LinearTriInterpolator, Triangulation, UniformTriRefiner
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import hidden_by_log, hidden_words, label_axis, spans_magnitudes
from mle_toolbox.plots.figure_text import measure, plain, wrapped
from mle_toolbox.plots.heat import are_numbers, check_setting, ordered, value_shown
from mle_toolbox.plots.plotted_samples import SampleLike, samples_of
from mle_toolbox.plots.sheet import new_sheet, sheet_on
from mle_toolbox.plots.style import drawing
from mle_toolbox.plots.style import points as size_of
from mle_toolbox.statistics import Estimate, estimate
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.text import count as number_of
from mle_toolbox.text import listed

__all__ = ["contours"]

_SIZE = (4.6, 3.2)  # inches
_LEVELS = 12
_MOST_TRIANGLES = 60_000
# Of the smaller side of the cloud of points, relative to the larger one: flatter clouds have no inside.
_FLAT = 1e-6


@dataclass(frozen=True)
class _Point:
    """One place in the plane, with the mean of the configurations there."""

    x: float
    y: float
    value: float
    several: int


def contours(
    samples: Mapping[str, ArrayLike | SampleLike],
    settings: Mapping[str, Mapping[str, Any]],
    x: str,
    y: str,
    *,
    metric: str = "",
    statistic: str = "mean",
    log_x: bool | None = None,
    log_y: bool | None = None,
    log_colour: bool = False,
    marked: str | None = None,
    marked_words: str = "the best.",
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the aggregate over the seeds as a surface over two settings, for configurations scattered in the plane.

    Parameters
    ----------
    samples
        By configuration, one number per seed; see `final_values`.
    settings
        By configuration, its settings by name, from ``results.differences()``.
    x, y
        The settings along the axes, both numbers.
    metric
        The label of the colour bar.
    statistic
        "mean", "median" or "iqm".
    log_x, log_y, log_colour
        Whether the axes, and the colours, are logarithmic; an axis by default where its values are above 0 and a factor
        of 100 apart. Along a logarithmic axis the interpolation is linear in the logarithm.
    marked, marked_words
        A configuration that gets a ring, and what the ring means.
    note, size, axes, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. Each configuration is a point of the colour of its own value. Between the points the surface is
        linear in the triangles of neighbouring ones (Delaunay, with both axes scaled to the same length), outside of
        them there is none. Where several configurations have the same two values, the point is the mean of their
        aggregates.

    Raises
    ------
    StatisticsError
        When a setting has values that are no numbers, or the points do not span an area.
    """
    if x == y:
        raise StatisticsError(f"A contour needs two different settings, and both are {x!r}.")
    read = samples_of(samples)
    estimates = {name: estimate(each.values, statistic, missing=each.missing) for name, each in read.items()}
    is_log = {}
    for name, asked in ((x, log_x), (y, log_y)):
        numbers = _numbers(name, settings)
        is_log[name] = spans_magnitudes(numbers) if asked is None else asked
    points, hidden, ring = _points(estimates, settings, is_log, marked, log_colour=log_colour)
    values = np.array([each.value for each in points])
    surface = _surface(points, log_x=is_log[x], log_y=is_log[y], log_colour=log_colour)
    with drawing(style):
        sheet = sheet_on(axes) if axes is not None else new_sheet(size or _SIZE)
        where = sheet.axes[0]
        where.set(xscale="log" if is_log[x] else "linear", yscale="log" if is_log[y] else "linear")
        norm = LogNorm(values.min(), values.max()) if log_colour else Normalize(values.min(), values.max())
        filled = where.tricontourf(*surface, levels=_levels(values, log=log_colour), norm=norm)
        filled.set_gid("surface")
        where.scatter(
            [each.x for each in points],
            [each.y for each in points],
            c=values,
            norm=norm,
            cmap=filled.cmap,
            s=16 if len(points) <= 200 else 7,
            edgecolors="white",
            linewidths=0.7 if len(points) <= 200 else 0.3,
            zorder=3,
            gid="configurations",
        )
        if ring is not None:
            where.plot(
                *ring,
                "o",
                markersize=11,
                markerfacecolor="none",
                markeredgecolor=COLOURS[1],
                markeredgewidth=2,
                gid="ring",
            )
        where.grid(visible=False)
        # Contours stick to the frame, which would cut the outermost points.
        where.use_sticky_edges = False
        where.margins(0.04)
        label_axis(where.xaxis, x)
        label_axis(where.yaxis, y)
        if sheet.own:
            bar = sheet.figure.colorbar(filled, ax=where, aspect=22, pad=0.03, spacing="proportional")
            if log_colour:
                ticks = _round_numbers(values.min(), values.max())
                bar.set_ticks(ticks, labels=[f"{each:g}" for each in ticks], minor=False)
                bar.minorticks_off()
            # Also where the caption is left out, the figure says that the surface was not measured.
            label = f"{plain(metric)}, interpolated".lstrip(", ")
            bar.set_label(wrapped(label, sheet.figure.get_figheight() - 0.6, measure(sheet.figure, size_of(1.0))))
            bar.outline.set_visible(False)
        others = len({key for each in settings.values() for key in each} - {x, y})
        words = _caption(list(estimates.values()), points, hidden, others, marked_words if ring else "", note)
        return sheet.finish(words if caption else ())


def _numbers(name: str, settings: Mapping[str, Mapping[str, Any]]) -> list[float]:
    """Return the values of a setting, and refuse one that is none of numbers."""
    check_setting(name, settings)
    keys = ordered(each[name] for each in settings.values() if name in each)
    if not are_numbers(keys):
        shown = listed((repr(value_shown(key)) for key in keys if not are_numbers([key])), 3)
        raise StatisticsError(
            f"A contour needs settings that are numbers, and {name!r} is none: it has {shown}. A heat map or slices "
            "draw it."
        )
    return list(map(float, keys))


def _points(
    estimates: Mapping[str, Estimate],
    settings: Mapping[str, Mapping[str, Any]],
    is_log: Mapping[str, bool],
    marked: str | None,
    *,
    log_colour: bool,
) -> tuple[list[_Point], int, tuple[float, float] | None]:
    """Return the different places with their means, how many values a logarithm hides, and the place of the ring.

    ``is_log``: the settings along x and y, and whether their axes are logarithmic.
    """
    x, y = is_log
    there = {
        name: (float(settings[name][x]), float(settings[name][y]), one.value)
        for name, one in estimates.items()
        if one.n and is_log.keys() <= settings.get(name, {}).keys()
    }
    if not there:
        raise StatisticsError(f"No configuration with a value has both {' and '.join(map(repr, is_log))}.")
    logs = (*is_log.values(), log_colour)
    for column, log in zip(zip(*there.values(), strict=True), logs, strict=True):
        if log:
            # Only for its error when no value is above 0.
            hidden_by_log([np.array(column)])
    shown = {
        name: place
        for name, place in there.items()
        if all(each > 0 or not log for each, log in zip(place, logs, strict=True))
    }
    together: dict[tuple[float, float], list[float]] = {}
    for at_x, at_y, value in shown.values():
        together.setdefault((at_x, at_y), []).append(value)
    points = [_Point(*place, float(np.mean(values)), len(values)) for place, values in together.items()]
    ring = shown[marked][:2] if marked is not None and marked in shown else None
    return points, len(there) - len(shown), ring


def _surface(
    points: Sequence[_Point], *, log_x: bool, log_y: bool, log_colour: bool
) -> tuple[Triangulation, NDArray[np.float64]]:
    """Return triangles between the points, and the values at their corners."""
    if len(points) < 3:
        raise _no_area(len(points))
    columns = (("x", log_x), ("y", log_y))
    plane = [np.array([getattr(each, name) for each in points]) for name, _ in columns]
    scaled = [np.log(values) if is_log else values for values, (_, is_log) in zip(plane, columns, strict=True)]
    spans = [(values.min(), np.ptp(values) or 1.0) for values in scaled]
    # Which points are neighbours depends on the unit of the axes, so both have the length 1.
    unit = [(values - low) / span for values, (low, span) in zip(scaled, spans, strict=True)]
    spread = np.linalg.svd(np.stack([each - each.mean() for each in unit]), compute_uv=False)
    if spread[1] <= _FLAT * spread[0]:
        raise _no_area(len(points))
    triangles = Triangulation(unit[0], unit[1])
    values = np.array([each.value for each in points])
    values = np.log(values) if log_colour else values
    if log_x or log_y:
        # matplotlib is linear along the edges of a triangle in the units of the data: small triangles follow the
        # logarithm.
        finer = max(0, int(math.log(_MOST_TRIANGLES / len(triangles.triangles), 4)))
        triangles, values = UniformTriRefiner(triangles).refine_field(
            values, LinearTriInterpolator(triangles, values), subdiv=min(finer, 4)
        )
    corners = [
        np.exp(each * span + low) if is_log else each * span + low
        for each, (low, span), (_, is_log) in zip((triangles.x, triangles.y), spans, columns, strict=True)
    ]
    drawn = Triangulation(corners[0], corners[1], triangles.triangles)
    return drawn, np.exp(values) if log_colour else values


def _no_area(number: int) -> StatisticsError:
    there = f"{number_of(number, 'different place')}{' on one line' if number > 2 else ''}"
    return StatisticsError(
        f"A contour needs configurations at three different places that are not on one line; found {there}. Slices "
        "show one setting at a time."
    )


def _levels(values: NDArray[np.float64], *, log: bool) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, low + 0.5]) if not log else np.array([low * 0.9, low * 1.1])
    if not log:
        return np.asarray(MaxNLocator(_LEVELS).tick_values(low, high))
    # A little more at both ends, or the corners with the lowest and highest value are left out by rounding.
    return np.asarray(np.geomspace(low * (1 - 1e-9), high * (1 + 1e-9), _LEVELS + 1))


def _round_numbers(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten in a range, or its ends where there are fewer than two."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = [
        each for power in powers for each in (10.0**power, 2 * 10.0**power, 5 * 10.0**power) if low <= each <= high
    ]
    return inside if len(inside) > 1 else [float(f"{each:.3g}") for each in (low, high)]


def _caption(
    estimates: Sequence[Estimate],
    points: Sequence[_Point],
    hidden: int,
    others: int,
    marked_words: str,
    note: str,
) -> list[str]:
    statistic = STATISTICS[estimates[0].statistic]
    several = max(each.several for each in points)
    without = sum(1 for each in estimates if not each.n)
    diverged = sum(each.diverged for each in estimates)
    return [
        f"Each point: a configuration, the {statistic} over its seeds. The surface between the points is an "
        "interpolation, linear between neighbours, and was not measured.",
        f"They differ in {number_of(others, 'other setting')} as well." if others else "",
        f"Where up to {several} configurations share the two values: their mean." if several > 1 else "",
        f"Ring: {marked_words}" if marked_words else "",
        f"{number_of(without, 'configuration has', 'configurations have')} no value." if without else "",
        f"{number_of(diverged, 'seed diverged and does', 'seeds diverged and do')} not count." if diverged else "",
        hidden_words(hidden),
        note,
    ]
