"""Which configuration is best is answered once: 300 experiments near the threshold, one best set in every output."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import stdtrit

from mle_toolbox.cli import main
from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import draw
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.rendered import Rendered, as_text
from mle_toolbox.report import write_report, write_tables
from mle_toolbox.report.answers import comparison_data
from mle_toolbox.report.numbers import Numbers, read_numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.report.tables import final_data, final_table
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.statistics import compare_all, holm
from tests.made_results import made_results

pytestmark = pytest.mark.slow

Best = frozenset[str]
Values = Mapping[str, NDArray[np.float64]]

N_EXPERIMENTS = 300


@cache
def near_the_threshold(number: int) -> Values:
    """Return last losses: of each other one the p against ``c0``, before any correction, lies from 0.005 to 0.06."""
    generator = np.random.default_rng(number)
    k, n = int(generator.integers(3, 5)), int(generator.integers(3, 9))
    first = generator.normal(size=n)
    values = {"c0": first}
    for place in range(1, k):
        apart = generator.normal(size=n)
        apart = (apart - apart.mean()) / apart.std(ddof=1)
        p = np.exp(generator.uniform(np.log(0.005), np.log(0.06)))
        values[f"c{place}"] = first + apart + stdtrit(n - 1, 1 - p / 2) / np.sqrt(n)
    if number % 10 == 0:
        # One seed is neither the best nor as good as it, whatever its value is.
        values["single"] = np.array([-100.0])
    if number % 10 == 1:
        values["c1"] = values["c1"][:-1]  # other seeds: after Welch
    if number % 10 == 2:
        values["c1"][0] = np.nan
    return MappingProxyType(values)


def results_of(values: Values, path: Path) -> ExperimentResults:
    return made_results(path, {name: np.column_stack([each + 1, each]) for name, each in values.items()})


def in_text(text: str) -> Best:
    """Read a table of a terminal."""
    rows = [line.strip("│ ").split("│") for line in text.splitlines() if line.startswith("│")]
    return frozenset(cells[0].strip() for cells in rows if cells[-1].rstrip().endswith("*"))


def in_markdown(text: str) -> Best:
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith(("| c", "| single"))]
    return frozenset(cells[0].strip("| ") for cells in rows if "**" in cells[-1] and not cells[0].startswith("| conf"))


def in_latex(text: str) -> Best:
    return frozenset(re.findall(r"^ *(\w+) &.*& \\textbf\{[^}]*\}", text, re.MULTILINE))


def in_html(text: str) -> Best:
    rows = re.findall(r"<tr><t[dh][^>]*>(?:<bdi>)?(\w+)(.*?)</tr>", text, re.DOTALL)
    return frozenset(name for name, rest in rows if "<b>" in rest or 'class="number best"' in rest)


def in_csv(text: str) -> Best:
    return frozenset(row["configuration"] for row in csv.DictReader(io.StringIO(text)) if row["best"] == "True")


def in_json(text: str) -> Best:
    content = json.loads(text)
    (metric,) = content.get("summary", content)["metrics"]
    return frozenset(metric["best_or_not_distinguishable"])


def in_comparisons(text: str, leader: str) -> Best:
    """Return the leader and those that it is not better than, of which both have a test."""
    rows = [row for row in csv.DictReader(io.StringIO(text)) if leader in (row["a"], row["b"])]
    tested = [row for row in rows if min(int(row["n_a"]), int(row["n_b"])) > 1]
    others = {row["b"] if row["a"] == leader else row["a"] for row in tested if row["better"] != leader}
    return frozenset({leader, *others})


def in_page_table(numbers: Numbers) -> Best:
    return frozenset(row["name"] for row in final_table(numbers, {})["rows"] if row["cells"][0]["best"])


def in_page_data(numbers: Numbers, statistic: str) -> Best:
    best = final_data(numbers, Store())["0|last"]["est"][statistic]["best"]
    return frozenset(numbers.configurations[index] for index in best)


def in_page_pairs(numbers: Numbers, leader: str) -> Best:
    """Return the leader and those that are not significantly apart from it, of the CSV file that the page saves."""
    store, names = Store(), numbers.configurations
    found = comparison_data(numbers, store)["0|last"]
    arrays = [unpacked(text) for text in store.content["arrays"]]
    kept = {leader}
    for a, b, p in zip(arrays[found["a"]], arrays[found["b"]], arrays[found["columns"]["adjusted_p"]], strict=True):
        if leader in (names[int(a)], names[int(b)]) and p >= 0.05:
            kept.add(names[int(b)] if names[int(a)] == leader else names[int(a)])
    return frozenset(kept)


def unpacked(text: str) -> list[float]:
    """Return the numbers of a text of `pack`."""
    kinds = {"f": "<f4", "d": "<f8"}
    return [float(each) for each in np.frombuffer(base64.b64decode(text[1:]), kinds[text[0]])]


RENDERED: Mapping[str, tuple[Callable[[Rendered], str], Callable[[str], Best]]] = {
    "str": (str, in_text),
    "markdown": (lambda each: each.to_markdown(), in_markdown),
    "latex": (lambda each: each.to_latex(), in_latex),
    "notebook": (lambda each: each._repr_html_(), in_html),
    "csv": (lambda each: each.to_csv(), in_csv),
    "json": (lambda each: each.to_json(), in_json),
}


def outputs_of(results: ExperimentResults, folder: ExperimentFolder) -> Iterator[tuple[str, Best]]:
    """Yield every output that shows the means and what it marks as the best."""
    answer, summary, numbers = results.answer("loss"), results.summary("loss"), read_numbers(results)
    assert answer.leader is not None
    yield "answer", frozenset(answer.best)
    yield from ((name, read(write(summary))) for name, (write, read) in RENDERED.items())
    yield "page", in_page_table(numbers)
    yield "data of the page", in_page_data(numbers, "mean")
    write_tables(results, folder)
    yield "summary.csv", in_csv(folder.summary.read_text())
    yield "comparisons.csv", in_comparisons(folder.comparisons.read_text(), answer.leader)


def outputs_by(results: ExperimentResults, statistic: str) -> Iterator[tuple[str, Best]]:
    """Yield what shows other statistics than the mean, too."""
    summary = results.summary("loss", statistic=statistic)
    yield "answer", frozenset(results.answer("loss", statistic=statistic).best)
    yield from ((name, read(write(summary))) for name, (write, read) in RENDERED.items())
    yield "data of the page", in_page_data(read_numbers(results), statistic)


def by_holm_over_the_tests_with_the_best(values: Values) -> Best:
    """Return what the tables marked when only the k - 1 tests with the best one counted."""
    seeds = {name: list(range(len(each))) for name, each in values.items()}
    found = compare_all(values, baseline="c0", seeds=seeds)
    adjusted = holm([each.t_test_p for each in found.values()])
    return frozenset({"c0", *(a for (a, _), p in zip(found, adjusted, strict=True) if p >= 0.05)})


def test_every_output_has_the_same_best_set(tmp_path: Path) -> None:
    others = 0
    for number in range(N_EXPERIMENTS):
        values = near_the_threshold(number)

        best = dict(outputs_of(results_of(values, tmp_path), ExperimentFolder(tmp_path)))

        assert best == dict.fromkeys(best, best["answer"]), number
        assert best["answer"]
        assert "single" not in best["answer"]
        others += by_holm_over_the_tests_with_the_best(values) != best["answer"]
    # The experiments do lie where it matters which tests count.
    assert 0.2 * N_EXPERIMENTS < others < 0.8 * N_EXPERIMENTS


@pytest.mark.parametrize("statistic", ["median", "iqm"])
def test_every_output_of_another_statistic_has_its_best_set(statistic: str, tmp_path: Path) -> None:
    for number in range(20):
        results = results_of(near_the_threshold(number), tmp_path)

        best = dict(outputs_by(results, statistic))

        assert best == dict.fromkeys(best, best["answer"]), number


def test_pairs_say_what_the_answer_says(tmp_path: Path) -> None:
    for number in range(20):
        results = results_of(near_the_threshold(number), tmp_path)
        answer = results.answer("loss")
        assert answer.leader is not None

        best = {
            "page": in_page_pairs(read_numbers(results), answer.leader),
            "with the best": in_comparisons(results.compare(baseline="best").to_csv(), answer.leader),
            "table of mle run": in_text(as_text(results_table(results))),
        }

        assert best == dict.fromkeys(best, frozenset(answer.best)), number


def test_of_very_many_configurations_the_outputs_agree_too(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    level = {f"c{place}": 2.0 * (place > 3) + 0.5 * (place > 20) for place in range(30)}
    results = results_of({name: each + generator.normal(0, 0.25, 6) for name, each in level.items()}, tmp_path)

    best = dict(outputs_of(results, ExperimentFolder(tmp_path)))

    assert best == dict.fromkeys(best, best["answer"])
    assert 1 < len(best["answer"]) < 30
    assert "Bonferroni over all pairs" in str(results.summary("loss"))
    everything = results.compare()
    with_best = results.compare(baseline="best")
    assert all(everything[pair if pair in everything else pair[::-1]].p == each.p for pair, each in with_best.items())


def test_one_seed_is_not_called_ahead_of_configurations_with_more(tmp_path: Path) -> None:
    values = {"single": np.array([-100.0]), "c1": np.array([1.0, 2.0, 3.0]), "c2": np.array([1.5, 2.0, 4.0])}
    results = results_of(values, tmp_path)

    page = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")

    assert results.answer("loss").leader == "c1"
    assert results.answer("loss").ranking[0] == "single"
    assert "c1 is ahead" in page
    assert {pair[1] for pair in results.compare(baseline="best")} == {"c1"}


def test_a_named_baseline_is_compared_as_if_it_had_been_named_beforehand_and_it_is_said(tmp_path: Path) -> None:
    results = results_of(near_the_threshold(3), tmp_path)

    words = str(results.compare("c0"))

    assert "Holm over these comparisons, as if c0 had been chosen before the numbers were known." in words
    assert "Holm over all pairs, because the best of them is chosen by the same numbers." in str(results.compare())


def write_experiment(values: Values, path: Path) -> ExperimentFolder:
    """Write the seed runs as scripts would, each configuration with a place of its own on a grid of two settings."""
    folder = ExperimentFolder(path)
    for name, each in values.items():
        for seed, value in enumerate(each):
            run = folder.seed_run(name, seed)
            run.path.mkdir(parents=True)
            writer = JournalWriter(run.journal, ["t"], ["loss"], {"configuration": name, "seed": seed})
            writer.append({"t": 0}, {"loss": float(value)}, True)
            writer.close()
            prepare_log(run, {}, 1)
            commit_log(run, RunRecord(configuration=name, seed=seed))
    settings = [{"place": place, "odd": place % 2} for place in range(len(values))]
    configurations = [{"name": name, "content": each} for name, each in zip(values, settings, strict=True)]
    folder.record.write_text(json.dumps({"configurations": configurations, "seeds": list(range(len(values["c0"])))}))
    return folder


def in_heat_map(results: ExperimentResults) -> Best:
    """Return the configurations whose cells are framed; along x they have their own places."""
    axes = draw("heatmap", results, FigureRequest("loss", settings=("place", "odd"))).axes[0]
    framed = {round(each.get_x() + 0.46) for each in axes.patches if each.get_gid() == "best"}
    return frozenset(name for place, name in enumerate(results) if place in framed)


@pytest.mark.parametrize("number", range(5))
def test_written_folders_have_the_same_best_set_in_every_command(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_experiment(near_the_threshold(number), tmp_path / "experiments")
    results = load(folder.path)
    assert isinstance(results, ExperimentResults)
    answer = results.answer("loss")
    assert answer.leader is not None

    def mle(*arguments: str) -> str:
        assert main([*arguments[:1], str(folder.path), *arguments[1:]]) == 0
        return capsys.readouterr().out

    readers = {"rich": in_text, "markdown": in_markdown, "latex": in_latex, "csv": in_csv, "json": in_json}
    best = {form: read(mle("results", "--format", form)) for form, read in readers.items()}
    best["--compare"] = in_comparisons(mle("results", "--compare", "--format", "csv"), answer.leader)
    best["--compare all"] = in_comparisons(mle("results", "--compare", "all", "--format", "csv"), answer.leader)
    mle("report")
    best["page"] = in_html(folder.report.read_text(encoding="utf-8"))
    best["heat map"] = in_heat_map(results)

    assert best == dict.fromkeys(best, frozenset(answer.best))


def test_the_words_under_every_table_are_the_same_plain_sentence(tmp_path: Path) -> None:
    results = results_of(near_the_threshold(3), tmp_path)
    said = "best, or not significantly different from the best (paired t test, Holm over all pairs, p ≥ 0.05)."

    summary = results.summary("loss")

    assert f"* {said}" in str(summary)
    assert f"Bold: {said}" in summary._repr_html_()
    assert f"Bold: {said}" in write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
