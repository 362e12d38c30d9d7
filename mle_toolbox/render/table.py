"""A table for people: cells of text, a title, and notes on the method and cautions.

Shown in a terminal, a notebook, Markdown or LaTeX. All text is escaped.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mle_toolbox.render.grid import Cell, Column, Grid
from mle_toolbox.results.cautions import WAY_OUT

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Cell", "Column", "Table"]


class Table(Grid):
    """A `Grid` with its output formats."""

    def to_rich(self) -> RenderableType:
        """Return it for a terminal; the best is bold and has a star, because not every terminal shows bold."""
        # rich is loaded only where a terminal is written to.
        from mle_toolbox.render.terminal import TerminalTable

        return TerminalTable(self)

    def to_markdown(self) -> str:
        """Return it as GitHub's Markdown; the best is bold."""
        lines = [
            "| " + " | ".join(_markdown(column.title) for column in self.columns) + " |",
            "| " + " | ".join("---:" if column.right else ":---" for column in self.columns) + " |",
        ]
        lines += ["| " + " | ".join(map(_markdown_cell, row)) + " |" for row in self.rows]
        first = [line for said in self.first for line in (f"Caution: {_markdown(said)}", "")]
        notes = [*self._notes(), *(f"Caution: {line}" for line in self.cautions)]
        return (
            "\n".join([f"**{_markdown(self.title)}**", "", *first, *lines, *(f"\n{_markdown(note)}" for note in notes)])
            + "\n"
        )

    def to_latex(self) -> str:
        r"""Return a floating table for ``\usepackage{booktabs}``, or several where it is too wide; the best is bold."""
        # Commands to type do not belong into a paper.
        first = (line.removesuffix(WAY_OUT) for line in self.first)
        caption = " ".join([f"{self.title}.", *first, *self._notes(), *self.cautions])
        parts = self.parts(_PAGE, _characters)
        lines = [r"% \usepackage{booktabs}"]
        for place, part in enumerate(parts, start=1):
            said = caption if place == 1 else f"{self.title}, part {place} of {len(parts)}."
            lines += [
                r"\begin{table}",
                r"  \centering",
                rf"  \caption{{{_latex(said)}}}",
                rf"  \begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in part.columns)}}}",
                r"    \toprule",
                rf"    {' & '.join(_latex(column.title) for column in part.columns)} \\",
                r"    \midrule",
                *(rf"    {' & '.join(map(_latex_cell, row))} \\" for row in part.rows),
                r"    \bottomrule",
                r"  \end{tabular}",
                r"\end{table}",
            ]
        return "\n".join(lines) + "\n"

    def to_html(self) -> str:
        """Return it for a notebook; the best is bold."""
        head = "".join(_html_cell("th", column.title, column) for column in self.columns)
        body = "".join(
            "<tr>" + "".join(_html_cell("td", *each) for each in zip(row, self.columns, strict=True)) + "</tr>"
            for row in self.rows
        )
        first = "".join(f"<div><b>Caution:</b> {html.escape(line)}</div>" for line in self.first)
        notes = "".join(f"<div style='opacity:.75'>{html.escape(line)}</div>" for line in self._notes())
        notes += "".join(f"<div><b>Caution:</b> {html.escape(line)}</div>" for line in self.cautions)
        return (
            f"<div><b>{html.escape(self.title)}</b>{first}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
        )

    def _notes(self) -> tuple[str, ...]:
        return (*self.method, *([f"Bold: {self.best}"] if self.best else []))


# Characters of a line on a page of text, about.
_PAGE = 100


def _characters(table: Grid) -> int:
    texts = [[column.title for column in table.columns], *([cell.text for cell in row] for row in table.rows)]
    return sum(2 + max(map(len, column)) for column in zip(*texts, strict=True))


_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
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


def _one_line(text: str) -> str:
    # A line break ends a row of Markdown, and a blank line the argument of \caption.
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _one_line(text))


def _markdown_cell(cell: Cell) -> str:
    text = _markdown(cell.text)
    return f"**{text}**" if cell.best and text else text


def _latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in _one_line(text))


def _latex_cell(cell: Cell) -> str:
    text = _latex(cell.text)
    # At the beginning of a row "[" would be read as an argument of the "\\" before it.
    text = f"{{}}{text}" if text.startswith(("[", "*")) else text
    return rf"\textbf{{{text}}}" if cell.best else text


def _html_cell(tag: str, content: Cell | str, column: Column) -> str:
    cell = content if isinstance(content, Cell) else Cell(content)
    text = html.escape(cell.text)
    side = "right" if column.right else "left"
    return f"<{tag} style='text-align:{side}'>{f'<b>{text}</b>' if cell.best else text}</{tag}>"
