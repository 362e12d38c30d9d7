"""How messages describe locations in a file and values.

>>> location(("log_config", "what_to_track", 0))
"entry 1 of 'what_to_track' in log_config"
>>> found("10")
"the text '10'"
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["JsonPath", "expected", "found", "hint", "location", "shortened"]

JsonPath = tuple[str | int, ...]
"""Where an entry of a file is: the keys and indices that lead to it."""

_KEY_WITHOUT_SPACE = re.compile(r"[\w./-]+:\S")

_TYPE_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a section with keys",
    "null": "null",
}


def location(path: JsonPath) -> str:
    """Describe where ``path`` is, innermost first."""
    if not path:
        return "the file"
    *around, last = path
    if isinstance(last, int):
        return f"entry {last + 1} of {location(tuple(around))}"
    return f"{last!r} in {'.'.join(str(part) for part in around)}" if around else repr(last)


def found(value: Any) -> str:
    """Describe a value."""
    match value:
        case None:
            return "no value (null)"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {shortened(value)!r}" if value else "an empty text"
        case int() | float():
            return shortened(repr(value))
        case list() | tuple():
            return "a list" if value else "an empty list"
        case _:
            return "a section with keys" if value else "an empty section"


def expected(schema: Mapping[str, Any]) -> str:
    """Describe the values that a schema allows: by its ``x-expected`` if it has one, else by types and bounds."""
    if "x-expected" in schema:
        return str(schema["x-expected"])
    if "enum" in schema:
        return f"one of {', '.join(repr(choice) for choice in schema['enum'])}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return f"{' or '.join(_TYPE_WORDS[kind] for kind in kinds if kind != 'null')}{_bounds(schema)}"


def hint(value: Any, schema: Mapping[str, Any]) -> str:
    """Return what to write instead (with a leading space), or an empty string when that is unknown."""
    kinds = schema.get("type", [])
    if isinstance(value, str) and ("integer" in kinds or "number" in kinds):
        number = _as_number(value)
        return f" Write {number} without quotes." if number is not None else ""
    if isinstance(value, str) and "array" in kinds and "integer" not in str(schema.get("items")):
        if re.match(r"-[^\W\d]", value):
            return " Is a space missing after the '-'?"
        names = [name.strip() for name in value.split(",") if name.strip()] or [value]
        return f" Write {json.dumps(names, ensure_ascii=False)}."
    if isinstance(value, str) and "object" in kinds and _KEY_WITHOUT_SPACE.match(value):
        return " Is a space missing after the ':'?"
    if isinstance(value, bool) and "string" in kinds:
        return " YAML reads yes, no, on and off without quotes as true and false. Write it in quotes."
    # In quotes it may still be what is not allowed, such as a time without colons.
    if isinstance(value, int | float) and "string" in kinds and "integer" not in kinds:
        is_allowed = re.search(schema.get("pattern", ""), str(value)) is not None
        return f' Write it in quotes: "{value}".' if is_allowed else ""
    return ""


def shortened(text: str, length: int = 60) -> str:
    """Return ``text``, truncated to at most ``length`` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return " with at least one entry" if schema.get("minItems") else ""


def _as_number(text: str) -> int | float | None:
    try:
        number = float("".join(text.split()))  # "5 e-4" is text only because of its blank
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() else number
    except ValueError:
        return None
