"""The content of a table for people: cells of text, a title, and notes above and below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

__all__ = ["Cell", "Column", "Grid"]


@dataclass(frozen=True)
class Cell:
    """Text, and whether it is highlighted as one of the best."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Column:
    """A heading; numbers are right-aligned. A narrow terminal leaves out columns, highest rank first, never rank 0."""

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
        How the numbers were computed: one sentence each.
    cautions
        Cautions below the table: one sentence each.
    first
        Cautions above the table, to be read before the numbers: one sentence each.
    answer
        What comes before everything else: the result in sentences.
    keep
        Where all columns are needed: how many of the first ones stand in every part when a narrow terminal shows the
        table in parts. 0: columns are left out instead.
    best
        What a highlighted cell means, empty where there is none.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    method: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    best: str = ""
    first: tuple[str, ...] = ()
    keep: int = 0
    answer: tuple[str, ...] = ()

    def parts(self, width: int, width_of: Callable[[Grid], int]) -> list[Grid]:
        """Return parts of as many columns as fit into ``width``, each beginning with the first ``keep`` columns.

        Only the first part has the title. Without ``keep`` there is one part, this table.
        """
        if not self.keep:
            return [self]
        found: list[Grid] = []
        rest = list(range(self.keep, len(self.columns)))
        while rest:
            n = len(rest)
            while n > 1 and width_of(self._with_columns(rest[:n])) > width:
                n -= 1
            part = self._with_columns(rest[:n])
            found.append(replace(part, title="") if found else part)
            rest = rest[n:]
        return found or [self]

    def _with_columns(self, places: Sequence[int]) -> Grid:
        chosen = [*range(self.keep), *places]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in chosen),
            rows=tuple(tuple(row[place] for place in chosen) for row in self.rows),
        )
