"""Contours over two settings: what is drawn is measured at the points, and linear between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from drawn import caption, find
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots import contours
from mle_toolbox.plots.contours import _Point, _surface

SETTINGS = {
    "a": {"lrate": 1e-4, "units": 10},
    "b": {"lrate": 1e-1, "units": 10},
    "c": {"lrate": 1e-3, "units": 90},
    "d": {"lrate": 1e-2, "units": 40},
}
SAMPLES = {"a": [1.0, 1.2], "b": [2.0, 2.2], "c": [3.0, 3.2], "d": [4.0, 4.2]}


def drawn(settings: Mapping[str, Mapping[str, Any]] = SETTINGS, **options: Any) -> Figure:
    return contours({**SAMPLES, **options.pop("samples", {})}, settings, "lrate", "units", **options)


def places_of(figure: Figure) -> NDArray[np.float64]:
    (points,) = find(figure, "configurations")
    return np.asarray(points.get_offsets())


def test_each_configuration_is_a_point_of_its_own_value() -> None:
    figure = drawn()

    (points,) = find(figure, "configurations")
    assert places_of(figure).tolist() == [[1e-4, 10], [1e-1, 10], [1e-3, 90], [1e-2, 40]]
    assert points.get_array().tolist() == pytest.approx([1.1, 2.1, 3.1, 4.1])


@pytest.mark.parametrize("with_caption", [True, False])
def test_the_figure_says_that_the_surface_is_an_interpolation_also_without_a_caption(with_caption: bool) -> None:
    figure = drawn(metric="loss", caption=with_caption)

    assert figure.axes[1].get_ylabel() == "loss, interpolated"
    assert ("was not measured" in caption(figure)) is with_caption


def test_an_axis_is_logarithmic_where_the_values_are_far_apart_or_on_request() -> None:
    assert [drawn().axes[0].get_xscale(), drawn().axes[0].get_yscale()] == ["log", "linear"]
    assert [drawn(log_x=False).axes[0].get_xscale(), drawn(log_y=True).axes[0].get_yscale()] == ["linear", "log"]


def test_the_marked_configuration_has_a_ring_and_its_words() -> None:
    figure = drawn(marked="c", marked_words="the winner.")

    (ring,) = find(figure, "ring")
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([1e-3], [90])
    assert "Ring: the winner." in caption(figure)


def test_a_marked_configuration_without_a_place_has_neither() -> None:
    figure = drawn(marked="nobody", marked_words="the winner.")

    assert find(figure, "ring") == []
    assert "Ring" not in caption(figure)


def test_configurations_at_one_place_are_one_point_with_their_mean_and_it_is_said() -> None:
    settings = {name: {**each, "bias": name == "e"} for name, each in {**SETTINGS, "e": SETTINGS["a"]}.items()}

    figure = drawn(settings, samples={"e": [3.1]})

    (points,) = find(figure, "configurations")
    assert points.get_array()[0] == pytest.approx((1.1 + 3.1) / 2)
    assert "Where up to 2 configurations share the two values: their mean." in caption(figure)
    assert "They differ in 1 other setting as well." in caption(figure)


def test_configurations_without_a_value_or_a_logarithm_are_no_points_and_are_counted() -> None:
    settings = {**SETTINGS, "e": {"lrate": 0.5, "units": 50}, "f": {"lrate": 0.0, "units": 50}}

    figure = drawn(settings, samples={"e": [np.nan], "f": [1.0]}, log_x=True)

    assert len(places_of(figure)) == 4
    assert "1 configuration has no value." in caption(figure)
    assert "Not drawn, because not above 0: 1 value." in caption(figure)


def test_colours_may_follow_the_logarithm_and_all_corners_have_one() -> None:
    figure = drawn(samples={"a": [1e-4], "b": [1.0], "c": [10.0], "d": [0.1]}, log_colour=True)

    (surface,) = find(figure, "surface")
    assert surface.levels[0] < 1e-4
    assert surface.levels[-1] > 10.0
    assert [text.get_text() for text in figure.axes[1].get_yticklabels()][:3] == ["0.0001", "0.0002", "0.0005"]


def test_equal_values_everywhere_are_a_surface_too() -> None:
    figure = contours({name: [1.0] for name in SAMPLES}, SETTINGS, "lrate", "units")

    figure.draw_without_rendering()
    assert len(places_of(figure)) == 4


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([(1, 1)], "found 1 different place."),
        ([(1, 1), (2, 2)], "found 2 different places."),
        ([(1, 1), (2, 2), (1, 1)], "found 2 different places."),
        ([(1, 1), (2, 2), (3, 3)], "found 3 different places on one line."),
        ([(1, 5), (2, 5), (3, 5), (7, 5)], "found 4 different places on one line."),
    ],
)
def test_points_that_span_no_area_are_refused_in_one_sentence(places: list[tuple[int, int]], words: str) -> None:
    settings = {f"c{k}": {"x": x, "y": y} for k, (x, y) in enumerate(places)}

    with pytest.raises(StatisticsError, match=words) as refused:
        contours({name: [1.0] for name in settings}, settings, "x", "y")

    assert "Slices show one setting at a time." in str(refused.value)


def test_logarithms_that_together_hide_all_points_are_refused_in_the_same_sentence() -> None:
    settings = {"a": {"x": 1, "y": 0}, "b": {"x": 0, "y": 1}}

    with pytest.raises(StatisticsError, match="found 0 different places"):
        contours({"a": [1.0], "b": [1.0]}, settings, "x", "y", log_x=True, log_y=True)


def test_one_setting_twice_is_refused() -> None:
    with pytest.raises(StatisticsError, match="needs two different settings, and both are 'lrate'"):
        contours(SAMPLES, SETTINGS, "lrate", "lrate")


@pytest.mark.parametrize("value", ["relu", True, None, [1, 2]])
def test_a_setting_that_is_no_number_is_refused_with_what_draws_it(value: Any) -> None:
    settings = {**SETTINGS, "d": {"lrate": value, "units": 40}}

    with pytest.raises(StatisticsError, match=r"'lrate' is none: it has .*A heat map or slices draw it\."):
        drawn(settings)


coordinate = st.floats(1e-6, 1e3, allow_nan=False).map(lambda value: float(f"{value:.3g}"))
cloud = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=25, unique=True)


@given(places=cloud, log_x=st.booleans(), log_y=st.booleans(), slope=st.tuples(*[st.floats(-5, 5)] * 2))
def test_what_is_linear_along_the_axes_is_drawn_as_it_is(
    places: list[tuple[float, float]], log_x: bool, log_y: bool, slope: tuple[float, float]
) -> None:
    def plane(x: Any, y: Any) -> Any:
        return slope[0] * (np.log(x) if log_x else x) + slope[1] * (np.log(y) if log_y else y)

    points = [_Point(x, y, float(plane(x, y)), 1) for x, y in places]
    try:
        triangles, values = _surface(points, log_x=log_x, log_y=log_y, log_colour=False)
    except StatisticsError:
        return  # on one line

    measured = [each.value for each in points]
    spread = max(np.ptp(measured), 1.0)
    assert np.allclose(values, plane(triangles.x, triangles.y), atol=1e-3 * spread)
    assert min(measured) - 1e-6 * spread <= values.min()
    assert values.max() <= max(measured) + 1e-6 * spread


@given(order=st.permutations(sorted(SETTINGS)))
def test_the_surface_does_not_depend_on_the_order_of_the_configurations(order: list[str]) -> None:
    def surface(names: list[str]) -> set[tuple[float, ...]]:
        points = [_Point(SETTINGS[name]["lrate"], SETTINGS[name]["units"], SAMPLES[name][0], 1) for name in names]
        triangles, values = _surface(points, log_x=True, log_y=False, log_colour=False)
        return {
            tuple(float(f"{each:.6g}") for each in corner)
            for corner in zip(triangles.x, triangles.y, values, strict=True)
        }

    assert surface(order) == surface(sorted(SETTINGS))
