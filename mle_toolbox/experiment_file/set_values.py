"""``mle run --set SECTION.KEY=VALUE``: values of the command line in place of those in the experiment file.

They are put into the content of the file before it is checked, so everything holds for them that holds for the file. A
mistake is reported with what was typed instead of a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.yaml_file import Document, parse_yaml

__all__ = ["is_set", "located", "with_set_values"]

# Their values are paths of the command line, which start where it is typed.
_OPTIONS = {f"meta_job_args.{name}": f"--{name}" for name in ("base_train_config", "experiment_dir")}


def is_set(name: str) -> bool:
    """Return whether a replaced value is one of ``--set``: only those are named with their section."""
    return "." in name


def with_set_values(
    document: Document,
    given: Mapping[str, str],
    *,
    strict: Callable[[JsonPath], bool],
    bare_exponents: Callable[[JsonPath], bool],
) -> Document:
    """Return a document in which values are replaced; entries that come from them have negative lines.

    Parameters
    ----------
    document
        The experiment file.
    given
        Values as they would be written in the file, by dotted keys; other names are left out.
    strict, bare_exponents
        See ``parse_yaml``.

    Raises
    ------
    ExperimentFileError
        When a value is not YAML.
    """
    data, lines = document.data, dict(document.lines)
    for number, name, value in _numbered(given):
        path = tuple(name.split("."))
        if name in _OPTIONS:
            raise ExperimentFileError([_problem(name, value, f"this is an option of its own: {_OPTIONS[name]} PATH.")])
        text = "".join(f"{'  ' * depth}{part}:\n" for depth, part in enumerate(path[:-1]))
        try:
            found = parse_yaml(
                f"{text}{'  ' * (len(path) - 1)}{path[-1]}: {value}\n", "", strict=strict, bare_exponents=bare_exponents
            )
        except ExperimentFileError as error:
            raise ExperimentFileError(_problem(name, value, each.message) for each in error.problems) from None
        data = _merged(data if isinstance(data, Mapping) else {}, found.data)
        for end in range(1, len(path)):
            lines.setdefault(path[:end], -number)
        lines = {at: line for at, line in lines.items() if at[: len(path)] != path}
        lines |= {at: -number for at in found.lines if at[: len(path)] == path}
    return replace(document, data=data, lines=lines)


def located(problems: Iterable[Problem], given: Mapping[str, str]) -> Iterator[Problem]:
    """Yield problems, those of replaced values with what was typed in place of the file and its line."""
    typed = {-number: (name, value) for number, name, value in _numbered(given)}
    for each in problems:
        yield _problem(*typed[each.line], each.message) if each.line in typed else each


def _numbered(given: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    for number, (name, value) in enumerate(given.items(), start=1):
        if is_set(name):
            yield number, name, value


def _problem(name: str, value: str, message: str) -> Problem:
    return Problem(f"--set {name}={value}", 0, message)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the old values with the new one, which may be nested in sections, replaced."""
    merged = dict(old)
    for key, value in new.items():
        inner = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(inner, Mapping)
        merged[key] = _merged(inner or {}, value) if both else value
    return merged
