"""What a table for people is made of: cells of text, a title, and what is said above and beneath."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cell", "Column", "Grid"]


@dataclass(frozen=True)
class Cell:
    """Text, and whether it is set off as one of the best."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Column:
    """A heading; numbers stand at the right. A narrow terminal leaves out the columns of the highest rank, never 0."""

    title: str
    right: bool = False
    rank: int = 0


@dataclass(frozen=True)
class Grid:
    """Rows of cells.

    Attributes
    ----------
    title
        One line.
    columns, rows
        As many cells in each row as there are columns.
    method
        How the numbers were made: one sentence each.
    cautions
        What to beware of: one sentence each.
    first
        What has to be known before the numbers are read, and stands above them: one sentence each.
    best
        What it means that a cell is set off, empty where none is.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    method: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    best: str = ""
    first: tuple[str, ...] = ()
