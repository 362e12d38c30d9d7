"""What the page says, read from the written file as a browser reads it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import math
import re
import time
import warnings
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mle_toolbox.report
from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.report import write_figures, write_report, write_tables
from mle_toolbox.results import ExperimentResults
from mle_toolbox.seed_run.processing_record import ProcessingRecord, write_processing_record
from mle_toolbox.text import moment
from tests.made_results import learning, made_results

VENDOR = Path(mle_toolbox.report.__file__).parent / "vendor"
HOSTILE = "</script><script>document.title='pwned'</script>\" onload='x' \u202e\u05d0 größe {{ 7*7 }}"


class Page(HTMLParser):
    """Texts and elements of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._texts: list[str] = []
        self._inside: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._texts.append(data)
        elif self._inside[-1] == "script":
            self.scripts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._texts))

    @property
    def data(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.scripts[0])
        return found

    def array(self, place: int) -> list[float]:
        """Return an array of the data, none of which is short."""
        text: str = self.data["arrays"][place]  # type: ignore[index]
        return np.frombuffer(base64.b64decode(text[1:]), {"f": "<f4", "d": "<f8"}[text[0]]).tolist()


def report(results: ExperimentResults, folder: Path, **options: object) -> Page:
    return Page(write_report(results, folder / "report.html", **options))  # type: ignore[arg-type]


@pytest.fixture
def two(tmp_path: Path) -> ExperimentResults:
    """Two configurations with six seeds each, clearly apart."""
    return made_results(tmp_path / "experiments", {"slow": learning(6, 50, 1.0), "quick": learning(6, 50, 0.1, seed=1)})


def test_the_numbers_are_those_of_the_summary(two: ExperimentResults, tmp_path: Path) -> None:
    summary = two.summary("loss")

    page = report(two, tmp_path)

    for row in summary.rows:
        assert str(row.estimates["loss"]) in page.text
    assert "quick is ahead" in page.text
    assert "It is significantly better than the other: p < 0.001." in page.text


def test_the_comparison_is_that_of_compare(two: ExperimentResults, tmp_path: Path) -> None:
    expected = two.compare(metric="loss")["slow", "quick"]

    page = report(two, tmp_path)

    columns: dict[str, int] = page.data["comparisons"]["0|last"]["columns"]  # type: ignore[index]
    found = {name: page.array(place)[0] for name, place in columns.items()}
    wanted = {name: getattr(expected, name) for name in found}
    assert found == {
        name: pytest.approx(math.nan if value is None else value, rel=0, nan_ok=True) for name, value in wanted.items()
    }


def test_what_was_run_is_told(two: ExperimentResults, tmp_path: Path) -> None:
    text = report(two, tmp_path).text

    assert "demo all 12 seed runs done" in text
    assert "2 configurations x 6 seeds" in text
    assert "215d2704b1" in text
    assert "node7" in text
    assert "24: duration x 2 cores given to each run" in text
    assert "git checkout 215d2704b1f2f0ec237aa133666edde6bd9c345c" in text
    assert "python -m pip install numpy==2.0.0" in text
    assert "mle-toolbox 0.1.0 itself is installed from a clone or a wheel of that version" in text
    assert "mle run exp.yaml" in text
    assert "python train.py -config slow.json -seed 0 -exp_dir by_hand" in text


def test_what_ran_before_and_after_is_on_the_page_with_its_end(tmp_path: Path) -> None:
    record = {"pre_processing": {"script": "features.py", "job": {}}, "post_processing": {"script": "figures.sh"}}
    results = made_results(tmp_path / "experiments", {"a": learning(3, 5, 1.0)}, record=record)
    own = ExperimentFolder(results.path).processing("pre_processing")
    own.path.mkdir(parents=True)
    failed = ProcessingRecord("failed", "", {}, [], "", "node7", 1, reason="ended with exit status 3")
    write_processing_record(own, failed)

    text = report(results, tmp_path).text

    assert "Pre-processing features.py failed" in text
    assert "Post-processing figures.sh not started when this page was written" in text
    assert "The pre-processing failed: ended with exit status 3." in text


def test_only_what_differs_between_configurations_is_in_the_table(two: ExperimentResults, tmp_path: Path) -> None:
    text = report(two, tmp_path).text

    assert "train_config.lrate" in text
    assert "All settings of slow" in text


