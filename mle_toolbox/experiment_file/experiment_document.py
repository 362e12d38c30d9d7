"""Reads the YAML of an experiment file, with the values of the command line in it.

Which values are numbers and which text, and under which of its names each section is kept. Reads no other file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, did_you_mean
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.schema import load_schema
from mle_toolbox.experiment_file.set_values import is_set, with_set_values
from mle_toolbox.experiment_file.source_text import trouble_with_file
from mle_toolbox.experiment_file.yaml_file import Document, read_yaml
from mle_toolbox.wording import expected

__all__ = ["read_document", "under_primary_names"]

# The original mle-toolbox renamed these keys from version to version; experiment files of all versions are accepted.
_OTHER_NAMES = {
    "experiment_type": "job_type",
    "multi_config_args": "multi_experiment_args",
    "partition": "queue",
    "post_process_args": "post_processing_args",
    "process_fname": "processing_fname",
    "process_job_args": "processing_job_args",
}


def read_document(path: Path, given: Mapping[str, str]) -> Document:
    """Read an experiment file, with the values of the command line in place of its own.

    Raises
    ------
    ExperimentFileError
        When the file does not exist, cannot be read or is empty.
    """
    if trouble_with_file(path) == "does not exist":
        others = [str(path.parent / other.name) for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        advice = did_you_mean(str(path), sorted(others))
        raise ExperimentFileError([Problem(str(path), 0, f"this file does not exist.{advice}")])
    document = read_yaml(path, strict=_is_for_scripts, bare_exponents=_has_bare_exponents)
    document = _with_given(document, given)
    document = with_set_values(document, given, strict=_is_for_scripts, bare_exponents=_has_bare_exponents)
    if document.data is None:
        what = expected(load_schema("experiment"))
        raise ExperimentFileError([Problem(document.name, 0, f"the file is empty. Expected {what}.")])
    return document


def _with_given(document: Document, given: Mapping[str, str]) -> Document:
    """Return the document with the values of the command line in place of its own."""
    if not given or not isinstance(document.data, Mapping):
        return document
    meta = document.data.get("meta_job_args")
    if not isinstance(meta, Mapping):
        return document
    paths = {name: value for name, value in given.items() if not is_set(name)}
    return replace(document, data={**document.data, "meta_job_args": {**meta, **paths}})


# What a search varies, by its two names.
_SPACES = frozenset({"search_params", "params_to_search"})


def _is_for_scripts(path: JsonPath) -> bool:
    """Return whether a value becomes part of configurations."""
    return path[:1] == ("param_search_args",) and not _SPACES.isdisjoint(path)


def _has_bare_exponents(path: JsonPath) -> bool:
    """Return whether ``1e-5`` is a number here."""
    # Not in a text: a name such as 1e5 was accepted there before. And a script gets its arguments as written.
    if "extra_cmd_line_input" in path:
        return False
    rules: Mapping[str, Any] = load_schema("experiment")
    for part in path:
        inner = rules.get("items") if isinstance(part, int) else rules.get("properties", {}).get(part)
        rules = inner if isinstance(inner, Mapping) else {}
    kinds = rules.get("type", [])
    return "string" not in kinds or "integer" in kinds


def under_primary_names(usable: Mapping[str, Any], given: Any) -> dict[str, dict[str, Any]]:
    """Return the sections with every section and key under its primary name.

    Parameters
    ----------
    usable
        The valid content of the file, with defaults.
    given
        The content as it is in the file.
    """
    settings: dict[str, dict[str, Any]] = {}
    given = given if isinstance(given, Mapping) else {}
    for section, members in usable.items():
        primary: str = _OTHER_NAMES.get(section, section)
        # The schema fills in defaults under both names of a section; those must not replace what the user wrote.
        if not isinstance(members, Mapping) or (primary in settings and section not in given):
            continue
        settings[primary] = renamed = {}
        for key, value in members.items():
            name = _OTHER_NAMES.get(key, key)
            if value is not None or name not in renamed:
                renamed[name] = value
    return {"meta_job_args": {}, "multi_experiment_args": {}, "single_job_args": {}} | settings
