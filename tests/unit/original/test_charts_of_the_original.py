"""Charts that notebooks of the original draw, with the options that those had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from mle_toolbox.original.hyper_log import HyperLog
from mle_toolbox.original.meta_log import MetaLog
from mle_toolbox.visualize import (
    moving_smooth_ts,
    visualize_1D_bar,
    visualize_1D_lcurves,
    visualize_1D_line,
    visualize_2D_grid,
)
from tests.made_results import made_results

HYPER_LOG = HyperLog(
    pd.DataFrame(
        {
            "lrate": [0.1, 0.1, 0.2, 0.2],
            "units": [1, 2, 1, 2],
            "run_id": ["a", "b", "c", "d"],
            "loss": [1.0, 2.0, 3.0, 8.0],
        }
    ),
    ["lrate", "units"],
    ["loss"],
)


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    mpl.use("agg")
    yield
    mpl.pyplot.close("all")


@pytest.fixture
def meta_log(tmp_path: Path) -> MetaLog:
    results = made_results(tmp_path, {"a": np.array([[4.0, 2.0, 0.0]]), "b": np.array([[1.0, 1.0, 1.0]])})
    return MetaLog(dict(results.items()), {})


@pytest.mark.parametrize(
    "draw",
    [
        lambda file: visualize_1D_bar(HYPER_LOG, {"units": 1}, "lrate", "loss", fname=file),
        lambda file: visualize_1D_line(HYPER_LOG, {"units": 1}, "lrate", "loss", fname=file),
        lambda file: visualize_2D_grid(HYPER_LOG, {}, ["lrate", "units"], "loss", fname=file),
        lambda file: HYPER_LOG.plot_2D_heat(["lrate", "units"], "loss", fname=file),
    ],
)
def test_a_chart_is_saved_where_fname_says(tmp_path: Path, draw: Any) -> None:
    file = tmp_path / "chart.png"

    fig, ax = draw(str(file))

    assert file.read_bytes().startswith(b"\x89PNG")
    assert ax in fig.axes


def test_a_line_has_a_point_for_each_value_and_a_baseline() -> None:
    _, ax = visualize_1D_line(HYPER_LOG, None, "units", "loss", "Title", hline=4.0, ylims=(0, 10))

    points, baseline = ax.lines
    assert np.allclose(points.get_xydata(), [[1, 2.0], [2, 5.0]])
    assert set(baseline.get_ydata()) == {4.0}
    assert (ax.get_title(), ax.get_ylim()) == ("Title", (0.0, 10.0))


def test_values_that_are_text_have_a_line_as_well() -> None:
    table = pd.DataFrame({"kind": ["relu", "tanh"], "loss": [1.0, 2.0]})

    _, ax = visualize_1D_line(table, None, "kind", "loss")

    assert [each.get_text() for each in ax.get_xticklabels()] == ["relu", "tanh"]


def test_a_heat_map_is_divided_by_the_largest_of_each_column_or_row() -> None:
    def heat(**options: Any) -> Any:
        chosen = {"params_to_plot": ["lrate", "units"], "target_to_plot": "loss", "return_array": True}
        return visualize_2D_grid(HYPER_LOG, **chosen, **options)[0]

    assert np.allclose(heat(), [[2, 8], [1, 3]])
    assert np.allclose(heat(norm_cols=True), [[1, 1], [0.5, 0.375]])
    assert np.allclose(heat(norm_rows=True), [[0.25, 1], [1 / 3, 1]])


def test_curves_are_drawn_with_the_options_of_the_original(tmp_path: Path, meta_log: MetaLog) -> None:
    file = tmp_path / "curves.png"

    _, ax = meta_log.plot(
        "loss",
        "step",
        smooth_window=2,
        plot_title="Loss",
        xy_labels=["# Steps", "Loss"],
        base_label="run {}",
        curve_labels=["one", "two"],
        every_nth_tick=2,
        plot_std_bar=False,
        rgb_tuples=["red", "blue"],
        num_legend_cols=2,
        legend_title="Runs",
        ax_lims=[0, 5],
        fname=file,
    )

    assert [np.round(line.get_ydata(), 9).tolist() for line in ax.lines] == [[4, 3, 1], [1, 1, 1]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["run one", "run two"]
    assert ax.get_legend().get_title().get_text() == "Runs"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("# Steps", "Loss", "Loss")
    assert len(ax.collections) == 0
    assert len(ax.get_xticks()) == 2
    assert file.exists()


def test_curves_have_their_band_and_no_smoothing_unless_it_is_asked_for(meta_log: MetaLog) -> None:
    _, ax = visualize_1D_lcurves(meta_log, "step", ["loss"], run_ids=["a"], plot_labels=False)

    assert ax.lines[0].get_ydata().tolist() == [4, 2, 0]
    assert len(ax.collections) == 1
    assert ax.get_legend() is None


def test_a_series_is_smoothed_over_the_values_that_there_are() -> None:
    mean, std = moving_smooth_ts([1, 3, 5, 7], window_size=2)

    assert mean.tolist() == [1, 2, 4, 6]
    assert std[1:].round(9).tolist() == [round(2**0.5, 9)] * 3
