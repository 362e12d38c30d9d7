"""The configuration of a run: its file merged with the arguments of the constructor, and checked lightly.

The full check against the schema happens before anything is submitted. Here only what this process relies on is
checked, so that no schema has to be loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, UsageError, did_you_mean, tracked_or_added
from mle_toolbox.experiment_file.added_metrics import may_add_metrics
from mle_toolbox.experiment_file.configuration_text import ParsedConfiguration, is_yaml, parse_configuration
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.log_keys import OWN_CLOCKS, is_unused
from mle_toolbox.experiment_file.sections import NO_SECTIONS, SECTIONS, has_sections
from mle_toolbox.experiment_file.source_text import read_text, text_of
from mle_toolbox.installed_first import installed_modules
from mle_toolbox.seed_run.frozen_code import frozen_bytes

__all__ = ["LoadedConfiguration", "load_configuration", "read_configuration_file"]

_FLAGS = ("verbose", "use_tboard", "use_wandb", "overwrite", "overwrite_experiment_dir", "top_k_minimize_metric")
# Of these, a value that is not null is left to the schema.
_RARE = ("save_every_k_ckpt", "save_top_k_ckpt", "top_k_metric_name", "ckpt_time_to_track", "wandb_config")
_LOG_KEYS = (
    "time_to_track",
    "what_to_track",
    "time_to_print",
    "what_to_print",
    "print_every_k_updates",
    "log_every_j_steps",
    "tboard_fname",
    "model_type",
    *_FLAGS,
    *_RARE,
)


@dataclass(frozen=True)
class LoadedConfiguration:
    """The configuration of one run."""

    name: str
    """The stem of the file, and the name of its results folder."""
    file: str
    """The file as it was named, or another description of the source."""
    content: dict[str, Any]
    digest: str
    """The hash of the content."""
    planned: dict[str, Any]
    """The content as the plan of an experiment knows it: without sections that the script adds to the file."""


def load_configuration(
    file: Path | None, sections: Mapping[str, Any], name: str, *, file_wins: bool, script: Path | None = None
) -> LoadedConfiguration:
    """Read and check a configuration.

    Parameters
    ----------
    file
        The file, .json or .yaml; None when all sections are given in the script.
    sections
        Sections passed to the constructor.
    name
        Name of the configuration when there is no file.
    file_wins
        Whether a section of the file overrides the same section of the constructor: when the command line names the
        file.
    script
        The script that runs with it, which may track further metrics.

    Raises
    ------
    ExperimentFileError
        When the file is not a configuration; lists every mistake with file and line.
    UsageError
        When a section given in the script cannot be written as JSON.
    """
    shown = str(file) if file is not None else "the arguments of MLExperiment()"
    from_file, line = _parsed(file) if file is not None else ParsedConfiguration({}, lambda _: 0)
    if not isinstance(from_file, dict):
        raise ExperimentFileError(
            [Problem(shown, 1, "a configuration must be an object { … } that contains sections.")]
        )
    given = {_name_in(from_file, key): _as_json(key, value) for key, value in sections.items() if value is not None}
    content = {**given, **from_file} if file_wins else {**from_file, **given}
    if "log_config" in given and "train_config" not in given and not has_sections(from_file):
        # A file without sections is the train_config of a script that gives its log_config itself.
        content = {**given, "train_config": from_file}
    problems = [*_missing_sections(content), *_log_problems(content.get("log_config"), script)]
    if problems and file is not None and is_yaml(file.name):
        _check_by_schema(content, shown, line, script)
    if problems:
        raise ExperimentFileError(Problem(shown, line(path) if path else 0, said) for path, said in problems)
    if not _has_only_sure_keys(content["log_config"]):
        _check_by_schema(content, shown, line, script)
    planned = from_file if file_wins else content
    return LoadedConfiguration(
        file.stem if file is not None else name, shown, content, content_digest(content), planned
    )


def _name_in(content: Mapping[str, Any], section: str) -> str:
    """Return the section's name in the file: net_config and model_config are two names for the same section."""
    other = {"net_config": "model_config", "model_config": "net_config"}.get(section, section)
    return other if other in content else section


_Found = tuple[tuple[str, ...], str]


