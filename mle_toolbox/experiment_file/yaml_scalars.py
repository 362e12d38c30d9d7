"""Answers what text without quotes means in YAML: a number, true, null, or text.

PyYAML follows YAML 1.1, other readers YAML 1.2, and the original mle-toolbox added a rule of its own for numbers such
as ``1e-5``. Where all of them agree, or one reading is obvious, that is the meaning:

- ``1e-5``, ``5E-04``, ``3e8``, ``1.5e3``, ``-.5`` are numbers (YAML 1.2 and the original; PyYAML alone reads text), as
  are ``1.``, ``.5``, ``+3``, ``0x1F``, ``0b101`` and ``1_000``.
- ``y`` and ``n`` are text, as is a date: JSON has no type for it.

Values that go into a training script are read strictly. They are wrong for hours before anybody notices, so what one
reader takes for something else than another, or a person for something else than all readers, is a mistake: ``yes``,
``012``, ``0o17``, ``08``, ``1:30``, ``2020_01_01``, ``None``, ``nan``, ``5 e-4``, ``0.1,``. Knows no files; standard
library only.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from mle_toolbox.wording import shortened

__all__ = ["SPOKEN_WORDS", "PlainTextError", "is_plain_text", "starts_with_number", "value_of"]

_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word, _meaning in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _meaning)
SPOKEN_WORDS: dict[str, bool] = {}
for _word, _truth in (("yes", True), ("on", True), ("no", False), ("off", False)):
    SPOKEN_WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _truth)

# YAML 1.1 as PyYAML has it; an integer with a leading zero is octal, and colons separate digits to the base of 60.
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)")
_BASE_60 = re.compile(r"[-+]?(?:[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# What YAML 1.2 and the original add: an exponent without a point or a sign, a sign before the point.
_MORE_FLOATS = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+|[-+]\.[0-9][0-9_]*")

_OTHER_INTEGERS = re.compile(r"0o[0-7]+|[-+]?0[0-9]+")
_IN_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:_[0-9]{3})*(?:\.(?:[0-9]{3}_)*[0-9]{0,3})?(?:[eE][-+]?[0-9]+)?")
_POWER = re.compile(r"[-+]?[0-9.]+ ?(?:\*\*|\^) ?[-+]?[0-9.]+")
_MEANT_BY_PYTHON = {"None": "null", "none": "null"}
_WORDS_FOR_NO_NUMBER = frozenset({"nan", "inf", "infinity"})
_SIGNS_OF_PRINT = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")
# Python refuses to convert more digits to text, so such a number could not be shown anywhere.
_MAX_DIGITS, _MAX_OTHER_DIGITS, _MAX_BITS = 4300, 3500, 1024


class PlainTextError(ValueError):
    """Text without quotes that is not read; the message is a sentence that begins with the text."""


def value_of(text: str, *, strict: bool, bare_exponents: bool = True) -> Any:
    """Return what ``text`` without quotes means.

    Parameters
    ----------
    text
        The text, without the space around it.
    strict
        Whether it is a value for a training script; see the top of this module.
    bare_exponents
        Whether ``1e-5`` is a number. False where PyYAML's reading has to stay, which is text.

    Raises
    ------
    PlainTextError
        When it must be written in another way.

    Examples
    --------
    >>> value_of("5e-04", strict=True), value_of("2024-01-01", strict=True), value_of("~", strict=True)
    (0.0005, '2024-01-01', None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if text in SPOKEN_WORDS:
        truth = SPOKEN_WORDS[text]
        if strict:
            other = f'Write {str(truth).lower()}, or "{text}" in quotes.'
            raise PlainTextError(
                f"{text} without quotes is {str(truth).lower()} for some readers of YAML, and text for others. {other}"
            )
        return truth
    if text[0] in "+-.0123456789":
        number = _number(text, strict, bare_exponents)
        if number is not None:
            return number
    if strict and (mistake := _mistaken_text(text)) is not None:
        raise PlainTextError(mistake)
    return text


def is_plain_text(text: str) -> bool:
    """Return whether every reader takes ``text`` without quotes for text, as far as its words and numbers go."""
    try:
        return value_of(text, strict=True) == text and text.lower() not in ("y", "n")
    except PlainTextError:
        return False


def starts_with_number(text: str) -> bool:
    """Return whether the first word of ``text`` is a number."""
    return _is_number(text.split()[0]) if text.strip() else False


def _number(text: str, strict: bool, bare_exponents: bool) -> int | float | None:
    """Return the number that ``text`` is, or None when it is text."""
    if _BASE_60.fullmatch(text):
        said = f"{shortened(text, 38)} without quotes is the number {_base_60(text)} in YAML"
        raise PlainTextError(f'{said}. Write it in quotes: "{shortened(text, 38)}".')
    if _NOT_FINITE.fullmatch(text):
        if strict:
            raise PlainTextError(f"{text} is not a finite number. Write a finite number or null.")
        return float(text.replace(".", "", 1))
    number: int | float | None = None
    if _INTEGER.fullmatch(text):
        number = _integer(text, strict)
    elif _FLOAT.fullmatch(text) or (bare_exponents and _MORE_FLOATS.fullmatch(text)):
        number = float(text.replace("_", ""))
        if not math.isfinite(number):
            raise PlainTextError(f"the number {shortened(text, 38)} is too large.")
    if strict and number is None and _OTHER_INTEGERS.fullmatch(text):
        number, kind = (int(text, 8), "octal number") if text[1] == "o" else (int(text), "number")
        way_out = f'Write {number}, or "{text}" in quotes.'
        raise PlainTextError(
            f"{text} without quotes is the {kind} {number} in YAML 1.2, and text in YAML 1.1. {way_out}"
        )
    is_decimal = text.lstrip("+-")[:2].lower() not in ("0x", "0b")
    if strict and number is not None and "_" in text and is_decimal and not _IN_THOUSANDS.fullmatch(text):
        written, meant = shortened(text, 38), shortened(repr(number), 38)
        raise PlainTextError(
            f'{written} without quotes is the number {meant} in YAML. Write {meant}, or "{written}" in quotes.'
        )
    return number


def _integer(text: str, strict: bool) -> int:
    digits = text.lstrip("+-").replace("_", "")
    sign = -1 if text[0] == "-" else 1
    is_decimal = digits[0] != "0" or len(digits) == 1
    number = None
    if len(digits) <= (_MAX_DIGITS if is_decimal else _MAX_OTHER_DIGITS):
        if digits in ("0x", "0b"):
            raise PlainTextError(f'{text} is not a number. Write it in quotes: "{text}".')
        if is_decimal or digits[1] in "xb":
            number = sign * int(digits, 10 if is_decimal else 0)
        else:
            way_out = f'Write {sign * int(digits)}, or "{text}" in quotes.'
            octal = sign * int(digits, 8)
            raise PlainTextError(f"{shortened(text, 38)} without quotes is the octal number {octal} in YAML. {way_out}")
    # JSON has the wider limit, and a configuration means the same in both formats.
    if number is None or (not strict and number.bit_length() > _MAX_BITS):
        raise PlainTextError(f"the number {shortened(text, 38)} is too large.")
    return number


def _base_60(text: str) -> int | float:
    whole, *rest = text.lstrip("+-").replace("_", "").split(":")
    number: int | float = int(whole)
    for part in rest:
        number = number * 60 + (float(part) if "." in part else int(part))
    return -number if text[0] == "-" else number


def _mistaken_text(text: str) -> str | None:
    """Return why ``text``, which is no number, cannot have been meant as text, or None."""
    without = f"{shortened(text, 38)} without quotes is text in YAML"
    quoted = f'or "{shortened(text, 38)}" in quotes'
    if text in _MEANT_BY_PYTHON:
        return f"{without}. Write {_MEANT_BY_PYTHON[text]}, {quoted}."
    if text.lstrip("+-").lower() in _WORDS_FOR_NO_NUMBER:
        return f"{without}. Write a finite number or null, {quoted}."
    if not text[0].isdigit() and text[0] not in "+-." and text[-1] != "," and text.isascii():
        return None  # most texts
    if text[-1] == "," and (_is_number(text[:-1]) or text[:-1] in _WORDS):
        return f"{without}, because of the comma at its end. Write {text[:-1]}, {quoted}."
    if text[-1] in ".;" and _is_number(text[:-1]):
        return f"{without}, because of the {text[-1]!r} at its end. Write {text[:-1]}, {quoted}."
    if _POWER.fullmatch(text):
        return f"{without}: nothing is computed. Write the number, {quoted}."
    before, sign, _ = text.partition("#")
    if sign and _is_number(before.strip()):
        return f"{without}: a comment needs a space before its '#'. Write {before.strip()} #…, {quoted}."
    before, sign, _ = text.partition("//")
    if sign and _is_number(before.strip()) and before[-1] == " ":
        return f"{without}: only '#' begins a comment. Write {before.strip()} #…, {quoted}."
    return _mistaken_signs(text, without, quoted)


def _mistaken_signs(text: str, without: str, quoted: str) -> str | None:
    meant = unicodedata.normalize("NFKC", text).translate(_SIGNS_OF_PRINT)
    joined = "".join(sign for sign in meant if not sign.isspace() and sign not in "\u200b\u200c\u200d\ufeff")
    # "64 64" may be a list for the script, so a space is a mistake only where it breaks a number.
    if not _is_number(joined) or (meant == text and all(map(_is_number, text.split()))):
        return None
    odd = next((sign for sign in text if not sign.isascii()), None)
    if odd is None:
        return f"{without}, because of the space in it. Write {joined}, {quoted}."
    what = f"{odd!r} " if odd.isprintable() else ""
    return f"{without}, because of the character {what}(U+{ord(odd):04X}). Write {joined}, {quoted}."


def _is_number(text: str) -> bool:
    try:
        return (
            text != "" and text[0] in "+-.0123456789" and _number(text, strict=False, bare_exponents=True) is not None
        )
    except PlainTextError:
        return False
