"""Arrays and texts as they are stored in the HTML file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["pack", "script_json"]

# Rounding to float32 may move a point by this much of the range that a curve covers, which no screen shows.
_VISIBLE = 1e-4
_FLOAT32_ROUNDING = 2.0**-24


def pack(values: ArrayLike, *, exact: bool = False) -> str:
    """Return numbers as text: ``f`` for float32 or ``d`` for float64, then the little-endian bytes in base64.

    float32 is used where no screen shows the difference: not for times since 1970, not beyond its range, and not with
    ``exact``.
    """
    numbers = np.ascontiguousarray(values, dtype="<f8")
    if exact or not _seen_the_same(numbers):
        return "d" + base64.b64encode(numbers.tobytes()).decode("ascii")
    return "f" + base64.b64encode(numbers.astype("<f4").tobytes()).decode("ascii")


def script_json(content: Mapping[str, Any]) -> str:
    """Return JSON that is safe inside a script element, whatever its texts; NaN and infinities become null."""
    text = json.dumps(_finite(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # "<" could begin "</script>" or "<!--"; a lone surrogate cannot be written as UTF-8.
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text.encode("utf-8", "replace").decode("utf-8")


def _seen_the_same(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return True
    largest = float(np.abs(finite).max())
    smallest = float(np.abs(finite[finite != 0]).min(initial=math.inf))
    # The range of float32; below 1.2e-38 it loses digits.
    if largest > 3e38 or smallest < 1e-37:
        return False
    span = float(finite.max()) - float(finite.min())
    return span == 0 or largest * _FLOAT32_ROUNDING <= span * _VISIBLE


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value
