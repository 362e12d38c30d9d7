"""Reads a configuration: JSON with comments.

``#`` and ``//`` start a comment, anywhere but inside a string. Comments are replaced by as many spaces, so that
positions stay those of the file; the rest must be strict JSON. Standard library only and quick to import: training
scripts use it.
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

# The alternative for strings comes first, so that a comment sign inside a string is skipped with it.
_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n\r])*"?|(#|//)[^\n\r]*')
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: str | os.PathLike[str], name: str | None = None) -> Any:
    """Return the content of a JSON file that may contain comments.

    Parameters
    ----------
    path
        The file: UTF-8, with or without a byte order mark.
    name
        The file's name in messages; ``path`` by default.

    Raises
    ------
    ExperimentFileError
        When the file cannot be read or is not JSON; lists every mistake with file and line.
    """
    name = os.fspath(path) if name is None else name
    return parse_json(read_text(Path(path), name), name)


def parse_json(text: str, name: str) -> Any:
    """Return the content of a JSON text that may contain comments; ``name`` is the file's name in messages.

    Also rejected, although Python's ``json`` accepts them: NaN and Infinity, numbers beyond the range of a float,
    duplicate keys, unpaired surrogates, and nesting deeper than 100.

    Raises
    ------
    ExperimentFileError
        Lists every mistake with file and line.

    Examples
    --------
    >>> parse_json('{"lrate": 3e-04}  # as in the paper', "config.json")
    {'lrate': 0.0003}
    """
    bare = blank_comments(text)
    try:
        content = _strict_decoder().decode(bare)
    except (ValueError, RecursionError) as error:
        # The message of `json` only remains where our parser accepts the text, which would be a bug in it.
        raise ExperimentFileError(_mistakes(bare, name) or [Problem(name, 0, f"not valid JSON: {error}.")]) from error
    # `json` accepts unpaired surrogates and deep nesting. The exact check is slow, so it runs only where one is likely.
    is_deep = bare.count("{") + bare.count("[") > MAX_DEPTH and _is_deep(content)
    if (is_deep or _SURROGATE_ESCAPE.search(bare)) and (mistakes := _mistakes(bare, name)):
        raise ExperimentFileError(mistakes)
    return content


def blank_comments(text: str) -> str:
    """Replace every comment by as many spaces; line ends and strings are kept.

    >>> blank_comments('{"url": "http://x#y"} // why')
    '{"url": "http://x#y"}       '
    """
    if "#" not in text and "//" not in text:
        return text
    return _TEXT_OR_COMMENT.sub(lambda match: " " * len(match.group()) if match.group(1) else match.group(), text)


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    r"""Return the line, from 1, of the entry at ``path``: of its key in an object, of its value in a list.

    If there is no such entry, the line of the innermost one around it.

    >>> line_of('{"log_config":\n  {"what_to_track":\n    ["loss", 7]}}', ("log_config", "what_to_track", 1))
    3
    """
    offsets = _offsets(text)
    while path and path not in offsets:
        path = path[:-1]
    return text.count("\n", 0, offsets.get(path, 0)) + 1


def content_digest(content: Any) -> str:
    """Return the SHA-256 of a configuration's content, as 64 hexadecimal digits.

    It is computed from canonical JSON: keys sorted, no white space, ASCII. So comments, white space and the order of
    keys do not matter, but every value does (``1`` and ``1.0`` differ).
    """
    import hashlib  # loads OpenSSL, which not every importer needs

    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


@functools.cache
def _strict_decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=_finite_float,
        parse_constant=_reject_constant,
        object_pairs_hook=_object_without_duplicates,
    )


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text} is too large")
    return value


def _reject_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


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
    # Imported here because only files with a mistake need it.
    from mle_toolbox.experiment_file.json_locate import locate

    _, mistakes = locate(bare)
    return [Problem(name, bare.count("\n", 0, offset) + 1, message) for offset, message in mistakes]


# line_of is called once for every problem of a file, and a plan has a few files with problems at most.
@functools.lru_cache(maxsize=4)
def _offsets(text: str) -> dict[tuple[str | int, ...], int]:
    from mle_toolbox.experiment_file.json_locate import locate

    return locate(blank_comments(text))[0]
