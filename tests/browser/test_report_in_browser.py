"""The report opened from its file with the network off: charts, controls, names, sizes, print."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.results import ExperimentResults
from tests.browser.conftest import Open, Opened
from tests.made_results import learning, made_results
from tests.made_search import made_search

pytestmark = pytest.mark.slow

HOSTILE = (
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    'it\'s "quoted" {a|b} & größe',
    "\u202eevil\u202c \u05d0\u05d1\u05d2",
    "",
)


def save(opened: Opened, button: str) -> Path:
    with opened.page.expect_download() as started:
        opened.page.click(f'button[data-save="{button}"]')
    target = opened.path.parent / started.value.suggested_filename
    started.value.save_as(target)
    return target


def hover(opened: Opened, chart: str, right: float | None = None, down: float | None = None) -> str:
    """Move the pointer over a chart, by default over its middle; what the box beside it says."""
    place = opened.page.locator(f"#{chart}")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    x = box["x"] + (box["width"] / 2 if right is None else right)
    y = box["y"] + (box["height"] / 2 if down is None else down)
    opened.page.mouse.move(x - 5, y - 5)
    opened.page.mouse.move(x, y)
    opened.page.wait_for_selector(f"#{chart} .tip", state="visible")
    return opened.page.inner_text(f"#{chart} .tip")


def hover_point(opened: Opened, chart: str, series: str, point: list[float]) -> str:
    """Move the pointer to a point of a series."""
    pixel = opened.page.evaluate(
        f"(point) => charts.get('{chart}').convertToPixel({{seriesId: '{series}'}}, point)", point
    )
    return hover(opened, chart, *pixel)


def wait_until(opened: Opened, condition: str) -> None:
    """Wait for a condition on the page; the page itself may not evaluate text."""
    for _ in range(100):
        if opened.page.evaluate(condition):
            return
        opened.page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_offline_without_a_request_or_a_complaint(
    open_report: Open, three: ExperimentResults, scheme: str
) -> None:
    opened = open_report(three, scheme=scheme)

    for chart in ("curves", "strips", "matrix"):
        assert opened.ink(chart) > 10, f"{chart} is blank"
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith("data:")] == [opened.path.as_uri()]


def test_the_tables_are_there_without_javascript(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    context = opened.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    page = context.new_page()

    page.goto(opened.path.as_uri())

    assert "quick" in page.inner_text("#results table")
    assert "The charts need JavaScript" in page.inner_text("main")
    context.close()


def test_controls_change_the_curves(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    page = opened.page
    before = [each["data"][40][1] for each in opened.option("curves")["series"] if each["type"] == "line"]

    page.select_option("#statistic", "median")
    median = [each["data"][40][1] for each in opened.option("curves")["series"] if each["type"] == "line"]
    page.check("#log-y")
    page.uncheck("#band")
    page.select_option("#seeds", "all")
    page.locator("#picker-list input").nth(0).uncheck()

    option = opened.option("curves")
    assert median != before
    assert option["yAxis"][0]["type"] == "log"
    assert opened.lines() == ["quick", "wide"]
    assert [each["id"] for each in option["series"] if each["type"] == "custom"] == ["seeds 1", "seeds 2"]
    assert "interquartile" not in page.inner_text("#curves-caption")
    assert opened.complaints == []


def test_chosen_seeds_alone_are_drawn(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    page = opened.page

    page.select_option("#seeds", "some")
    few = page.input_value("#seed-list")
    page.fill("#seed-list", "9-7-x")
    wrong = page.get_attribute("#seed-list", "aria-invalid")
    page.fill("#seed-list", "0, 3-5")

    assert few == "0-2"
    assert wrong == "true"
    assert page.evaluate("[...choice.seeds].join()") == "0,3,4,5"
    assert opened.complaints == []


def test_the_table_follows_what_is_chosen(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    expected = three.summary("loss", at="best", statistic="iqm")

    opened.page.select_option("#at", "best")
    opened.page.select_option("#final-statistic", "iqm")

    shown = opened.page.locator("[data-cell]").all_inner_texts()
    assert [text.replace("\u00a0", " ") for text in shown] == [str(row.estimates["loss"]) for row in expected.rows]
    assert opened.page.input_value("#statistic") == "iqm"
    assert "Interquartile mean over seeds of the best value" in opened.page.inner_text("#final-caption")
    bold = opened.page.locator("td.best").evaluate_all("cells => cells.map((each) => each.dataset.cell)")
    answer = three.answer("loss", "best", "iqm")
    assert bold == [f"0|{place}" for place, name in enumerate(three) if name in answer.best]
    assert "t test of the means" in opened.page.inner_text("#final-bold")


def test_pointing_reads_the_numbers_that_python_computed(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    curve = three.curve("loss")["slow"]

    text = hover(opened, "curves")

    step = float(text.splitlines()[0].removeprefix("step "))
    at = list(curve.time).index(step)
    assert f"{curve.band().center[at]:.3f}"[:4] in text
    assert "n=5" in text


def test_the_keyboard_reads_the_curves(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)

    opened.page.focus("#curves")
    for _ in range(3):
        opened.page.keyboard.press("ArrowRight")

    opened.page.wait_for_selector("#curves .tip", state="visible")
    assert opened.page.inner_text("#curves .tip").startswith("step 20")


def test_every_control_can_be_reached_with_the_keyboard(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)

    reached = set()
    for _ in range(80):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("document.activeElement.id || document.activeElement.dataset.save"))

    assert reached >= {"at", "final-statistic", "statistic", "log-x", "log-y", "band", "seeds"}
    assert reached >= {"curves", "pick-all", "pick-none", "curves.png", "curves.svg", "curves.csv", "matrix.csv"}


def test_hostile_names_are_shown_as_text_everywhere(open_report: Open, tmp_path: Path) -> None:
    names = HOSTILE[:4]
    results = made_results(
        tmp_path / "experiments",
        {name: learning(3, 30, 0.3 * i, seed=i) for i, name in enumerate(names)},
        metric=HOSTILE[0],
        time=HOSTILE[1],
        record={"project_name": HOSTILE[0]},
    )
    opened = open_report(results)

    estimate = opened.option("strips")["series"][1]["data"][0]["value"]
    told = [
        hover(opened, "curves"),
        hover_point(opened, "strips", "estimates", estimate[:2]),
        hover_point(opened, "matrix", "improvement", [1, 0]),
    ]
    saved = save(opened, "curves.csv")
    drawn = save(opened, "curves.svg").read_text(encoding="utf-8")

    assert opened.page.evaluate("window.pwned") is None
    assert all(names[0][:30] in text for text in told)
    assert names[0] in opened.page.inner_text("#results table")
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("script").count() == 3
    assert "<script>window" not in drawn
    assert saved.name.isascii()
    assert opened.complaints == []


@pytest.mark.parametrize("width", [1280, 400])
def test_no_window_has_to_be_scrolled_sideways(open_report: Open, tmp_path: Path, width: int) -> None:
    results = made_results(
        tmp_path / "experiments",
        {f"a_name_that_is_{'very_' * (i * 6)}long": learning(3, 20, seed=i) for i in range(5)},
        record={"project_name": "w" * 90},
    )

    opened = open_report(results, width=width)

    assert opened.overflow() <= 0
    assert opened.ink("curves") > 10


def test_charts_fit_a_window_that_is_made_narrow(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)

    opened.page.set_viewport_size({"width": 500, "height": 800})
    wait_until(opened, "charts.get('curves').getWidth() < 500")

    assert opened.overflow() <= 0


def test_saved_figures_and_data_are_whole(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three)
    samples = three.samples("loss")

    pictures = [save(opened, f"{chart}.png").read_bytes() for chart in ("curves", "strips", "matrix")]
    drawings = [save(opened, f"{chart}.svg").read_text() for chart in ("curves", "strips", "matrix")]
    rows = list(csv.DictReader(save(opened, "strips.csv").read_text().splitlines()))
    pairs = list(csv.DictReader(save(opened, "matrix.csv").read_text().splitlines()))

    assert all(picture.startswith(b"\x89PNG") and len(picture) > 5000 for picture in pictures)
    assert all(drawing.startswith("<svg") and "slow" in drawing for drawing in drawings)
    found = [float(row["value"]) for row in rows if row["configuration"] == "slow"]
    np.testing.assert_array_equal(found, samples["slow"].values)
    assert [(row["a"], row["b"]) for row in pairs] == [("slow", "quick"), ("slow", "wide"), ("quick", "wide")]
    assert {row["code"] for row in [*rows, *pairs]} == {"current"}
    assert "n = " in drawings[0]


def test_it_prints_light_with_every_chart(open_report: Open, three: ExperimentResults) -> None:
    opened = open_report(three, scheme="dark")

    printed = opened.page.pdf(format="A4")

    assert printed.startswith(b"%PDF")
    assert len(printed) > 50_000
    assert opened.page.evaluate("isDark()") is True
    assert opened.complaints == []


def test_a_hundred_configurations_with_a_hundred_seeds_open(open_report: Open, tmp_path: Path) -> None:
    losses = {f"c{i:02d}": learning(100, 300, i / 50, seed=i) for i in range(100)}

    opened = open_report(made_results(tmp_path / "experiments", losses))

    assert len(opened.lines()) == 8
    assert "8 of 100 shown" in opened.page.inner_text("#picked")
    assert opened.path.stat().st_size < 12_000_000
    opened.page.fill("#picker-search", "c7")
    opened.page.click("#pick-none")
    opened.page.click("#pick-all")
    assert len(opened.lines()) == 10
    assert opened.complaints == []


def test_one_seed_and_one_configuration_are_a_report_too(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(made_results(tmp_path / "experiments", {"only": learning(1, 20)}))

    assert opened.lines() == ["only"]
    assert "No band: one seed gives no spread." in opened.page.inner_text("#curves-caption")
    assert opened.complaints == []


def test_nothing_logged_yet_is_a_report_too(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(made_results(tmp_path / "e", {"a": np.empty((2, 0))}, statuses={("a", 0): "running"}))

    assert "Some runs are still going" in opened.page.inner_text("#results")
    assert opened.complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
@pytest.mark.parametrize("chart", ["slices", "parallel", "heat"])
def test_every_chart_of_a_search_is_drawn(
    open_report: Open, tmp_path: Path, chart: str, scheme: str, width: int
) -> None:
    points = [{"lrate": 10.0**-p, "act": act, "flag": flag} for p in (1, 2, 3) for act in "ab" for flag in (0, 1)]
    failed: dict[tuple[str, int], RunStatus] = {("trial_0003", 0): "failed"}
    results = made_search(tmp_path, points, level=lambda values: float(values["lrate"]), statuses=failed)

    opened = open_report(results, scheme=scheme, width=width)
    opened.page.select_option("#search-chart", chart)

    expected = {"slices": ["scatter"] * 6, "parallel": ["parallel"], "heat": ["heatmap"]}
    assert [each["type"] for each in opened.option("space")["series"]] == expected[chart]
    assert opened.ink("space") > 10
    assert "1 trial lost seeds" in opened.page.inner_text("#space-caption")
    assert opened.overflow() <= 0
    assert opened.complaints == []


def scattered(path: Path, number: int) -> ExperimentResults:
    rng = np.random.default_rng(3)
    points = [{"lrate": float(10 ** rng.uniform(-4, -1)), "momentum": float(rng.uniform())} for _ in range(number)]
    return made_search(path, points, level=lambda values: abs(np.log10(values["lrate"]) + 2) + values["momentum"])


@pytest.mark.parametrize("number", [60, 700])
def test_between_scattered_trials_is_the_surface_that_the_figure_has(
    open_report: Open, tmp_path: Path, number: int
) -> None:
    results = scattered(tmp_path, number)
    opened = open_report(results)
    page = opened.page
    page.select_option("#search-chart", "heat")

    assert [each["type"] for each in opened.option("space")["series"]] == ["scatter", "custom"]
    assert "interpolation, linear between neighbours, and was not measured" in page.inner_text("#space-caption")
    assert opened.ink("space") > 50
    points = np.array([[each.record.values[name] for name in ("lrate", "momentum")] for each in results.ranking()])
    points[:, 0] = np.log(points[:, 0])
    unit = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    drawn = page.evaluate("(points) => delaunay(points)", unit.tolist())
    expected = Triangulation(*unit.T).triangles
    # At the border, triangles that are almost lines may be missing.
    different = {frozenset(each) for each in drawn} ^ {frozenset(each) for each in expected.tolist()}
    assert sum(_area(unit[list(each)]) for each in different) < 1e-3
    assert opened.complaints == []


def _area(corners: NDArray[np.float64]) -> float:
    return float(abs(np.linalg.det(corners[1:] - corners[0]))) / 2


@pytest.mark.parametrize(("columns", "rows"), [(50, 3), (2, 45)])
def test_a_surface_over_points_in_rows_has_no_holes(open_report: Open, tmp_path: Path, columns: int, rows: int) -> None:
    opened = open_report(scattered(tmp_path, 3))
    unit = [[x / (columns - 1), y / (rows - 1)] for x in range(columns) for y in range(rows)]

    drawn = opened.page.evaluate("(points) => delaunay(points)", unit)

    assert sum(_area(np.array([unit[k] for k in each])) for each in drawn) == pytest.approx(1, abs=1e-3)


def test_values_of_bands_are_between_their_levels(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(scattered(tmp_path, 3))

    bands = opened.page.evaluate(
        "surfaceBands([[1, 0, 0], [100, 0, 12], [1, 1, 0], [100, 1, 12]], [true, false], 0, 12)"
    )

    assert [each["value"] for each in bands] == pytest.approx([k + 0.5 for k in range(12)])
    # Linear in the logarithm: the middle of the values is at 10.
    reached = [x for each in bands[:6] for polygon in each["polygons"] for x, _ in polygon]
    assert max(reached) == pytest.approx(10, rel=1e-4)


def test_trials_on_one_line_have_no_surface(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(scattered(tmp_path, 3))

    flat = opened.page.evaluate("surfaceBands([[1, 1, 0], [2, 1, 1], [3, 1, 2]], [false, false], 0, 2)")
    slanted = opened.page.evaluate("surfaceBands([[1, 1, 0], [2, 2, 1], [3, 3, 2]], [false, false], 0, 2)")

    assert flat == slanted == []


def test_a_variable_against_itself_changes_places(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(made_search(tmp_path))
    page = opened.page

    page.select_option("#search-x", "1")

    assert (page.input_value("#search-x"), page.input_value("#search-y")) == ("1", "0")
    assert opened.option("space")["xAxis"][0]["name"] == "lrate"
    assert opened.complaints == []


def first_column(opened: Opened) -> list[str]:
    return opened.page.locator("#results tbody th").all_inner_texts()


def test_the_table_of_final_values_is_sorted_by_a_click_and_the_chart_follows(
    open_report: Open, three: ExperimentResults
) -> None:
    opened = open_report(three)
    order = first_column(opened)
    assert order == list(three)

    opened.page.locator("#results thead button.sort").last.click()

    best_first = list(three.answer("loss").ranking)
    assert first_column(opened) == best_first
    assert opened.page.locator("#results thead th").last.get_attribute("aria-sort") == "ascending"
    names = opened.page.evaluate("charts.get('strips').getOption().yAxis[0].data")
    assert names == best_first
    opened.page.locator("#results thead button.sort").last.click()
    assert first_column(opened) == best_first[::-1]
    opened.page.locator("#results thead button.sort").first.click()
    assert first_column(opened) == order


def test_of_many_configurations_the_best_is_first_and_a_phone_scrolls_to_every_column(
    open_report: Open, tmp_path: Path
) -> None:
    losses = {f"width_{index}": learning(3, 9, 1 - index / 20, seed=index) for index in range(16)}
    results = made_results(tmp_path / "experiments", losses)
    for index, entry in enumerate(results.record["configurations"]):
        entry["content"] = {"train_config": {"lr": 10.0**-index}}

    opened = open_report(results, width=400)

    assert first_column(opened)[0] == results.answer("loss").ranking[0]
    # One line: the cell is not squeezed.
    value = opened.page.locator("#results td.setting").first.bounding_box()
    assert value is not None
    assert value["height"] < 60
    around = "document.querySelector('#results .table')"
    assert opened.page.evaluate(f"{around}.scrollWidth > {around}.clientWidth")
    assert opened.page.evaluate("document.documentElement.scrollWidth <= 400")


def test_charts_and_choices_call_a_metric_by_its_label_and_csv_files_by_its_name(
    tmp_path: Path, open_report: Open
) -> None:
    losses = {"a": learning(3, 20), "b": learning(3, 20, 0.5)}
    label = "loss on <new> data"
    opened = open_report(made_results(tmp_path / "e", losses, record={"metrics": {"loss": {"name": label}}}))

    assert opened.page.locator("#metric option").all_inner_texts() == [label]
    assert opened.option("curves")["yAxis"][0]["name"] == label
    assert opened.option("strips")["xAxis"][0]["name"] == f"{label} (last value)"
    written = save(opened, "strips.csv")
    assert written.name == "demo_strips_loss.csv"
    with written.open(encoding="utf-8", newline="") as file:
        assert {row["metric"] for row in csv.DictReader(file)} == {"loss"}
    assert opened.complaints == []
