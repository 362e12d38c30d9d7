"""The table of seed runs: a line for each, of which only those on the screen are drawn, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mle_toolbox.excerpts import readable
from mle_toolbox.render.statuses import SIGNS, kind_of
from mle_toolbox.text import rough_duration, short
from mle_toolbox.watch.view import Row

__all__ = ["RunTable"]

_MOST_NAME = 40
_TICKS, _RATE, _LEFT, _VALUE = 13, 8, 12, 10


class RunTable(ScrollView, can_focus=True):
    """Seed runs with a cursor."""

    DEFAULT_CSS = """
    RunTable { overflow-x: hidden; overflow-y: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "go(0)", "First", show=False),
        Binding("end,G", "go(-1)", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another seed run."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self._rows: Sequence[Row] = ()
        self._key: tuple[str, int] | None = None
        self._at = 0
        self._metric: str | None = None
        self._names = 4

    @property
    def row(self) -> Row | None:
        """The seed run under the cursor."""
        return self._rows[self._at] if self._at < len(self._rows) else None

    def show_rows(self, rows: Sequence[Row], metric: str | None) -> None:
        """Show these seed runs; the cursor stays on its own, wherever that is now."""
        self._rows, self._metric = rows, metric
        keys = {row.key: place for place, row in enumerate(rows)}
        self._at = keys.get(self._key, min(self._at, max(len(rows) - 1, 0)))  # type: ignore[arg-type]
        self._key = rows[self._at].key if rows else None
        self._names = min(_MOST_NAME, max((cell_len(_name(row)) for row in rows), default=4))
        # The title is a line as well.
        self.virtual_size = Size(self.size.width, len(rows) + 1)
        self.refresh()

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self._go(self._at + lines)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is visible."""
        self._go(self._at + pages * max(1, self.size.height - 2))

    def action_go(self, place: int) -> None:
        """Move the cursor to a line, or to the last one."""
        self._go(place if place >= 0 else len(self._rows) - 1)

    def _go(self, place: int) -> None:
        if not self._rows:
            return
        self._at = max(0, min(place, len(self._rows) - 1))
        self._key = self._rows[self._at].key
        self.scroll_to_region(Region(0, self._at, 1, 2), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: object) -> None:
        """Move the cursor to the line under the mouse."""
        y = getattr(event, "y", 0) + round(self.scroll_y) - 1
        if 0 <= y < len(self._rows):
            self._go(y)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen: the title first, which does not scroll."""
        width = self.size.width
        base = self.rich_style
        if y == 0:
            text = self._line("seed run", "state", "tick", "ticks/s", "left", self._metric or "")
            return Strip([Segment(set_cell_size(f"  {text}", width), base + Style(bold=True, dim=True))], width)
        place = y - 1 + round(self.scroll_y)
        if place >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[place]
        sign = SIGNS[kind_of(row.run)]
        of = f"{row.n_ticks:,}/{row.expected:,}" if row.expected else f"{row.n_ticks:,}" if row.n_ticks else ""
        rate = "silent" if row.silent is not None else "" if row.rate is None else f"{row.rate:.3g}"
        left = rough_duration(row.left) if row.left is not None else ""
        value = short(row.value) if row.value is not None else ""
        text = self._line(_name(row), kind_of(row.run), of, rate, left, value)
        here = Style(reverse=True) if place == self._at and self.has_focus else Style()
        if place == self._at and not self.has_focus:
            here = Style(bold=True)
        segments = [
            Segment(f"{sign.sign} ", base + Style.parse(sign.style) + here),
            Segment(set_cell_size(text, max(0, width - 2)), base + here),
        ]
        return Strip(segments, width)

    def _line(self, name: str, state: str, ticks: str, rate: str, left: str, value: str) -> str:
        # What does not fit is left out from the end but for the value: the name counts most.
        width = self.size.width - 2 - 2
        cells = [(set_cell_size(name, self._names), self._names)]
        room = width - self._names - _VALUE - 1
        for text, size in ((ticks.rjust(_TICKS), _TICKS), (left.rjust(_LEFT), _LEFT), (rate.rjust(_RATE), _RATE)):
            if room >= size + 1:
                cells.append((text, size))
                room -= size + 1
        if room >= 11:
            cells.insert(1, (state.ljust(10), 10))
            room -= 11
        # The name of the metric is the widest of these; what is cut off says so.
        size = min(max(_VALUE, cell_len(self._metric or "")), _VALUE + max(room, 0))
        value = value if cell_len(value) <= size else set_cell_size(value, size - 1) + "…"
        cells.append((value.rjust(size), size))
        return " ".join(text for text, _ in cells)


def _name(row: Row) -> str:
    return readable(f"{row.run.configuration} {row.run.seed}", 200)
