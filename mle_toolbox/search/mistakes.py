"""Where a mistake in ``param_search_args`` is, and the sentences that all readers of the section share.

A sentence says where, what was expected and what was found, and what to write instead. Knows no key of the section.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mle_toolbox import wording
from mle_toolbox.errors import did_you_mean, nearest
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath

__all__ = [
    "ROOT",
    "Mistake",
    "at",
    "is_missing",
    "is_whole",
    "misspelt",
    "must_be",
    "suggestion",
    "unknown_key",
    "whole_number",
]

ROOT = "param_search_args"

Mistake = tuple[JsonPath, str]
"""Where it is, as a path in ``param_search_args``, and a sentence."""


def at(path: JsonPath) -> str:
    """Describe where a key of the section is.

    >>> at(("search_config", "search_type"))
    "'search_type' in param_search_args.search_config"
    """
    return wording.location((ROOT, *path))


def must_be(path: JsonPath, expected: str | Mapping[str, Any], value: Any, advice: str = "") -> Mistake:
    """Return the mistake that a value is another one than expected.

    Parameters
    ----------
    path
        Where the value is.
    expected
        In words, or as a rule of a JSON schema, from which advice follows as well.
    value
        The one that was found.
    advice
        What to write instead, with a leading space.

    Examples
    --------
    >>> must_be(("search_resources", "num_search_batches"), whole_number(1), "3")[1]
    "'num_search_batches' in param_search_args.search_resources must be a whole number of at least 1, \
found the text '3'. Write 3 without quotes."
    """
    words = expected if isinstance(expected, str) else wording.expected(expected)
    if not isinstance(expected, str):
        advice = advice or wording.hint(value, expected)
    return path, f"{at(path)} must be {words}, found {wording.found(value)}.{advice}"


def is_missing(path: JsonPath, what: str = "") -> Mistake:
    """Return the mistake that a key is missing; ``what`` says what it is for."""
    return path[:-1], f"{at(path)} is missing{what and ': '}{what}."


def unknown_key(path: JsonPath, advice: str) -> Mistake:
    """Return the mistake that there is no such key."""
    section = ".".join((ROOT, *map(str, path[:-1])))
    return path, f"unknown key {path[-1]!r} in {section}.{advice}"


def suggestion(key: str, known: Iterable[str]) -> str:
    """Return which known key was meant (with a leading space), or all of them where none is similar."""
    known = list(known)
    return did_you_mean(str(key), known) or f" Valid names are {listed(map(repr, known), None)}."


def misspelt(key: str, section: Iterable[str], known: Iterable[str]) -> bool:
    """Whether a section has a similar key that is unknown: it is reported as such, and this one is not missing."""
    return nearest(key, [other for other in section if other not in known]) is not None


def whole_number(least: int, most: int | None = None) -> Mapping[str, Any]:
    """Return the rule of a whole number."""
    return {"type": "integer", "minimum": least} | ({} if most is None else {"maximum": most})


def is_whole(value: Any, least: int, most: float = float("inf")) -> bool:
    """Whether a value is a whole number within bounds; True is none."""
    return type(value) is int and least <= value <= most
