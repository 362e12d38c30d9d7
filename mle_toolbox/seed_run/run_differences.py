"""Differences between two seed runs: configuration, arguments, code, packages, machine."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mle_toolbox.seed_run.identity import extra_arguments_of
from mle_toolbox.seed_run.own_code import git_in_words
from mle_toolbox.seed_run.stored_run import StoredRun

__all__ = ["RunDifferences", "differences"]

_NOTHING = "-"


@dataclass(frozen=True)
class RunDifferences:
    """Each part is empty if nothing differs."""

    values: dict[str, list[tuple[str, str, str]]]
    """By heading: name, value in the first run, value in the second."""
    code: tuple[str, ...]
    """Lines of a unified diff, and sentences about files whose content was not stored."""

    def __bool__(self) -> bool:
        return bool(self.values or self.code)


def differences(one: StoredRun, other: StoredRun) -> RunDifferences:
    """Compare two seed runs, from their folders alone."""
    first, second = one.record, other.record
    parts = {
        "configuration": (_flat(_configuration(one)), _flat(_configuration(other))),
        "seed run": (
            {"seed": _word(first.seed), "arguments": " ".join(extra_arguments_of(first.command) or ())},
            {"seed": _word(second.seed), "arguments": " ".join(extra_arguments_of(second.command) or ())},
        ),
        "packages": (
            {"python": _word(first.python), **first.packages},
            {"python": _word(second.python), **second.packages},
        ),
        "where": (
            {"host": _word(first.host), "git": git_in_words(first)},
            {"host": _word(second.host), "git": git_in_words(second)},
        ),
    }
    values = {name: found for name, (a, b) in parts.items() if (found := _differing(a, b))}
    return RunDifferences(values, tuple(_code(one, other)))


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[tuple[str, str, str]]:
    names = dict.fromkeys((*one, *other))
    return [
        (name, one.get(name) or _NOTHING, other.get(name) or _NOTHING)
        for name in names
        if one.get(name) != other.get(name)
    ]


def _code(one: StoredRun, other: StoredRun) -> Iterator[str]:
    for name in sorted({*one.record.code, *other.record.code}):
        digests = one.record.code.get(name), other.record.code.get(name)
        if digests[0] == digests[1]:
            continue
        texts = [_text(run, name) for run in (one, other)]
        if texts[0] is None or texts[1] is None:
            yield f"{name} differs; its content was not stored."
            continue
        # As git shows a file that only one side has: all its lines are added, or all removed.
        ends = [f"{run.name}/{name}" if name in run.record.code else "/dev/null" for run in (one, other)]
        lines = (texts[0].splitlines(), texts[1].splitlines())
        yield from difflib.unified_diff(*lines, fromfile=ends[0], tofile=ends[1], lineterm="")


def _text(run: StoredRun, name: str) -> str | None:
    if name not in run.record.code:
        return ""
    content = run.content(name)
    return content.decode(errors="replace") if content is not None else None


def _configuration(run: StoredRun) -> Any:
    try:
        return json.loads(run.folder.config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}


def _flat(value: Any, name: str = "") -> dict[str, str]:
    if isinstance(value, dict) and value:
        return {k: v for key, each in value.items() for k, v in _flat(each, f"{name}.{key}" if name else key).items()}
    return {name: json.dumps(value, ensure_ascii=False)} if name else {}


def _word(value: object) -> str:
    return "" if value is None else str(value)
