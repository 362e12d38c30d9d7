"""Learning curves: what is drawn is what the statistics say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from drawn import area, caption, find, legend_texts, make_curve
from matplotlib.figure import Figure

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots import learning_curves
from mle_toolbox.statistics import Curve

HOSTILE = ("$x^2$ and $\\frac{", "_hidden", "<script>alert(1)</script>", "two\nlines", "100 % & #1 {a}", "a" * 300)


def test_each_configuration_has_seeds_a_band_and_a_bold_line(two_curves: dict[str, Curve]) -> None:
    figure = learning_curves(two_curves)

    assert [len(each.get_segments()) for each in find(figure, "seeds")] == [5, 5]
    assert len(find(figure, "band")) == len(find(figure, "center")) == 2


@pytest.mark.parametrize("statistic", ["mean", "median", "iqm"])
def test_line_and_band_are_those_of_the_statistics(statistic: str) -> None:
    curve = make_curve(n_seeds=9)
    band = curve.band(statistic, 0.9)

    figure = learning_curves({"a": curve}, statistic=statistic, confidence=0.9)

    (center,) = find(figure, "center")
    np.testing.assert_array_equal(center.get_ydata(), band.center)
    corners = area(figure)
    for at, low, high in zip(band.time, band.low, band.high, strict=True):
        drawn = corners[corners[:, 0] == at, 1]
        assert drawn.min() == low
        assert drawn.max() == high


def test_the_legend_has_n_and_the_caption_how_the_band_was_made(two_curves: dict[str, Curve]) -> None:
    figure = learning_curves(two_curves, note="Lower is better (assumed).")

    assert legend_texts(figure) == ["a  (n=5)", "b  (n=5)"]
    assert "Band: 95 % Student t interval of the mean over seeds" in caption(figure)
    assert caption(figure).endswith("Lower is better (assumed).")


def test_axes_are_labelled_with_time_and_metric(two_curves: dict[str, Curve]) -> None:
    (axes,) = learning_curves(two_curves).axes

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("updates", "loss")


def test_one_seed_has_no_interval_and_it_is_said() -> None:
    figure = learning_curves({"a": make_curve(n_seeds=1)})

    assert find(figure, "band") == []
    assert legend_texts(figure) == ["a  (n=1, no interval)"]
    assert "no interval" in caption(figure)


def test_a_seed_that_diverged_is_marked_where_it_was_last_seen_and_counted() -> None:
    curve = make_curve(n_seeds=5, diverges=[1, 3])

    figure = learning_curves({"a": curve})

    (crosses,) = find(figure, "diverged")
    assert crosses.get_marker() == "x"
    np.testing.assert_array_equal(crosses.get_xdata(), [9.0, 9.0])
    np.testing.assert_array_equal(crosses.get_ydata(), curve.values[[1, 3], 9])
    assert legend_texts(figure) == ["a  (n=3 to 5, 2 diverged)"]
    assert "diverged here" in caption(figure)


def test_a_diverging_seed_does_not_squeeze_the_others() -> None:
    curve = make_curve(n_seeds=5, diverges=[1])
    curve.values[1, 5:10] = 1e12

    figure = learning_curves({"a": curve})

    low, high = figure.axes[0].get_ylim()
    assert high - low < 10
    (crosses,) = find(figure, "diverged")
    assert low <= crosses.get_ydata()[0] <= high
    assert "extend beyond the figure" in caption(figure)


def test_the_line_is_thinner_where_fewer_seeds_have_a_value() -> None:
    figure = learning_curves({"a": make_curve(n_seeds=4, lengths=[20, 20, 15, 10])})

    (full,), (fewer,) = find(figure, "center"), find(figure, "center of fewer seeds")
    assert fewer.get_linewidth() < full.get_linewidth()
    assert np.flatnonzero(np.isfinite(full.get_ydata())).tolist() == list(range(10))
    assert np.flatnonzero(np.isfinite(fewer.get_ydata())).tolist() == list(range(9, 20))
    assert legend_texts(figure) == ["a  (n=2 to 4)"]
    assert "thinner where fewer seeds" in caption(figure)


def test_what_a_logarithmic_axis_cannot_show_is_counted() -> None:
    curve = make_curve(n_seeds=3)
    curve.values[0, :4] = -1.0

    figure = learning_curves({"a": curve}, log_x=True, log_y=True)

    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("log", "log")
    # Four values, and the time 0.
    assert "Not drawn, because not above 0: 5 values." in caption(figure)


def test_a_logarithmic_axis_without_positive_values_is_refused() -> None:
    curve = make_curve()
    curve.values[:] = -1.0

    with pytest.raises(StatisticsError, match="none of the 100 values is"):
        learning_curves({"a": curve}, log_y=True)


def test_a_logarithmic_axis_without_a_line_is_refused() -> None:
    curve = make_curve(n_seeds=3)
    curve.values[:2] = -5.0

    with pytest.raises(StatisticsError, match="and no configuration has any"):
        learning_curves({"a": curve}, log_y=True)


@pytest.mark.parametrize("count", [2, 7, 10])
def test_up_to_ten_configurations_share_one_pair_of_axes_and_look_different(count: int) -> None:
    figure = learning_curves({f"c{i}": make_curve(f"c{i}") for i in range(count)})

    lines, markers = find(figure, "center"), find(figure, "markers")
    seen = {
        (str(line.get_color()), str(line.get_linestyle()), marker.get_marker())
        for line, marker in zip(lines, markers, strict=True)
    }
    assert len(figure.axes) == 1
    assert len(seen) == count
    # In grey print shapes must do.
    assert len({(str(line.get_linestyle()), m.get_marker()) for line, m in zip(lines, markers, strict=True)}) == count


@pytest.mark.slow
def test_forty_configurations_get_a_panel_each_with_the_others_behind() -> None:
    names = [f"lr_{i}" for i in range(40)]

    figure = learning_curves({name: make_curve(name, n_ticks=5) for name in names})

    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == names
    assert [len(each.get_segments()) for each in find(figure, "others")] == [40] * 40
    assert {axes.get_ylim() for axes in shown} == {shown[0].get_ylim()}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "scale"), [(12, 1.0), (12, 1e-3), (12, 12345.0), (13, 1.0)])
def test_long_titles_of_panels_are_as_wide_as_the_panels(count: int, scale: float) -> None:
    names = [f"{chr(97 + i)}_transformer_with_warmup_and_cosine_decay_{i}" for i in range(count)]

    figure = learning_curves({name: make_curve(n_ticks=5, level=scale) for name in names})

    figure.draw_without_rendering()
    for axes in figure.axes[:count]:
        assert axes._left_title.get_window_extent().x1 <= axes.get_window_extent().x1 + 1


@pytest.mark.slow
def test_titles_of_forty_panels_do_not_cover_each_other() -> None:
    name = "a_rather_long_name_of_a_configuration_with_learning_rate_"

    figure = learning_curves({f"{name}{i}": make_curve(n_ticks=5) for i in range(40)})

    figure.draw_without_rendering()
    titles = [axes.title if axes.get_title() else axes._left_title for axes in figure.axes if axes.get_visible()]
    boxes = [title.get_window_extent() for title in titles]
    assert len({title.get_text() for title in titles}) == 40
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 4, 10])
def test_legend_and_caption_stay_clear_of_the_axes_and_of_each_other(count: int) -> None:
    curves = {f"configuration_{i}_{'x' * 12 * i}": make_curve(level=1 + i) for i in range(count)}

    figure = learning_curves(curves, note="word " * 60)

    figure.draw_without_rendering()
    (axes,), (legend,), (text,) = figure.axes, figure.legends, find(figure, "caption")
    around, below, last = axes.get_tightbbox(), legend.get_window_extent(), text.get_window_extent()
    assert below.y1 <= around.y0
    assert last.y1 <= below.y0
    for box in (around, below, last):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height


@pytest.mark.slow
def test_hostile_names_are_shown_letter_by_letter() -> None:
    figure = learning_curves({name: make_curve() for name in HOSTILE[:-1]})

    figure.draw_without_rendering()
    (legend,) = figure.legends
    shown = [text.get_text().removesuffix("  (n=5)") for text in legend.get_texts()]
    assert shown[0] == r"\$x^2\$ and \$\frac{"
    assert shown[1:3] == ["_hidden", "<script>alert(1)</script>"]
    assert shown[3:] == ["two lines", "100 % & #1 {a}"]


@pytest.mark.slow
def test_a_long_name_is_shortened_to_the_width_of_the_figure() -> None:
    figure = learning_curves({"b" * 300 + "1": make_curve(), "b" * 300 + "2": make_curve()})

    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert legend.get_window_extent().width <= figure.bbox.width
    assert len(set(legend_texts(figure))) == 2


def test_thousands_of_points_are_thinned_without_losing_a_peak() -> None:
    curve = make_curve(n_seeds=3, n_ticks=20_000)
    curve.values[1, curve.time.size // 3] = 7.0

    figure = learning_curves({"a": curve})

    (seeds,) = find(figure, "seeds")
    assert all(len(segment) <= 1400 for segment in seeds.get_segments())
    assert seeds.get_segments()[1][:, 1].max() == 7.0


def test_a_single_tick_is_a_point_with_its_interval() -> None:
    figure = learning_curves({"a": make_curve(n_ticks=1)})

    (markers,) = find(figure, "markers")
    assert markers.get_markevery() == [0]
    figure.draw_without_rendering()


def test_it_draws_into_axes_of_the_user_and_leaves_their_figure_alone(two_curves: dict[str, Curve]) -> None:
    mine = Figure(figsize=(4, 3))
    _, right = mine.subplots(1, 2)

    returned = learning_curves(two_curves, axes=right)

    assert returned is mine
    assert tuple(mine.get_size_inches()) == (4, 3)
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["a  (n=5)", "b  (n=5)"]
    assert find(mine, "caption") == []


def test_nothing_to_draw_is_refused() -> None:
    curve = make_curve()
    curve.values[:] = np.nan

    with pytest.raises(StatisticsError, match="nothing to draw"):
        learning_curves({"a": curve})


def test_seeds_that_have_not_ended_well_are_told() -> None:
    curve = make_curve(n_seeds=2)
    unfinished = Curve("a", "loss", "t", curve.time, curve.values, curve.seeds, ("done", "running"))

    figure = learning_curves({"a": unfinished})

    assert "1 of the runs did not finish" in caption(figure)


@pytest.mark.slow
def test_no_warning_for_any_number_of_configurations() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for count in (1, 3, 11):
            learning_curves({f"c{i}": make_curve(n_ticks=4) for i in range(count)}).draw_without_rendering()


@pytest.mark.slow
@pytest.mark.parametrize("with_caption", [True, False])
def test_in_a_column_of_a_paper_no_label_is_cut_and_the_legend_stays_small(with_caption: bool) -> None:
    names = ("adam_small", "adam_large", "sgd_small", "sgd_large", "rmsprop", "lion_with_warmup")
    curves = {name: make_curve(level=1 + i) for i, name in enumerate(names)}
    label = "accuracy on the held-out test set (%)"

    figure = learning_curves(curves, metric=label, size=(3.3, 2.2), caption=with_caption)

    figure.draw_without_rendering()
    (axes,), (legend,) = figure.axes, figure.legends
    around = axes.yaxis.label.get_window_extent()
    assert around.y0 >= 0
    assert around.y1 <= figure.bbox.height
    assert axes.yaxis.label.get_text().replace("\n", " ") == label
    assert legend_texts(figure) == list(names)
    assert figure.get_figheight() < 1.5 * 2.2
    # What all have in common is said once.
    assert "n=5 each" in (caption(figure) if with_caption else legend.get_title().get_text())
