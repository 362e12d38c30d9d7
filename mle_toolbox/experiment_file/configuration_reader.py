"""Reading and checking one configuration."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, did_you_mean, nearest
from mle_toolbox.experiment_file.json_file import content_digest, line_of, parse_json
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.plan import Configuration, read_only
from mle_toolbox.experiment_file.schema import check_schema
from mle_toolbox.experiment_file.sections import SECTIONS
from mle_toolbox.experiment_file.source_text import read_text
from mle_toolbox.experiment_file.wording import listed, place

__all__ = ["ConfigurationFile", "read_configuration"]


@dataclass(frozen=True)
class ConfigurationFile:
    """A configuration's file and what is wrong with it."""

    name: str
    """What the file is called in messages."""
    configuration: Configuration | None
    """None when the file is no json object."""
    problems: tuple[Problem, ...]


def read_configuration(file: Path, written: Path, name: str) -> ConfigurationFile:
    """Read and check a configuration.

    Parameters
    ----------
    file
        Where it is.
    written
        Its path as the experiment file writes it.
    name
        What the file is called in messages.
    """
    try:
        text = read_text(file, name)
        content = parse_json(text, name)
    except ExperimentFileError as error:
        return ConfigurationFile(name, None, error.problems)
    lines = functools.partial(line_of, text)
    checked = check_schema(content, lines, name, "configuration")
    if not isinstance(content, Mapping):
        return ConfigurationFile(name, None, checked.problems)
    found = [Problem(name, lines(path), message) for path, message in _mistakes(content, checked.data)]
    configuration = Configuration(written.stem, written, read_only(content), content_digest(content))
    return ConfigurationFile(name, configuration, (*checked.problems, *found))


def _mistakes(content: Mapping[str, Any], usable: Mapping[str, Any]) -> Iterator[tuple[JsonPath, str]]:
    """Yield what a schema cannot say; ``usable`` is what is well-formed of ``content``, with defaults."""
    yield from _misspelt_sections(content)
    if "net_config" in content and "model_config" in content:
        yield ("model_config",), "net_config and model_config are two names of one section. Remove one of them."
    log = usable.get("log_config") or {}
    yield from _names_that_are_both(log)
    for tracked, printed in (("time_to_track", "time_to_print"), ("what_to_track", "what_to_print")):
        yield from _printed_but_not_tracked(log, tracked, printed)


def _misspelt_sections(content: Mapping[str, Any]) -> Iterator[tuple[JsonPath, str]]:
    for section in content:
        meant = _misspelt(section)
        # Without the section that was meant, the schema has complained already.
        if meant is not None and (meant in content or meant not in ("train_config", "log_config")):
            yield (section,), f"unknown section {section!r}. Did you mean {meant!r}?"


def _misspelt(section: str) -> str | None:
    """Return the section that ``section`` must have been meant to be; a section of the user's own is none.

    `test_config` is as near to `net_config` as a slip would be, so the first word must be right and only
    "config", the case or the separator may be wrong.
    """
    if section in SECTIONS:
        return None
    head, _, tail = section.lower().replace("-", "_").replace(" ", "_").partition("_")
    for known in SECTIONS:
        word = known.removesuffix("_config")
        if section.lower() in (known, word + "config") or (head == word and nearest(tail, ["config"])):
            return known
    return None


def _names_that_are_both(log: Mapping[str, Any]) -> Iterator[tuple[JsonPath, str]]:
    times = log.get("time_to_track") or []
    for index, name in enumerate(log.get("what_to_track") or []):
        if name in times:
            message = f"{name!r} is in time_to_track and in what_to_track. A name is either a time or a metric."
            yield ("log_config", "what_to_track", index), message


def _printed_but_not_tracked(log: Mapping[str, Any], tracked: str, printed: str) -> Iterator[tuple[JsonPath, str]]:
    names = log.get(tracked)
    if not names:
        return
    for index, name in enumerate(log.get(printed) or []):
        if name not in names:
            here = place(("log_config", printed))
            message = f"{name!r} of {here} is not tracked: {tracked} holds {listed(names)}."
            yield ("log_config", printed, index), message + did_you_mean(name, names)
