"""The configuration of a run: read from its file, with what the constructor was given, and checked lightly.

The full check against the schema is made before anything is submitted; here only what this process relies on is
looked at, so that no schema has to be loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, UsageError, did_you_mean
from mle_toolbox.experiment_file.json_file import content_digest, line_of, parse_json
from mle_toolbox.experiment_file.sections import SECTIONS
from mle_toolbox.experiment_file.source_text import read_text, text_of
from mle_toolbox.seed_run.frozen_code import frozen_bytes

__all__ = ["LoadedConfiguration", "load_configuration", "read_configuration_file"]

_LOG_KEYS = (
    "time_to_track",
    "what_to_track",
    "time_to_print",
    "what_to_print",
    "print_every_k_updates",
    "log_every_j_steps",
    "tboard_fname",
    "overwrite_experiment_dir",
    "model_type",
)


@dataclass(frozen=True)
class LoadedConfiguration:
    """What one run is configured with."""

    name: str
    """The stem of the file: what its results folder is called."""
    file: str
    """The file as it was named, or where else the configuration comes from."""
    content: dict[str, Any]
    digest: str
    """The hash of the content."""
    planned: dict[str, Any]
    """What the plan of an experiment knows of it: without what a script adds to a file of the command line."""


def load_configuration(
    file: Path | None, sections: Mapping[str, Any], name: str, *, file_wins: bool
) -> LoadedConfiguration:
    """Read and check a configuration.

    Parameters
    ----------
    file
        The json file; None when all sections are given in the script.
    sections
        Sections that the constructor was given.
    name
        What the configuration is called when there is no file.
    file_wins
        Whether a section of the file goes before the same section of the constructor: when the command line names
        the file.

    Raises
    ------
    ExperimentFileError
        When the file is no configuration; carries file and line of every mistake.
    UsageError
        When a section given in the script cannot be written as json.
    """
    shown = str(file) if file is not None else "the arguments of MLExperiment()"
    text = _text(file) if file is not None else ""
    from_file = parse_json(text, shown) if file is not None else {}
    if not isinstance(from_file, dict):
        raise ExperimentFileError([Problem(shown, 1, "a configuration is an object { … } with sections in it.")])
    given = {_name_in(from_file, key): _as_json(key, value) for key, value in sections.items() if value is not None}
    content = {**given, **from_file} if file_wins else {**from_file, **given}
    problems = [*_missing_sections(content), *_log_problems(content.get("log_config"))]
    if problems:
        raise ExperimentFileError(Problem(shown, _line(file, text, path), said) for path, said in problems)
    planned = from_file if file_wins else content
    return LoadedConfiguration(
        file.stem if file is not None else name, shown, content, content_digest(content), planned
    )


def _name_in(content: Mapping[str, Any], section: str) -> str:
    """Return what a section is called in the file: net_config and model_config are two names of one section."""
    other = {"net_config": "model_config", "model_config": "net_config"}.get(section, section)
    return other if other in content else section


_Found = tuple[tuple[str, ...], str]


def _missing_sections(content: Mapping[str, Any]) -> list[_Found]:
    found: list[_Found] = []
    for section in ("train_config", "log_config"):
        if section not in content:
            found.append(((), f"the section {section!r} is missing.{_other_spelling(section, content)}"))
    for section in SECTIONS:
        if section in content and not isinstance(content[section], dict):
            found.append(((section,), f"{section!r} must be an object {{ … }}, found {content[section]!r}."))
    return found


def _other_spelling(section: str, content: Mapping[str, Any]) -> str:
    for key in content:
        if key not in SECTIONS and did_you_mean(key, [section]):
            return f" It has {key!r}. Did you mean {section!r}?"
    return ""


def _log_problems(log_config: Any) -> list[_Found]:
    if not isinstance(log_config, dict):
        return []
    found: list[_Found] = [
        (("log_config", key), f"unknown key {key!r} in log_config.{did_you_mean(key, _LOG_KEYS)}")
        for key in log_config
        if key not in _LOG_KEYS
    ]
    for key in ("time_to_track", "what_to_track"):
        if key not in log_config:
            found.append((("log_config",), f"{key!r} is missing in log_config. Expected a list of names."))
    for tracked, printed in (("time_to_track", "time_to_print"), ("what_to_track", "what_to_print")):
        found += _list_problems(log_config, tracked, printed)
    for key in ("print_every_k_updates", "log_every_j_steps"):
        if not _is_count(log_config.get(key)):
            found.append((("log_config", key), f"{key!r} must be a whole number from 1 on, or null."))
    if log_config.get("overwrite_experiment_dir", 0) not in (0, 1):
        text = "'overwrite_experiment_dir' must be 0, 1, true or false."
        found.append((("log_config", "overwrite_experiment_dir"), text))
    return [*found, *_tboard_problems(log_config.get("tboard_fname"))]


def _list_problems(log_config: Mapping[str, Any], tracked: str, printed: str) -> list[_Found]:
    found: list[_Found] = []
    for key in (tracked, printed):
        value = log_config.get(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            found.append((("log_config", key), f"{key!r} must be a list of names, found {value!r}."))
    names, shown = log_config.get(tracked), log_config.get(printed)
    if not found and names is not None:
        for name in shown or ():
            if name not in names:
                text = f"{printed!r} names {name!r}, which is not in {tracked!r}: {names}.{did_you_mean(name, names)}"
                found.append((("log_config", printed), text))
    return found


def _tboard_problems(name: Any) -> list[_Found]:
    if name is None or (isinstance(name, str) and name and "/" not in name and not name.startswith(".")):
        return []
    text = f"'tboard_fname' must be a plain name, without '/' and not beginning with '.', or null; found {name!r}."
    return [(("log_config", "tboard_fname"), text)]


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def read_configuration_file(file: Path) -> Any:
    """Return what a configuration's file said when the experiment was started, or else what it says.

    Raises
    ------
    ExperimentFileError
        When it is no json.
    """
    return parse_json(_text(file), str(file))


def _text(file: Path) -> str:
    """Return the text of a configuration: as it was when the experiment was started, or else as it is."""
    stored = frozen_bytes(file)
    return text_of(stored, str(file)) if stored is not None else read_text(file, str(file))


def _line(file: Path | None, text: str, path: tuple[str, ...]) -> int:
    return line_of(text, path) if file is not None and path else 0


def _as_json(name: str, section: Any) -> Any:
    """Return a section given in the script as what its json file would hold."""
    plain = section.to_dict() if hasattr(section, "to_dict") else section
    try:
        return json.loads(json.dumps(plain, allow_nan=False, default=_scalar))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}, given to MLExperiment(), cannot be written as json: {error}.") from None


def _scalar(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no json type")
