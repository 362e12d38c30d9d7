"""A p-value, a sign, a count and a list of names are written in one way, whoever shows them."""

from __future__ import annotations

import ast
import doctest
import re
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox import seed_ranges, text
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render import sentences
from mle_toolbox.render.rendered import as_text
from mle_toolbox.render.statuses import SIGNS, status_grid
from mle_toolbox.report import write_report
from mle_toolbox.report.answers import answers, comparison_data, comparison_tables
from mle_toolbox.report.facts import SeedRun
from mle_toolbox.report.history import grid
from mle_toolbox.report.numbers import read_numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.text import listed, p_text, p_value
from tests.made_results import made_results

PACKAGE = Path(mle_toolbox.__file__).parent
SOURCES = [path for path in PACKAGE.rglob("*.py") if not {"_bundle", "templates"}.intersection(path.parts)]


@pytest.mark.parametrize("module", [text, sentences, seed_ranges])
def test_the_examples_of_the_wording_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_a_p_has_the_same_digits_in_every_output(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    ends = {name: generator.normal(level, 0.1, size=6) for name, level in (("a", 0), ("b", 0.08), ("c", 2))}
    results = made_results(tmp_path, {name: np.column_stack([each + 1, each]) for name, each in ends.items()})

    found = results.compare()
    numbers = read_numbers(results)
    page = write_report(results, tmp_path / "report.html").read_text()

    shown = {p_value(each.p) for each in found.values()}
    assert len(shown) > 1
    assert "< 0.001" in shown
    [place] = [number for number, column in enumerate(found.table().columns) if column.title.startswith("p")]
    assert {row[place].text for row in found.table().rows} == shown
    for written in (str(found), found.to_markdown(), found.to_latex(), found._repr_html_(), page):
        plain = written.replace("\\<", "<").replace("&lt;", "<").replace(r"\textless{}", "<")
        assert all(p in plain for p in shown)
    assert {row["texts"][2] for row in comparison_tables(numbers)[0]["rows"]} == shown
    in_words = {p_text(each.p) for each in found.values()}
    store = Store()
    places = comparison_data(numbers, store)["0|last"]["p"]
    assert {next(p for p in in_words if p in store.content["texts"][place]) for place in places} == in_words
    assert all(p_text(each.p) in each.words() for each in found.values())
    verdict = " ".join(each["text"] for each in answers(read_numbers(results.select(["a", "c"])))[0]["sentences"])
    assert p_text(results.compare("a", "c").found["a", "c"].p) in verdict


def test_a_status_has_one_sign_and_one_meaning(tmp_path: Path) -> None:
    kinds = list(SIGNS)
    folder = ExperimentFolder(tmp_path)
    statuses = ["done" if kind == "older code" else kind for kind in kinds]
    live = tuple(
        SeedRunStatus("a", seed, status, kinds[seed] == "older code", None, folder.configuration("a").seed(seed))  # type: ignore[arg-type]
        for seed, status in enumerate(statuses)
    )
    reported = [SeedRun("a", seed, status, None) for seed, status in enumerate(statuses)]
    reported[kinds.index("older code")] = replace(reported[kinds.index("older code")], older_code=True)

    first, _, in_terminal = as_text(status_grid(ExperimentStatus(folder, {}, live))).splitlines()
    on_page = grid(reported)

    assert in_terminal.split("   ") == [f"{each.sign} {each.words}" for each in SIGNS.values()]
    assert on_page["legend"] == in_terminal
    assert "".join(part["signs"] for part in on_page["rows"][0]["parts"]) in first


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"[\"']p < 0\.001|[\"']< 0\.001", "p_value or p_text"),
        (r"\{'' if [^}]* == 1 else 's'|\{'s' if [^}]*[>=] ?1", "count"),
        (r" and \{len\([^}]*\) - [^}]*\} more", "listed"),
        (r"def _?(listed|last_lines|plural|counted)\(", "text.py and excerpts.py"),
        (r"[‖†]", "SIGNS"),
        (r"#0072[bB]2", "COLOURS"),
    ],
)
def test_there_is_one_place_for_each_way_of_writing(pattern: str, instead: str) -> None:
    own = {"text.py", "excerpts.py", "statuses.py", "colours.py"}

    again = [
        str(path.relative_to(PACKAGE))
        for path in SOURCES
        if path.name not in own and re.search(pattern, path.read_text())
    ]

    assert again == [], f"use {instead}"


def test_results_and_render_import_nothing_in_circles() -> None:
    files = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for room in ("results", "render")
        for path in (PACKAGE / room).glob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        graph[name] = {str(node.module) for node in nodes}.intersection(files) - {name}
    # The one way up, which says why.
    graph["mle_toolbox.results.shown"] = set()

    TopologicalSorter(graph).prepare()


def test_names_end_with_and() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed("ab") == "a and b"
    assert listed("abcdefghi") == "a, b, c, d, e, f and 3 more"
    assert listed("abcdefghi", None) == "a, b, c, d, e, f, g, h and i"
