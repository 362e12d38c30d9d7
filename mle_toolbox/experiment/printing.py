"""Prints every k-th update as one aligned line of plain text, for log files as well as for a screen."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["TickPrinter"]

_LINES_A_PAGE = 20
_WIDTH = 10


class TickPrinter:
    """Prints to stdout, with the names above the first line and again above every 20th.

    Parameters
    ----------
    time_names, metric_names
        What is printed, in this order; ``-`` where a tick does not have it.
    every
        Print at the updates ``every``, ``2 * every``, …

    Notes
    -----
    A run continues when its output is closed (``python train.py | head``): printing stops, logging does not.
    """

    def __init__(self, time_names: Sequence[str], metric_names: Sequence[str], every: int) -> None:
        self._time_names, self._metric_names = tuple(time_names), tuple(metric_names)
        self._every = every
        self._lines = 0

    def add(self, metric_names: Sequence[str]) -> None:
        """Print further metrics, those that are not printed yet."""
        self._metric_names = tuple(dict.fromkeys((*self._metric_names, *metric_names)))
        self._lines = 0

    def is_due(self, n_ticks: int) -> bool:
        """Return whether a tick is printed; ``n_ticks`` includes it."""
        return n_ticks % self._every == 0

    def update(self, n_ticks: int, time: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
        """Print the tick if it is due; ``n_ticks`` includes it."""
        if not self.is_due(n_ticks):
            return
        known = {**time, **metrics}
        values = [known.get(name) for name in (*self._time_names, *self._metric_names)]
        text = self._row(map(_shown, values))
        if self._lines % _LINES_A_PAGE == 0:
            text = self._row((*self._time_names, *self._metric_names)) + text
        self._lines += 1
        _write(text)

    def _row(self, cells: Any) -> str:
        widths = (max(len(name), _WIDTH) for name in (*self._time_names, *self._metric_names))
        return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)) + "\n"


def _shown(value: Any) -> str:
    """Return a value in about ten characters: floats with five digits, arrays as their shape, ``-`` for none."""
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(value, (bool, int, np.integer, np.bool_)):
        return str(value)
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.ndim:
        return f"<{'x'.join(map(str, array.shape))}>"
    return str(array) if array.dtype.kind in "biu" else f"{float(array):.5g}"


def _write(text: str) -> None:
    stream = sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        # A batch job often has LC_ALL=C, and names may have any characters.
        stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()
    except (OSError, ValueError, AttributeError):
        return
