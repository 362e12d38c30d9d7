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
from mle_toolbox.installed_first import installed_modules

__all__ = [
    "CONFIGURATION_SUFFIXES",
    "ParsedConfiguration",
    "is_yaml",
    "parse_configuration",
    "text_of_configuration",
]

CONFIGURATION_SUFFIXES = (".json", ".yaml", ".yml")

# Not compiled at import, which every training script waits for.
_FIRST_KEY_OF_YAML = r"(?:[ \t]*(?:#[^\n]*)?\n|---[ \t]*\n)*[A-Za-z_]\w*:(?:[ \t\n]|\Z)"


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
        with installed_modules():  # not from a yaml.py beside the script
            from mle_toolbox.experiment_file.yaml_configuration import parse_yaml_configuration
        return ParsedConfiguration(*parse_yaml_configuration(text, name))
    try:
        # Positions are computed on demand: only a file with a mistake needs them.
        return ParsedConfiguration(parse_json(text, name), functools.partial(line_of, text))
    except ExperimentFileError as error:
        if PurePath(name).suffix.lower() not in CONFIGURATION_SUFFIXES:
            message = "a configuration must be a .json, .yaml or .yml file."
            raise ExperimentFileError([Problem(name, 0, message)]) from error
        if re.match(_FIRST_KEY_OF_YAML, text):
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
    with installed_modules():
        from mle_toolbox.experiment_file.yaml_configuration import yaml_of
    return yaml_of(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number, so a configuration cannot contain it")
    return value
