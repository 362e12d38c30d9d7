"""A metric over two settings of the configurations, as a grid of cells."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.plots.axis import hidden_by_log
from mle_toolbox.plots.cells import ink, readable_size, write_names
from mle_toolbox.plots.figure_text import plain
from mle_toolbox.plots.plotted_samples import SampleLike, samples_of
from mle_toolbox.plots.sheet import new_sheet, sheet_on
from mle_toolbox.plots.style import drawing
from mle_toolbox.statistics import Estimate, estimate
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.text import count as number_of
from mle_toolbox.text import value_key

__all__ = ["are_numbers", "check_setting", "heat_map", "ordered", "value_shown"]

_MOST_WITH_NUMBER = 14
_CELL = (0.62, 0.5)  # inches


def heat_map(
    samples: Mapping[str, ArrayLike | SampleLike],
    settings: Mapping[str, Mapping[str, Any]],
    x: str,
    y: str,
    *,
    metric: str = "",
    statistic: str = "mean",
    lower_is_better: bool | None = None,
    best: Collection[str] | None = None,
    best_words: str = "the best.",
    log_colour: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the aggregate over the seeds for each pair of values of two settings.

    Parameters
    ----------
    samples
        By configuration, one number per seed; see `final_values`.
    settings
        By configuration, its settings by name, from ``results.differences()``.
    x, y
        The settings along the sides.
    metric
        The label of the colour bar.
    statistic
        "mean", "median" or "iqm".
    lower_is_better
        If given, the cell with the best value is framed.
    best, best_words
        Configurations whose cells are framed instead, and what the frame means; ``Answer.best`` has those that are not
        significantly different from the best.
    log_colour
        Whether the colours follow the logarithm of the values.
    note, size, axes, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. Where several configurations have the same two values, because they differ in other settings,
        the cell shows the mean of their aggregates, and the caption says so. A cell without a configuration is empty.

    Raises
    ------
    StatisticsError
        When there is nothing to draw, or no configuration has these settings.
    """
    read = samples_of(samples)
    estimates = {name: estimate(each.values, statistic, missing=each.missing) for name, each in read.items()}
    columns, rows, places = _placed(estimates, settings, x, y)
    cells: dict[tuple[int, int], list[Estimate]] = {}
    for name, place in places.items():
        cells.setdefault(place, []).append(estimates[name])
    values = _values(cells, (len(rows), len(columns)))
    if log_colour:
        # Only for its error when no value is above 0.
        hidden_by_log([values])
    with drawing(style):
        wide, high = max(_CELL[0] * len(columns), 1.8), max(_CELL[1] * len(rows), 1.2)
        sheet = sheet_on(axes) if axes is not None else new_sheet(size or (wide + 2.2, high + 1.0))
        where = sheet.axes[0]
        # Values without a logarithm have no colour either; they must not decide where the colours start.
        low, top = np.nanmin(values[values > 0] if log_colour else values), np.nanmax(values)
        norm = LogNorm(low, top) if log_colour else Normalize(low, top)
        image = where.imshow(np.ma.masked_invalid(values), norm=norm, aspect="auto")
        write_names(
            sheet, [value_shown(each) for each in columns], [value_shown(each) for each in rows], _CELL[0], top=False
        )
        where.set_xlabel(plain(x))
        if are_numbers(rows):
            where.invert_yaxis()  # larger values at the top; imshow has the first row there
        where.set_ylabel(plain(y))
        _write_numbers(where, values, cells, image)
        _cross_out(where, values)
        if best is not None:
            framed = {place for name, place in places.items() if name in best}
        else:
            framed = set() if lower_is_better is None else {_place_of_best(values, lower_is_better)}
        _frame(where, framed)
        if sheet.own:
            bar = sheet.figure.colorbar(image, ax=where, aspect=18, pad=0.03)
            bar.set_label(plain(metric))
            bar.outline.set_visible(False)
        return sheet.finish(
            _caption(list(estimates.values()), cells, values, best_words if framed else "", note) if caption else ()
        )


