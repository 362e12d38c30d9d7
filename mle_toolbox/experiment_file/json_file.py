"""Reading a configuration: json with comments.

``#`` and ``//`` begin a comment, on a line of its own or behind something, but not inside a text. Comments
are blanked out by as many characters, so every position stays that of the file; what remains must be strict
json. Standard library only and quick to import: training scripts use it.
"""

from __future__ import annotations

import functools
import json
import math
import os
import re
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.source_text import MAX_DEPTH, read_text

__all__ = ["blank_comments", "content_digest", "line_of", "parse_json", "read_json"]

# A text comes first, so that what looks like a comment inside it is passed over with it.
_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n\r])*"?|(#|//)[^\n\r]*')
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: str | os.PathLike[str], name: str | None = None) -> Any:
    """Return the content of a json file that may carry comments.

    Parameters
    ----------
    path
        The file: UTF-8, with or without a byte order mark.
    name
        What the file is called in messages; ``path`` itself when it is not given.

    Raises
    ------
    ExperimentFileError
        When the file cannot be read or is not json; carries file and line of every mistake.
    """
    name = os.fspath(path) if name is None else name
    return parse_json(read_text(Path(path), name), name)


def parse_json(text: str, name: str) -> Any:
    """Return the content of a json text that may carry comments; ``name`` is the file's name in messages.

    Refused, besides what is no json: NaN and Infinity, numbers beyond the range of a float, a key given
    twice, half a surrogate pair, nesting deeper than 100.

    Raises
    ------
    ExperimentFileError
        With file and line of every mistake.

    Examples
    --------
    >>> parse_json('{"lrate": 3e-04}  # as in the paper', "config.json")
    {'lrate': 0.0003}
    """
    bare = blank_comments(text)
    try:
        content = _strict_decoder().decode(bare)
    except (ValueError, RecursionError) as error:
        raise ExperimentFileError(_mistakes(bare, name) or [Problem(name, 0, f"not json: {error}.")]) from error
    if _needs_a_closer_look(bare, content):
        mistakes = _mistakes(bare, name)
        if mistakes:
            raise ExperimentFileError(mistakes)
    return content


def blank_comments(text: str) -> str:
    """Replace every comment by as many blanks; line ends and texts stay as they are.

    >>> blank_comments('{"url": "http://x#y"} // why')
    '{"url": "http://x#y"}       '
    """
    if "#" not in text and "//" not in text:
        return text
    return _TEXT_OR_COMMENT.sub(_blank, text)


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    r"""Return the line, from 1, of the entry at ``path``: of its key in an object, of its value in a list.

    When there is no such entry, the line of the innermost one around it.

    >>> line_of('{"log_config":\n  {"what_to_track":\n    ["loss", 7]}}', ("log_config", "what_to_track", 1))
    3
    """
    offsets = _offsets(text)
    while path and path not in offsets:
        path = path[:-1]
    return text.count("\n", 0, offsets.get(path, 0)) + 1


def content_digest(content: Any) -> str:
    """Return the SHA-256 of what a configuration says, as 64 hexadecimal digits.

    Taken of the canonical json: keys sorted, no white space, ASCII. So comments, white space and the order of
    keys do not matter, while every value does (``1`` and ``1.0`` differ).
    """
    import hashlib

    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group()) if match.group(1) else match.group()


@functools.cache
def _strict_decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=_finite_float,
        parse_constant=_refuse_constant,
        object_pairs_hook=_object_without_duplicates,
    )


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text} is too large")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number that json knows")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


def _needs_a_closer_look(bare: str, content: Any) -> bool:
    """Say whether the text may hold what ``json`` lets pass: half a surrogate pair, or deep nesting."""
    if _SURROGATE_ESCAPE.search(bare):
        return True
    return bare.count("{") + bare.count("[") > MAX_DEPTH and _is_deep(content)


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_DEPTH + 1):
        level = [
            member
            for entry in level
            if isinstance(entry, dict | list)
            for member in (entry.values() if isinstance(entry, dict) else entry)
        ]
    return bool(level)


def _mistakes(bare: str, name: str) -> list[Problem]:
    # The slow reader is loaded only when there is a mistake to find.
    from mle_toolbox.experiment_file.json_locate import locate

    _, mistakes = locate(bare)
    return [Problem(name, bare.count("\n", 0, offset) + 1, message) for offset, message in mistakes]


@functools.lru_cache(maxsize=4)
def _offsets(text: str) -> dict[tuple[str | int, ...], int]:
    from mle_toolbox.experiment_file.json_locate import locate

    return locate(blank_comments(text))[0]
