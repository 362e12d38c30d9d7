"""Charts that notebooks of the original imported from ``mle_toolbox.visualize``; each returns figure and axes.

Of our own charts, ``mle_toolbox.plots`` has better ones: with intervals, and with what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import UsageError
from mle_toolbox.original.selection import rows_with
from mle_toolbox.plots.style import drawing

__all__ = [
    "moving_smooth_ts",
    "plot_2D_heatmap",
    "visualize_1D_bar",
    "visualize_1D_lcurves",
    "visualize_1D_line",
    "visualize_2D_grid",
]

_Fixed = Mapping[str, Any] | None
_File = str | Path | None


def visualize_2D_grid(  # noqa: N802  (the names in the original, here and below)
    hyper_df: Any,
    fixed_params: _Fixed = None,
    params_to_plot: Sequence[str] = (),
    target_to_plot: str = "",
    plot_title: str | None = None,
    plot_subtitle: Any = None,
    xy_labels: Sequence[str] = (),
    variable_name: str | None = None,
    every_nth_tick: int = 1,
    plot_colorbar: bool = True,
    text_in_cell: bool = False,
    max_heat: float | None = None,
    min_heat: float | None = None,
    return_array: bool = False,
    round_ticks: int = 1,
    norm_cols: bool = False,
    norm_rows: bool = False,
    **options: Any,
) -> Any:
    """Draw a metric over two variables, from a ``HyperLog`` or its DataFrame.

    Parameters
    ----------
    hyper_df, fixed_params
        The runs, and the values of other variables that select some of them.
    params_to_plot, target_to_plot
        The variables along x and y, and the metric. Runs with the same two values are averaged.
    return_array
        Return the numbers, of shape (len(y), len(x)) with the smallest y in the last row and NaN where there is no run,
        and the values along x and y.
    norm_cols, norm_rows
        Divide each column, or each row, by its largest number.
    plot_title, plot_subtitle, xy_labels, variable_name, every_nth_tick, plot_colorbar, text_in_cell
        See ``plot_2D_heatmap``.
    max_heat, min_heat, round_ticks, **options
        See ``plot_2D_heatmap``.
    """
    if len(params_to_plot) != 2:
        raise UsageError(f"visualize_2D_grid draws two variables, params_to_plot has {list(params_to_plot)}.")
    runs = _selected(hyper_df, fixed_params)
    x, y = (list(runs[name]) for name in params_to_plot)
    scores = np.asarray(list(runs[target_to_plot]), dtype=np.float64)
    range_x, range_y = _ordered(x), _ordered(y)
    heat = np.full((len(range_y), len(range_x)), np.nan)
    for row, value_y in enumerate(reversed(range_y)):
        for column, value_x in enumerate(range_x):
            here = [score for score, a, b in zip(scores, x, y, strict=True) if a == value_x and b == value_y]
            if here:
                heat[row, column] = np.mean(here)
    for axis in [0] * norm_cols + [1] * norm_rows:
        largest = np.ma.masked_invalid(heat).max(axis=axis, keepdims=True)
        heat = heat / np.ma.filled(largest, np.nan)
    if return_array:
        return heat, np.array(range_x), np.array(range_y)
    return plot_2D_heatmap(
        range_x,
        range_y,
        heat,
        target_to_plot if plot_title is None else plot_title,
        xy_labels or params_to_plot,
        target_to_plot if variable_name is None else variable_name,
        every_nth_tick,
        plot_colorbar,
        text_in_cell,
        max_heat,
        min_heat,
        round_ticks,
        subtitle=plot_subtitle,
        **options,
    )


def plot_2D_heatmap(  # noqa: N802
    range_x: Sequence[Any],
    range_y: Sequence[Any],
    heat_array: NDArray[np.float64],
    title: str = "",
    xy_labels: Sequence[str] = ("", ""),
    variable_name: str | None = None,
    every_nth_tick: int = 1,
    plot_colorbar: bool = True,
    text_in_cell: bool = False,
    max_heat: float | None = None,
    min_heat: float | None = None,
    round_ticks: int = 1,
    fig: Any = None,
    ax: Any = None,
    figsize: tuple[float, float] = (10, 8),
    cmap: str | None = None,
    subtitle: Any = None,
    fname: _File = None,
    **_: Any,
) -> tuple[Any, Any]:
    """Draw numbers as colours; ``heat_array`` and the ranges are those of ``visualize_2D_grid(return_array=True)``.

    ``fname`` is a file into which the figure is written as well, here and below.
    """
    with drawing():
        fig, ax = _axes(fig, ax, figsize)
        image = ax.imshow(np.ma.masked_invalid(heat_array), cmap=cmap, vmin=min_heat, vmax=max_heat, aspect="auto")
        ax.grid(visible=False)
        _name_ticks(ax.set_xticks, range_x, every_nth_tick, round_ticks)
        _name_ticks(ax.set_yticks, list(reversed(list(range_y))), every_nth_tick, round_ticks)
        ax.set(title=title if not subtitle else f"{title}\n{subtitle}", xlabel=xy_labels[0], ylabel=xy_labels[1])
        if text_in_cell:
            for (row, column), value in np.ndenumerate(heat_array):
                if np.isfinite(value):
                    ax.text(column, row, f"{value:.2f}", ha="center", va="center")
        if plot_colorbar:
            fig.colorbar(image, ax=ax, label=variable_name or "")
    return _written(fig, ax, fname)


def visualize_1D_bar(  # noqa: N802
    hyper_df: Any,
    fixed_params: _Fixed = None,
    param_to_plot: str = "",
    target_to_plot: str = "",
    plot_title: str | None = None,
    xy_labels: Sequence[str] = (),
    every_nth_tick: int = 1,
    round_ticks: int = 1,
    ymin: float | None = None,
    ymax: float | None = None,
    fig: Any = None,
    ax: Any = None,
    figsize: tuple[float, float] = (10, 8),
    hline: float | None = None,
    fname: _File = None,
    **_: Any,
) -> tuple[Any, Any]:
    """Draw a metric over one variable as bars; runs with the same value of it are averaged.

    ``hline`` is the height of a dashed line, for a baseline.
    """
    names, heights = _averaged(hyper_df, fixed_params, param_to_plot, target_to_plot)
    with drawing():
        fig, ax = _axes(fig, ax, figsize)
        ax.bar(range(len(names)), heights)
        _name_ticks(ax.set_xticks, names, every_nth_tick, round_ticks)
        labels = xy_labels or (param_to_plot, target_to_plot)
        title = target_to_plot if plot_title is None else plot_title
        ax.set(title=title, xlabel=labels[0], ylabel=labels[1], ylim=(ymin, ymax))
        _draw_baseline(ax, hline)
    return _written(fig, ax, fname)


def visualize_1D_line(  # noqa: N802
    hyper_df: Any,
    fixed_params: _Fixed = None,
    param_to_plot: str = "",
    target_to_plot: str = "",
    plot_title: str | None = None,
    xy_labels: Sequence[str] = (),
    every_nth_tick: int = 1,
    ylims: tuple[float, float] | None = None,
    round_ticks: int = 1,
    figsize: tuple[float, float] = (8, 5),
    hline: float | None = None,
    fig: Any = None,
    ax: Any = None,
    fname: _File = None,
    **_: Any,
) -> tuple[Any, Any]:
    """Draw a metric over one variable as a line with points; otherwise as ``visualize_1D_bar``."""
    names, heights = _averaged(hyper_df, fixed_params, param_to_plot, target_to_plot)
    with drawing():
        fig, ax = _axes(fig, ax, figsize)
        ax.plot(names, heights, marker="o")
        ticks = names[:: max(every_nth_tick, 1)]
        ax.set_xticks(ticks, [_name(each, round_ticks) for each in ticks])
        labels = xy_labels or (param_to_plot, target_to_plot)
        ax.set(title=target_to_plot if plot_title is None else plot_title, xlabel=labels[0], ylabel=labels[1])
        if ylims is not None:
            ax.set_ylim(ylims)
        _draw_baseline(ax, hline)
    return _written(fig, ax, fname)


def visualize_1D_lcurves(  # noqa: N802
    main_log: Any,
    iter_to_plot: str = "num_updates",
    target_to_plot: str | Sequence[str] = "",
    smooth_window: int = 1,
    plot_title: str | None = None,
    xy_labels: Sequence[str] | None = None,
    base_label: str = "{}",
    curve_labels: Sequence[str] = (),
    every_nth_tick: int | None = None,
    plot_std_bar: bool = True,
    run_ids: Sequence[str] | None = None,
    rgb_tuples: Sequence[Any] | None = None,
    num_legend_cols: int | None = 1,
    fig: Any = None,
    ax: Any = None,
    figsize: tuple[float, float] = (9, 6),
    plot_labels: bool = True,
    legend_title: str | None = None,
    ax_lims: Sequence[float] | None = None,
    fname: _File = None,
    **_: Any,
) -> tuple[Any, Any]:
    """Draw the mean of a metric in each run of a ``MetaLog``, with a band of one standard deviation.

    Parameters
    ----------
    main_log, iter_to_plot, target_to_plot
        The runs, the time along x, and the metric, or a list of metrics.
    smooth_window
        Over how many ticks, up to each one, mean and standard deviation are averaged; 1: no smoothing.
    run_ids, curve_labels, base_label, rgb_tuples
        Which runs, what the legend calls them, a format for that (``"lrate: {}"``), and their colours.
    plot_std_bar, plot_labels, legend_title, num_legend_cols
        Whether there is a band, and a legend, and how that looks.
    plot_title, xy_labels, every_nth_tick, ax_lims, fname
        As above; ``ax_lims`` are the limits of y.
    """
    metrics = [target_to_plot] if isinstance(target_to_plot, str) else list(target_to_plot)
    runs = list(main_log.eval_ids if run_ids is None else run_ids)
    curves = [(place, run, metric) for place, run in enumerate(runs) for metric in metrics]
    with drawing():
        fig, ax = _axes(fig, ax, figsize)
        times: Any = ()
        for place, run, metric in curves:
            curve, times = main_log[run].stats[metric], main_log[run].time[iter_to_plot]
            # A metric that was measured at some ticks only has fewer values than there are times.
            times = times if len(times) == len(curve.mean) else np.arange(1, len(curve.mean) + 1)
            mean, std = (_trailing(values, smooth_window) for values in (curve.mean, curve.std))
            label = base_label.format(curve_labels[place] if len(curve_labels) else run)
            label = label if len(metrics) == 1 else f"{label}, {metric}"
            colour = rgb_tuples[place] if rgb_tuples is not None else None
            (line,) = ax.plot(times, mean, label=label, color=colour)
            if plot_std_bar:
                ax.fill_between(times, mean - std, mean + std, color=line.get_color(), alpha=0.2)
        if every_nth_tick:
            ax.set_xticks(times[::every_nth_tick])
        title = ", ".join(metrics)
        labels = xy_labels or (iter_to_plot, title)
        ax.set(title=title if plot_title is None else plot_title, xlabel=labels[0], ylabel=labels[1])
        if ax_lims is not None:
            ax.set_ylim(ax_lims)
        if plot_labels:
            ax.legend(ncol=num_legend_cols or 1, title=legend_title)
    return _written(fig, ax, fname)


def moving_smooth_ts(ts: Any, window_size: int = 20) -> tuple[Any, Any]:
    """Return mean and standard deviation of a series over the last ``window_size`` values, as two Series of pandas."""
    import pandas as pd

    window = pd.Series(np.asarray(ts)).rolling(window_size, min_periods=1)
    return window.mean(), window.std()


def _averaged(runs: Any, fixed: _Fixed, variable: str, metric: str) -> tuple[list[Any], list[float]]:
    """Return the values of a variable in their order, and the mean of a metric in the runs with each of them."""
    selected = _selected(runs, fixed)
    values, scores = list(selected[variable]), list(selected[metric])
    names = _ordered(values)
    return names, [
        float(np.mean([score for score, value in zip(scores, values, strict=True) if value == name])) for name in names
    ]


def _trailing(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of the last ``window`` values at each tick, of those that there are."""
    if window <= 1:
        return values
    averaged: NDArray[np.float64] = moving_smooth_ts(values, window)[0].to_numpy()
    return averaged


