"""Which configuration is best on each task: an answer that never compares over unlike tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.answer import Answer, Pair, answer
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.task_role import TaskRole

if TYPE_CHECKING:
    from mle_toolbox.statistics import Comparison
    from mle_toolbox.statistics.comparison import Correction

__all__ = ["AnswerOfTasks", "answer_within_tasks"]


MOST_PAIRS = 600
"""Up to so many pairs over all tasks all are shown; beyond, on each task only those with the best."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AnswerOfTasks(Answer):
    """An answer for each task, and of all together only what holds for each alone.

    Attributes
    ----------
    role
        The tasks.
    parts
        Task -> the answer for its configurations; each is a family of tests of its own.
    """

    role: TaskRole
    parts: Mapping[str, Answer]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the tasks."""
        return tuple(self.parts.values())

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The configurations that have a number, task by task."""
        return tuple(name for each in self.parts.values() for name in each.ranking)

    @cached_property
    def leader(self) -> str | None:
        """None: no configuration leads on several tasks."""
        return None

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """The configuration of the best estimate on each task."""
        return tuple(each.leader for each in self.parts.values() if each.leader is not None)

    @cached_property
    def not_worse(self) -> tuple[str, ...]:
        """On each task the leader and those that are not significantly worse."""
        return tuple(name for each in self.parts.values() for name in each.not_worse)

    @cached_property
    def test(self) -> str | None:
        """The tests that decide what is best on a task."""
        tests = dict.fromkeys(each.test for each in self.parts.values() if each.test)
        return f"within each task: {'; or '.join(tests)}" if tests else None

    @cached_property
    def shows_all_pairs(self) -> bool:
        """Whether on every task all pairs are shown."""
        return all(each.shows_all_pairs for each in self.parts.values())

    @cached_property
    def comparisons(self) -> Mapping[Pair, Comparison]:
        """The comparisons that are shown, each of two configurations of one task."""
        return {pair: found for each in self.parts.values() for pair, found in each.comparisons.items()}

    @cached_property
    def with_leader(self) -> Mapping[str, Comparison]:
        """The comparisons of each task's leader with the others."""
        return {name: found for each in self.parts.values() for name, found in each.with_leader.items()}

    @property
    def correction(self) -> Correction | None:
        """The correction within each task."""
        found = [each.correction for each in self.parts.values() if each.correction is not None]
        return found[0] if found else None

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of configurations of one task."""
        return tuple(pair for each in self.parts.values() for pair in each.pairs)

    @property
    def pairs_with_leaders(self) -> tuple[Pair, ...]:
        """On each task the other configurations with the leader."""
        return tuple(pair for each in self.parts.values() for pair in each.pairs_with_leaders)

    def compare(self, pairs: Sequence[Pair]) -> Mapping[Pair, Comparison]:
        """Compare these pairs; p-values are corrected for all pairs of the task.

        Raises
        ------
        ResultsError
            When a pair is of two tasks.
        """
        for a, b in pairs:
            if self.role.of[a] != self.role.of[b]:
                tasks = f"{self.role.of[a]} and {self.role.of[b]}"
                raise ResultsError(
                    f"{a!r} and {b!r} are of different tasks ({tasks}), so their numbers cannot be compared: "
                    f"{self.role.sentence}"
                )
        found = {
            pair: comparison
            for task, part in self.parts.items()
            for pair, comparison in part.compare([pair for pair in pairs if self.role.of[pair[0]] == task]).items()
        }
        return {pair: found[pair] for pair in pairs}

    def compare_with(self, baseline: str) -> Mapping[Pair, Comparison]:
        """Compare the others of the same task with one chosen before seeing the numbers, or with a method on each task.

        Corrected within each task.
        """
        from mle_toolbox.statistics.comparison import Correction

        if baseline in self.samples:
            return self.parts[self.role.of[baseline]].compare_with(baseline)
        own = {self.role.of[name]: name for name in self.samples if self.role.methods[name] == baseline}
        why = f"as if {baseline} had been chosen before the numbers were known"
        return {
            pair: replace(found, correction=found.correction and Correction("Holm", "these comparisons of a task", why))
            for task, name in own.items()
            for pair, found in self.parts[task].compare_with(name).items()
        }

    def by(self, statistic: str) -> AnswerOfTasks:
        """Return the answer for another statistic."""
        parts = {task: each.by(statistic) for task, each in self.parts.items()}
        estimates = {name: each.estimates[name] for each in parts.values() for name in each.estimates}
        ordered = {name: estimates[name] for name in self.samples}
        return replace(self, statistic=statistic, estimates=ordered, parts=parts)


def answer_within_tasks(
    role: TaskRole | None, metric: str, samples: Mapping[str, SeedSample], statistic: str = "mean", **options: Any
) -> Answer:
    """Return the answer for these samples, in which only configurations of one task are compared.

    ``role`` None: they are all of one task. ``options`` are those of `answer`.
    """
    whole = answer(metric, samples, statistic, **options)
    if role is None:
        return whole
    groups = {task: [name for name in names if name in samples] for task, names in role.groups.items()}
    # Each is computed in full and is part of the page: for 20 methods on 57 tasks that would be 20 MB.
    n_pairs = sum(math.comb(len(names), 2) for names in groups.values())
    shown_up_to = None if n_pairs <= MOST_PAIRS else 2
    return AnswerOfTasks(
        **{each.name: getattr(whole, each.name) for each in fields(whole)},
        role=role,
        parts={
            task: answer(
                metric,
                {name: samples[name] for name in names},
                statistic,
                **options,
                family="all pairs of a task",
                shown_up_to=shown_up_to,
            )
            for task, names in groups.items()
            if names
        },
    )
