"""The table of seed runs: a line for each, of which only those on the screen are drawn, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

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
_STATE, _TICKS, _RATE, _LEFT, _VALUE = 10, 13, 8, 12, 10
_LEAST_NAME = len("seed run")


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
        self._names = _LEAST_NAME

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
        longest = max((cell_len(_name(row)) for row in rows), default=0)
        self._names = min(_MOST_NAME, max(_LEAST_NAME, longest))
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
            text = self._line(_Cells("seed run", "state", "tick", "left", "ticks/s", self._metric or ""))
            return Strip([Segment(set_cell_size(f"  {text}", width), base + Style(bold=True, dim=True))], width)
        place = y - 1 + round(self.scroll_y)
        if place >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[place]
        sign = SIGNS[kind_of(row.run)]
        text = self._line(_cells_of(row))
        here = Style(reverse=True) if place == self._at and self.has_focus else Style()
        if place == self._at and not self.has_focus:
            here = Style(bold=True)
        segments = [
            Segment(f"{sign.sign} ", base + Style.parse(sign.style) + here),
            Segment(set_cell_size(text, max(0, width - 2)), base + here),
        ]
        return Strip(segments, width)

    def cut_words(self) -> str:
        """Return what the line of the cursor lacks because the terminal is too narrow, in words; "" if nothing."""
        if self.row is None:
            return ""
        cells, widths = _cells_of(self.row), self._widths()
        rate = cells.rate if self.row.silent is not None or not cells.rate else f"{cells.rate} ticks/s"
        words = {
            "state": cells.state,
            "tick": cells.tick and f"tick {cells.tick}",
            "left": cells.left and f"{cells.left} left",
            "rate": rate,
        }
        lacking = [text for what, text in words.items() if text and what not in widths]
        if max(cell_len(cells.value), cell_len(self._metric or "")) > widths["value"]:
            lacking.append(f"{self._metric} {cells.value}".rstrip())
        if lacking:
            return f"{cells.name}: {', '.join(lacking)}"
        return cells.name if cell_len(cells.name) > widths["name"] else ""

    def _widths(self) -> dict[str, int]:
        """Return the columns that there is room for, in their order, and how wide each is."""
        # What does not fit is left out from the end but for the value: the name counts most.
        widths = {"name": self._names}
        room = self.size.width - 2 - 2 - self._names - _VALUE - 1
        for what, size in (("tick", _TICKS), ("left", _LEFT), ("rate", _RATE)):
            if room >= size + 1:
                widths[what] = size
                room -= size + 1
        if room >= _STATE + 1:
            widths = {"name": self._names, "state": _STATE, **widths}
            room -= _STATE + 1
        # The name of the metric is the widest of these; what is cut off says so.
        return {**widths, "value": min(max(_VALUE, cell_len(self._metric or "")), _VALUE + max(room, 0))}

    def _line(self, cells: _Cells) -> str:
        shown = []
        for what, size in self._widths().items():
            text = getattr(cells, what)
            if what in ("name", "state"):
                shown.append(set_cell_size(text, size))
            else:
                shown.append((text if cell_len(text) <= size else set_cell_size(text, size - 1) + "…").rjust(size))
        return " ".join(shown)


class _Cells(NamedTuple):
    """The cells of a line."""

    name: str
    state: str
    tick: str
    left: str
    rate: str
    value: str


def _cells_of(row: Row) -> _Cells:
    of = f"{row.n_ticks:,}/{row.expected:,}" if row.expected else f"{row.n_ticks:,}" if row.n_ticks else ""
    rate = "silent" if row.silent is not None else "" if row.rate is None else f"{row.rate:.3g}"
    left = rough_duration(row.left) if row.left is not None else ""
    value = short(row.value) if row.value is not None else ""
    return _Cells(_name(row), kind_of(row.run), of, left, rate, value)


def _name(row: Row) -> str:
    return readable(f"{row.run.configuration} {row.run.seed}", 200)