def test_failures_are_told_with_their_last_lines(tmp_path: Path) -> None:
    folder = tmp_path / "experiments"
    (folder / "a" / "seed_1").mkdir(parents=True)
    (folder / "a" / "seed_1" / "err.txt").write_text("Traceback\nValueError: <img src=x>\n")
    results = made_results(folder, {"a": learning(4, 20), "b": learning(4, 20, 1.0)}, statuses={("a", 1): "failed"})

    page = report(results, tmp_path)

    assert "7 of 8 seed runs done, 1 failed" in page.text
    assert "Not all runs are done" in page.text
    assert "ValueError: the loss is <b>not</b> finite" in page.text
    assert "exit status 1, after 20 ticks, on node7" in page.text
    assert "Traceback ValueError: <img src=x>" in page.text
    assert "(n=3, 1 missing)" in page.text


def test_diverged_seeds_are_named_and_not_averaged(tmp_path: Path) -> None:
    losses = learning(5, 30)
    losses[3, -1] = np.inf
    results = made_results(tmp_path / "experiments", {"a": losses})

    page = report(results, tmp_path)

    assert "a: seed 3 ended with a loss that is not finite (diverged)." in page.text
    assert "(n=4, 1 diverged)" in page.text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    results = made_results(
        tmp_path / "experiments",
        {HOSTILE: learning(3, 20), "b": learning(3, 20)},
        metric=f"loss {HOSTILE}",
        time=f"step {HOSTILE}",
        record={"project_name": HOSTILE, "script": HOSTILE},
    )

    page = report(results, tmp_path)

    assert [tag for tag, _ in page.elements].count("script") == 3
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert HOSTILE in "".join(page._texts)
    assert page.data["configurations"] == [HOSTILE, "b"]
    assert re.fullmatch(r"[A-Za-z0-9_]+", str(page.data["slug"]))


def test_nothing_can_be_loaded_and_only_our_scripts_run(two: ExperimentResults, tmp_path: Path) -> None:
    page = report(two, tmp_path)

    policy = next(each["content"] for tag, each in page.elements if each.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    scripts = next(part for part in policy.split(";") if "script-src" in part)
    assert "unsafe" not in scripts
    addresses = [each[name] for _, each in page.elements for name in ("src", "href") if each.get(name)]
    assert all(str(address).startswith(("#", "data:")) for address in addresses)


def test_one_seed_gets_no_interval_and_says_so(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {"a": learning(1, 20), "b": learning(1, 20)})

    page = report(results, tmp_path)

    assert "(n=1, no interval)" in page.text
    assert page.data["curves"]["0|0"][0]["bands"]["mean"][1] is None  # type: ignore[index]
    assert "No test: one seed gives no spread." in page.text


def test_seeds_that_are_all_the_same_make_no_claim(tmp_path: Path) -> None:
    # The mean of ten times 0.297 is not 0.297 in floats.
    results = made_results(tmp_path / "experiments", {"a": np.full((10, 9), 0.297), "b": np.full((10, 9), 0.99)})

    text = report(results, tmp_path).text

    assert "Does the script use its seed?" in text
    assert "significantly better" not in text


def test_a_caution_names_what_it_is_about_for_every_choice(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {"same": np.ones((5, 9)), "other": learning(5, 9)})

    page = report(results, tmp_path)

    same, skewed = "same: All seeds have the same value", "With fewer than 25 seeds the t interval"
    assert same in page.text
    assert skewed in page.text
    cautions: dict[str, str] = page.data["cautions"]  # type: ignore[assignment]
    assert all(same in each for each in cautions.values())
    assert [key for key, each in cautions.items() if skewed in each] == ["last|mean", "best|mean", "auc|mean"]


def test_one_configuration_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    page = report(made_results(tmp_path / "experiments", {"a": learning(4, 20)}), tmp_path)

    assert "There is nothing to compare" in page.text
    assert page.data["comparisons"] == {}


def test_an_experiment_that_has_logged_nothing_yet_has_a_report(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {"a": np.empty((2, 0))}, statuses={("a", 0): "running"})

    page = report(results, tmp_path)

    assert "Some runs are still going" in page.text


def test_unequal_lengths_are_shown_with_their_n(tmp_path: Path) -> None:
    losses = learning(4, 40)
    losses[0, 20:] = np.nan
    results = made_results(tmp_path / "experiments", {"a": losses})

    page = report(results, tmp_path)

    band = page.data["curves"]["0|0"][0]["bands"]["mean"]  # type: ignore[index]
    assert "The number of seeds changes along the curve, from 4 down to 3." in page.data["texts"][band[-1]]  # type: ignore[index]


def test_the_direction_is_assumed_unless_it_is_given(two: ExperimentResults, tmp_path: Path) -> None:
    assert "loss: lower is better (assumed)." in report(two, tmp_path).text
    given = report(two, tmp_path, directions={"loss": False})
    assert "loss: higher is better." in given.text
    assert "slow is ahead" in given.text


@pytest.mark.parametrize("directions", [{"loss": "lower"}, {"loss": None}, "loss", ["loss"]])
def test_a_direction_that_is_neither_true_nor_false_is_refused(
    directions: Any, two: ExperimentResults, tmp_path: Path
) -> None:
    with pytest.raises(ResultsError, match=r"^directions.* True where lower is better"):
        write_report(two, tmp_path / "report.html", directions=directions)
    assert not (tmp_path / "report.html").exists()


def test_long_curves_are_thinned_and_it_is_said(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {"a": learning(3, 5000)})

    curve = report(results, tmp_path).data["curves"]["0|0"][0]  # type: ignore[index]

    assert curve["of"] == 5000
    assert 150 < curve["shown"] <= 200


@pytest.mark.slow
def test_the_file_of_very_many_seeds_leaves_their_single_curves_out(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {f"c{i}": learning(600, 20, seed=i) for i in range(50)})

    page = report(results, tmp_path)

    assert page.data["curves"]["0|0"][0]["v"] is None  # type: ignore[index]
    assert len(page.data["chosen"]) == 8  # type: ignore[arg-type]
    assert len(page.source) < 8_000_000


def test_the_libraries_of_the_page_are_those_that_their_readme_names() -> None:
    readme = (VENDOR / "README.md").read_text()

    libraries = sorted(VENDOR.glob("*.js"))

    assert [each.name for each in libraries] == ["delaunator.min.js", "echarts.min.js"]
    for each in libraries:
        assert f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}" in readme
    assert {each.name for each in VENDOR.iterdir()} >= {"LICENSE", "NOTICE", "LICENSE-d3", "LICENSE-delaunator"}


