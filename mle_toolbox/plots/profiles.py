"""Performance profiles: the share of the seeds that are better than each threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.plots.axis import hidden_by_log, hidden_words, label_sheet, marker_places
from mle_toolbox.plots.panels import MOST_IN_ONE, draw_behind, new_panels, title_panels
from mle_toolbox.plots.plotted_samples import Sample, SampleLike, samples_of
from mle_toolbox.plots.sheet import Entry, Sheet, new_sheet, sheet_on
from mle_toolbox.plots.style import Look, drawing, looks
from mle_toolbox.statistics import performance_profile, profile_interval
from mle_toolbox.text import percent

__all__ = ["performance_profiles"]

_SIZE = (5.5, 3.4)  # inches
_MOST_WITH_BAND = 3
_LEAST_WITH_BAND = 2  # seeds; the exact interval for one seed spans nearly everything


@dataclass(frozen=True)
class _Profile:
    grid: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    step: Literal["pre", "post"]

    def corners(self) -> NDArray[np.float64]:
        """Return the steps as a line, shape (2 K - 1, 2)."""
        x, y = np.repeat(self.grid, 2), np.repeat(self.share, 2)
        return np.column_stack([x[1:], y[:-1]] if self.step == "post" else [x[:-1], y[1:]])


def performance_profiles(
    samples: Mapping[str, ArrayLike | SampleLike],
    *,
    metric: str = "",
    lower_is_better: bool = False,
    confidence: float = 0.95,
    log_x: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    axes: Axes | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw, for each configuration, the share of its seeds that are better than a threshold, over all thresholds.

    Parameters
    ----------
    samples
        By configuration, one number per seed; see `final_values`. A seed that diverged is better than no threshold.
    metric
        The label of the axis.
    lower_is_better
        Whether lower is better.
    confidence
        Of the bands, which are drawn for up to three configurations, and in panels.
    log_x
        Draw the thresholds on a logarithmic axis.
    note, size, axes, caption, style
        As in `final_values`.

    Returns
    -------
    Figure
        Of matplotlib. More than ten configurations get a panel each.

    Raises
    ------
    StatisticsError
        When there is nothing to draw.

    Notes
    -----
    Agarwal et al. 2021, arXiv:2108.13264. A line that is nowhere below another is the better one at every threshold.
    """
    read = samples_of(samples)
    hidden = hidden_by_log([each.finite for each in read.values()]) if log_x else 0
    grid = _thresholds(read, log_x)
    profiles = {name: _profile(each, grid, confidence, lower_is_better) for name, each in read.items()}
    remarks = {name: _remark(each) for name, each in read.items()}
    # Axes of the user take all configurations, however many there are.
    in_panels = axes is None and len(read) > MOST_IN_ONE
    with drawing(style):
        if in_panels:
            sheet = new_panels(len(read), size)
            _draw_panels(sheet, profiles)
        else:
            sheet = sheet_on(axes) if axes is not None else new_sheet(size or _SIZE)
            _draw_together(sheet, profiles, remarks)
        for each in sheet.axes:
            each.set_ylim(-0.03, 1.03)
            if log_x:
                each.set_xscale("log")
        label_sheet(sheet, metric, f"share of the seeds {'below' if lower_is_better else 'above'} this value")
        figure = sheet.finish([*_caption(read, confidence), hidden_words(hidden), note] if caption else ())
        if in_panels:
            title_panels(sheet, list(read), list(remarks.values()), low=lower_is_better)
        return figure


def _thresholds(samples: Mapping[str, Sample], log_x: bool) -> NDArray[np.float64]:
    """Return all values and a point beyond them on both sides, so that every line starts at 1 and ends at 0."""
    values = np.unique(np.concatenate([each.finite for each in samples.values()]))
    if log_x:
        values = values[values > 0]
        beyond = (values[-1] / values[0]) ** 0.04 if values[-1] > values[0] else 1.1
        return np.concatenate([[values[0] / beyond], values, [values[-1] * beyond]])
    beyond = 0.04 * np.ptp(values) or max(abs(values[0]) * 0.1, 1e-12)
    return np.concatenate([[values[0] - beyond], values, [values[-1] + beyond]])


def _profile(sample: Sample, grid: NDArray[np.float64], confidence: float, lower_is_better: bool) -> _Profile:
    sign = -1.0 if lower_is_better else 1.0
    # Below every threshold, because a run that diverged has reached none.
    worst = (sign * grid).min() - 1.0
    scores = np.where(np.isfinite(sample.values), sign * sample.values, worst)
    low, high = profile_interval(scores, sign * grid, confidence)
    if len(scores) < _LEAST_WITH_BAND:
        low, high = np.full_like(low, np.nan), np.full_like(high, np.nan)
    # The share changes at the values of the seeds: just after one if higher is better, just before if lower is.
    return _Profile(grid, performance_profile(scores, sign * grid), low, high, "pre" if lower_is_better else "post")


def _draw_together(sheet: Sheet, profiles: Mapping[str, _Profile], remarks: Mapping[str, str]) -> None:
    for look, (name, profile) in zip(looks(len(profiles)), profiles.items(), strict=True):
        shift = (len(sheet.entries) + 0.5) / len(profiles)
        _draw(sheet.axes[0], profile, look, with_band=len(profiles) <= _MOST_WITH_BAND, marker_shift=shift)
        handle = Line2D([], [], color=look.colour, linestyle=look.line, marker=look.marker, markersize=5)
        sheet.entries.append(Entry(handle, name, f"  ({remarks[name]})"))


def _draw_panels(sheet: Sheet, profiles: Mapping[str, _Profile]) -> None:
    draw_behind(sheet, [profile.corners() for profile in profiles.values()])
    for axes, profile in zip(sheet.axes, profiles.values(), strict=True):
        _draw(axes, profile, looks(1)[0], with_band=True, marker_shift=None)


def _draw(axes: Axes, profile: _Profile, look: Look, *, with_band: bool, marker_shift: float | None) -> None:
    if np.isnan(profile.share).all():
        return
    if with_band:
        axes.fill_between(
            profile.grid,
            profile.low,
            profile.high,
            step=profile.step,
            color=look.colour,
            alpha=0.15,
            linewidth=0,
            gid="band",
        )
    axes.plot(
        profile.grid,
        profile.share,
        drawstyle=f"steps-{profile.step}",
        color=look.colour,
        linestyle=look.line,
        linewidth=1.3 if marker_shift is None else 1.6,
        marker=None if marker_shift is None else look.marker,
        markersize=5.5,
        markeredgecolor=axes.get_facecolor(),
        markeredgewidth=0.5,
        markevery=marker_places(profile.grid, profile.share, 6, marker_shift or 0.5),
        gid="profile",
    )


def _remark(sample: Sample) -> str:
    parts = [f"n={len(sample.values)}{', no interval' if len(sample.values) < _LEAST_WITH_BAND else ''}"]
    parts += [
        f"{count} {word}" for count, word in ((sample.diverged, "diverged"), (sample.missing, "missing")) if count
    ]
    return ", ".join(parts)


def _caption(samples: Mapping[str, Sample], confidence: float) -> list[str]:
    diverged = any(each.diverged for each in samples.values())
    # Bands of more configurations would cover each other; in panels each has its own.
    with_band = len(samples) <= _MOST_WITH_BAND or len(samples) > MOST_IN_ONE
    with_band = with_band and any(len(each.values) >= _LEAST_WITH_BAND for each in samples.values())
    return [
        f"Bands: {percent(confidence)} intervals of the share at each threshold." if with_band else "",
        "Diverged seeds reach no threshold." if diverged else "",
    ]
