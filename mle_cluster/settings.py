"""The settings that every executor has, whatever its scheduler; a plugin adds its own.

(No `from __future__ import annotations` here: Snakemake reads the field types.)
"""

import re
import shlex
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

__all__ = ["ClusterSettings", "key", "refuse"]


def key(default: Any, help: str) -> Any:
    """Return the field of a setting."""
    return field(default=default, metadata={"help": help})


@dataclass
class ClusterSettings(ExecutorSettingsBase):  # type: ignore[misc]  # the interface has no types
    """Settings of an executor; every one is a plain profile key."""

    array_size: int = key(1000, "Most tasks in one array job; sites limit it.")
    tasks_at_once: int = key(0, "Most tasks of one array that run at a time. 0: no limit.")
    poll_seconds: float = key(3.0, "Longest time between two looks for finished tasks; costs no scheduler command.")
    query_seconds: float = key(
        30.0, "Longest time between two questions to the scheduler; one of them asks about all tasks."
    )
    patience_seconds: float = key(
        60.0,
        "How long a task may be gone from the queue without having written how it ended before this counts as a "
        "failure; and how long a restarted driver waits for a scheduler that is silent. Raise it for slow shared "
        "disks.",
    )
    notice_seconds: float = key(300.0, "How long before its time limit a job is warned. 0: it is not.")
    clean_environment: bool = key(
        False, "Start jobs in a fresh login shell instead of with the environment of this one."
    )
    nested: bool = key(
        False,
        "Start a Snakemake in every task, also for plain shell rules, which otherwise run directly. About 1.5 s of "
        "CPU a task.",
    )

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield every setting with which no job could be submitted, and what is wrong with it.

        A plugin adds its own.
        """
        if self.array_size < 1:
            yield "array_size", f"expected a number of tasks from 1 on, found {self.array_size}."
        if self.tasks_at_once < 0:
            yield "tasks_at_once", f"expected a number of tasks, or 0 for no limit, found {self.tasks_at_once}."
        for name in ("poll_seconds", "query_seconds", "patience_seconds"):
            if getattr(self, name) <= 0:
                yield name, f"expected seconds above 0, found {getattr(self, name)}."
        if self.notice_seconds < 0:
            yield "notice_seconds", f"expected seconds, or 0 for no notice, found {self.notice_seconds}."

    def _no_choice(self, name: str, *choices: str) -> Iterator[tuple[str, str]]:
        """Check a setting that has a fixed set of values."""
        if (value := getattr(self, name)) not in choices:
            yield name, f"expected {', '.join(choices[:-1])} or {choices[-1]}, found {value!r}."

    def _no_name(self, *names: str) -> Iterator[tuple[str, str]]:
        """Check settings that are one name each, or empty."""
        for name in names:
            # A slash too: Snakemake turns an empty text in a profile into a path.
            if re.search(r"[\s=/]", value := getattr(self, name)):
                yield name, f"expected one name, found {value!r}."

    def _no_options(
        self, name: str, ours: Collection[str], option_in: Callable[[str], str] = lambda word: word
    ) -> Iterator[tuple[str, str]]:
        """Check extra options for the submission command; those that the plugin sets itself are refused."""
        try:
            words = shlex.split(getattr(self, name))
        except ValueError as error:
            yield name, f"the quotes do not match ({error}): {getattr(self, name)!r}."
            return
        for option in dict.fromkeys(map(option_in, words)):
            if option in ours:
                yield name, f"{option} is set by the plugin itself and cannot be given."


def refuse(executor: str, mistakes: Iterator[tuple[str, str]]) -> None:
    """Raise a WorkflowError with one line for every mistake, if there are any."""
    found = [f"{executor}-{name.replace('_', '-')}: {sentence}" for name, sentence in mistakes]
    if found:
        raise WorkflowError("\n".join(found))
