"""How numbers are written: as many digits as the interval allows."""

from __future__ import annotations

import math
from decimal import Decimal

__all__ = ["interval_text", "p_text", "percent"]


def percent(confidence: float) -> str:
    """Return ``95 %`` for 0.95."""
    return f"{100 * confidence:.10g} %"


def p_text(p: float) -> str:
    """Return ``p = 0.031``, or ``p < 0.001``."""
    if math.isnan(p):
        return "no p"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def interval_text(value: float, low: float, high: float) -> str:
    """Return ``0.123 ± 0.011``, or ``0.12 [0.10, 0.17]`` where the value is not in the middle.

    The interval's half width has two digits, the value as many decimals. A value without an interval has four digits.
    """
    if not math.isfinite(value):
        return "-"
    half = (high - low) / 2
    if not math.isfinite(half):
        return f"{value:.4g}"
    if half <= abs(value) * 1e-15:
        return f"{value:.4g} ± 0"
    symmetric = abs((low + high) / 2 - value) <= 0.005 * half
    decimals = _decimals(half)
    exponent = int(f"{max(abs(value), half):.1e}".partition("e")[2])
    if half >= 1e6 or (decimals > 6 and exponent < -1):
        value, low, high, half = (_shifted(number, -exponent) for number in (value, low, high, half))
        decimals = _decimals(half)
        inside = _with_decimals(value, low, high, half, decimals, symmetric)
        return f"({inside})e{exponent:+03d}" if symmetric else f"{inside} e{exponent:+03d}"
    return _with_decimals(value, low, high, half, decimals, symmetric)


def _shifted(number: float, places: int) -> float:
    """Return the number times ten to the ``places``, which as a factor may leave the range of floats."""
    return float(Decimal(number).scaleb(places))


def _decimals(half: float) -> int:
    """Return how many decimals show two digits of ``half``, after rounding: 0.0999 is 0.10."""
    return max(0, 1 - int(f"{half:.1e}".partition("e")[2]))


def _with_decimals(value: float, low: float, high: float, half: float, decimals: int, symmetric: bool) -> str:
    # z: a small negative number is not rounded to -0.
    if symmetric:
        return f"{value:z.{decimals}f} ± {half:.{decimals}f}"
    return f"{value:z.{decimals}f} [{low:z.{decimals}f}, {high:z.{decimals}f}]"
