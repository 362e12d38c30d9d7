"""A configuration as text, ``.json`` or ``.yaml``: the one place that knows both formats.

The same content in either has the same meaning, so only the suffix of the file decides how it is read. Standard library
only at import: training scripts read their configuration with it, and yaml is imported when there is some to read.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.json_file import line_of, parse_json
from mle_toolbox.experiment_file.yaml_scalars import is_plain_text
from mle_toolbox.installed_first import installed_modules
from mle_toolbox.wording import found, hint

__all__ = [
    "CONFIGURATION_SUFFIXES",
    "ParsedConfiguration",
    "is_yaml",
    "parse_configuration",
    "text_of_configuration",
]

CONFIGURATION_SUFFIXES = (".json", ".yaml", ".yml")

_FIRST_KEY_OF_YAML = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n|---[ \t]*\n)*[A-Za-z_]\w*:(?:[ \t\n]|\Z)")


class ParsedConfiguration(NamedTuple):
    """The content of a configuration file."""

    content: Any
    """Of any type that JSON has; a valid configuration is a mapping."""
    line: Callable[[tuple[str | int, ...]], int]
    """Returns the line, from 1, of the entry at a path, or of the innermost one around it."""


def is_yaml(name: str) -> bool:
    """Return whether a file of this name is YAML."""
    return PurePath(name).suffix.lower() in (".yaml", ".yml")


def parse_configuration(text: str, name: str) -> ParsedConfiguration:
    """Return the content of a configuration.

    Parameters
    ----------
    text
        The text of the file.
    name
        The file's name in messages; its suffix decides the format.

    Raises
    ------
    ExperimentFileError
        Lists every mistake with file and line.

    Examples
    --------
    >>> parse_configuration("lrate: 5e-04  # as in the paper", "config.yaml").content
    {'lrate': 0.0005}
    """
    if is_yaml(name):
        return _parsed_yaml(text, name)
    try:
        # Positions are computed on demand: only a file with a mistake needs them.
        return ParsedConfiguration(parse_json(text, name), functools.partial(line_of, text))
    except ExperimentFileError as error:
        if PurePath(name).suffix.lower() not in CONFIGURATION_SUFFIXES:
            message = "a configuration must be a .json, .yaml or .yml file."
            raise ExperimentFileError([Problem(name, 0, message)]) from error
        if _FIRST_KEY_OF_YAML.match(text):
            message = f"this is YAML, not JSON. Rename the file to {PurePath(name).with_suffix('.yaml').name}."
            raise ExperimentFileError([Problem(name, 1, message)]) from error
        raise


def text_of_configuration(content: Mapping[str, Any], suffix: str) -> str:
    """Return the text of a configuration file: ``parse_configuration`` reads exactly this content from it.

    Other readers do, too: every text is in quotes that one of them could take for a number or a truth value.

    Parameters
    ----------
    content
        The configuration; mappings of any kind, lists or tuples, text, finite numbers, booleans and None. The order of
        keys is kept.
    suffix
        ``".json"``, ``".yaml"`` or ``".yml"``; case is ignored.

    Raises
    ------
    ValueError
        When a number is not finite.
    """
    plain = _plain(content)
    if not is_yaml(f"c{suffix}"):
        return json.dumps(plain, indent=4, ensure_ascii=False, allow_nan=False) + "\n"
    # Not from a yaml.py beside the script.
    with installed_modules():
        import yaml

    text: str = yaml.dump(
        plain, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=True, width=2**30
    )
    return text


def _parsed_yaml(text: str, name: str) -> ParsedConfiguration:
    with installed_modules():
        from mle_toolbox.experiment_file.yaml_file import parse_yaml
    try:
        document = parse_yaml(text, name, strict=lambda _: True)
    except ExperimentFileError:
        if _is_json_with_comments(text, name):
            message = (
                f"this is JSON with comments, not YAML. Rename the file to {PurePath(name).with_suffix('.json').name}."
            )
            raise ExperimentFileError([Problem(name, 1, message)]) from None
        raise
    if not isinstance(document.data, dict):
        raise ExperimentFileError(
            [Problem(name, 1 if document.data is None else document.lines[()], _no_sections(document.data))]
        )
    # Without a path that is found, the line of the first entry, as in JSON.
    return ParsedConfiguration(document.data, lambda path: document.line(path) or document.lines[()])


def _no_sections(content: Any) -> str:
    sections = "sections, such as 'train_config:' with its keys in the lines below"
    if content is None:
        return f"the file is empty. Expected {sections}."
    return f"the file must contain {sections}, found {found(content)}.{hint(content, {'type': 'object'})}"


def _is_json_with_comments(text: str, name: str) -> bool:
    if "//" not in text or not text.lstrip().startswith("{"):
        return False
    try:
        parse_json(text, name)
    except ExperimentFileError:
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number, so a configuration cannot contain it")
    return value


@functools.cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: Any, text: str) -> Any:
        # The other styles of PyYAML's emitter lose some of the rarer line ends.
        style = None if is_plain_text(text) and text.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    # Such as [64, 64], as people write them.
    def represent_list(dumper: Any, entries: list[Any]) -> Any:
        is_short = not any(isinstance(entry, dict | list) for entry in entries)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", entries, flow_style=is_short)

    Dumper.add_representer(str, represent_text)
    Dumper.add_representer(list, represent_list)
    return Dumper
