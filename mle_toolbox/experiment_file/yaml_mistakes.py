"""What a broken yaml file looks like to PyYAML, in words for the person who wrote it."""

from __future__ import annotations

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from mle_toolbox.errors import Problem

__all__ = ["explain"]

# What PyYAML says (its beginning), and what the user should be told.
_IN_PLAIN_WORDS = {
    "mapping values are not allowed here": (
        "this line does not fit the lines above it: a ':' is missing behind a key above, the line is indented too "
        "far, or text that holds ': ' needs quotes."
    ),
    "could not find expected ':'": "this line is no 'key: value'. Is the ':' missing, or the indentation?",
    "expected <block end>, but found '<scalar>'": (
        "text follows a closing quote. Is a quote missing or too much, here or above?"
    ),
    "expected <block end>": (
        "this line does not fit the lines above it: entries of one section or list begin in the same column."
    ),
    "sequence entries are not allowed here": "an entry of a list ('- …') must begin on a line of its own.",
    "expected ',' or": "the bracket that is opened here is not closed, or a comma is missing.",
    "found unexpected end of stream": "the quote that is opened here is never closed.",
    "found undefined alias": "'*' begins a reference in yaml. Put text that begins with it in quotes.",
    "but found another document": "'---' begins a second document. The file may hold only one.",
    "expected the node content": "a value is missing, or a bracket, comma or colon is too much.",
}


def explain(error: Exception, text: str, name: str) -> Problem:
    """Return the one problem that PyYAML stopped at.

    Parameters
    ----------
    error
        What PyYAML raised while it read ``text``.
    text
        The text of the file.
    name
        What the file is called in messages.
    """
    if isinstance(error, ReaderError):
        return _bad_character(error, text, name)
    if isinstance(error, RecursionError):
        return Problem(name, 0, "brackets are nested too deep.")
    if not isinstance(error, MarkedYAMLError):
        return Problem(name, 0, f"not yaml: {error}.")
    line = _line(error)
    tabbed = _line_indented_with_tab(text, line)
    if tabbed is not None:
        return Problem(name, tabbed, "this line is indented with a tab. yaml allows only blanks there.")
    unclosed = _line_with_unclosed_quote(text, line) if "'<scalar>'" in str(error.problem) else None
    if unclosed is not None:
        return Problem(name, unclosed, "the quote that is opened in this line is not closed in it.")
    return Problem(name, line, _in_plain_words(error))


def _bad_character(error: ReaderError, text: str, name: str) -> Problem:
    line = text.count("\n", 0, error.position) + 1
    found = text[error.position : error.position + 1]
    return Problem(name, line, f"the character {found!r} is not allowed in yaml. Remove it.")


def _line(error: MarkedYAMLError) -> int:
    # What is not closed or has no ':' is noticed some lines later; where it begins is what helps.
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


def _in_plain_words(error: MarkedYAMLError) -> str:
    said = error.problem or "unreadable"
    for beginning, words in _IN_PLAIN_WORDS.items():
        if said.startswith(beginning):
            return words
    if "that cannot start any token" in said:
        found = said.removesuffix(" that cannot start any token")
        return f"{found}, which begins nothing in yaml. Put the text in quotes."
    if "double-quoted" in (error.context or ""):
        return "a backslash in double quotes begins an escape. Write it twice, or use single quotes."
    return f"not yaml: {said}."
