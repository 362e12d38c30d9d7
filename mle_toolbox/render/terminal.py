"""A table in a terminal of any width: columns that do not fit are left out by rank and named, notes are wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.constrain import Constrain
from rich.table import Table as RichTable
from rich.text import Text

from mle_toolbox.render.grid import Cell, Column, Grid

__all__ = ["TerminalTable"]

_SECOND_LINE = re.compile(r" ([(\[])")
_WIDEST_NOTE = 200
_AROUND = 3  # a blank on both sides of a cell, and the line between two cells


class TerminalTable:
    """A `Grid` as rich prints it."""

    def __init__(self, table: Grid) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        parts = self._table.parts(options.max_width, _width)
        fitted = [_fitting(part, options.max_width) for part in parts]
        table, left_out = fitted[0]
        # Above the table: these cautions are to be read before the numbers.
        for line in table.first:
            yield _note(f"! {line}", "yellow")
        for part, _ in fitted:
            yield _grid(part)
        if left_out:
            yield _note(f"Not enough room for {', '.join(left_out)}; use a wider terminal or --format csv.", "dim")
        for line in (*table.method, *([f"* {table.best}"] if table.best else [])):
            yield _note(line, "dim")
        for line in table.cautions:
            yield _note(f"! {line}", "yellow")


def _note(line: str, style: str) -> RenderableType:
    # Consoles that leave long paths whole would cut words at the edge.
    return Constrain(Text(line, style=style, overflow="fold", no_wrap=False), _WIDEST_NOTE)


def _fitting(table: Grid, width: int) -> tuple[Grid, list[str]]:
    """Break numbers into two lines if the table is too wide, then leave out columns; return the titles of these."""
    left_out: list[str] = []
    if _width(table) > width:
        table = replace(table, rows=tuple(tuple(map(_in_two_lines, row, table.columns)) for row in table.rows))
    while _width(table) > width and any(column.rank for column in table.columns):
        # The highest rank, among equals the last one.
        place = max(range(len(table.columns)), key=lambda each: (table.columns[each].rank, each))
        left_out.insert(0, table.columns[place].title)
        table = replace(
            table,
            columns=table.columns[:place] + table.columns[place + 1 :],
            rows=tuple(row[:place] + row[place + 1 :] for row in table.rows),
        )
    return table, left_out


def _in_two_lines(cell: Cell, column: Column) -> Cell:
    """Break before ``(n=5)`` or ``[0.1, 0.2]``, which stay whole."""
    return replace(cell, text=_SECOND_LINE.sub(r"\n\1", cell.text)) if column.right else cell


def _width(table: Grid) -> int:
    texts = [[column.title for column in table.columns], *(_texts(table, row) for row in table.rows)]
    widest = (
        max(cell_len(line) for text in column for line in text.split("\n")) for column in zip(*texts, strict=True)
    )
    return 1 + sum(_AROUND + each for each in widest)


def _texts(table: Grid, row: tuple[Cell, ...]) -> list[str]:
    """Return the cells of a row; in columns with a star, cells without one are padded so that numbers line up."""
    starred = [any(each[place].best for each in table.rows) for place in range(len(table.columns))]
    return [_starred(cell) if star else cell.text for cell, star in zip(row, starred, strict=True)]


def _starred(cell: Cell) -> str:
    first, *rest = cell.text.split("\n")
    return "\n".join([f"{first} {'*' if cell.best else ' '}", *(f"{line}  " for line in rest)])


def _grid(table: Grid) -> RichTable:
    title = Text(table.title, style="bold") if table.title else None
    grid = RichTable(title=title, title_justify="left")
    for column in table.columns:
        grid.add_column(Text(column.title), justify="right" if column.right else "left", overflow="fold")
    for row in table.rows:
        styles = ("bold" if cell.best else "" for cell in row)
        grid.add_row(*(Text(text, style=style) for text, style in zip(_texts(table, row), styles, strict=True)))
    return grid