def test_the_same_results_give_the_same_data(two: ExperimentResults, tmp_path: Path) -> None:
    assert report(two, tmp_path).scripts[0] == report(two, tmp_path).scripts[0]


def test_several_experiments_share_a_report(tmp_path: Path) -> None:
    from mle_toolbox.results import ExperimentCollection

    one = made_results(tmp_path / "one" / "experiments", {"a": learning(3, 20)})
    other = made_results(tmp_path / "other" / "experiments", {"a": learning(3, 20, 1.0)})

    page = Page(write_report(ExperimentCollection([one, other]), tmp_path / "report.html"))

    assert "one/a is ahead" in page.text


def test_tables_hold_every_estimate_and_every_pair(two: ExperimentResults, tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)

    write_tables(two, folder)

    summary = list(csv.DictReader(folder.summary.read_text().splitlines()))
    pairs = list(csv.DictReader(folder.comparisons.read_text().splitlines()))
    assert [row["configuration"] for row in summary] == ["slow", "quick"]
    assert [(row["a"], row["b"]) for row in pairs] == [("slow", "quick")]


def test_tables_without_anything_to_compare_have_a_heading(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)

    write_tables(made_results(tmp_path, {"a": learning(3, 5)}), folder)

    assert folder.comparisons.read_text() == "a,b,metric\n"


