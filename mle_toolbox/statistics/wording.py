"""How numbers are written: as many digits as the interval allows."""

from __future__ import annotations

import math

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
    if half <= abs(value) * 1e-12:
        return f"{value:.4g} ± 0"
    symmetric = abs((low + high) / 2 - value) <= 0.005 * half
    decimals = _decimals(half)
    if decimals > 6 or half >= 1e6:
        exponent = math.floor(math.log10(max(abs(value), half)))
        value, low, high, half = (number / 10**exponent for number in (value, low, high, half))
        decimals = _decimals(half)
        inside = _with_decimals(value, low, high, half, decimals, symmetric)
        return f"({inside})e{exponent:+03d}" if symmetric else f"{inside} e{exponent:+03d}"
    return _with_decimals(value, low, high, half, decimals, symmetric)


def _decimals(half: float) -> int:
    """Return how many decimals show two digits of ``half``, after rounding: 0.0999 is 0.10."""
    return max(0, 1 - int(f"{half:.1e}".partition("e")[2]))


def _with_decimals(value: float, low: float, high: float, half: float, decimals: int, symmetric: bool) -> str:
    if symmetric:
        return f"{value:.{decimals}f} ± {half:.{decimals}f}"
    return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