def _draw_baseline(ax: Any, height: float | None) -> None:
    if height is not None:
        ax.axhline(height, linestyle="--", color="red", alpha=0.5)


def _written(fig: Any, ax: Any, file: _File) -> tuple[Any, Any]:
    if file is not None:
        fig.savefig(file, dpi=300, bbox_inches="tight")
    return fig, ax


def _selected(hyper_df: Any, fixed_params: _Fixed) -> Any:
    return rows_with(getattr(hyper_df, "hyper_log", hyper_df), fixed_params or {})


def _ordered(values: Sequence[Any]) -> list[Any]:
    different = list(dict.fromkeys(values))
    try:
        return sorted(different)
    except TypeError:  # texts beside numbers
        return sorted(different, key=str)


def _name_ticks(set_ticks: Any, names: Sequence[Any], every: int, digits: int) -> None:
    places = range(0, len(names), max(every, 1))
    set_ticks(list(places), [_name(names[place], digits) for place in places])


def _name(value: Any, digits: int) -> str:
    if isinstance(value, float):
        # Rounded only as far as it stays what it is: 0.001 is not 0.0.
        rounded = round(value, digits)
        return f"{rounded:g}" if value == 0 or abs(rounded - value) <= 0.01 * abs(value) else f"{value:.3g}"
    return str(value)


def _axes(fig: Any, ax: Any, figsize: tuple[float, float]) -> tuple[Any, Any]:
    if ax is not None:
        return fig if fig is not None else ax.figure, ax
    import matplotlib.pyplot as plt

    if fig is not None:
        return fig, fig.gca()
    return plt.subplots(figsize=figsize)
