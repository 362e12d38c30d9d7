"""``extra_cmd_line_input`` as command-line arguments, and back, without losing the types of its values.

An argument has no type. So numbers and booleans are separate arguments (``-lrate 0.1``), and a string that would be
parsed as one of them is joined to its name (``-version=1.10``), which option parsers understand.

Standard library only: training scripts read their command line with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["parse_value", "values_of", "words_of"]

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NAME = re.compile(r"--?([A-Za-z_][A-Za-z0-9_.\-]*)(?:(=)(.*))?", re.DOTALL)


def words_of(extra: Mapping[str, Any]) -> Iterator[str]:
    """Yield the arguments for strings, numbers and booleans by name.

    >>> list(words_of({"lrate": 0.5, "fast": True, "name": "a b", "version": "1.10", "flag": "-v"}))
    ['-lrate', '0.5', '-fast', 'true', '-name', 'a b', '-version=1.10', '-flag=-v']
    """
    for name, value in extra.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        # Snakemake drops an empty argument, and an option parser takes one with a dash for an option.
        if isinstance(value, str) and (not text or text.startswith("-") or not isinstance(parse_value(text), str)):
            yield f"-{name}={text}"
        else:
            yield f"-{name}"
            yield text


def values_of(words: Sequence[str]) -> dict[str, Any] | None:
    """Return the mapping that ``words_of`` was given, or None when it did not produce these words.

    An option of two dashes is one that the script declares (``script_options.py``), and so need not have a value.
    Unlike on a command line typed by hand, every other option has exactly one value here, and a value joined to its
    name is a string. So the option ``-inf`` and the value ``-inf`` can be distinguished.
    """
    values: dict[str, Any] = {}
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        name = _NAME.fullmatch(word)
        if name is None:
            return None
        if name[2]:
            values[name[1]] = name[3]
            continue
        value = parse_value(rest.pop()) if rest else "-"
        if isinstance(value, str) and value.startswith("-"):
            if not word.startswith("--"):
                return None
            rest += [value] if value != "-" else []
            value = True
        values[name[1]] = value
    return values


def parse_value(text: str) -> bool | int | float | str:
    """Return the number or boolean that ``text`` spells, or the text itself.

    >>> [parse_value(text) for text in ("3", "1e-3", "true", "3 layers")]
    [3, 0.001, True, '3 layers']
    """
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        # Python refuses to convert integers of more than 4300 digits; nobody means a number of 1000.
        return int(text) if len(text) < 1000 else text
    try:
        # float() also accepts "1_000" and " 1 ", which are not meant as numbers.
        return text if "_" in text or text != text.strip() else float(text)
    except ValueError:
        return text
