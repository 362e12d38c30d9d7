"""Reads YAML, experiment files and configurations: their data, and the line of every entry.

PyYAML's composer knows the lines but its constructor drops them, so the nodes are converted to data here; what text
without quotes means is decided in ``yaml_scalars``. Knows nothing of what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.source_text import MAX_DEPTH, read_text
from mle_toolbox.experiment_file.yaml_mistakes import explain
from mle_toolbox.experiment_file.yaml_scalars import SPOKEN_WORDS, PlainTextError, starts_with_number, value_of
from mle_toolbox.wording import shortened

__all__ = ["Document", "parse_yaml", "read_yaml"]

# Aliases of aliases can expand a file of a few lines to billions of entries.
_MAX_REPEATED = 100_000
_TAG = "tag:yaml.org,2002:"
_PLAIN = _TAG + "plain"
_MERGE = _TAG + "merge"
_PAIR_OF_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
_TOO_MUCH = "entries are nested too deeply or repeated too often."

Where = Callable[[JsonPath], bool]


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


def _nowhere(_: JsonPath) -> bool:
    return False


def read_yaml(
    path: Path, name: str | None = None, *, strict: Where = _nowhere, bare_exponents: Where = lambda _: True
) -> Document:
    """Return the data of a YAML file and the line of every entry; see ``parse_yaml``.

    Parameters
    ----------
    path
        The file: UTF-8, with or without a byte order mark.
    name
        The file's name in messages; ``path`` by default.
    strict, bare_exponents
        See ``parse_yaml``.

    Raises
    ------
    ExperimentFileError
        When the file cannot be read or is not accepted.
    """
    name = str(path) if name is None else name
    return parse_yaml(read_text(path, name), name, strict=strict, bare_exponents=bare_exponents)


def parse_yaml(text: str, name: str, *, strict: Where = _nowhere, bare_exponents: Where = lambda _: True) -> Document:
    """Return the data of a YAML text and the line of every entry.

    Parameters
    ----------
    text
        The text.
    name
        The file's name in messages.
    strict
        At which paths there are values for a training script, which are read strictly: see ``yaml_scalars``. Only
        there are merge keys (``<<``) allowed, because the original mle-toolbox reads them in configurations.
    bare_exponents
        At which paths ``1e-5`` is a number.

    Raises
    ------
    ExperimentFileError
        When it is not YAML, has a duplicate key, or contains a value that YAML reads as something else than it looks
        like. Lists every mistake with file and line.
    """
    root = _composed(text, name)
    if root is None:
        return Document(name, None, {(): 1})
    reader = _NodeReader(name, len(text), strict, bare_exponents)
    data = reader.value(root, (), ())
    if reader.problems:
        raise ExperimentFileError(sorted(set(reader.problems)))
    return Document(name, data, reader.lines)


class _Resolver:
    """Marks text without quotes: PyYAML would only say what it takes it for."""

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        if kind is ScalarNode and implicit[0]:
            return _MERGE if value == "<<" else _PLAIN
        return str(super().resolve(kind, value, implicit))  # type: ignore[misc]


class _Loader(_Resolver, yaml.SafeLoader):
    pass


QUICK_LOADER: Any = type("QuickLoader", (_Resolver, yaml.CSafeLoader), {}) if yaml.__with_libyaml__ else None
"""libyaml, where PyYAML has it."""


def _composed(text: str, name: str) -> Node | None:
    # libyaml is ten times faster, but its messages are worse, it rejects some of what is valid, and on deep nesting it
    # overflows the stack. Nesting is at most as deep as a line is long, apart from brackets.
    is_flat = text.count("[") + text.count("{") < 1000 and max(map(len, text.split("\n"))) < 1000
    if QUICK_LOADER is not None and is_flat:
        try:
            return yaml.compose(text, Loader=QUICK_LOADER)
        except (yaml.YAMLError, ValueError):
            pass
    try:
        return yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ExperimentFileError([explain(error, text, name)]) from error


class _NodeReader:
    def __init__(self, name: str, size: int, strict: Where, bare_exponents: Where) -> None:
        self.name = name
        self.strict, self.bare_exponents = strict, bare_exponents
        self.lines: dict[JsonPath, int] = {}
        self.problems: list[Problem] = []
        # Every entry takes a character at least; what is more comes from aliases.
        self.entries_left = size + _MAX_REPEATED
        self.characters_left = size + 100 * _MAX_REPEATED

    def value(self, node: Node, path: JsonPath, above: tuple[Node, ...]) -> Any:
        """Return the data of ``node``; ``above`` are the nodes around it, to detect an alias that contains itself."""
        self.lines.setdefault(path, _line(node))
        self.entries_left -= 1
        is_too_much = self.entries_left < 0 or self.characters_left < 0
        if is_too_much or node in above or len(above) > MAX_DEPTH:
            self._problem(node, _TOO_MUCH)
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            self._problem(node, f"the tag {node.tag!r} is not supported. Remove it.")
            return None
        if isinstance(node, MappingNode):
            return dict(self._members(node, path, (*above, node)))
        if isinstance(node, SequenceNode):
            entries = enumerate(node.value)
            return [self.value(entry, (*path, index), (*above, node)) for index, entry in entries]
        return None

    def _members(self, node: MappingNode, path: JsonPath, above: tuple[Node, ...]) -> Iterator[tuple[str, Any]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in self._pairs(node, path, above):
            if not isinstance(key_node, ScalarNode):
                is_braced = isinstance(key_node, MappingNode) and key_node.flow_style
                advice = " Put text that contains braces in quotes." if is_braced else ""
                self._problem(key_node, f"a key must be plain text.{advice}")
                continue
            # The text as written: YAML would read the key `on` as true and `1` as a number.
            key, line = _whole(key_node.value), _line(key_node)
            self.characters_left -= len(key)
            if key in first_lines:
                self._problem(key_node, f"the key {key!r} is already defined on line {first_lines[key]}.")
            elif self.strict((*path, key)) and (mistake := _mistaken_key(node, key_node, value_node)) is not None:
                self._problem(key_node, mistake)
            else:
                first_lines[key] = line
                self.lines[(*path, key)] = line
                yield key, self.value(value_node, (*path, key), above)

    def _pairs(self, node: MappingNode, path: JsonPath, above: tuple[Node, ...]) -> list[tuple[Node, Node]]:
        """Return keys and values of a mapping, with those merged into it, which never replace one of its own."""
        pairs = [pair for pair in node.value if pair[0].tag != _MERGE]
        if len(pairs) == len(node.value):
            return pairs
        taken = {key.value for key, _ in pairs if isinstance(key, ScalarNode)}
        for key_node, value_node in node.value:
            for part in self._merged(key_node, value_node, path, above) if key_node.tag == _MERGE else ():
                inherited = [pair for pair in self._pairs(part, path, (*above, part)) if pair[0].value not in taken]
                taken.update(key.value for key, _ in inherited)
                pairs += inherited
        return pairs

    def _merged(
        self, key_node: Node, value_node: Node, path: JsonPath, above: tuple[Node, ...]
    ) -> Iterator[MappingNode]:
        if not self.strict((*path, "<<")):
            self._problem(key_node, "merge keys ('<<') are not supported. Write the entries out.")
            return
        for part in value_node.value if isinstance(value_node, SequenceNode) else [value_node]:
            self.entries_left -= 1
            if self.entries_left < 0 or part in above or len(above) > MAX_DEPTH:
                self._problem(key_node, _TOO_MUCH)
            elif not isinstance(part, MappingNode) or not all(isinstance(key, ScalarNode) for key, _ in part.value):
                self._problem(key_node, "'<<' merges a section into this one. Write '<<: *name'.")
            else:
                yield part

    def _scalar(self, node: ScalarNode, path: JsonPath) -> Any:
        text = _whole(node.value)
        self.characters_left -= len(text)
        if _HALF_A_CHARACTER.search(text):
            self._problem(
                node, "this text contains an unpaired surrogate (\\ud800 … \\udfff), which is only half a character."
            )
            return None
        kind = node.tag.removeprefix(_TAG)
        # A date stays text: neither JSON nor a command line has a type for it.
        if kind in ("str", "timestamp", "value"):
            return text
        strict = self.strict(path)
        try:
            if kind != "plain":
                return _tagged(kind, text, strict=strict)
            if strict and node.start_mark.line != node.end_mark.line and starts_with_number(text):
                self._problem(node, "this number goes on in the next line. Is a ':' missing there?")
                return None
            return value_of(text, strict=strict, bare_exponents=self.bare_exponents(path))
        except PlainTextError as error:
            self._problem(node, str(error))
        except (LookupError, OverflowError):
            is_known = node.tag.startswith(_TAG)
            what = f"{shortened(text, 38)!r} has the tag {node.tag!r}" if is_known else f"{node.tag!r} is a tag in YAML"
            advice = "" if is_known else " Put text that starts with '!' in quotes."
            self._problem(node, f"{what}, which is not supported.{advice}")
        return None

    def _problem(self, node: Node, message: str) -> None:
        self.problems.append(Problem(self.name, _line(node), message))


def _tagged(kind: str, text: str, *, strict: bool) -> Any:
    """Return the value of a scalar with a tag such as ``!!float``; LookupError where it has none."""
    if kind == "null":
        return None
    if kind == "bool":
        return yaml.SafeLoader.bool_values[text.lower()]
    value = value_of(text, strict=strict)
    if type(value) not in {"int": (int,), "float": (int, float)}[kind]:
        raise LookupError(text)
    return float(value) if kind == "float" else value


def _mistaken_key(mapping: MappingNode, key_node: ScalarNode, value_node: Node) -> str | None:
    """Return what is wrong with a key of a configuration, or None."""
    key, is_plain = key_node.value, key_node.tag == _PLAIN
    if mapping.flow_style and value_node.tag == _PLAIN and value_node.value == "":
        if is_plain and ":" in key:
            return f"a space is missing after the ':' in {shortened(key, 38)!r}."
        return f"the key {shortened(key, 38)!r} has no value. Write null, or a list in square brackets: [ … ]."
    if not is_plain:
        return None if key_node.tag == _TAG + "str" else "a key must be plain text."
    if key == "":
        return "a key is missing before this ':'."
    try:
        is_text = key in SPOKEN_WORDS or isinstance(value_of(key, strict=False), str)
    except PlainTextError:
        is_text = False
    key = shortened(key, 38)
    return None if is_text else f'the key {key} is not text in YAML. Write it in quotes: "{key}".'


def _whole(text: str) -> str:
    """Return ``text`` with pairs of surrogates joined: PyYAML reads an emoji that JSON has escaped as two halves."""
    return _PAIR_OF_SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
