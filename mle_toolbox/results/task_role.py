"""Which part of a configuration is the task, such as an environment or a data set, and what remains: the method.

Knows nothing of numbers. A task is given by the user, or guessed from the name of a setting that differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mle_toolbox.errors import ResultsError, did_you_mean
from mle_toolbox.results.differences import flatten, short_names, value_text
from mle_toolbox.text import listed

__all__ = ["NO_TASK", "TaskRole", "task_role"]

NO_TASK = "none"
"""Says that the configurations are all of one task, whatever their settings are called."""
_USUAL_NAMES = frozenset(
    [
        *("env", "env_name", "env_id", "environment", "dataset", "dataset_name", "data_set", "data"),
        *("task", "task_name", "game", "level", "problem"),
    ]
)
_SEPARATORS = " -_.,/+"


@dataclass(frozen=True)
class TaskRole:
    """The task and the method of each configuration.

    Attributes
    ----------
    keys
        The dotted keys whose values are the task.
    of
        Configuration -> task.
    methods
        Configuration -> method. No two configurations have the same method and task.
    guessed
        Whether nobody has said so: the name of the key looks like a task.
    """

    keys: tuple[str, ...]
    of: Mapping[str, str]
    methods: Mapping[str, str]
    guessed: bool

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """The tasks, in the order of the configurations."""
        return tuple(dict.fromkeys(self.of.values()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The methods, in the order of the configurations."""
        return tuple(dict.fromkeys(self.methods.values()))

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> its configurations."""
        return {task: tuple(name for name, of in self.of.items() if of == task) for task in self.tasks}

    @property
    def key_words(self) -> str:
        """The keys as people name them: ``env_name``."""
        return listed(key.rpartition(".")[2] for key in self.keys)

    @property
    def sentence(self) -> str:
        """What follows from the tasks, and how to say otherwise."""
        what = f"{self.key_words} {'looks like a task' if self.guessed else 'is the task'}"
        option = " ".join(f"--task {key.rpartition('.')[2]}" for key in self.keys)
        ways = f" ({option} shows methods over tasks, --task {NO_TASK} compares all)" if self.guessed else ""
        return f"{what}: configurations are compared only within one{ways}."


def task_role(
    contents: Mapping[str, Mapping[str, Any]],
    differences: Mapping[str, Mapping[str, Any]],
    given: Sequence[str] | None,
    title: str = "The results",
) -> TaskRole | None:
    """Return the tasks of configurations, None where there are not two of them.

    Parameters
    ----------
    contents
        The content of each configuration.
    differences
        For each configuration the dotted keys that differ between them, with its values.
    given
        Keys, dotted or as their last parts; ``("none",)``: there is no task. None: guess.
    title
        Of the results, for messages.

    Raises
    ------
    ResultsError
        When no configuration has such a key.
    """
    if given is None:
        keys = tuple(_guessed(differences))
    else:
        keys = tuple(dict.fromkeys(_found(each, contents, differences, title) for each in given if each != NO_TASK))
    if not keys:
        return None
    of = {name: _label(each, keys, contents[name]) for name, each in differences.items()}
    if len(set(of.values())) < 2:
        return None
    return TaskRole(keys, of, _methods(differences, keys, of), given is None)


def _guessed(differences: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield the keys that are called like a task, have texts as values, and differ."""
    for key in dict.fromkeys(key for each in differences.values() for key in each):
        values = [each[key] for each in differences.values() if key in each]
        if _last(key).lower() in _USUAL_NAMES and all(isinstance(value, str) for value in values):
            yield key


def _found(
    wanted: str,
    contents: Mapping[str, Mapping[str, Any]],
    differences: Mapping[str, Mapping[str, Any]],
    title: str,
) -> str:
    differing = list(dict.fromkeys(key for each in differences.values() for key in each))
    everything = dict.fromkeys([*differing, *(key for each in contents.values() for key in flatten(each))])
    # Of several keys that end so, the one that differs is meant.
    for keys in (differing, list(everything)):
        if wanted in keys:
            return wanted
        fitting = [key for key in keys if f".{key}".endswith(f".{wanted}")]
        if len(fitting) > 1:
            raise ResultsError(f"task {wanted!r} may be {listed(fitting)}; give the whole key.")
        if fitting:
            return fitting[0]
    known = dict.fromkeys([*(_last(key) for key in everything), *everything])
    there = f" Settings that differ: {listed(map(_last, differing))}." if differing else " No setting differs."
    raise ResultsError(f"{title}: no configuration has the task {wanted!r}.{did_you_mean(wanted, known)}{there}")


def _label(differences: Mapping[str, Any], keys: Sequence[str], content: Mapping[str, Any]) -> str:
    flat = flatten(content)
    values = [
        differences.get(key, flatten(content).get(key)) if key in differences or key in flat else None for key in keys
    ]
    return ", ".join("-" if value is None else value_text(value) for value in values)


def _methods(
    differences: Mapping[str, Mapping[str, Any]], keys: Sequence[str], of: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the method of each configuration: its name without the task, or the settings that remain."""
    by_name = {name: _without(name, of[name]) for name in of}
    if all(by_name.values()) and _is_a_grid(by_name, of):
        return by_name  # type: ignore[return-value]
    rest = list(dict.fromkeys(key for each in differences.values() for key in each if key not in keys))
    short = short_names(rest)
    by_settings = {
        name: (
            value_text(each[rest[0]])
            if len(rest) == 1 and rest[0] in each
            else ", ".join(f"{short[key]}={value_text(each[key])}" for key in rest if key in each)
        )
        or "all"
        for name, each in differences.items()
    }
    often: dict[tuple[str, str], int] = {}
    for name, method in by_settings.items():
        often[method, of[name]] = often.get((method, of[name]), 0) + 1
    # Two configurations of one task and the same settings differ in their name only.
    return {
        name: f"{method} ({name})" if often[method, of[name]] > 1 else method for name, method in by_settings.items()
    }


def _is_a_grid(methods: Mapping[str, str | None], of: Mapping[str, str]) -> bool:
    """Tell whether each method has each task at most once, and some method several tasks."""
    cells = {(method, of[name]) for name, method in methods.items()}
    return len(cells) == len(methods) and len(set(methods.values())) < len(methods)


def _without(name: str, task: str) -> str | None:
    """Return a configuration's name without the task in it; None where it does not contain the task."""
    words = [re.escape(word) for word in re.split(r"[^0-9a-zA-Z]+", task) if word]
    if not words:
        return None
    pattern = rf"(?<![0-9a-zA-Z]){'[^0-9a-zA-Z]*'.join(words)}(?![0-9a-zA-Z])"
    left, found = re.subn(pattern, "", name, count=1, flags=re.IGNORECASE)
    return re.sub(r"([-_ .,/+])\1+", r"\1", left).strip(_SEPARATORS) if found else None


def _last(key: str) -> str:
    return key.rpartition(".")[2].strip('"')
