"""A profile is checked before anything starts: Snakemake stops at one mistake at a time, and does not know its line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from mle_cluster.known import scheduler_of_executor
from mle_toolbox.bundle import profiles_dir
from mle_toolbox.errors import ExperimentFileError, Problem, UsageError, did_you_mean
from mle_toolbox.experiment_file.yaml_file import Document, read_yaml
from mle_toolbox.project_profiles import known_profiles
from mle_toolbox.snakemake_side.profile_files import is_computed, profile_file, text_of_value, truth_of_text
from mle_toolbox.snakemake_side.profile_refusal import refusal

__all__ = ["check_profile"]

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def check_profile(name: str, project: Path) -> None:
    """Refuse a profile at which Snakemake, or an executor of ours, would stop.

    Parameters
    ----------
    name
        The value of ``--profile``.
    project
        The project folder.

    Raises
    ------
    UsageError
        When there is no such profile, or the scheduler cannot use the project folder.
    ExperimentFileError
        With file and line of every mistake in it; of those that only Snakemake can see, the first.
    """
    file = profile_file(name, project)
    if file is None:
        known = known_profiles(project)
        raise UsageError(
            f"There is no profile {name!r}.{did_you_mean(name, known)} There are {', '.join(known)}; a folder with a "
            "config.yaml is one too."
        )
    document = read_yaml(file, str(file.relative_to(project) if file.is_relative_to(project) else file))
    if isinstance(document.data, dict) and is_computed(document.data):
        # Only Snakemake's template engine knows the keys and values; it reports mistakes itself.
        return
    problems = sorted(_problems(document))
    if not problems and not _is_as_shipped(document.data):
        refused = refusal(file, project, [key for key in document.data if isinstance(key, str)])
        if refused is not None:
            key, words = refused
            about = f"{key}: " if key is not None else ""
            line = document.line((key,) if key is not None else ())
            problems = [Problem(document.name, line, f"{about}Snakemake refuses this: {words.rstrip('.')}.")]
    if problems:
        raise ExperimentFileError(problems)
    scheduler = scheduler_of_executor(document.data.get("executor"))
    if scheduler is not None and (trouble := scheduler.trouble_with_folder(project)):
        raise UsageError(trouble)


def _is_as_shipped(data: dict[str, Any]) -> bool:
    """Whether all of Snakemake's own settings are also in a profile of ours, so that Snakemake need not be asked."""
    # Asking takes a second, and most profiles differ from ours only in settings of the executor.
    scheduler = scheduler_of_executor(data.get("executor"))
    own = {
        key: value for key, value in data.items() if scheduler is None or not key.startswith(f"{scheduler.executor}-")
    }
    shipped = (read_yaml(each, "").data for each in profiles_dir().glob("*/config.yaml"))
    return any(all(key in keys and keys[key] == value for key, value in own.items()) for keys in shipped)


def _problems(document: Document) -> Iterator[Problem]:
    if not isinstance(document.data, dict):
        there = "; there are none" if document.data is None else ""
        yield Problem(document.name, document.line(()), f"expected lines of the form `key: value`{there}.")
        return
    for key, value in document.data.items():
        if isinstance(value, str) and text_of_value(value) == "":
            yield _problem(
                document,
                key,
                "Snakemake replaces an empty text by the folder of the profile. Remove the line, or write nothing "
                "after the colon.",
            )
    scheduler = scheduler_of_executor(document.data.get("executor"))
    if scheduler is not None:
        yield from _executor_problems(document, scheduler.executor)


def _executor_problems(document: Document, executor: str) -> Iterator[Problem]:
    # Loads Snakemake's interface for plugins, so only for a profile that uses an executor of ours.
    plugin = import_module(f"snakemake_executor_plugin_{executor.replace('-', '_')}.settings")
    prefix = f"{executor}-"
    settings = {
        prefix + name.replace("_", "-"): (name, kind) for name, kind in get_type_hints(plugin.ExecutorSettings).items()
    }
    given: dict[str, Any] = {}
    for key, value in document.data.items():
        if not key.startswith(prefix) or value in (None, ""):
            continue
        if key not in settings:
            yield _problem(document, key, f"there is no such setting.{did_you_mean(key, settings)}")
            continue
        name, kind = settings[key]
        try:
            given[name] = _converted(value, kind)
        except ValueError:
            fix = f" Write `{','.join(map(str, value))}`." if kind is str and isinstance(value, list) else ""
            yield _problem(document, key, f"expected {_KINDS[kind]}, found {value!r}.{fix}")
    for name, sentence in plugin.ExecutorSettings(**given).mistakes():
        yield _problem(document, prefix + name.replace("_", "-"), sentence)


def _problem(document: Document, key: str, sentence: str) -> Problem:
    return Problem(document.name, document.line((key,)), f"{key}: {sentence}")


def _converted(value: object, kind: type) -> Any:
    """Return a value as Snakemake passes it to the executor; it turns every value into text first."""
    # A list or a mapping would reach the scheduler as the text of a Python literal.
    if kind is str and isinstance(value, list | dict):
        raise ValueError(value)
    text = text_of_value(value)
    if kind is bool:
        return truth_of_text(text)
    converted = kind(text)
    # YAML's .inf and .nan are floats, but no number of seconds.
    if kind is float and not math.isfinite(converted):
        raise ValueError
    return converted
