"""A table in a terminal that is narrow: everything that is shown can be read, and what is not is named."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mle_toolbox.render.table import Cell, Column, Table

TABLE = Table(
    "experiments",
    (
        Column("configuration"),
        Column("setting", right=True, rank=1),
        Column("loss", right=True),
        Column("accuracy", right=True, rank=2),
    ),
    (
        (Cell("small"), Cell("0.1"), Cell("0.250 ± 0.012 (n=5)"), Cell("0.81 [0.78, 0.83] (n=5)")),
        (Cell("large"), Cell("0.3"), Cell("0.125 ± 0.011 (n=5)", best=True), Cell("0.92 [0.89, 0.93] (n=5)")),
    ),
    ("How it was made is said in words that are longer than a line.",),
    ("Beware of words that are cut.",),
    "the best.",
)


def shown(table: Table, width: int) -> str:
    file = io.StringIO()
    # As `mle` prints, which leaves long paths whole.
    Console(file=file, width=width, soft_wrap=True, highlight=False, color_system=None).print(table.to_rich())
    return file.getvalue()


def test_a_wide_terminal_has_all_columns_in_one_line_a_row() -> None:
    text = shown(TABLE, 100)

    assert "0.92 [0.89, 0.93] (n=5)" in text
    assert "0.125 ± 0.011 (n=5) *" in text
    assert "No room" not in text


def test_numbers_are_broken_before_a_column_is_left_out() -> None:
    text = shown(TABLE, 70)

    assert "0.125 ± 0.011 *" in text
    assert "accuracy" in text
    assert "No room" not in text


def test_columns_of_the_highest_rank_are_left_out_first_and_named() -> None:
    assert "Not enough room for accuracy; use a wider terminal or --format csv." in " ".join(shown(TABLE, 50).split())
    assert "Not enough room for setting, accuracy;" in " ".join(shown(TABLE, 40).split())


@pytest.mark.parametrize("width", [40, 50, 70, 200])
def test_lines_are_no_longer_than_the_terminal_and_no_word_is_cut(width: int) -> None:
    lines = shown(TABLE, width).splitlines()

    assert all(len(line) <= width for line in lines)
    for sentence in (*TABLE.method, *TABLE.cautions):
        assert sentence in " ".join(" ".join(lines).split())


@given(st.integers(20, 120), st.lists(st.text("abc [(", max_size=30), min_size=1, max_size=4))
def test_no_width_and_no_text_breaks_it(width: int, texts: list[str]) -> None:
    columns = tuple(Column("c", right=place % 2 == 0, rank=place) for place in range(len(texts)))
    table = Table("t", columns, (tuple(map(Cell, texts)),))

    assert "t" in shown(table, width)
