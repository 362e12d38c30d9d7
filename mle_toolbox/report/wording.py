"""Numbers and times as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["MINUS", "NOTHING", "NO_BREAK", "amount", "count", "duration", "isolated", "listed", "p_value", "short"]

MINUS, NOTHING, NO_BREAK = "\u2212", "\u2013", "\u00a0"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float | None) -> str:
    """Return ``2 min 5 s``; records hold whole seconds, so a shorter run is only known to be under one.

    >>> duration(125), duration(0), duration(90061)
    ('2 min 5 s', 'under 1 s', '1 d 1 h')
    """
    if seconds is None:
        return "not on record"
    if seconds < 1:
        return "under 1 s"
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    parts: list[str] = []
    rest = round(seconds)
    for size, unit in units:
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts))


def amount(value: float) -> str:
    """Return a few digits; a small amount is said to be under 0.01.

    >>> amount(0.004), amount(1234.5), amount(12.34)
    ('under 0.01', '1,234', '12.3')
    """
    if value < 0.01:
        return "under 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 seed`` or ``2,000 seeds``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def short(value: float | None, digits: int = 4) -> str:
    """Return a number with few digits, an en dash for none."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isfinite(value):
        return f"{value:.{digits}g}".replace("-", MINUS)
    return "∞" if value > 0 else f"{MINUS}∞"


def p_value(value: float | None) -> str:
    r"""Return a p-value as papers print it.

    >>> p_value(0.00001), p_value(0.0312), p_value(None)
    ('< 0.001', '0.031', '\u2013')
    """
    if value is None or math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def isolated(name: str) -> str:
    """Return a name so that its own direction of writing ends where it ends."""
    return name if name.isascii() else f"\u2068{name}\u2069"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return ``a, b and c``; of many, the first and how many more.

    >>> listed(["a", "b", "c"]), listed(list("abcdefgh"), most=2)
    ('a, b and c', 'a, b and 6 others')
    """
    shown = [isolated(name) for name in names]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(names) - most} others"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
