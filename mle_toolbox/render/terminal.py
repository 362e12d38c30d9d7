"""A table in a terminal of any width: columns that do not fit are left out by rank and named, notes are wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from mle_toolbox.render.grid import Cell, Column, Grid
from mle_toolbox.text import broken

__all__ = ["TerminalTable"]

_COUNTS = re.compile(r"\d+/\d+, ")
_SECOND_LINE = re.compile(r" ([(\[])")
_WORD = re.compile(r"\S+\s*")
_PART_OF_NAME = re.compile(r"[^\s_./]+[_./]*\s*|[_./]+\s*")
_WIDEST_NOTE = 200
_AROUND = 3  # a blank on both sides of a cell, and the line between two cells


class TerminalTable:
    """A `Grid` as rich prints it."""

    def __init__(self, table: Grid) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = options.max_width
        parts = self._table.parts(width, _width)
        fitted = [_fitting(part, width) for part in parts]
        table, left_out = fitted[0]
        for place, line in enumerate(table.answer):
            yield _note(line, "" if place else "bold", width)
        # Above the table: these cautions are to be read before the numbers.
        for line in table.first:
            yield _note(f"! {line}", "yellow", width)
        for part, _ in fitted:
            yield _grid(part)
        if left_out:
            lacking = f"Not enough room for {', '.join(left_out)}; use a wider terminal or --format csv."
            yield _note(lacking, "dim", width)
        for line in (*table.method, *([f"* {table.best}"] if table.best else [])):
            yield _note(line, "dim", width)
        for line in table.cautions:
            yield _note(f"! {line}", "yellow", width)


def _note(line: str, style: str, width: int) -> RenderableType:
    # Consoles that leave long paths whole would cut words at the edge.
    return Text(broken(line, min(width, _WIDEST_NOTE)), style=style, overflow="fold", no_wrap=False)


def _fitting(table: Grid, width: int) -> tuple[Grid, list[str]]:
    """Leave out no more columns than necessary; return the titles of those as well."""
    left_out: list[str] = []
    while True:
        form = table
        for form in _forms(table):
            if _width(form) <= width:
                return form, left_out
        if not any(column.rank for column in table.columns):
            return form, left_out
        # The highest rank, among equals the last one.
        place = max(range(len(table.columns)), key=lambda each: (table.columns[each].rank, each))
        left_out.insert(0, table.columns[place].title)
        table = replace(
            table,
            columns=table.columns[:place] + table.columns[place + 1 :],
            rows=tuple(row[:place] + row[place + 1 :] for row in table.rows),
        )


def _forms(table: Grid) -> Iterator[Grid]:
    """Yield the table in narrower and narrower forms: as it is, headings broken, then numbers, then long names."""
    yield table
    yield _with_broken_headings(table, _WORD)
    table = replace(table, rows=tuple(tuple(map(_in_two_lines, row, table.columns)) for row in table.rows))
    yield _with_broken_headings(table, _WORD)
    yield _with_broken_headings(table, _PART_OF_NAME)


def _with_broken_headings(table: Grid, part: re.Pattern[str]) -> Grid:
    """Break headings that are wider than what stands below them, and not further than that."""
    columns = []
    below = [_texts(table, row) for row in table.rows]
    for place, column in enumerate(table.columns):
        parts = part.findall(column.title) or [column.title]
        texts = [*parts, *(row[place] for row in below)]
        limit = max(cell_len(line.rstrip()) for text in texts for line in text.split("\n"))
        lines = [""]
        for each in parts:
            if lines[-1] and cell_len((lines[-1] + each).rstrip()) > limit:
                lines.append("")
            lines[-1] += each
        columns.append(replace(column, title="\n".join(line.rstrip() for line in lines)))
    return replace(table, columns=tuple(columns))


def _in_two_lines(cell: Cell, column: Column) -> Cell:
    """Break before ``(n=5)`` or ``[0.1, 0.2]``, which stay whole, and after each part of ``3/5, 1 failed``."""
    if not column.right:
        return cell
    parts = cell.text.replace(", ", ",\n") if _COUNTS.match(cell.text) else _SECOND_LINE.sub(r"\n\1", cell.text)
    return replace(cell, text=parts)


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
    # Consoles that leave long paths whole would cut words at the edge.
    title = Text(table.title, style="bold", overflow="fold", no_wrap=False) if table.title else None
    grid = RichTable(title=title, title_justify="left")
    texts = [[column.title for column in table.columns], *(_texts(table, row) for row in table.rows)]
    widths = [
        max(cell_len(line) for text in column for line in text.split("\n")) for column in zip(*texts, strict=True)
    ]
    for column, width in zip(table.columns, widths, strict=True):
        grid.add_column(Text(_aligned(column.title, column, width)), overflow="fold")
    for row, words in zip(table.rows, texts[1:], strict=True):
        cells = zip(row, words, table.columns, widths, strict=True)
        grid.add_row(
            *(
                Text(_aligned(text, column, width), style="bold" if cell.best else "")
                for cell, text, column, width in cells
            )
        )
    return grid


def _aligned(text: str, column: Column, width: int) -> str:
    # Not by rich, which strips the blanks after a number without a star first, and moves it to the right of the others.
    if not column.right:
        return text
    return "\n".join(" " * (width - cell_len(line)) + line for line in text.split("\n"))