def test_a_report_is_replaced_in_one_step(two: ExperimentResults, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_report(two, tmp_path / "report.html")
        write_report(two, tmp_path / "report.html", title="again")

    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert "<title>again" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_figures_show_the_best_configurations_and_say_so(tmp_path: Path) -> None:
    losses = {f"c{place}": learning(3, 9, level=place, seed=place) for place in range(12)}
    results = made_results(tmp_path / "experiments", losses)
    folder = ExperimentFolder(tmp_path / "experiments")

    write_figures(results, folder)

    for path in (folder.learning_curves, folder.final_values):
        # matplotlib draws each letter, and writes what they spell into comments, one for each line.
        words = " ".join(re.findall("<!-- (.*?) -->", path.read_text()))
        assert "c9 " in words
        assert "c10 " not in words
        assert "The 10 best of 12 configurations." in words


def test_figures_of_nothing_say_why(tmp_path: Path) -> None:
    results = made_results(tmp_path / "experiments", {"a": np.empty((1, 0))})
    folder = ExperimentFolder(tmp_path / "experiments")

    write_figures(results, folder)

    assert "nothing to draw" in folder.learning_curves.read_text()
    assert folder.final_values.exists()


def test_configurations_with_the_same_results_as_the_best_are_named(tmp_path: Path) -> None:
    """A setting without effect gives the same numbers seed by seed."""
    quick, slow = learning(6, 50, 0.1, seed=1), learning(6, 50, 1.0)
    results = made_results(tmp_path / "experiments", {"quick": quick, "same": quick, "slow": slow})

    page = report(results, tmp_path)

    assert "It is not significantly different from" in page.text
    verdict = page.text.partition("It is not significantly different from")[2][:80]
    assert "same" in verdict
    assert "It is better than" in verdict


def test_a_page_that_mixes_code_says_so_before_its_numbers_and_in_how_they_were_made(tmp_path: Path) -> None:
    old, new = {"train.py": "t", "helper.py": "old"}, {"train.py": "t", "helper.py": "new"}
    losses = {"a": learning(5, 9, 0.0), "b": learning(5, 9, 1.0, seed=1)}
    code = {(name, seed): old if name == "a" and seed < 2 else new for name in losses for seed in range(5)}

    results = made_results(tmp_path, losses, code=code)
    page, current = report(results, tmp_path), report(results.only_current(), tmp_path)

    said = "a: 2 of 5 seed runs are of older code (helper.py)."
    assert page.text.index(said) < page.text.index("a is ahead")
    assert said in page.text[page.text.index("Code of the seed runs") :]
    assert page.data["about"] == said
    assert page.data["code"] == [{"word": "mixed", "older": [0, 1]}, {"word": "current", "older": []}]
    assert ("span", {"class": "s-older code", "title": "done, by older code: seeds 0-1"}) in page.elements
    assert said not in current.text
    assert "8 of 10 seed runs done, 2 older code" in current.text


def test_runs_of_an_earlier_configuration_have_a_sign_of_their_own(tmp_path: Path) -> None:
    results = made_results(tmp_path, {"a": learning(3, 9)}, statuses={("a", 0): "outdated", ("a", 1): "stopped"})

    text = report(results, tmp_path).text

    assert "1 of 3 seed runs done, 1 stopped, 1 outdated" in text
    assert "a: 1 finished seed run is of an earlier configuration and is not counted." in text
    assert "≠ outdated: done with an earlier configuration" in text
    assert "‖ stopped on request before its end; the next `mle run` goes on with it" in text
    assert "✗" not in text


def test_the_best_is_said_to_have_lost_seeds_before_its_numbers(tmp_path: Path) -> None:
    losses = {"a": learning(5, 9, 0.0), "b": learning(5, 9, 1.0, seed=1)}
    losses["a"][4, -1] = np.inf

    page = report(made_results(tmp_path, losses, statuses={("a", 3): "failed"}), tmp_path)

    ends = "1 of its 5 seeds diverged, 1 failed"
    assert f"a is ahead among the seeds that ended well ({ends}): loss" in page.text
    assert f"Among the best only by the seeds that ended well: a ({ends})." in page.text


def test_a_run_that_is_far_shorter_than_its_siblings_is_named_on_the_page(tmp_path: Path) -> None:
    losses = {"a": learning(5, 200)}
    losses["a"][3, 56:] = np.nan

    page = report(made_results(tmp_path, losses), tmp_path)

    said = "a: seed 3 has 56 ticks, its siblings 200: was it cut short?"
    assert page.text.index(said) < page.text.index("±")


def test_times_are_in_the_zone_of_the_machine_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert moment(datetime.fromisoformat("2026-03-01T14:05:00+00:00")) == "2026-03-01 23:05 JST"
        text = report(made_results(tmp_path / "experiments", {"a": learning(3, 4)}), tmp_path).text
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert re.search(r"\d\d:\d\d JST", text)
    assert "UTC" not in text
