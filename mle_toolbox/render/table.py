"""A table for people: cells of text, a title, and notes on the method and cautions.

Shown in a terminal, a notebook, Markdown or LaTeX. All text is escaped.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mle_toolbox.render.grid import Cell, Column, Grid
from mle_toolbox.render.latex import latex_of
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
        first = [line for said in self.answer for line in (_markdown(said), "")]
        first += [line for said in self.first for line in (f"Caution: {_markdown(said)}", "")]
        notes = [*self._notes(), *(f"Caution: {line}" for line in self.cautions)]
        return (
            "\n".join([f"**{_markdown(self.title)}**", "", *first, *lines, *(f"\n{_markdown(note)}" for note in notes)])
            + "\n"
        )

    def to_latex(self) -> str:
        r"""Return a floating table for ``\usepackage{booktabs}``, or several where it is too wide; the best is bold."""
        # Commands to type do not belong into a paper.
        first = [*self.answer, *(line.removesuffix(WAY_OUT) for line in self.first)]
        return latex_of(self, first, [*self._notes(), *self.cautions])

    def to_html(self) -> str:
        """Return it for a notebook; the best is bold."""
        head = "".join(_html_cell("th", column.title, column) for column in self.columns)
        body = "".join(
            "<tr>" + "".join(_html_cell("td", *each) for each in zip(row, self.columns, strict=True)) + "</tr>"
            for row in self.rows
        )
        first = "".join(f"<div>{html.escape(line)}</div>" for line in self.answer)
        first += "".join(f"<div><b>Caution:</b> {html.escape(line)}</div>" for line in self.first)
        notes = "".join(f"<div style='opacity:.75'>{html.escape(line)}</div>" for line in self._notes())
        notes += "".join(f"<div><b>Caution:</b> {html.escape(line)}</div>" for line in self.cautions)
        return (
            f"<div><b>{html.escape(self.title)}</b>{first}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
        )

    def _notes(self) -> tuple[str, ...]:
        return (*self.method, *([f"Bold: {self.best}"] if self.best else []))


_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#&$])")


def _one_line(text: str) -> str:
    # A line break ends a row of Markdown.
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _one_line(text))


def _markdown_cell(cell: Cell) -> str:
    text = _markdown(cell.text)
    return f"**{text}**" if cell.best and text else text


def _html_cell(tag: str, content: Cell | str, column: Column) -> str:
    cell = content if isinstance(content, Cell) else Cell(content)
    text = html.escape(cell.text)
    # A value and its interval stay on one line: a notebook scrolls what is wider than its page.
    style = "text-align:right;white-space:nowrap" if column.right else "text-align:left"
    return f"<{tag} style='{style}'>{f'<b>{text}</b>' if cell.best else text}</{tag}>"