def _missing_sections(content: Mapping[str, Any]) -> list[_Found]:
    if content and not has_sections(content):
        return [((), NO_SECTIONS)]
    found: list[_Found] = []
    for section in ("train_config", "log_config"):
        if section not in content:
            near = next((key for key in content if key not in SECTIONS and did_you_mean(key, [section])), None)
            advice = f" Found {near!r} instead. Did you mean {section!r}?" if near is not None else ""
            found.append(((), f"the section {section!r} is missing.{advice}"))
    for section in SECTIONS:
        is_left_out = content.get(section) is None and section not in ("train_config", "log_config")
        if section in content and not is_left_out and not isinstance(content[section], dict):
            found.append(((section,), f"{section!r} must be an object {{ … }}, found {content[section]!r}."))
    return found


def _log_problems(log_config: Any, script: Path | None) -> list[_Found]:
    if not isinstance(log_config, dict):
        return []
    found: list[_Found] = []
    for key in ("time_to_track", "what_to_track"):
        if key not in log_config:
            found.append((("log_config",), f"{key!r} is missing in log_config. Expected a list of names."))
    for tracked, printed in (("time_to_track", "time_to_print"), ("what_to_track", "what_to_print")):
        found += _list_problems(log_config, tracked, printed, script)
    for key in ("print_every_k_updates", "log_every_j_steps"):
        every = log_config.get(key)
        is_left_out = every is None or every is False
        if not is_left_out and not (isinstance(every, int) and not isinstance(every, bool) and every >= 1):
            found.append((("log_config", key), f"{key!r} must be a whole number of at least 1, or null."))
    if log_config.get("overwrite_experiment_dir") not in (0, 1, None):
        text = "'overwrite_experiment_dir' must be 0, 1, true or false."
        found.append((("log_config", "overwrite_experiment_dir"), text))
    name = log_config.get("tboard_fname")
    if not is_unused(name) and not (isinstance(name, str) and "/" not in name and not name.startswith(".")):
        text = f"'tboard_fname' must be a plain name, without '/' and not beginning with '.', or null; found {name!r}."
        found.append((("log_config", "tboard_fname"), text))
    return found


def _has_only_sure_keys(log_config: Mapping[str, Any]) -> bool:
    """Return whether every key of log_config is certainly right, so that the schema need not be loaded."""
    for key, value in log_config.items():
        allowed = (0, 1, None) if key in _FLAGS else (None,) if key in _RARE else (value,)
        if key not in _LOG_KEYS or value not in allowed:
            return False
    return True


def _check_by_schema(
    content: Mapping[str, Any], shown: str, line: Callable[[tuple[Any, ...]], int], script: Path | None
) -> None:
    """Raise what `mle run` would say about the same content."""
    with installed_modules():
        from mle_toolbox.experiment_file.configuration_reader import configuration_problems
    problems = list(configuration_problems(content, line, shown, script))
    if problems:
        raise ExperimentFileError(problems)


def _list_problems(log_config: Mapping[str, Any], tracked: str, printed: str, script: Path | None) -> list[_Found]:
    found: list[_Found] = []
    for key in (tracked, printed):
        value = log_config.get(key)
        is_left_out = value is None or (key == printed and is_unused(value))
        if not is_left_out and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            found.append((("log_config", key), f"{key!r} must be a list of names, found {value!r}."))
    names, shown = log_config.get(tracked), log_config.get(printed)
    if not found and names is not None:
        for name in shown or ():
            is_known = name in names or name in OWN_CLOCKS
            if not is_known and not (printed == "what_to_print" and may_add_metrics(script)):
                advice = tracked_or_added(name, names, tracked)
                text = f"{printed!r} names {name!r}, which is not in {tracked!r}: {names}.{advice}"
                found.append((("log_config", printed), text))
    return found


def read_configuration_file(file: Path) -> Any:
    """Return the content of a configuration file: as of the start of the experiment if stored, else as it is now.

    Raises
    ------
    ExperimentFileError
        When it cannot be read.
    """
    return _parsed(file).content


def _parsed(file: Path) -> ParsedConfiguration:
    stored, name = frozen_bytes(file), str(file)
    return parse_configuration(text_of(stored, name) if stored is not None else read_text(file, name), name)


def _as_json(name: str, section: Any) -> Any:
    """Return a section given in the script as its JSON file would contain it."""
    plain = section.to_dict() if hasattr(section, "to_dict") else section
    try:
        # Through JSON, so that the run sees what its config.json contains: lists for tuples, plain numbers.
        return json.loads(json.dumps(plain, allow_nan=False, default=_scalar))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}, passed to MLExperiment(), cannot be written as JSON: {error}.") from None


def _scalar(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a JSON type")
