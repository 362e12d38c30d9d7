"""Final values, profiles, comparisons and heat maps: what is drawn is what the statistics say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawn import area, caption, find, legend_texts
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots import final_values, heat_map, performance_profiles, probability_of_improvement_matrix
from mle_toolbox.statistics import compare_all, estimate, performance_profile


def samples(count: int, n_seeds: int = 5) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(count)
    return {f"c{i}": rng.normal(1 + i, 0.1, n_seeds) for i in range(count)}


def test_final_values_draw_every_seed_and_the_interval_of_the_statistics() -> None:
    given = samples(3)

    figure = final_values(given, metric="loss, last value")

    for dots, line, point, values in zip(
        find(figure, "seeds"), find(figure, "interval"), find(figure, "value"), given.values(), strict=True
    ):
        made = estimate(values)
        assert sorted(dots.get_xdata()) == sorted(values)
        assert list(line.get_xdata()) == [made.low, made.high]
        assert list(point.get_xdata()) == [made.value]
    assert [text.get_text() for text in find(figure, "estimate")] == [str(estimate(each)) for each in given.values()]


def test_final_values_mark_and_count_diverged_seeds() -> None:
    figure = final_values({"a": [1.0, 2.0, np.nan], "b": [1.0, 2.0, 3.0]})

    (crosses,) = find(figure, "diverged")
    assert len(crosses.get_xdata()) == 1
    assert "1 diverged" in find(figure, "estimate")[0].get_text()
    assert "diverged; it does not count" in caption(figure)


def test_final_values_of_one_seed_have_no_interval_and_it_is_said() -> None:
    figure = final_values({"a": [1.0]})

    assert find(figure, "interval") == []
    assert "no interval" in find(figure, "estimate")[0].get_text()
    assert "One seed: no interval." in caption(figure)


@pytest.mark.slow
def test_what_has_no_logarithm_is_counted_and_nothing_but_that_is_refused() -> None:
    settings = {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 2}}
    some, none = {"a": [1.0, -1.0], "b": [2.0, 3.0]}, {"a": [0.0, -1.0], "b": [-2.0, -3.0]}

    for figure in (final_values(some, log_x=True), performance_profiles(some, log_x=True)):
        assert "Not drawn, because not above 0: 1 value." in caption(figure)
    with pytest.raises(StatisticsError, match="none of the 4 values is"):
        final_values(none, log_x=True)
    with pytest.raises(StatisticsError, match="none of the 4 values is"):
        performance_profiles(none, log_x=True)
    with pytest.raises(StatisticsError, match="none of the 2 values is"):
        heat_map(none, settings, "x", "y", log_colour=True)


@pytest.mark.parametrize(
    ("values", "words"), [([1.0, np.nan], "1 seed diverged"), ([np.nan, np.inf], "2 seeds diverged")]
)
def test_a_heat_map_counts_diverged_seeds(values: list[float], words: str) -> None:
    figure = heat_map({"a": values, "b": [1.0]}, {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 2}}, "x", "y")

    assert words in caption(figure)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 10, 40])
def test_rows_of_final_values_do_not_cover_each_other(count: int) -> None:
    figure = final_values(samples(count))

    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in find(figure, "estimate")]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert all(box.x1 <= figure.bbox.width for box in boxes)


def test_dots_of_equal_values_are_moved_apart() -> None:
    figure = final_values({"a": np.ones(7)})

    (dots,) = find(figure, "seeds")
    assert len(set(np.round(dots.get_ydata(), 6))) == 7


@pytest.mark.parametrize(("low", "high"), [(-0.07, 0.12), (0.1, 0.10001), (0, 999_999), (-3e-9, 2e-9)])
def test_numbers_along_the_axis_do_not_touch(low: float, high: float) -> None:
    figure = final_values({"a long name of a configuration": [low, high, high], "b": [low, low, high]})

    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels() if label.get_text()]
    inside = [
        box for box in boxes if figure.axes[0].bbox.x0 - 1 <= box.x0 + box.width / 2 <= figure.axes[0].bbox.x1 + 1
    ]
    assert len(inside) >= 2
    assert all(right.x0 - left.x1 > 2 for left, right in itertools.pairwise(inside))


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_a_profile_is_that_of_the_statistics_between_all_values(lower_is_better: bool) -> None:
    values = np.array([1.0, 2.0, 2.0, 5.0])

    figure = performance_profiles({"a": values}, lower_is_better=lower_is_better)

    (line,) = find(figure, "profile")
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    for at in (0.99, 1.5, 3.0, 5.01):
        sign = -1 if lower_is_better else 1
        place = np.searchsorted(x, at) - (0 if lower_is_better else 1)
        assert y[place] == performance_profile(sign * values, [sign * at])[0]
    assert np.nanmax(area(figure)[:, 1]) <= 1


def test_a_diverged_seed_reaches_no_threshold() -> None:
    figure = performance_profiles({"a": [1.0, 2.0, np.nan, 3.0]})

    (line,) = find(figure, "profile")
    assert np.max(line.get_ydata()) == 0.75
    assert legend_texts(figure) == ["a  (n=4, 1 diverged)"]
    assert "Diverged seeds reach no threshold" in caption(figure)


def test_a_profile_of_one_seed_has_no_interval_and_it_is_said() -> None:
    figure = performance_profiles({"a": [1.0], "b": [2.0]})

    assert not any(np.isfinite(band.get_paths()[0].vertices).any() for band in find(figure, "band") if band.get_paths())
    assert legend_texts(figure) == ["a  (n=1, no interval)", "b  (n=1, no interval)"]
    assert "Bands" not in caption(figure)


@pytest.mark.slow
def test_forty_profiles_get_a_panel_each() -> None:
    figure = performance_profiles(samples(40))

    assert len([axes for axes in figure.axes if axes.get_visible()]) == 40


def test_the_matrix_shows_both_orders_of_a_pair() -> None:
    found = compare_all(samples(3))

    figure = probability_of_improvement_matrix(found, names=["c0", "c1", "c2"])

    matrix = figure.axes[0].images[0].get_array()
    assert matrix[0, 1] == found["c0", "c1"].probability_of_improvement
    assert matrix[1, 0] == 1 - matrix[0, 1]
    assert np.ma.getmaskarray(matrix).diagonal().all()


def test_the_matrix_frames_what_differs_after_holm() -> None:
    found = compare_all({"a": [1.0, 1.1, 1.2], "b": [9.0, 9.1, 9.2], "c": [1.0, 1.15, 1.2]})

    figure = probability_of_improvement_matrix(found)

    differ = sum(each.adjusted_p < 0.05 for each in found.values() if each.adjusted_p is not None)
    assert differ == 2
    assert len(find(figure, "differs")) == 2 * differ
    assert "corrected after Holm" in caption(figure)


def test_a_matrix_without_a_difference_says_so() -> None:
    figure = probability_of_improvement_matrix(compare_all({"a": [1.0, 2.0, 3.0], "b": [1.1, 2.0, 3.0]}))

    assert find(figure, "differs") == []
    assert "No two means differ with p < 0.05" in caption(figure)
    assert "Framed" not in caption(figure)


def test_a_matrix_of_single_seeds_speaks_of_no_intervals() -> None:
    assert "In brackets" not in caption(probability_of_improvement_matrix(compare_all({"a": [1.0], "b": [2.0]})))


def test_numbers_of_a_matrix_can_be_read_on_their_colour() -> None:
    found = compare_all({"a": [1.0, 1.1, 1.2], "b": [9.0, 9.1, 9.2]})

    figure = probability_of_improvement_matrix(found)

    assert {to_hex(text.get_color()) for text in find(figure, "number")} == {"#000000", "#ffffff"}


def test_a_heat_map_has_a_cell_for_each_pair_of_values_in_order() -> None:
    settings = {f"c{i}": {"lr": lr, "size": size} for i, (lr, size) in enumerate([(0.1, 8), (0.01, 8), (0.1, 16)])}
    given = samples(3)

    figure = heat_map(given, settings, "lr", "size", lower_is_better=True)

    axes = figure.axes[0]
    cells = axes.images[0].get_array()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.01", "0.1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["8", "16"]
    assert cells[0, 1] == given["c0"].mean()
    assert cells[0, 0] == given["c1"].mean()
    assert np.ma.getmaskarray(cells)[1, 0]
    assert len(find(figure, "empty")) == len(find(figure, "best")) == 1


def test_a_heat_map_says_when_configurations_share_a_cell() -> None:
    settings = {"c0": {"lr": 1, "size": 8}, "c1": {"lr": 1, "size": 8}, "c2": {"lr": 2, "size": 8}}

    figure = heat_map(samples(3), settings, "lr", "size")

    assert "Where up to 2 configurations share the two values" in caption(figure)


def test_a_setting_that_is_not_there_suggests_the_nearest_one() -> None:
    with pytest.raises(StatisticsError, match="Did you mean 'size'"):
        heat_map(samples(1), {"c0": {"lr": 1, "size": 8}}, "lr", "sise")


@pytest.mark.parametrize("values", [[np.nan, np.inf], []])
def test_samples_without_a_finite_value_are_refused(values: list[float]) -> None:
    with pytest.raises(StatisticsError, match="nothing to draw"):
        final_values({"a": values})


def test_a_table_instead_of_one_number_a_seed_is_refused() -> None:
    with pytest.raises(StatisticsError, match=r"one real number a seed is needed, shape \(S,\); found shape \(2, 2\)"):
        final_values({"a": [[1.0, 2.0], [3.0, 4.0]]})
