"""The table of a paper: methods, tasks, and what holds over all tasks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mle_toolbox.render.look_words import look_cautions, look_sentences, over_tasks_caution
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm, std_over_seeds
from mle_toolbox.render.rendered import Rendered
from mle_toolbox.render.sentences import at_words, better_words, ends_words
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.over_tasks import OverTasks
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.text import NOTHING, count, interval_text, listed, p_text, percent, short

if TYPE_CHECKING:
    from mle_toolbox.statistics import Estimate

__all__ = ["AGGREGATE_TITLES", "TaskTable"]

_TURNED_FROM = 7
"""With so many tasks, and more tasks than methods, each task is a row."""
_LARGE_FROM = 200
"""With so many cells, those of single tasks have no interval: twenty columns of them would fill ten screens."""
AGGREGATE_TITLES = {"mean": "mean", "median": "median", "iqm": "IQM", "optimality gap": "optimality gap"}
"""The heads of their columns and panels."""


@dataclass(frozen=True, repr=False, eq=False)
class TaskTable(Rendered):
    """Methods over the tasks ``of`` an experiment; see its ``task_table``."""

    of: str
    found: OverTasks
    first: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    form: NumberForm = AS_LOGGED

    @property
    def title(self) -> str:
        """What the table shows."""
        role = self.found.role
        within = self.found.within
        what = f"{count(len(role.names), 'method')} on {count(len(role.tasks), 'task')}"
        return f"{self.of}: {what} ({role.key_words}), {self.form.label(within.metric)}, {at_words(within.at)}"

    @cached_property
    def aggregates(self) -> dict[str, dict[str, Estimate]]:
        """The aggregates by statistic and method."""
        return {name: dict(self.found.estimates(name)) for name in self.found.statistics}

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people; tasks are rows where there are many of them."""
        found = self.found
        role = found.role
        rows = [[Cell(method), *self._scores(method), *self._aggregates(method)] for method in role.names]
        titles = ["method", *role.tasks, *(AGGREGATE_TITLES[name] for name in found.statistics)]
        titles += ["rank"] if found.ranks is not None else []
        if self._is_turned:
            rows = [[Cell(title), *(row[place] for row in rows)] for place, title in enumerate(titles[1:], start=1)]
            titles = ["task", *role.names]
        columns = [Column(title, right=place > 0) for place, title in enumerate(titles)]
        return Table(
            self.title,
            tuple(columns),
            tuple(map(tuple, rows)),
            tuple(self._method()),
            tuple(self._cautions()),
            self._best_words(),
            self._first,
            keep=1,
        )

    @property
    def _first(self) -> tuple[str, ...]:
        """Cautions that come above the numbers."""
        return (*self.first, *look_cautions([self.found.within]))

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each method and task, then one for each method and aggregate over tasks."""
        found, within = self.found, self.found.within
        rows: list[dict[str, Any]] = []
        for (method, task), name in found.configurations.items():
            estimate = within.estimates[name]
            rows.append(
                {
                    "method": method,
                    "task": task,
                    "aggregate": None,
                    "configuration": name,
                    "metric": within.metric,
                    "at": within.at,
                    **_plain(estimate),
                    **({"std": std_over_seeds(within.samples[name])} if self.form.std else {}),
                    "best": name in within.best,
                    "scale": None,
                }
            )
        for statistic, estimates in self.aggregates.items():
            best = found.best(statistic)
            for method, estimate in estimates.items():
                rows.append(
                    {
                        "method": method,
                        "task": None,
                        "aggregate": statistic,
                        "configuration": None,
                        "metric": within.metric,
                        "at": within.at,
                        **_plain(estimate),
                        "best": method in best,
                        "scale": found.scale.how,
                    }
                )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        found, within = self.found, self.found.within
        pairs = [(a, b) for place, a in enumerate(found.methods) for b in found.methods[place + 1 :]]
        return {
            "title": self.title,
            "cautions": [*self._first, *self._cautions()],
            "metric": within.metric,
            "at": within.at,
            "lower_is_better": within.lower_is_better,
            "direction_assumed": within.assumed,
            "task_keys": list(found.role.keys),
            "tasks": list(found.role.tasks),
            "aggregates_over": list(found.tasks),
            "lacking": {method: list(tasks) for method, tasks in found.lacking.items()},
            "scale": {"how": found.scale.how, "sentence": found.scale.sentence, "cautions": list(found.scale.cautions)},
            "cells": [row for row in self.records() if row["task"] is not None],
            "aggregates": {
                statistic: {
                    "estimates": {method: asdict(each) for method, each in estimates.items()},
                    "best_or_not_distinguishable": list(found.best(statistic)),
                }
                for statistic, estimates in self.aggregates.items()
            },
            "comparisons": [
                {
                    "a": a,
                    "b": b,
                    **asdict(found.difference(a, b)),
                    "adjusted_p": found.adjusted_p().get(frozenset((a, b))),
                    "improvement": asdict(found.improvement(a, b)),
                    "wins": asdict(found.wins[a, b]),
                    "seeds": asdict(found.seeds_needed(a, b)),
                }
                for a, b in pairs
            ],
            "ranks": asdict(found.ranks) if found.ranks is not None else None,
            "method": list(self._method()),
        }

    def _scores(self, method: str) -> Iterator[Cell]:
        within, best = self.found.within, frozenset(self.found.within.best)
        for task in self.found.role.tasks:
            name = self.found.configurations.get((method, task))
            if name is None:
                yield Cell(NOTHING)
                continue
            estimate = self.form.shown(within.estimates[name], within.metric, within.samples[name])
            # n where it is not that of the other cells, and always where a seed has no number.
            usual = estimate.n == self._usual_n and not estimate.diverged and not estimate.missing
            if self._is_large:
                text = f"{short(estimate.value)}{'' if usual else f' (n={estimate.n})'}"
            else:
                text = estimate.numbers() if usual else str(estimate)
            yield Cell(text, best=name in best)

    def _aggregates(self, method: str) -> Iterator[Cell]:
        for statistic, estimates in self.aggregates.items():
            text = self._aggregate(estimates[method]) if method in estimates else NOTHING
            yield Cell(text, best=method in self._best[statistic])
        ranks = self.found.ranks
        if ranks is not None:
            place = ranks.average.get(method)
            near = self._near_in_rank[self.found.role.names.index(method)]
            yield Cell(NOTHING if place is None else f"{place:.2f}", best=near)

    def _aggregate(self, estimate: Estimate) -> str:
        estimate = self.form.over_tasks(self.found).shown(estimate, self.found.within.metric)
        # Next to standard deviations, another ± would be taken for one.
        return interval_text(estimate.value, estimate.low, estimate.high, brackets=self.form.std)

    @cached_property
    def _near_in_rank(self) -> list[bool]:
        """Whether each method has an average rank that does not differ significantly from the best one."""
        ranks = self.found.ranks
        if ranks is None or self.found.within.searched:
            return [False] * len(self.found.role.names)
        least = min(ranks.average.values()) + ranks.critical_difference
        return [ranks.average.get(name, math.inf) < least for name in self.found.role.names]

    @property
    def _is_large(self) -> bool:
        return len(self.found.role.tasks) * len(self.found.role.names) >= _LARGE_FROM

    @property
    def _is_turned(self) -> bool:
        role = self.found.role
        return len(role.tasks) >= _TURNED_FROM and len(role.tasks) > len(role.names)

    @cached_property
    def _best(self) -> dict[str, tuple[str, ...]]:
        return {statistic: self.found.best(statistic) for statistic in self.found.statistics}

    @cached_property
    def _usual_n(self) -> int:
        numbers = [each.n for each in self.found.within.estimates.values() if each.n > 1]
        return max(set(numbers), key=numbers.count) if numbers else 0

    def _method(self) -> Iterator[str]:
        yield from look_sentences([self.found.within])
        found, within = self.found, self.found.within
        how = max((each.method for each in within.estimates.values() if each.n > 1), key=len, default="no interval")
        if how != "no interval":
            how = self.form.method(how, STATISTICS[next(iter(within.estimates.values())).statistic])
        unit = "in percent; " if within.metric in self.form.percent else ""
        n = f", n = {self._usual_n} seeds unless another n is shown" if self._usual_n else ""
        yield (
            f"Tasks: {unit}{at_words(within.at)} of each run; {how}{n}; "
            f"{better_words(within.lower_is_better, within.assumed)}."
        )
        if self._is_large:
            more = "standard deviations" if self.form.std else "intervals"
            yield f"For single tasks only the estimates are shown; --format csv has their {more}."
        if not found.methods:
            return
        yield (
            f"Over {found.tasks_words}: {found.scale.sentence}; {percent(within.confidence)} intervals are about these "
            "tasks (only seeds vary); every task has the same weight."
        )
        if found.ranks is not None:
            ranks = found.ranks
            yield (
                f"rank: the rank of the mean, averaged over the tasks; 1 is best. Ranks that are at least "
                f"{ranks.critical_difference:.2f} apart differ significantly (Nemenyi; Friedman's test, corrected for "
                f"F, {p_text(ranks.f_p)}). {self._two_questions()}"
            )
        yield from self._pair_words()

    def _two_questions(self) -> str:
        """Say that ranks and aggregates answer different questions, and where they mark different methods."""
        near = {name for name, place in zip(self.found.role.names, self._near_in_rank, strict=True) if place}
        apart = [name for name in self.found.methods if (name in near) != (name in self._best["mean"])]
        asked = "Ranks treat the tasks as a sample of others of their kind; the tests of mean, median and IQM"
        if not apart or not self._best["mean"]:
            return f"{asked} are about these tasks."
        are = "is" if len(apart) == 1 else "are"
        return f"{asked} are about these tasks: so {listed(apart)} {are} marked in only one of rank and mean."

    def _pair_words(self) -> Iterator[str]:
        """Say how the two best methods differ, and what it takes to tell them apart."""
        found = self.found
        leader = found.leader()
        others = [name for name in found.methods if name != leader]
        if leader is None or not others:
            return
        lower = found.scale.lower_is_better
        values = self.aggregates["mean"]
        second = (min if lower else max)(others, key=lambda name: values[name].value)
        p = found.adjusted_p()[frozenset((leader, second))]
        wins = found.wins.get((leader, second)) or found.wins[second, leader]
        won, lost = (wins.won, wins.lost) if (leader, second) in found.wins else (wins.lost, wins.won)
        improvement = found.improvement(leader, second)
        corrected = f" ({found.correction} over all pairs of methods)" if found.correction else ""
        yield (
            f"{leader} and {second}, the first two by the mean: {p_text(p)}{corrected}; "
            f"significantly better on {count(len(won), 'task')}, worse on {len(lost)}; a run of {leader} beats one of "
            f"{second} with probability {improvement.value:.2f} [{improvement.low:.2f}, {improvement.high:.2f}]."
        )
        needed = found.seeds_needed(leader, second)
        if not p < 1 - found.within.confidence and needed.each_task is not None:
            noisy = list(needed.shares)[:2]
            yield (
                f"If the true difference is as large as this one, the same test finds it in 80 % of all cases with "
                f"about {count(needed.each_task, 'seed')} of each on every task; more seeds help most on "
                f"{listed(noisy)}."
            )

    def _cautions(self) -> Iterator[str]:
        found = self.found
        if found.within.searched and len(found.methods) > 1:
            yield (
                f"The best of {len(found.methods):,} points of a search was chosen by these same seeds, so it looks "
                "better than it is: none is marked."
            )
        yield from found.scale.cautions if found.methods else ()
        for method, tasks in found.lacking.items():
            yield (
                f"{method} has no finished seed run with a finite value on {listed(tasks)}, so it has no "
                "aggregate over tasks. --common-tasks compares all methods over the tasks on which all have scores."
            )
        for (method, task), sample in found.samples.items():
            if (words := ends_words(sample)) and sample.n:
                yield f"{method} on {task}: {words}."
        yield from found.cautions
        yield from over_tasks_caution(found.within)
        if found.ranks is not None and found.ranks.caution:
            yield found.ranks.caution
        yield from self.remarks

    def _best_words(self) -> str:
        test = self.found.within.test
        if self.found.within.searched:
            return ""
        corrected = f", {self.found.correction} over all pairs of methods" if self.found.correction else ""
        over = f" Over tasks: t test{corrected}." if self.found.methods else ""
        over += " rank: Nemenyi." if self.found.ranks is not None else ""
        line = "row" if self._is_turned else "column"
        return f"best in its {line}, or not significantly different from the best ({test}).{over}" if test else ""


def _plain(estimate: Estimate) -> dict[str, Any]:
    names = ("statistic", "value", "low", "high", "confidence", "n", "diverged", "missing", "method", "caution")
    return {("how" if name == "method" else name): getattr(estimate, name) for name in names}
