"""Finds the position of every entry in a JSON text, and every mistake in it.

A slow, exact parser. Python's ``json`` is many times faster but stops at the first mistake, gives no positions and
accepts several things that we reject. So this one runs only when a mistake has to be located. Comments must have been
removed.
"""

from __future__ import annotations

import contextlib
import json
import math
import re

from mle_toolbox.experiment_file.source_text import MAX_DEPTH
from mle_toolbox.wording import JsonPath, shortened

__all__ = ["JsonPath", "locate"]

_JSON = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"[^ \t\n\r,:{}\[\]\"]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS = {"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null"}
_NO_COMMENT = "only '#' and '//' start a comment."
_NOT_FINITE = {"nan", "inf", "infinity", "-nan", "-inf", "-infinity", "+nan", "+inf", "+infinity"}


class _StopReading(Exception):  # noqa: N818  (control flow only: the mistake is in the list)
    """The rest of the text cannot be parsed."""


def locate(text: str) -> tuple[dict[JsonPath, int], list[tuple[int, str]]]:
    """Return the offset of every entry, and all mistakes.

    Returns
    -------
    tuple
        The offset of every entry by its path: of the key for a member of an object, of the value for an entry of a
        list. And the mistakes, each an offset and a message. Offsets count characters from 0.
    """
    reader = _Reader(text)
    with contextlib.suppress(_StopReading):
        reader.read_all()
    return reader.offsets, reader.mistakes


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.offsets: dict[JsonPath, int] = {}
        self.mistakes: list[tuple[int, str]] = []

    def read_all(self) -> None:
        self._skip_blank()
        if self._here() == "":
            self._stop(0, "the file is empty. Expected an object: { … }.")
        self._read_value(())
        self._skip_blank()
        if self._here() != "":
            self._stop(self.position, f"unexpected text after the end: {self._shown()}. Remove it.")

    def _read_value(self, path: JsonPath) -> None:
        self.offsets.setdefault(path, self.position)
        if len(path) > MAX_DEPTH:
            self._stop(self.position, f"brackets are nested more than {MAX_DEPTH} levels deep.")
        match self._here():
            case "{":
                self._read_object(path)
            case "[":
                self._read_list(path)
            case '"':
                self._read_text()
            case "" | "," | ":" | "}" | "]":
                self._stop(self.position, f"expected a value, found {self._shown()}.")
            case _:
                self._read_word()

    def _read_object(self, path: JsonPath) -> None:
        opened = self._open()
        keys: dict[str, int] = {}
        if self._closed_by("}", opened):
            return
        while True:
            self._read_member(path, keys)
            if self._member_ends("}", opened):
                return
            if self._here() != '"':
                self._stop(self.position, self._no_key())

    def _read_member(self, path: JsonPath, keys: dict[str, int]) -> None:
        start = self.position
        if self._here() != '"':
            self._stop(start, self._no_key())
        key = self._read_text()
        if key in keys:
            line = self.text.count("\n", 0, keys[key]) + 1
            self.mistakes.append((start, f"the key {key!r} is already defined on line {line}."))
        keys.setdefault(key, start)
        self.offsets.setdefault((*path, key), start)
        after_key = self.position
        self._skip_blank()
        if self._here() != ":":
            self._stop(after_key - 1, f"expected ':' after the key {key!r}, found {self._shown()}.")
        self.position += 1
        self._skip_blank()
        self._read_value((*path, key))

    def _read_list(self, path: JsonPath) -> None:
        opened = self._open()
        if self._closed_by("]", opened):
            return
        index = 0
        while True:
            self._read_value((*path, index))
            if self._member_ends("]", opened):
                return
            index += 1

    def _open(self) -> int:
        opened = self.position
        self.position += 1
        self._skip_blank()
        return opened

    def _closed_by(self, bracket: str, opened: int) -> bool:
        if self._here() == bracket:
            self.position += 1
            return True
        if self._here() == "":
            self._stop(opened, f"the {self.text[opened]!r} opened here is never closed: {bracket!r} is missing.")
        return False

    def _member_ends(self, bracket: str, opened: int) -> bool:
        """Skip the comma and return False, or the closing bracket and return True."""
        after_value = self.position
        self._skip_blank()
        if self._closed_by(bracket, opened):
            return True
        if self._here() in "}]":
            line = self.text.count("\n", 0, opened) + 1
            wrong = f"the {self.text[opened]!r} on line {line} is closed by {self._here()!r}"
            self._stop(self.position, f"{wrong}. Expected {bracket!r}.")
        if self._here() != ",":
            # Reported where the value ends; the next one may be several lines below.
            self._stop(after_value - 1, f"a comma is missing before {self._shown()}.")
        comma = self.position
        self.position += 1
        self._skip_blank()
        if self._here() in ("}", "]"):
            self._stop(comma, f"trailing comma before {self._here()!r}. Remove the comma.")
        if self._here() == ",":
            self._stop(self.position, "two commas in a row. Remove one.")
        return False

    def _read_text(self) -> str:
        start = self.position
        try:
            value, self.position = _JSON.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            self._stop(*self._broken_text(start, error))
        if _SURROGATE.search(value):
            self.mistakes.append(
                (start, "this text contains an unpaired surrogate (\\ud800 … \\udfff), which is only half a character.")
            )
        return str(value)

    def _broken_text(self, start: int, error: json.JSONDecodeError) -> tuple[int, str]:
        found = self.text[error.pos : error.pos + 1]
        if "Unterminated" in error.msg or found == "\n":
            return start, "the text that starts here has no closing quote on this line."
        if "control character" in error.msg:
            message = f"text must not contain the control character {found!r}. Write it as {json.dumps(found)}."
            return error.pos, message
        if "uXXXX" in error.msg:
            return error.pos, "'\\u' must be followed by exactly four hexadecimal digits, as in '\\u00e9'."
        found = self.text[error.pos : error.pos + 2]
        return error.pos, f"{found!r} is not a valid escape in JSON. Write a backslash as '\\\\'."

    def _read_word(self) -> None:
        word = self._word()
        start, self.position = self.position, self.position + len(word)
        if word in ("true", "false", "null"):
            return
        if not _NUMBER.fullmatch(word):
            mistake = (start, _no_value(word))
            # NaN ends with the word, so reading can go on; where "'a, b'" ends is a guess.
            if word.lower() not in _NOT_FINITE:
                self._stop(*mistake)
            self.mistakes.append(mistake)
        # Python refuses to convert integers of more than 4300 digits.
        elif not math.isfinite(float(word)) or len(word) > 4000:
            self.mistakes.append((start, f"the number {shortened(word, 38)} is too large."))

    def _no_key(self) -> str:
        found = self._here()
        word = self._word()
        if found in ("", ",", ":", "{", "[", "]"):
            return f"expected a key in double quotes, found {self._shown()}."
        if word.startswith("/*"):
            return _NO_COMMENT
        return f"keys must be in double quotes: {json.dumps(word.strip(chr(39)), ensure_ascii=False)}."

    def _here(self) -> str:
        return self.text[self.position : self.position + 1]

    def _word(self) -> str:
        match = _WORD.match(self.text, self.position)
        return match.group() if match else ""

    def _shown(self) -> str:
        here = self._here()
        if here == "":
            return "the end of the file"
        if here == '"':
            return shortened(self.text[self.position :].split("\n", 1)[0].rstrip(" ,"), 38)
        return repr(shortened(self._word(), 38)) if self._word() else repr(here)

    def _skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def _stop(self, offset: int, message: str) -> None:
        self.mistakes.append((offset, message))
        raise _StopReading


def _no_value(word: str) -> str:
    if word.lower() in _NOT_FINITE:
        return f"{word} is not a number in JSON. Write a finite number or null."
    if word.lower() in _CONSTANTS:
        return f"expected {_CONSTANTS[word.lower()]} as JSON spells it, found {word}."
    if word.startswith("/*"):
        return _NO_COMMENT
    number = _as_number(word)
    if number is not None:
        return f"{shortened(word, 38)} is not a number in JSON. Write {number}."
    return f"text must be in double quotes: {json.dumps(shortened(word.strip(chr(39)), 38), ensure_ascii=False)}."


def _as_number(word: str) -> str | None:
    for convert in (int, lambda text: int(text, 0), float):
        try:
            return repr(convert(word))
        except ValueError:
            continue
    return None
