"""Formatting of numbers, times, lists of names and values, the same in every message, table, figure and page.

Numbers have as many digits as their interval supports. Standard library only, and little of it: training scripts
import this.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "AS_WIDE_AS_NEEDED",
    "MINUS",
    "NOTHING",
    "NO_BREAK",
    "amount",
    "broken",
    "count",
    "counted",
    "duration",
    "interval_text",
    "isolated",
    "listed",
    "moment",
    "p_text",
    "p_value",
    "percent",
    "rough_duration",
    "short",
    "value_key",
    "value_text",
]

MINUS, NOTHING, NO_BREAK = "\u2212", "\u2013", "\u00a0"

AS_WIDE_AS_NEEDED = 10_000
"""Width of output that goes elsewhere than to a terminal: no table is cut to fit."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 seed`` or ``2,000 seeds``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def counted(counts: Mapping[str, int]) -> str:
    """Return ``2 failed, 1 running``; zero counts are left out."""
    return ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)


def listed(names: Iterable[object], most: int | None = 6) -> str:
    """Return ``a, b and c``; with more than ``most`` names, the first ones and the number of others.

    >>> listed(["a", "b", "c"]), listed("abcdefgh", most=2), listed(map(repr, ["a"]))
    ('a, b and c', 'a, b and 6 more', "'a'")
    """
    parts = list(map(str, names))
    if most is not None and len(parts) > most:
        parts = [*parts[:most], f"{len(parts) - most:,} more"]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def isolated(name: str) -> str:
    """Return a name wrapped in Unicode isolates, so that right-to-left letters do not reorder the text around it."""
    # U+2068 and U+2069; ASCII names, nearly all of them, need neither.
    return name if name.isascii() else f"\u2068{name}\u2069"


def duration(seconds: float | None) -> str:
    """Return ``2 min 5 s``.

    >>> duration(125), duration(0), duration(90061)
    ('2 min 5 s', 'under 1 s', '1 d 1 h')
    """
    if seconds is None:
        return "not recorded"
    # Records have whole seconds, so of a shorter run nothing more is known.
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


def rough_duration(seconds: float) -> str:
    """Return a time that is only estimated, with no more digits than that deserves.

    >>> [rough_duration(seconds) for seconds in (3, 83, 754, 7500, 400000)]
    ['5 s', '1 min 20 s', '13 min', '2 h 5 min', '4 d 15 h']
    """
    step = 5 if seconds < _MINUTE else 10 if seconds < 10 * _MINUTE else _MINUTE
    return duration(max(round(seconds / step) * step, step))


