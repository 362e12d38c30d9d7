"""Tables and what differs: the small parts, on plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.render.records import csv_text, json_text
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.differences import differing, flatten, short_names, value_text

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
