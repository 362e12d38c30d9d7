"""Axes: their labels, their numbers, and values that a logarithmic axis cannot show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.cbook import strip_math
from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.figure_text import plain
from mle_toolbox.plots.sheet import Sheet
from mle_toolbox.plots.style import points
from mle_toolbox.text import count as number_of

__all__ = [
    "hidden_by_log",
    "hidden_words",
    "label_axis",
    "label_sheet",
    "log_scale",
    "marker_places",
    "spans_magnitudes",
]

_MAGNITUDES = 100


class _PlainLinear(ScalarFormatter):
    """Numbers on a linear axis, in plain text; a power of ten that belongs to all of them is mathematics."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        # It looks the same, and a figure is set and saved in two thirds of the time.
        return super().__call__(x, pos).removeprefix(r"$\mathdefault{").removesuffix("}$")


class _PlainLog(LogFormatterSciNotation):
    """Numbers on a logarithmic axis: 0.01, 2 or 300 where these are short, else powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = super().__call__(x, pos)
        return f"{x:g}" if text and 1e-3 <= abs(x) < 1e5 else text


class _Apart(MaxNLocator):
    """Tick positions on an x axis whose numbers do not touch each other."""

    def __init__(self, axis: XAxis) -> None:
        super().__init__("auto", steps=[1, 2, 2.5, 5, 10])
        self._of = axis

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        self.set_params(nbins="auto")
        ticks = super().tick_values(vmin, vmax)
        texts = self._of.get_major_formatter().format_ticks(list(ticks))
        # "auto" assumes numbers three letters wide; a letter is about 0.62 of the text size wide.
        room = int(3 * self._of.get_tick_space() / (0.62 * (max(map(len, map(strip_math, texts))) + 1)))
        if len(ticks) - 2 <= room:  # matplotlib's locators return one tick beyond each end of the axis
            return ticks
        self.set_params(nbins=max(room, 1))
        return super().tick_values(vmin, vmax)


def label_axis(axis: Axis, name: str) -> None:
    """Write the user's name on the axis, and full numbers: no offset for the reader to add."""
    axis.set_label_text(plain(name))
    # Offsets such as "+1e5" are overlooked in print, so useOffset is off.
    if axis.get_scale() == "linear":
        formatter = _PlainLinear(useOffset=False, useMathText=True)
        formatter.set_powerlimits((-4, 6))
        axis.set_major_formatter(formatter)
        if isinstance(axis, XAxis):
            axis.set_major_locator(_Apart(axis))
    elif axis.get_scale() == "log":
        axis.set_major_formatter(_PlainLog())
        axis.set_minor_formatter(_PlainLog())


def log_scale(axes: Axes, axis: Literal["x", "y"], values: Iterable[NDArray[np.float64]]) -> int:
    """Make an axis logarithmic and return how many of ``values`` it cannot show; see ``hidden_by_log``."""
    hidden = hidden_by_log(values)
    axes.set(**{f"{axis}scale": "log"})
    return hidden


def spans_magnitudes(values: Iterable[float]) -> bool:
    """Tell whether a setting with these values is drawn logarithmically: all above 0, and a factor of 100 apart."""
    values = list(values)
    return min(values) > 0 and max(values) / min(values) >= _MAGNITUDES


def hidden_by_log(values: Iterable[NDArray[np.float64]]) -> int:
    """Return how many of ``values`` are not above 0.

    Raises
    ------
    StatisticsError
        When none is above 0.
    """
    finite = np.concatenate([each[np.isfinite(each)].ravel() for each in values])
    hidden = int((finite <= 0).sum())
    if hidden == finite.size:
        raise StatisticsError(f"A logarithmic axis needs values above 0, and none of the {finite.size} values is.")
    return hidden


def hidden_words(count: int) -> str:
    """Return the sentence for the caption on values that a logarithmic axis does not show, if any."""
    return f"Not drawn, because not above 0: {number_of(count, 'value')}." if count else ""


def label_sheet(sheet: Sheet, x: str, y: str) -> None:
    """Label the axes; panels share one label per side."""
    for axes in sheet.axes:
        label_axis(axes.xaxis, "" if len(sheet.axes) > 1 else x)
        label_axis(axes.yaxis, "" if len(sheet.axes) > 1 else y)
    if len(sheet.axes) > 1:
        sheet.x_label = x
        sheet.figure.supylabel(plain(y), fontsize=points(1.0), gid="y label")


def marker_places(
    time: NDArray[np.float64], values: NDArray[np.float64], count: int, shift: float = 0.5, *, log: bool = False
) -> list[int]:
    """Return where markers stand on a line: at the points nearest to ``count`` evenly spaced places of the axis.

    ``shift``, from 0 to 1, moves them, so that markers of two lines do not cover each other.
    """
    # Times at or below 0 have no place on a logarithmic axis.
    there = np.flatnonzero(np.isfinite(values) & ((time > 0) | (not log)))
    if len(there) == 0:
        return []
    place = np.log(time[there]) if log else time[there]
    wanted = place[0] + (np.arange(count) + shift) / count * (place[-1] - place[0])
    nearest = np.abs(place[:, np.newaxis] - wanted).argmin(axis=0)
    return sorted({int(there[each]) for each in nearest})
