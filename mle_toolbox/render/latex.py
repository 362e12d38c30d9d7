r"""Tables as LaTeX: floats for ``\usepackage{booktabs}`` that fit the page of an article, several if one is too wide.

Needs no other package. What does not fit in one table at a readable size is split by columns, and by rows where it is
longer than a page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mle_toolbox.render.grid import Cell, Grid

__all__ = ["latex_of"]


@dataclass(frozen=True)
class _Size:
    """A size of type: its command, the width of an em and the space beside a column, in points, and the rows of a page.

    Letters of Computer Modern are wider for their height the smaller they are: an em is that of ten points, scaled.
    """

    command: str
    em: float
    beside: float
    rows: int


# Of an article with letters of 10 points, the narrowest of the usual classes: 345 x 550 points, less the caption.
_WIDTH = 345.0
_SMALL, _SMALLER = _Size("small", 9.0, 4, 42), _Size("footnotesize", 8.2, 4, 48)
_SMALLEST = _Size("scriptsize", 7.4, 3, 64)
_MOST_KEPT = 2
"""Columns that every part repeats: the names of a pair, say."""
_BOLD = 1.15
"""How much wider bold letters are."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"\(\pm\)",
    "\N{MINUS SIGN}": r"\(-\)",
    "\N{EN DASH}": "--",
    "·": r"\(\cdot\)",
    "\N{MULTIPLICATION SIGN}": r"\(\times\)",
    "≥": r"\(\geq\)",
    "≤": r"\(\leq\)",
    "≈": r"\(\approx\)",
    "Δ": r"\(\Delta\)",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex_of(table: Grid, caption: Sequence[str], notes: Sequence[str]) -> str:
    """Return the floats; ``caption`` stands behind the title, ``notes`` below the last one. The best is bold."""
    size, parts = _parts(table)
    lines = [r"% \usepackage{booktabs}"]
    for place, part in enumerate(parts, start=1):
        said = " ".join([f"{table.title}.", *caption])
        if place > 1:
            said = f"{table.title}, part {place} of {len(parts)}."
        # A table that fills its page leaves no room for the notes.
        is_full = 2 * len(part.rows) > size.rows
        lines += [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_latex(said)}}}",
            rf"  \{size.command}\setlength{{\tabcolsep}}{{{size.beside:g}pt}}",
            rf"  \begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in part.columns)}}}",
            r"    \toprule",
            rf"    {' & '.join(_latex(column.title) for column in part.columns)} \\",
            r"    \midrule",
            *(rf"    {' & '.join(map(_latex_cell, row))} \\" for row in part.rows),
            r"    \bottomrule",
            r"  \end{tabular}",
        ]
        if place == len(parts) and notes:
            if is_full:
                lines += [r"\end{table}", r"\begin{table}"]
            lines.append(
                rf"  \par\smallskip\parbox{{\linewidth}}{{\footnotesize\raggedright {_latex(' '.join(notes))}}}"
            )
        lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def _parts(table: Grid) -> tuple[_Size, list[Grid]]:
    """Return the parts that fit a page each, and their size of type."""
    left = next((place for place, column in enumerate(table.columns) if column.right), len(table.columns))
    kept = replace(table, keep=table.keep or min(_MOST_KEPT, left))
    long = len(table.rows) > _SMALL.rows
    for size in (_SMALLEST,) if long else (_SMALL, _SMALLER):
        if len(table.rows) <= size.rows and _width(table, size) <= _WIDTH:
            return size, [table]
    size = _SMALLEST if long else _SMALL
    wide = kept.parts(int(_WIDTH), lambda part: math.ceil(_width(part, size))) if kept.keep else [table]
    return size, [part for each in wide for part in _cut(each, size.rows)]


def _cut(table: Grid, most: int) -> list[Grid]:
    """Cut a long table into parts of about as many rows each."""
    n = max(1, math.ceil(len(table.rows) / most))
    each = math.ceil(len(table.rows) / n) or 1
    return [replace(table, rows=table.rows[first : first + each]) for first in range(0, n * each, each)]


def _width(table: Grid, size: _Size) -> float:
    """Return how wide a table is, in points."""
    titles = [Cell(column.title) for column in table.columns]
    widest = [
        max(_ems(cell.text) * (_BOLD if cell.best else 1) for cell in column)
        for column in zip(titles, *table.rows, strict=True)
    ]
    return sum(size.em * each + 2 * size.beside for each in widest)


def _ems(text: str) -> float:
    """Return about how wide a text is, in units of its size: of Computer Modern, which is among the wider ones."""
    narrow, wide = (
        frozenset("ijltfrI.,:;'|![]()-/ "),
        frozenset("mwMW@%±\N{MULTIPLICATION SIGN}≥≤≈\N{MINUS SIGN}\N{EN DASH}"),
    )
    return sum(0.36 if c in narrow else 0.85 if c in wide else 0.72 if c.isupper() else 0.52 for c in text)


def _latex(text: str) -> str:
    # An empty line would end the argument of \caption. Two hyphens of an option would become a dash.
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return "".join(_LATEX.get(char, char) for char in line.replace("--", "\0")).replace("\0", "-{}-")


def _latex_cell(cell: Cell) -> str:
    text = _latex(cell.text)
    # At the beginning of a row "[" would be read as an argument of the "\\" before it.
    text = f"{{}}{text}" if text.startswith(("[", "*")) else text
    return rf"\textbf{{{text}}}" if cell.best else text
