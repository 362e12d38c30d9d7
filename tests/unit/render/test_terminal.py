"""A table in a terminal that is narrow: everything that is shown can be read, and what is not is named."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mle_toolbox.render.sentences import cautions_about
from mle_toolbox.render.statuses import seeds_ok
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


def test_a_heading_is_broken_before_a_number_or_a_column_has_to_go() -> None:
    columns = (Column("name"), Column("seeds done", right=True), Column("loss", right=True, rank=1))
    table = Table("t", columns, ((Cell("a"), Cell("3/3"), Cell("0.276 ± 0.016 (n=2)")),))

    assert "seeds done" in shown(table, 60)
    narrow = shown(table, 40)
    assert "seeds done" not in narrow
    assert "┃ seeds ┃" in narrow
    assert "┃  done ┃" in narrow
    assert "0.276 ± 0.016 (n=2)" in narrow


def test_how_seeds_ended_takes_a_line_each_before_a_setting_is_left_out() -> None:
    columns = (Column("name"), Column("rate", rank=1), Column("seeds done", right=True))
    table = Table("t", columns, ((Cell("a"), Cell("0.1"), Cell("3/12, 3 failed, 6 not started")),))

    narrow = shown(table, 40)

    assert "rate" in narrow
    assert all(part in narrow for part in ("3/12, ", "3 failed, ", "6 not started "))


def test_a_heading_is_broken_no_further_than_its_numbers_ask_for() -> None:
    columns = (Column("name"), Column("a - b", right=True), Column("seeds needed", right=True))
    table = Table("t", columns, ((Cell("an_adam"), Cell("0.010 ± 0.036"), Cell("12")),))

    narrow = shown(table, 38)

    assert "a - b" in narrow
    assert "┃  seeds ┃" in narrow


def test_a_long_name_is_broken_at_its_underscores_before_its_column_is_left_out() -> None:
    columns = (Column("name"), Column("learning_rate_of_the_policy", right=True, rank=1), Column("loss", right=True))
    table = Table("t", columns, ((Cell("a"), Cell("0.01"), Cell("0.125 ± 0.011")),))

    narrow = shown(table, 40)

    assert "Not enough room" not in narrow
    assert "┃ learning_ ┃" in narrow
    assert "learning_rate_of_the_policy" in shown(table, 60)
    assert "Not enough room for learning_rate_of_the_policy;" in " ".join(shown(table, 30).split()), (
        "named in one piece"
    )


def test_a_table_without_rows_fits_a_narrow_terminal() -> None:
    assert "learning_" in shown(Table("t", (Column("learning_rate_of_the_policy"),), ()), 20)


def test_a_caution_on_the_same_configurations_in_every_metric_names_them_once() -> None:
    cautions = {"loss": {"a": "No seed.", "b": None}, "accuracy": {"a": "No seed.", "b": None}}

    assert list(cautions_about(cautions)) == ["a: No seed."]
    cautions["accuracy"]["a"] = None
    assert list(cautions_about(cautions)) == ["loss of a: No seed."]


def test_the_numbers_of_seeds_stand_below_each_other_whether_some_failed_or_not() -> None:
    def runs(*statuses: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(status=each) for each in statuses]

    assert seeds_ok(runs("failed", *["done"] * 9)).plain == " 9/10  1 failed"  # type: ignore[arg-type]
    assert seeds_ok(runs(*["done"] * 10)).plain == "10/10"  # type: ignore[arg-type]
