"""The lines of one configuration's learning curve, made from its ``Curve``."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from mle_toolbox.plots.axis import marker_places
from mle_toolbox.plots.style import Look
from mle_toolbox.statistics import Band, Curve
from mle_toolbox.statistics.thinning import thinned

__all__ = ["CurveLines", "draw_curve", "draw_diverged"]

Floats = NDArray[np.float64]

_MOST_VECTOR_POINTS = 30_000  # in all thin lines of a configuration; above, vector files hold a bitmap of them


@dataclass(frozen=True, eq=False)
class CurveLines:
    """A configuration's curve and band, thinned to as many points as can be seen.

    ``time``, ``center``, ``low``, ``high`` and ``n`` have shape (P,); ``seed_values`` (S, Q) over ``seed_time`` (Q,).
    """

    name: str
    curve: Curve
    band: Band
    log_x: bool
    time: Floats
    center: Floats
    low: Floats
    high: Floats
    n: Floats
    seed_time: Floats
    seed_values: Floats

    @classmethod
    def of(cls, name: str, curve: Curve, statistic: str, confidence: float, *, log_x: bool) -> CurveLines:
        """Compute the band and thin out the points."""
        band = curve.band(statistic, confidence)
        # NaN, so that thinning ignores times without a seed.
        n = np.where(band.n > 0, band.n, np.nan).astype(np.float64)
        time, center, low, high, n = thinned(band.time, band.center, band.low, band.high, n, log=log_x)
        finite = np.where(np.isfinite(curve.values), curve.values, np.nan)
        seed_time, seed_values = thinned(curve.time, finite, log=log_x)
        return cls(name, curve, band, log_x, time, center, low, high, n, seed_time, seed_values)

    @property
    def has_values(self) -> bool:
        """Whether there is anything to draw."""
        return bool(np.isfinite(self.center).any())

    @property
    def has_band(self) -> bool:
        """Whether there is an interval anywhere."""
        return bool(np.isfinite(self.low).any())

    @property
    def n_changes(self) -> bool:
        """Whether fewer seeds have a value at some times than at others."""
        counts = self.band.n[self.band.n > 0]
        return len(counts) > 0 and bool(counts.min() < counts.max())

    def remark(self) -> str:
        """Return the number of seeds behind the line, for the legend."""
        counts = self.band.n[self.band.n > 0]
        most = counts.max(initial=0)
        n = f"n={counts.min()} to {most}" if self.n_changes else f"n={most}"
        diverged = f", {self.band.diverged} diverged" if self.band.diverged else ""
        return f"{n}{'' if self.has_band else ', no interval'}{diverged}"

    def center_line(self) -> Floats:
        """Return the aggregate as points, shape (P, 2)."""
        return np.column_stack([self.time, self.center])

    def diverged_at(self) -> tuple[Floats, Floats]:
        """Return time and value of the last finite tick of each seed that diverged after one."""
        points = []
        for row in self.curve.values:
            bad = np.flatnonzero(np.isinf(row))
            good = np.flatnonzero(np.isfinite(row[: bad[0]])) if len(bad) else bad
            if len(good):
                points.append((self.curve.time[good[-1]], row[good[-1]]))
        times, values = zip(*points, strict=True) if points else ((), ())
        return np.array(times, dtype=np.float64), np.array(values, dtype=np.float64)


def draw_curve(axes: Axes, lines: CurveLines, look: Look, *, with_seeds: bool, marker_shift: float | None) -> None:
    """Draw seeds, band and aggregate; ``marker_shift`` None draws no markers."""
    if not lines.has_values:
        return
    if with_seeds and len(lines.seed_values) > 1:
        _draw_seeds(axes, lines, look)
    _draw_band(axes, lines, look)
    _draw_center(axes, lines, look, marker_shift)


def draw_diverged(axes: Axes, lines: CurveLines, look: Look) -> None:
    """Mark with a cross where seeds diverged; beyond the limits, at the edge of the axes."""
    time, value = lines.diverged_at()
    if len(time):
        low, high = sorted(axes.get_ylim())
        axes.plot(
            time,
            np.clip(value, low, high),
            linestyle="none",
            marker="x",
            markersize=5.5,
            markeredgewidth=1.5,
            color=look.colour,
            clip_on=False,
            scalex=False,
            scaley=False,
            zorder=4,
            gid="diverged",
        )


def _draw_seeds(axes: Axes, lines: CurveLines, look: Look) -> None:
    # What is not above 0 would reach minus infinity on a logarithmic axis.
    values = np.where((lines.seed_values > 0) | (axes.get_yscale() != "log"), lines.seed_values, np.nan)
    paths = [np.column_stack([lines.seed_time, row]) for row in values]
    paths = [path[np.isfinite(path[:, 1]).argmax() :] for path in paths if np.isfinite(path[:, 1]).any()]
    many = sum(map(len, paths)) > _MOST_VECTOR_POINTS
    # A thinned line draws both extremes of each bin, so it covers an area and needs less ink.
    dense = len(lines.seed_time) < len(lines.curve.time)
    alpha = float(np.clip(3.0 / max(len(paths), 1), 0.12, 0.4)) / (4 if dense else 1)
    axes.add_collection(
        LineCollection(paths, colors=[look.colour], linewidths=0.6, alpha=alpha, gid="seeds", rasterized=many, zorder=2)
    )


def _draw_band(axes: Axes, lines: CurveLines, look: Look) -> None:
    there = np.isfinite(lines.low)
    if there.sum() == 1:  # an area over a single point is invisible
        at = int(np.flatnonzero(there)[0])
        axes.vlines(lines.time[at], lines.low[at], lines.high[at], colors=[look.colour], linewidth=4, alpha=0.3)
    elif there.any():
        axes.fill_between(
            lines.time, lines.low, lines.high, color=look.colour, alpha=0.18, linewidth=0, gid="band", zorder=2.1
        )


def _draw_center(axes: Axes, lines: CurveLines, look: Look, marker_shift: float | None) -> None:
    width = mpl.rcParams["lines.linewidth"] * (1.2 if marker_shift is not None else 0.9)
    fewer = lines.n < np.nanmax(lines.n)
    # The parts with all and with fewer seeds share their end points; else a gap would open where n changes.
    beside = fewer.copy()
    beside[:-1] |= fewer[1:]
    beside[1:] |= fewer[:-1]
    for there, share, gid in ((~fewer, 1.0, "center"), (beside, 0.45, "center of fewer seeds")):
        if not (there & np.isfinite(lines.center)).any() or (gid != "center" and not fewer.any()):
            continue
        part = np.where(there, lines.center, np.nan)
        axes.plot(  # an outline, so that the line stands out from its seeds
            lines.time,
            part,
            color=axes.get_facecolor(),
            linewidth=width * share + 1.3,
            alpha=0.8,
            zorder=2.9,
            gid="rim",
        )
        axes.plot(
            lines.time,
            part,
            color=look.colour,
            linestyle=look.line,
            linewidth=width * share,
            solid_capstyle="round",
            zorder=3,
            gid=gid,
        )
    # A single point is no line: without its marker it would be invisible.
    if marker_shift is None and np.isfinite(lines.center).sum() > 1:
        return
    axes.plot(
        lines.time,
        lines.center,
        linestyle="none",
        marker=look.marker,
        markersize=5,
        color=look.colour,
        markeredgecolor=axes.get_facecolor(),
        markeredgewidth=0.6,
        markevery=marker_places(lines.time, lines.center, 6, marker_shift or 0.5, log=lines.log_x),
        zorder=3.1,
        gid="markers",
    )
