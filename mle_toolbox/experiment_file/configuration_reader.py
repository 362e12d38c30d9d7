"""Reads and checks one configuration file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, did_you_mean, tracked_or_added
from mle_toolbox.experiment_file.added_metrics import may_add_metrics
from mle_toolbox.experiment_file.configuration_text import parse_configuration
from mle_toolbox.experiment_file.given_sections import sections_given
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import OWN_CLOCKS
from mle_toolbox.experiment_file.plan import Configuration, read_only
from mle_toolbox.experiment_file.schema import LineOf, check_schema
from mle_toolbox.experiment_file.sections import NO_SECTIONS, has_sections, section_meant
from mle_toolbox.experiment_file.source_text import read_text
from mle_toolbox.text import listed
from mle_toolbox.wording import location

__all__ = ["ConfigurationFile", "configuration_problems", "read_configuration"]


# Stands for a log_config that only the script knows.
_ANY_LOG = {"time_to_track": ["time"], "what_to_track": ["any"]}
_TO_OVERWRITE = ("overwrite_experiment_dir", "overwrite")


@dataclass(frozen=True)
class ConfigurationFile:
    """One configuration file and its problems."""

    name: str
    """The file's name in messages."""
    configuration: Configuration | None
    """None when the file does not contain sections."""
    problems: tuple[Problem, ...]
    line: LineOf = lambda _: 0
    """The line of each of its entries."""


def read_configuration(file: Path, written: Path, name: str, script: Path | None = None) -> ConfigurationFile:
    """Read and check a configuration.

    Parameters
    ----------
    file
        The path to open.
    written
        The path as the experiment file gives it.
    name
        The file's name in messages.
    script
        The script that runs with it, which may track further metrics.
    """
    try:
        content, lines = parse_configuration(read_text(file, name), name)
    except ExperimentFileError as error:
        return ConfigurationFile(name, None, error.problems)
    problems = tuple(configuration_problems(content, lines, name, script))
    if not isinstance(content, Mapping):
        return ConfigurationFile(name, None, problems)
    configuration = Configuration(written.stem, written, read_only(content), content_digest(content))
    return ConfigurationFile(name, configuration, problems, lines)


def configuration_problems(content: Any, lines: LineOf, name: str, script: Path | None) -> Iterator[Problem]:
    """Yield every mistake in the content of a configuration."""
    content = _with_given_sections(content, script)
    if isinstance(content, Mapping) and content and not has_sections(content):
        yield Problem(name, lines(()), NO_SECTIONS)
        return
    checked = check_schema(content, lines, name, "configuration")
    yield from checked.problems
    if isinstance(content, Mapping):
        for path, message in _mistakes(content, checked.data, script):
            yield Problem(name, lines(path), message)


def _with_given_sections(content: Any, script: Path | None) -> Any:
    """Return the content of a file with stand-ins for the required sections that only the script knows."""
    if not isinstance(content, Mapping) or {"train_config", "log_config"} <= content.keys():
        return content
    given = sections_given(script)
    if "log_config" in given and not has_sections(content):
        return {"train_config": content, "log_config": _ANY_LOG}
    stand_ins = {"train_config": {}, "log_config": _ANY_LOG}
    return {**{section: stand_ins[section] for section in stand_ins if section in given}, **content}


def _mistakes(
    content: Mapping[str, Any], usable: Mapping[str, Any], script: Path | None
) -> Iterator[tuple[JsonPath, str]]:
    """Yield mistakes that a schema cannot express; ``usable`` is the valid part of ``content``, with defaults."""
    for section in content:
        meant = section_meant(section)
        # A required section that is missing has already been reported by the schema check.
        if meant is not None and (meant in content or meant not in ("train_config", "log_config")):
            yield (section,), f"unknown section {section!r}. Did you mean {meant!r}?"
    if content.get("net_config") is not None and content.get("model_config") is not None:
        yield ("model_config",), "net_config and model_config are two names for the same section. Remove one of them."
    log = usable.get("log_config") or {}
    both = [bool(content["log_config"].get(key)) for key in _TO_OVERWRITE if log and key in content["log_config"]]
    if len(set(both)) > 1:
        message = f"{' and '.join(_TO_OVERWRITE)} are two names for the same setting. Remove one of them."
        yield ("log_config", "overwrite"), message
    for index, name in enumerate(log.get("what_to_track") or []):
        if name in (log.get("time_to_track") or []):
            message = f"{name!r} is in both time_to_track and what_to_track. A name is either a time or a metric."
            yield ("log_config", "what_to_track", index), message
    for tracked, printed in (("time_to_track", "time_to_print"), ("what_to_track", "what_to_print")):
        names = log.get(tracked) or []
        for index, name in enumerate((log.get(printed) or []) if names else []):
            is_known = name in names or name in OWN_CLOCKS
            if not is_known and not (printed == "what_to_print" and may_add_metrics(script)):
                here = location(("log_config", printed))
                message = f"{name!r} of {here} is not tracked: {tracked} lists {listed(map(repr, names), None)}."
                yield ("log_config", printed, index), message + tracked_or_added(name, names, tracked)
    yield from _mistakes_about_models(log, script)


def _mistakes_about_models(log: Mapping[str, Any], script: Path | None) -> Iterator[tuple[JsonPath, str]]:
    """Yield mistakes in the keys that say which models are kept."""
    times, metrics = log.get("time_to_track") or [], log.get("what_to_track") or []
    metric, time = log.get("top_k_metric_name"), log.get("ckpt_time_to_track")
    if log.get("save_top_k_ckpt") and not metric:
        message = "save_top_k_ckpt needs top_k_metric_name, the metric by which the best models are chosen."
        yield ("log_config", "save_top_k_ckpt"), message
    for key, name, tracked in (
        ("top_k_metric_name", metric, metrics if metrics and not may_add_metrics(script) else []),
        ("ckpt_time_to_track", time, [*times, *OWN_CLOCKS]),
    ):
        if name and tracked and name not in tracked:
            message = f"{key} {name!r} is not tracked: expected one of {listed(map(repr, tracked), None)}."
            yield ("log_config", key), message + did_you_mean(name, tracked)
