"""Text in figures: names of the user shown literally, and text that fits into its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

__all__ = ["Measure", "measure", "plain", "shortened", "wrapped"]

# The width of a text in inches.
Measure = Callable[[str], float]

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_SHORTEST = 5
_BETWEEN_WORDS = "_-/, "  # no "=" and no ".": a setting such as lr=0.1 stays whole
_HEADS = (0.4, 0.6, 0.2, 0.8, 1.0, 0.0)  # share of a shortened name that is its beginning; the rest is its end


def plain(text: str) -> str:
    """Return ``text`` so that matplotlib shows exactly these letters: no math, no line breaks, nothing invisible."""
    seen = "".join(_visible(letter) for letter in text)
    if mpl.rcParams["text.usetex"]:
        return "".join(_TEX.get(letter, letter) for letter in seen)
    # With every dollar sign escaped nothing is math, and matplotlib removes the backslashes.
    return seen.replace("$", r"\$")


def measure(figure: Figure, size: float | str) -> Measure:
    """Return a function for the width, in inches, of a line of text in a figure of ours; ``size`` in points."""
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    font = FontProperties(size=size)

    def width(text: str) -> float:
        # ismath=False: dollar signs are text here, and with usetex each call would start TeX.
        in_pixels, _, _ = renderer.get_text_width_height_descent(text.replace(r"\$", "$"), font, ismath=False)
        return float(in_pixels) / float(figure.dpi)

    return width


def wrapped(text: str, width: float, measured: Measure) -> str:
    """Break lines between words so that none is wider than ``width`` inches, as far as the words allow."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measured(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def shortened(names: Sequence[str], width: float, measured: Measure) -> list[str]:
    """Shorten the names that are wider than ``width`` inches, so that they still differ.

    The start that all names share is cut first, then letters in the middle. Names that become equal are numbered.
    """
    if all(measured(name) <= width for name in names):
        return list(names)
    start = _common_start(names)
    rest = [f"…{name[start:]}" if start else name for name in names]
    # Names may differ at the start, in the middle or at the end: the cut that keeps most of them apart wins.
    tries = ([_fitting(name, width, measured, share) for name in rest] for share in _HEADS)
    short = max(tries, key=lambda each: len(set(each)))
    repeated = {name for name in short if short.count(name) > 1}
    return [f"{name} ({place})" if name in repeated else name for place, name in enumerate(short, start=1)]


def _common_start(names: Sequence[str]) -> int:
    """Return the length of the start that all names share, cut back to the end of a word; 0 if it is too short."""
    if len(names) < 2:
        return 0
    # In sorted order, all names share whatever the first and the last do.
    first, last = min(names), max(names)
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    while same and first[same - 1] not in _BETWEEN_WORDS:
        same -= 1
    return same if same >= _SHORTEST else 0


def _fitting(name: str, width: float, measured: Measure, head: float) -> str:
    if measured(name) <= width:
        return name
    most, least = len(name) - 1, _SHORTEST
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if measured(_cut(name, middle, head)) <= width else (least, middle - 1)
    return _cut(name, least, head)


def _cut(name: str, letters: int, share: float) -> str:
    """Keep ``letters`` of a name, a share of them from its beginning."""
    head = int(letters * share)
    return f"{name[:head]}…{name[len(name) - (letters - head) :]}" if letters < len(name) else name


def _visible(letter: str) -> str:
    if letter in "\n\t\r":
        return " "
    # Control and direction characters and lone surrogates are invisible: two names could look like one.
    return f"<{ord(letter):x}>" if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} else letter
