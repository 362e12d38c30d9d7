"""Screens over the main one: what a seed run writes, and the question before one is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Static

from mle_toolbox.excerpts import last_lines

__all__ = ["OutputScreen", "StopQuestion"]

_LINES = 200
_EVERY_SECONDS = 1.0


class OutputScreen(Screen[None]):
    """The end of stdout and of stderr of a seed run, renewed while it writes."""

    DEFAULT_CSS = """
    OutputScreen .title { background: $panel; padding: 0 1; height: auto; }
    OutputScreen VerticalScroll { height: 1fr; }
    OutputScreen .text { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,o,enter", "dismiss", "Back")]

    def __init__(self, title: str, files: tuple[Path, ...]) -> None:
        super().__init__()
        self._title = title
        self._files = files
        self._seen: tuple[tuple[str, ...], ...] = ()

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield Static(self._title, classes="title", markup=False)
        for number, path in enumerate(self._files):
            yield Static(str(path.name), classes="title", markup=False)
            with VerticalScroll(id=f"scroll-{number}"):
                yield Static("", id=f"text-{number}", classes="text", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Show what is there, and look again."""
        self._look()
        self.set_interval(_EVERY_SECONDS, self._look)

    def _look(self) -> None:
        now = tuple(tuple(last_lines(path, _LINES)) if path.exists() else () for path in self._files)
        for number, lines in enumerate(now):
            if self._seen and lines == self._seen[number]:
                continue
            scroll = self.query_one(f"#scroll-{number}", VerticalScroll)
            at_end = not self._seen or scroll.scroll_offset.y >= scroll.max_scroll_y - 1
            self.query_one(f"#text-{number}", Static).update("\n".join(lines) or "(empty)")
            if at_end:
                scroll.scroll_end(animate=False)
        self._seen = now


class StopQuestion(ModalScreen[bool]):
    """Asks before a seed run is stopped; the answer is no unless y is typed."""

    DEFAULT_CSS = """
    StopQuestion { align: center middle; }
    StopQuestion Vertical { width: 64; max-width: 90%; height: auto; border: round $warning; padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("y", "answer(True)", "Stop it"), ("n,escape,q", "answer(False)", "No")]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def compose(self) -> ComposeResult:
        """Make the parts."""
        with Vertical():
            yield Static(f"Stop {self._name}?", markup=False)
            yield Static("The next `mle run` goes on with it.", markup=False)
            yield Static("\ny stops it, n does not.", markup=False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
