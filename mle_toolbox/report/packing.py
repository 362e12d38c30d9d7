"""Arrays and texts as they are stored in the HTML file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Store", "pack", "script_json"]

# Rounding may move a point by this much of the range that a curve covers, which no screen shows.
_VISIBLE = 1e-4
_FLOAT32_ROUNDING = 2.0**-24
_SHORT_ROUNDING = 2.0**-16


class Store:
    """The arrays and texts of the file, each of them once and known by its place: the times of curves repeat, say."""

    def __init__(self) -> None:
        self._arrays: dict[str, int] = {}
        self._texts: dict[str, int] = {}

    def array(self, values: ArrayLike, *, exact: bool = False, short: bool = False) -> int:
        """Return the place of an array; the options are those of `pack`."""
        return self._arrays.setdefault(pack(values, exact=exact, short=short), len(self._arrays))

    def text(self, text: str) -> int:
        """Return the place of a text."""
        return self._texts.setdefault(text, len(self._texts))

    @property
    def content(self) -> dict[str, list[str]]:
        """What the page needs to find them again."""
        return {"arrays": list(self._arrays), "texts": list(self._texts)}


def pack(values: ArrayLike, *, exact: bool = False, short: bool = False) -> str:
    """Return numbers as text: a letter for their kind, then their little-endian bytes in base64.

    ``f`` is float32, used where no screen shows the difference: not for times since 1970 and not beyond its range;
    with ``exact`` only where nothing is lost. ``d`` is float64. ``h``, with ``short``, is float32 without its last
    byte: nearly five digits in 4 letters each.
    """
    numbers = np.ascontiguousarray(values, dtype="<f8")
    if exact:
        rounded = _as_float32(numbers)
        kind, raw = ("f", rounded) if rounded.astype("<f8").tobytes() == numbers.tobytes() else ("d", numbers)
        return kind + base64.b64encode(raw.tobytes()).decode("ascii")
    if short and _seen_the_same(numbers, _SHORT_ROUNDING):
        return "h" + base64.b64encode(_without_last_byte(numbers)).decode("ascii")
    if _seen_the_same(numbers, _FLOAT32_ROUNDING):
        return "f" + base64.b64encode(_as_float32(numbers).tobytes()).decode("ascii")
    return "d" + base64.b64encode(numbers.tobytes()).decode("ascii")


def script_json(content: Mapping[str, Any]) -> str:
    """Return JSON that is safe inside a script element, whatever its texts; NaN and infinities become null."""
    text = json.dumps(_finite(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # "<" could begin "</script>" or "<!--"; a lone surrogate cannot be written as UTF-8.
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text.encode("utf-8", "replace").decode("utf-8")


@np.errstate(over="ignore", invalid="ignore")
def _as_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype("<f4")


def _without_last_byte(values: NDArray[np.float64]) -> bytes:
    single = _as_float32(values)
    bits = single.view("<u4")
    # To the nearest; what is not finite has no digits that could be rounded.
    bits = np.where(np.isfinite(single), bits + np.uint32(0x80), bits)
    return bits.astype("<u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()


def _seen_the_same(values: NDArray[np.float64], rounding: float) -> bool:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return True
    largest = float(np.abs(finite).max())
    smallest = float(np.abs(finite[finite != 0]).min(initial=math.inf))
    # The range of float32; below 1.2e-38 it loses digits.
    if largest > 3e38 or smallest < 1e-37:
        return False
    span = float(finite.max()) - float(finite.min())
    return span == 0 or largest * rounding <= span * _VISIBLE


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value