def amount(value: float) -> str:
    """Return a number with a few digits; ``under 0.01`` for a small one.

    >>> amount(0.004), amount(1234.5), amount(12.34)
    ('under 0.01', '1,234', '12.3')
    """
    if value < 0.01:
        return "under 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def short(value: float | None, digits: int = 4) -> str:
    """Return a number with few digits, an en dash for None or NaN."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isfinite(value):
        return f"{value:.{digits}g}".replace("-", MINUS)
    return "∞" if value > 0 else f"{MINUS}∞"


def percent(confidence: float) -> str:
    """Return ``95 %`` for 0.95."""
    # .10g, because 100 * 0.57 is 56.99999999999999.
    return f"{100 * confidence:.10g} %"


def p_value(p: float) -> str:
    r"""Return a p-value for the column of a table.

    >>> p_value(0.00001), p_value(0.0312), p_value(float("nan"))
    ('< 0.001', '0.031', '\u2013')
    """
    if math.isnan(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def p_text(p: float) -> str:
    """Return a p-value for a sentence: ``p = 0.031``, or ``p < 0.001``."""
    if math.isnan(p):
        return "no p"
    return f"p {'' if p < 0.001 else '= '}{p_value(p)}"


def interval_text(value: float, low: float, high: float, *, brackets: bool = False) -> str:
    """Return ``0.123 ± 0.011``, or ``0.12 [0.10, 0.17]`` where the interval is not symmetric or with ``brackets``.

    The half width has two significant digits, the value as many decimals. A value without an interval has four digits.
    """
    if not math.isfinite(value):
        return "-"
    half = (high - low) / 2
    if not math.isfinite(half):
        return f"{value:.4g}"
    # Equal seeds: a width from rounding alone would give 16 digits.
    if half <= abs(value) * 1e-15:
        return f"{value:.4g} ± 0"
    # A deviation below half a unit of the last digit shown would be invisible.
    symmetric = not brackets and abs((low + high) / 2 - value) <= 0.005 * half
    decimals = _decimals(half)
    exponent = int(f"{max(abs(value), half):.1e}".partition("e")[2])
    # Very large and very small numbers share a power of ten; with all their zeros nobody could read them.
    if half >= 1e6 or (decimals > 6 and exponent < -1):
        value, low, high, half = (_shifted(number, -exponent) for number in (value, low, high, half))
        decimals = _decimals(half)
        inside = _with_decimals(value, low, high, half, decimals, symmetric)
        return f"({inside})e{exponent:+03d}" if symmetric else f"{inside} e{exponent:+03d}"
    return _with_decimals(value, low, high, half, decimals, symmetric)


def broken(text: str, width: int) -> str:
    r"""Break lines that are longer than the width between words, but for a number and its percent sign.

    Indented lines stay whole, because they are commands and files to copy; so does a word that is longer.

    >>> print(broken("There is no configuration 'b'.\n  mle status experiments", 20))
    There is no
    configuration 'b'.
      mle status experiments
    """
    # A training script loads this module, and never breaks a line.
    import textwrap
    from unicodedata import east_asian_width

    wrapper = textwrap.TextWrapper(
        width, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
    )

    def lines(line: str) -> list[str]:
        if line.startswith(" "):
            return [line]
        # A wide letter takes two columns, and textwrap counts letters.
        filled = "".join(f"{letter}\0" if east_asian_width(letter) in "WF" else letter for letter in line)
        parts = wrapper.wrap(filled.replace(" %", f"{NO_BREAK}%")) or [line]
        return [part.replace(f"{NO_BREAK}%", " %").replace("\0", "") for part in parts]

    return "\n".join(part for line in text.split("\n") for part in lines(line))


def value_key(value: Any) -> str:
    """Return a text that two values of a setting share exactly if they are the same setting.

    Results do not depend on 1 or 1.0, but True is no 1, and lists cannot be put into a set.

    >>> value_key(1) == value_key(1.0), value_key(1) == value_key(True)
    (True, False)
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def value_text(value: Any) -> str:
    """Return a configuration's value as a table shows it: text as it is, everything else as json."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _shifted(number: float, places: int) -> float:
    """Return the number times ten to the ``places``; as a float that factor might overflow."""
    from decimal import Decimal  # rarely needed, and training scripts import this module

    return float(Decimal(number).scaleb(places))


def _decimals(half: float) -> int:
    """Return how many decimals show two significant digits of ``half``, after rounding: 0.0999 is 0.10."""
    return max(0, 1 - int(f"{half:.1e}".partition("e")[2]))


def _with_decimals(value: float, low: float, high: float, half: float, decimals: int, symmetric: bool) -> str:
    # z: a small negative number is written as 0 and not as -0.
    if symmetric:
        return f"{value:z.{decimals}f} ± {half:.{decimals}f}"
    return f"{value:z.{decimals}f} [{low:z.{decimals}f}, {high:z.{decimals}f}]"


def moment(when: datetime) -> str:
    """Return a time in the zone of this machine, with its name: ``2026-03-01 14:05 CET``.

    A time without a zone is in UTC, as in the records of version 0.1.
    """
    # A training script loads this module, and never writes a time.
    from datetime import UTC

    return f"{(when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone():%Y-%m-%d %H:%M %Z}"
