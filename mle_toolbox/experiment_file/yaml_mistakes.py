"""Translates the error messages of PyYAML for the person who wrote the file."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from mle_toolbox.errors import Problem

__all__ = ["explain"]

# How the message of PyYAML starts, and what we say instead.
_IN_PLAIN_WORDS = {
    "mapping values are not allowed here": (
        "this line does not fit the lines above it: a ':' is missing after a key above, the line is indented too "
        "far, or text that contains ': ' needs quotes."
    ),
    "could not find expected ':'": "this line is not a 'key: value' pair. Is the ':' missing, or the indentation?",
    "expected <block end>, but found '<scalar>'": (
        "there is text after a closing quote. Is there a missing or extra quote, here or above?"
    ),
    "expected <block end>": (
        "this line does not fit the lines above it: entries of one section or list start in the same column."
    ),
    "sequence entries are not allowed here": "an entry of a list ('- …') must start on a line of its own.",
    "expected ',' or": "the bracket opened here is not closed, or a comma is missing.",
    "found unexpected end of stream": "the quote opened here is never closed.",
    "expected alphabetic or numeric character": (
        "'*' and '&' start a reference in YAML. Put text that starts with one in quotes."
    ),
    "found undefined alias": "'*' starts a reference in YAML. Put text that starts with it in quotes.",
    "but found another document": "'---' starts a second document. The file may contain only one.",
    "expected the node content": "a value is missing, or there is an extra bracket, comma or colon.",
}


# `lrate:0.1`; a time or an address is left alone.
_KEY_WITHOUT_SPACE = re.compile(r"[A-Za-z_][\w-]*:(?!/)[^\s:]+")
_COMMA_AT_END = re.compile(r": +(?:\"[^\"]*\"|'[^']*'|\[[^\[\]]*\]|\{[^{}]*\}),$")


def explain(error: Exception, text: str, name: str) -> Problem:
    """Return the problem at which PyYAML stopped.

    Parameters
    ----------
    error
        The exception that PyYAML raised while reading ``text``.
    text
        The text of the file.
    name
        The file's name in messages.
    """
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        found = text[error.position : error.position + 1]
        return Problem(name, line, f"the character {found!r} is not allowed in YAML. Remove it.")
    if isinstance(error, RecursionError):
        return Problem(name, 0, "brackets are nested too deeply.")
    if not isinstance(error, MarkedYAMLError):
        return Problem(name, 0, f"not valid YAML: {error}.")
    line = _line(error)
    tabbed = _line_indented_with_tab(text, line)
    if tabbed is not None:
        return Problem(name, tabbed, "this line is indented with a tab. YAML allows only spaces there.")
    unclosed = _line_with_unclosed_quote(text, line) if "'<scalar>'" in str(error.problem) else None
    if unclosed is not None:
        return Problem(name, unclosed, "the quote opened on this line is not closed on it.")
    return _slip(str(error.problem), text, line, name) or Problem(name, line, _in_plain_words(error))


def _line(error: MarkedYAMLError) -> int:
    # PyYAML notices an unclosed bracket or a missing ':' some lines later; the user needs the line where it starts.
    begins_earlier = ("found unexpected end of stream", "expected ',' or", "could not find expected ':'")
    unclosed = (error.problem or "").startswith(begins_earlier)
    mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark is not None else 0


def _line_indented_with_tab(text: str, last_line: int) -> int | None:
    for number, line in enumerate(text.split("\n")[: last_line + 1], start=1):
        if "\t" in line[: len(line) - len(line.lstrip(" \t"))] and line.strip():
            return number
    return None


def _line_with_unclosed_quote(text: str, last_line: int) -> int | None:
    for number, line in enumerate(text.split("\n")[:last_line], start=1):
        if line.split(" #")[0].count('"') % 2 == 1 and not line.lstrip().startswith("#"):
            return number
    return None


def _slip(problem: str, text: str, line: int, name: str) -> Problem | None:
    """Return the small mistake in the line at which PyYAML stopped, or in the one before it, that explains it."""
    # Inside brackets lines may end with a comma, and there PyYAML expects something else.
    is_block = problem.startswith(("mapping values are", "could not find expected ':'", "expected <block end>"))
    lines = text.split("\n") if is_block else []
    for number in (line, line - 1):
        written = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if (key := _KEY_WITHOUT_SPACE.fullmatch(written)) is not None:
            return Problem(name, number, f"a space is missing after the ':' in {key[0]!r}.")
        if _COMMA_AT_END.search(written):
            return Problem(name, number, "the comma at the end of this line is not YAML. Remove it.")
    return None


def _in_plain_words(error: MarkedYAMLError) -> str:
    said = error.problem or "unreadable"
    for beginning, words in _IN_PLAIN_WORDS.items():
        if said.startswith(beginning):
            return words
    if "that cannot start any token" in said:
        found = said.removesuffix(" that cannot start any token")
        return f"{found}, which cannot start a value in YAML. Put the text in quotes."
    if "double-quoted" in (error.context or ""):
        return "a backslash in double quotes starts an escape. Write it twice, or use single quotes."
    return f"not valid YAML: {said}."
