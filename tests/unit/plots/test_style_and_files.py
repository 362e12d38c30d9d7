"""Settings of the user come first, nothing is left changed, and the same figure gives the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from drawn import find, make_curve
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import UsageError
from mle_toolbox.plots import final_values, learning_curves, save_figure
from mle_toolbox.plots.figure_text import plain, shortened, wrapped
from mle_toolbox.statistics import Curve
from mle_toolbox.statistics.thinning import thinned


@pytest.mark.slow
def test_settings_are_as_before_and_pyplot_is_not_loaded(tmp_path: Path) -> None:
    code = """
import json, sys
import matplotlib as mpl
def settings():  # asking for the backend would load pyplot
    return {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}
before = settings()
from mle_toolbox.plots import final_values, save_figure
save_figure(final_values({"a": [1.0, 2.0, 3.0]}, style="ggplot"), sys.argv[1])
print(json.dumps([settings() == before, "matplotlib.pyplot" in sys.modules]))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "x.png")]

    finished = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(finished.stdout) == [True, False]


@pytest.mark.slow
def test_results_and_commands_do_not_load_matplotlib_before_they_draw() -> None:
    code = "import sys, mle_toolbox.results, mle_toolbox.cli.plot; print('matplotlib' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert finished.stdout == "False\n"


def test_our_colours_are_taken_when_the_user_has_none(two_curves: dict[str, Curve]) -> None:
    figure = learning_curves(two_curves)

    assert tuple(line.get_color() for line in find(figure, "center")) == COLOURS[:2]


def test_colours_of_the_user_are_taken(two_curves: dict[str, Curve]) -> None:
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#123456", "#654321"])}):
        figure = learning_curves(two_curves)

    assert [line.get_color() for line in find(figure, "center")] == ["#123456", "#654321"]


def test_sizes_follow_the_text_of_the_user(two_curves: dict[str, Curve]) -> None:
    with mpl.rc_context({"font.size": 20.0}):
        figure = learning_curves(two_curves)

    assert figure.axes[0].xaxis.label.get_size() == 20
    assert find(figure, "caption")[0].get_size() == pytest.approx(20 * 0.78)


def test_a_dark_style_has_no_dark_text_of_ours(two_curves: dict[str, Curve]) -> None:
    figure = learning_curves(two_curves, style="dark_background")

    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    assert {to_hex(label.get_color()) for label in labels} == {"#ffffff"}


def test_a_style_may_be_a_file(two_curves: dict[str, Curve], tmp_path: Path) -> None:
    file = tmp_path / "mine.mplstyle"
    file.write_text("axes.grid: False\nlines.linewidth: 5\n")

    figure = learning_curves(two_curves, style=str(file))

    assert find(figure, "center")[0].get_linewidth() == 6


def test_an_unknown_style_suggests_the_nearest_one(two_curves: dict[str, Curve]) -> None:
    with pytest.raises(UsageError, match="Did you mean 'ggplot'"):
        learning_curves(two_curves, style="gplot")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for place, when in enumerate(("1000000000", "1700000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", when)
        figure = learning_curves({"a": make_curve(), "b": make_curve(level=2.0)})
        files.append(save_figure(figure, tmp_path / str(place) / f"x.{suffix}"))

    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_many_points_make_small_vector_files(tmp_path: Path) -> None:
    figure = learning_curves({"a": make_curve(n_seeds=30, n_ticks=20_000)})

    assert save_figure(figure, tmp_path / "x.svg").stat().st_size < 600_000


def test_an_unknown_format_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png, \.svg or \.pdf; found '\.pnq'\. Did you mean 'png'"):
        save_figure(Figure(), tmp_path / "x.pnq")


def test_a_notebook_can_show_a_figure() -> None:
    figure = final_values({"a": [1.0, 2.0, 3.0]})

    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20))
def test_any_name_is_no_mathematics_and_on_one_line(name: str) -> None:
    shown = plain(name)

    assert "\n" not in shown
    assert (shown.count("$") - shown.count(r"\$")) == 0


def test_names_of_tex_are_escaped_when_tex_is_used() -> None:
    with mpl.rc_context({"text.usetex": True}):
        assert plain(r"a_b 50% $x$ \y") == r"a\_b 50\% \$x\$ \textbackslash{}y"


def test_marks_of_direction_are_seen() -> None:
    assert plain("a\u202eb") == "a<202e>b"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc_=.", max_size=60), max_size=8, unique=True), st.integers(6, 40))
def test_shortened_names_fit_and_still_differ(names: list[str], width: int) -> None:
    short = shortened(names, width, lambda text: float(len(text)))

    assert len(set(short)) == len(names)
    assert all(len(each) <= width + len(" (8)") for each in short)


def test_shortened_names_keep_what_differs() -> None:
    names = [f"experiment_of_monday_lr={lr}" for lr in ("0.1", "0.01")]

    assert shortened(names, 15, lambda text: float(len(text))) == ["…lr=0.1", "…lr=0.01"]


def test_text_is_wrapped_between_words() -> None:
    assert wrapped("aa bb cccccc d", 5, lambda text: float(len(text))) == "aa bb\ncccccc\nd"


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1), st.booleans())
def test_thinning_keeps_lowest_and_highest_and_the_ends(n_points: int, seed: int, log: bool) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.exponential(size=n_points))
    values = rng.normal(size=(2, n_points))

    fewer, thin = thinned(time, values, log=log, bins=10)

    assert len(fewer) == thin.shape[1] <= max(20, min(n_points, 20))
    assert (fewer[0], fewer[-1]) == (time[0], time[-1])
    np.testing.assert_array_equal(thin.min(axis=1), values.min(axis=1))
    np.testing.assert_array_equal(thin.max(axis=1), values.max(axis=1))


def test_a_gap_stays_a_gap_when_it_is_wide_enough() -> None:
    time = np.arange(1000.0)
    values = np.ones(1000)
    values[300:700] = np.nan

    _, thin = thinned(time, values, bins=10)

    assert np.isnan(thin).sum() == 8
