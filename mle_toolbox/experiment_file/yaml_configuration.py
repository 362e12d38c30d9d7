"""Reads and writes a configuration as YAML; ``configuration_text`` imports it when there is one.

What is read is strict: see ``yaml_scalars``. What is written has every text in quotes that some reader could take for
something else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import yaml

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.json_file import parse_json
from mle_toolbox.experiment_file.yaml_file import parse_yaml
from mle_toolbox.experiment_file.yaml_scalars import is_plain_text
from mle_toolbox.wording import JsonPath, found, hint

__all__ = ["parse_yaml_configuration", "yaml_of"]


def parse_yaml_configuration(text: str, name: str) -> tuple[dict[str, Any], Callable[[JsonPath], int]]:
    """Return the content of a configuration, and a function that returns the line of the entry at a path.

    Parameters
    ----------
    text
        The text of the file.
    name
        The file's name in messages.

    Raises
    ------
    ExperimentFileError
        Lists every mistake with file and line.
    """
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
    return document.data, lambda path: document.line(path) or document.lines[()]


def yaml_of(content: dict[str, Any]) -> str:
    """Return the YAML of a content that consists of dictionaries, lists and scalars."""
    text: str = yaml.dump(
        content, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=True, width=2**30
    )
    return text


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


@functools.cache
def _dumper() -> Any:
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
