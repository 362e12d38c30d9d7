"""Tables and what differs: the small parts, on plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.render.records import csv_text, json_text
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.differences import differing, differing_keys, flatten, short_names, value_text

KEYS = st.text("abc.", min_size=1, max_size=4)
CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, CONTENT, max_size=4))
def test_no_key_is_lost_when_contents_are_flattened(content: dict[str, Any]) -> None:
    def leaves(value: Any) -> int:
        return sum(map(leaves, value.values())) if isinstance(value, dict) and value else 1

    assert len(flatten(content)) == sum(map(leaves, content.values()))


@given(st.dictionaries(KEYS, CONTENT, max_size=4))
def test_the_same_contents_do_not_differ(content: dict[str, Any]) -> None:
    assert differing({"a": content, "b": json.loads(json.dumps(content))}) == {"a": {}, "b": {}}


def test_a_missing_key_differs_from_null_and_true_from_one() -> None:
    assert differing({"a": {"x": None, "y": 1}, "b": {"y": True}}) == {"a": {"x": None, "y": 1}, "b": {"y": True}}
    assert differing({"a": {"y": 1}, "b": {"y": 1.0}}) == {"a": {}, "b": {}}


def test_settings_of_the_logging_come_last_also_where_the_first_configuration_has_them() -> None:
    log, train = {"log_config": {"verbose": 1}}, {"train_config": {"extra": 2}}

    assert differing_keys(differing({"a": log, "b": train})) == ["train_config.extra", "log_config.verbose"]


@given(st.lists(KEYS, unique=True))
def test_short_names_stay_different(keys: list[str]) -> None:
    names = short_names(keys)

    assert len(set(names.values())) == len(keys)
    assert all(f".{key}".endswith(f".{name}") for key, name in names.items())


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-05, "1e-05"), ("sgd", "sgd"), (True, "true"), (None, "null"), ([8, 8], "[8, 8]")],
)
def test_values_are_shown_as_a_configuration_has_them(value: Any, text: str) -> None:
    assert value_text(value) == text


def table_of(text: str) -> Table:
    return Table(
        text, (Column(text), Column("v", right=True)), ((Cell(text, best=True), Cell(text)),), (text,), (text,)
    )


@given(st.text(max_size=20))
def test_markdown_has_one_line_a_row_whatever_the_text(text: str) -> None:
    lines = [line for line in table_of(text).to_markdown().split("\n") if line.startswith("|")]

    assert len(lines) == 3


@given(st.text(max_size=20))
def test_braces_of_latex_stay_balanced_whatever_the_text(text: str) -> None:
    latex = table_of(text).to_latex().replace(r"\{", "").replace(r"\}", "")

    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\\") == 2


def test_a_long_and_wide_latex_table_is_cut_into_parts_that_have_every_cell_once_and_the_notes_at_the_end() -> None:
    columns = (Column("task"), *(Column(f"method{place:02d}", right=True) for place in range(20)))
    rows = tuple((Cell(f"game{row:03d}"), *(Cell(f"{row}.{place:03d}") for place in range(20))) for row in range(90))

    latex = Table("a title", columns, rows, ("a note",), ("a caution",), keep=1).to_latex()

    parts = latex.split(r"\begin{tabular}")[1:]
    cells = [
        cell.strip(" \\") for part in parts for line in part.splitlines() if " & " in line for cell in line.split("&")
    ]
    assert all(cells.count(cell.text) == 1 for row in rows for cell in row[1:])
    # The name of each row is in every part, and no part is longer than a page.
    assert all(cells.count(row[0].text) == cells.count("task") / 2 for row in rows)
    assert max(part.count("game") for part in parts) <= 64
    assert latex.count("a note a caution") == 1
    assert latex.index("a note") > latex.rindex(r"\end{tabular}")
    assert rf"part {len(parts)} of {len(parts)}." in latex


def test_a_latex_table_that_fits_stays_whole_with_its_notes_in_the_same_float() -> None:
    latex = table_of("some--text").to_latex()

    assert latex.count(r"\begin{table}") == 1
    assert latex.index(r"\end{tabular}") < latex.index(r"\parbox") < latex.index(r"\end{table}")
    # Two hyphens of an option would become a dash.
    assert "some-{}-text" in latex


@given(st.text(max_size=20))
def test_html_holds_no_markup_of_the_text(text: str) -> None:
    tags = table_of("").to_html().count("<")

    assert table_of(text).to_html().count("<") == tags


@given(st.text(max_size=20))
def test_a_terminal_shows_the_text_as_it_is(text: str) -> None:
    from mle_toolbox.render.rendered import as_text

    printable = "".join(char for char in text if char.isalnum() and char.isascii())

    assert "[bold]" in as_text(table_of(f"[bold]{printable}").to_rich())


def test_csv_quotes_and_leaves_cells_empty() -> None:
    assert csv_text([{"a": 'x,"y"', "b": float("nan")}, {"a": None, "c": [1]}]) == 'a,b,c\n"x,""y""",,\n,,[1]\n'


def test_json_has_no_word_that_is_not_json() -> None:
    text = json_text({"a": float("nan"), "b": [float("inf"), 1.0], "c": {"d": -float("inf")}})

    assert json.loads(text, parse_constant=pytest.fail) == {"a": None, "b": [None, 1.0], "c": {"d": None}}
