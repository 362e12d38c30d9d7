"""Reads an experiment file: YAML with the line of every entry.

PyYAML's composer knows the lines but its constructor drops them, so the nodes are converted to data here. Values that
YAML 1.1 reads as something else than they look like are rejected. Knows nothing of what the keys mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.source_text import MAX_DEPTH, read_text
from mle_toolbox.experiment_file.yaml_mistakes import explain

__all__ = ["Document", "read_yaml"]

# Aliases of aliases can expand a file of a few lines to billions of entries.
_MAX_ENTRIES = 100_000
_MAX_BITS = 1024
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """The contents of one of the user's files."""

    name: str
    """The file's name in messages."""
    data: Any
    """Mappings with string keys, lists, strings, numbers, booleans and None."""
    lines: dict[JsonPath, int]
    """Line, from 1, of every entry: of its key in a mapping, of its value in a list; of the document at ``()``."""

    def line(self, path: JsonPath) -> int:
        """Return the line of the entry at ``path``, or of the innermost one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0) if path else 0


def read_yaml(path: Path, name: str | None = None) -> Document:
    """Return the data of a YAML file and the line of every entry.

    Parameters
    ----------
    path
        The file: UTF-8, with or without a byte order mark.
    name
        The file's name in messages; ``path`` by default.

    Raises
    ------
    ExperimentFileError
        When the file cannot be read, is not YAML, has a duplicate key, or contains a value that YAML reads as something
        else than it looks like. Lists every mistake with file and line.
    """
    name = str(path) if name is None else name
    text = read_text(path, name)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ExperimentFileError([explain(error, text, name)]) from error
    if root is None:
        return Document(name, None, {(): 1})
    reader = _NodeReader(name)
    data = reader.value(root, (), ())
    if reader.problems:
        raise ExperimentFileError(sorted(set(reader.problems)))
    return Document(name, data, reader.lines)


class _NodeReader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[JsonPath, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: Node, path: JsonPath, above: tuple[Node, ...]) -> Any:
        """Return the data of ``node``; ``above`` are the nodes around it, to detect an alias that contains itself."""
        self.lines.setdefault(path, _line(node))
        if node in above or len(above) > MAX_DEPTH or len(self.lines) > _MAX_ENTRIES:
            self._problem(node, "entries are nested too deeply or repeated too often.")
            return None
        if isinstance(node, MappingNode):
            return dict(self._members(node, path, (*above, node)))
        if isinstance(node, SequenceNode):
            entries = enumerate(node.value)
            return [self.value(entry, (*path, index), (*above, node)) for index, entry in entries]
        return self._scalar(node) if isinstance(node, ScalarNode) else None

    def _members(self, node: MappingNode, path: JsonPath, above: tuple[Node, ...]) -> Iterator[tuple[str, Any]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._problem(key_node, "a key must be plain text.")
                continue
            # The text as written: YAML would read the key `on` as true and `1` as a number.
            key, line = key_node.value, _line(key_node)
            if key_node.tag == _TAG + "merge":
                self._problem(key_node, "merge keys ('<<') are not supported. Write the entries out.")
            elif key in first_lines:
                self._problem(key_node, f"the key {key!r} is already defined on line {first_lines[key]}.")
            else:
                first_lines[key] = line
                self.lines[(*path, key)] = line
                yield key, self.value(value_node, (*path, key), above)

    def _scalar(self, node: ScalarNode) -> Any:
        text = str(node.value)
        kind = node.tag.removeprefix(_TAG)
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            self._problem(
                node, "this text contains an unpaired surrogate (\\ud800 … \\udfff), which is only half a character."
            )
            return None
        try:
            match kind:
                # A date stays text: neither JSON nor a command line has a type for it.
                case "str" | "timestamp" | "value":
                    return text
                case "null":
                    return None
                case "bool":
                    return yaml.SafeLoader.bool_values[text.lower()]
                case "int" | "float":
                    return self._number(node, text, kind)
        except (ValueError, KeyError, IndexError):  # PyYAML raises IndexError for an empty `!!int`
            pass
        self._problem(node, f"{_short(text)!r} has the tag {node.tag!r}, which is not supported.")
        return None

    def _number(self, node: ScalarNode, text: str, kind: str) -> int | float:
        maker = yaml.SafeLoader("")
        number: int | float = maker.construct_yaml_int(node) if kind == "int" else maker.construct_yaml_float(node)
        digits = text.lstrip("+-").replace("_", "")
        if isinstance(number, int) and number.bit_length() > _MAX_BITS:
            # Python refuses to convert such a number to text, so it could not be shown anywhere.
            self._problem(node, f"the number {_short(text)} is too large.")
            return 0
        if ":" in text:
            read_as = f"{text} without quotes is the number {number} in YAML."
            self._problem(node, f'{read_as} Write it in quotes: "{text}".')
        elif kind == "int" and digits[0] == "0" and digits[1:].isdecimal():
            read_as = f"{text} without quotes is the octal number {number} in YAML."
            self._problem(node, f'{read_as} Write {int(digits)}, or "{text}" in quotes.')
        return number

    def _problem(self, node: Node, message: str) -> None:
        self.problems.append(Problem(self.name, _line(node), message))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
