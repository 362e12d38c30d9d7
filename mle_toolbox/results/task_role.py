"""Which part of a configuration is the task, such as an environment or a data set, and what remains: the method.

Knows nothing of numbers. A task is given by the user, or guessed from the name of a setting that differs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.dotted_keys import NO_TASK, flatten, key_named
from mle_toolbox.results.differences import short_names, value_text
from mle_toolbox.text import listed, value_key

__all__ = ["NO_TASK", "TaskRole", "known_keys", "task_role"]

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
        looks, are = (
            ("looks like a task", "is the task") if len(self.keys) == 1 else ("look like tasks", "are the task")
        )
        what = f"{self.key_words} {looks if self.guessed else are}"
        option = " ".join(f"--task {key.rpartition('.')[2]}" for key in self.keys)
        ways = f" ({option} shows methods over tasks, --task {NO_TASK} compares all)" if self.guessed else ""
        return f"{what}: configurations are compared only within one{ways}."


def task_role(
    contents: Mapping[str, Mapping[str, Any]],
    differences: Mapping[str, Mapping[str, Any]],
    given: Sequence[str] | None,
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

    Notes
    -----
    A key that no configuration has is ignored: of a selection none may have it. `known_keys` refuses it where it is
    given.
    """
    if given is None:
        keys = tuple(_guessed(differences))
    else:
        every = _every_key(contents, differences)
        found = (key_named(each, *every)[0] for each in given if each != NO_TASK)
        keys = tuple(dict.fromkeys(filter(None, found)))
    if not keys:
        return None
    of = {name: _label(each, keys, contents[name]) for name, each in differences.items()}
    if len(set(of.values())) < 2:
        return None
    return TaskRole(keys, of, _methods(differences, keys, of), given is None)


def known_keys(
    contents: Mapping[str, Mapping[str, Any]],
    differences: Mapping[str, Mapping[str, Any]],
    given: Sequence[str],
    title: str,
) -> tuple[str, ...]:
    """Return the whole dotted keys of a task that a user gave; none for ``("none",)``.

    Raises
    ------
    ResultsError
        When no configuration has such a key; ``title`` begins the sentence.
    """
    every, found = _every_key(contents, differences), []
    for wanted in given if tuple(given) != (NO_TASK,) else ():
        key, trouble = key_named(wanted, *every)
        if key is None:
            raise ResultsError(f"{title}, task {wanted!r}: {trouble}")
        found.append(key)
    return tuple(dict.fromkeys(found))


def _every_key(
    contents: Mapping[str, Mapping[str, Any]], differences: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Return all keys, and those that differ."""
    apart = list(dict.fromkeys(key for each in differences.values() for key in each))
    return [*apart, *(key for each in contents.values() for key in flatten(each))], apart


def _guessed(differences: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield the keys that are called like a task, have texts as values, and differ."""
    for key in dict.fromkeys(key for each in differences.values() for key in each):
        values = [each[key] for each in differences.values() if key in each]
        if _last(key).lower() in _USUAL_NAMES and all(isinstance(value, str) for value in values):
            yield key


def _label(differences: Mapping[str, Any], keys: Sequence[str], content: Mapping[str, Any]) -> str:
    # What differs may be no setting of a file: the experiment that a configuration belongs to.
    known = {**flatten(content), **differences}
    values = [known.get(key) for key in keys]
    return ", ".join("-" if value is None else value_text(value) for value in values)


def _methods(
    differences: Mapping[str, Mapping[str, Any]], keys: Sequence[str], of: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the method of each configuration: its name without the task, or the settings that remain."""
    by_name = {name: _without(name, of[name]) for name in of}
    if all(by_name.values()) and _is_a_grid(by_name, of):
        return by_name  # type: ignore[return-value]
    # A setting that depends on the task alone, such as a number of steps, does not tell methods apart.
    by_settings = _described(differences, _apart(differences, keys, of))
    often = Counter((method, of[name]) for name, method in by_settings.items())
    # Two configurations of one task and the same settings differ in their name only.
    return {
        name: f"{method} ({name})" if often[method, of[name]] > 1 else method for name, method in by_settings.items()
    }


def _apart(differences: Mapping[str, Mapping[str, Any]], keys: Sequence[str], of: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys, except those of the task, whose values differ between configurations of some task."""
    values: dict[str, dict[str, set[str | None]]] = {}
    every = dict.fromkeys(key for each in differences.values() for key in each if key not in keys)
    for name, each in differences.items():
        for key in every:
            value = value_key(each[key]) if key in each else None
            values.setdefault(key, {}).setdefault(of[name], set()).add(value)
    return tuple(key for key, by_task in values.items() if any(len(found) > 1 for found in by_task.values()))


def _described(differences: Mapping[str, Mapping[str, Any]], keys: Sequence[str]) -> dict[str, str]:
    titles = short_names(keys)
    found = {}
    for name, each in differences.items():
        there = [key for key in keys if key in each]
        # A text says by itself what it is; a number needs its key.
        alone = len(keys) == 1 and all(isinstance(each[key], str) for key in there)
        parts = [value_text(each[key]) if alone else f"{titles[key]}={value_text(each[key])}" for key in there]
        found[name] = ", ".join(parts) or "all"
    return found


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
    if not found:
        return None
    # The names of imports list settings: of "env=,algo=dqn" remains "dqn".
    parts = [part for part in left.split(",") if part and not part.endswith("=")]
    short = parts[0].partition("=")[2] if len(parts) == 1 and parts[0].count("=") == 1 else ",".join(parts)
    return re.sub(r"([-_ .,/+])\1+", r"\1", short).strip(_SEPARATORS) or None


def _last(key: str) -> str:
    return key.rpartition(".")[2].strip('"')