def _placed(
    estimates: Mapping[str, Estimate], settings: Mapping[str, Mapping[str, Any]], x: str, y: str
) -> tuple[list[str], list[str], dict[str, tuple[int, int]]]:
    """Return the values of both settings in order, and the row and column of each configuration."""
    for name in (x, y):
        check_setting(name, settings)
    there = [name for name in estimates if x in settings.get(name, {}) and y in settings.get(name, {})]
    if not there:
        raise StatisticsError(f"No configuration has both {x!r} and {y!r}.")
    columns, rows = (ordered(settings[name][setting] for name in there) for setting in (x, y))
    places = {
        name: (rows.index(value_key(settings[name][y])), columns.index(value_key(settings[name][x]))) for name in there
    }
    return columns, rows, places


def _values(cells: Mapping[tuple[int, int], Sequence[Estimate]], shape: tuple[int, int]) -> NDArray[np.float64]:
    values = np.full(shape, math.nan)
    for place, inside in cells.items():
        known = [each.value for each in inside if each.n]
        values[place] = float(np.mean(known)) if known else math.nan
    return values


def check_setting(name: str, settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a setting that no configuration has; the message lists those that there are."""
    there = list(dict.fromkeys(key for each in settings.values() for key in each))
    if name not in there:
        listed = f" Available: {', '.join(map(repr, there))}." if there else " They do not differ in any."
        raise StatisticsError(f"No configuration has a setting {name!r} of its own.{listed}{did_you_mean(name, there)}")


def ordered(values: Any) -> list[str]:
    """Return the keys of the different values, numbers in increasing order, others in order of appearance."""
    different = {value_key(value): value for value in values}
    if are_numbers(different):
        return sorted(different, key=lambda key: float(different[key]))
    return list(different)


def are_numbers(keys: Iterable[str]) -> bool:
    """Tell whether the values with these keys are numbers."""
    # type() and not isinstance(): bool is an int.
    return all(type(json.loads(key)) in (int, float) for key in keys)


def value_shown(key: str) -> str:
    """Return the value with this key as a figure shows it."""
    value = json.loads(key)
    return value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else key


def _write_numbers(
    axes: Axes, values: NDArray[np.float64], cells: Mapping[tuple[int, int], Sequence[Estimate]], image: Any
) -> None:
    # In smaller cells numbers would not be readable.
    if max(values.shape) > _MOST_WITH_NUMBER:
        return
    for row, column in np.argwhere(np.isfinite(values)):
        n = sum(each.n for each in cells[row, column])
        size = readable_size(values.shape[1])
        axes.text(
            column,
            row,
            f"{values[row, column]:.3g}\nn={n}",
            ha="center",
            va="center",
            fontsize=size - 0.5,
            linespacing=1.15,
            color=ink(image.cmap(image.norm(values[row, column]))),
            gid="number",
        )


def _cross_out(axes: Axes, values: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(~np.isfinite(values)):
        empty = Rectangle(
            (column - 0.5, row - 0.5), 1, 1, fill=False, hatch="////", linewidth=0, alpha=0.25, gid="empty"
        )
        axes.add_patch(empty)


def _place_of_best(values: NDArray[np.float64], lower_is_better: bool) -> tuple[int, int]:
    row, column = np.unravel_index((np.nanargmin if lower_is_better else np.nanargmax)(values), values.shape)
    return int(row), int(column)


def _frame(axes: Axes, places: Iterable[tuple[int, int]]) -> None:
    for row, column in sorted(places):
        inner = Rectangle(
            (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, linewidth=1.8, edgecolor=COLOURS[1], gid="best"
        )
        axes.add_patch(inner)


def _caption(
    estimates: Sequence[Estimate],
    cells: Mapping[tuple[int, int], Sequence[Estimate]],
    values: NDArray[np.float64],
    best_words: str,
    note: str,
) -> list[str]:
    statistic = STATISTICS[estimates[0].statistic]
    several = max(len(inside) for inside in cells.values())
    diverged = sum(each.diverged for each in estimates)
    return [
        f"The {statistic} over n seeds.",
        f"Where up to {several} configurations share the two values: their mean." if several > 1 else "",
        f"{number_of(diverged, 'seed diverged and does', 'seeds diverged and do')} not count." if diverged else "",
        f"Framed: {best_words}" if best_words else "",
        "Hatched: no value." if np.isnan(values).any() else "",
        note,
    ]
