"""Comparisons of methods over tasks: which is better on average, by how much, and with what certainty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mle_toolbox.render.look_words import over_tasks_caution
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm
from mle_toolbox.render.rendered import Rendered
from mle_toolbox.render.sentences import at_words
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.over_tasks import OverTasks
from mle_toolbox.text import NOTHING, interval_text, listed, p_value, percent

if TYPE_CHECKING:
    from mle_toolbox.statistics.over_tasks import SeedsOverTasks, TaskDifference, Wins

__all__ = ["MethodComparisons"]


@dataclass(frozen=True, repr=False, eq=False)
class MethodComparisons(Rendered):
    """Pairs of methods over the tasks ``of`` an experiment; see its ``compare_methods``.

    Attributes
    ----------
    of
        The experiment.
    found
        The methods over tasks.
    pairs
        Those that are shown, a before b.
    """

    of: str
    found: OverTasks
    pairs: tuple[tuple[str, str], ...]
    form: NumberForm = AS_LOGGED

    @property
    def title(self) -> str:
        """What is compared."""
        within = self.found.within
        over = f"methods over {self.found.tasks_words}, mean of {self.form.label(within.metric)}"
        return f"{self.of}: {over}, {at_words(within.at)}"

    @cached_property
    def differences(self) -> dict[tuple[str, str], TaskDifference]:
        """The differences of the means over the tasks."""
        return {pair: self.found.difference(*pair) for pair in self.pairs}

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people; it is always the same."""
        del compact
        p = f"p ({self.found.correction})" if self.found.correction else "p"
        ranks = {
            "a": 0,
            "b": 0,
            self._form.label(self.found.within.metric, "a - b"): 0,
            p: 0,
            "P(a better)": 1,
            "won, tied, lost": 2,
            "better": 0,
        }
        ranks |= {"seeds needed": 3}
        columns = tuple(
            Column(title, right=title not in ("a", "b", "better"), rank=rank) for title, rank in ranks.items()
        )
        rows = tuple(tuple(self._cells(pair)) for pair in self.pairs)
        return Table(self.title, columns, rows, tuple(self._method()), tuple(self._cautions()))

    def records(self) -> list[dict[str, Any]]:
        """Return one row per pair, with all digits; the columns are called as those of ``Comparisons``."""
        within, rows = self.found.within, []
        for a, b in self.pairs:
            each, improvement, wins = self.differences[a, b], self.found.improvement(a, b), self._wins(a, b)
            rows.append(
                {
                    "a": a,
                    "b": b,
                    "metric": within.metric,
                    "at": within.at,
                    "over_tasks": each.n_tasks,
                    "scale": self.found.scale.how,
                    "difference": each.value,
                    "difference_low": each.low,
                    "difference_high": each.high,
                    "confidence": each.confidence,
                    "paired": each.paired,
                    "t_test_p": each.p,
                    "adjusted_p": self._p(a, b),
                    "probability_of_improvement": improvement.value,
                    "poi_low": improvement.low,
                    "poi_high": improvement.high,
                    "won": list(wins.won),
                    "tied": list(wins.tied),
                    "lost": list(wins.lost),
                    "better": self._better((a, b)) or None,
                    "seeds_needed": self._needed(a, b).each_task,
                    "caution": each.caution,
                }
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        within, scale = self.found.within, self.found.scale
        return {
            "title": self.title,
            "cautions": list(self._cautions()),
            "metric": within.metric,
            "at": within.at,
            "tasks": list(self.found.tasks),
            "scale": {"how": scale.how, "sentence": scale.sentence, "cautions": list(scale.cautions)},
            "comparisons": self.records(),
            "method": list(self._method()),
        }

    def _cells(self, pair: tuple[str, str]) -> Iterator[Cell]:
        better, each = self._better(pair), self.differences[pair]
        improvement, wins = self.found.improvement(*pair), self._wins(*pair)
        needed = self._needed(*pair).each_task
        yield from (Cell(name, best=name == better) for name in pair)
        factor = self._form.factor(self.found.within.metric)
        yield Cell(interval_text(factor * each.value, factor * each.low, factor * each.high))
        yield Cell(p_value(self._p(*pair)))
        yield Cell(interval_text(improvement.value, improvement.low, improvement.high))
        yield Cell(f"{len(wins.won)}, {len(wins.tied)}, {len(wins.lost)}")
        yield Cell(better or "undecided")
        yield Cell(NOTHING if better or needed is None else f"{needed:,}")

    @property
    def _form(self) -> NumberForm:
        return self.form.over_tasks(self.found)

    def _p(self, a: str, b: str) -> float:
        return self.found.adjusted_p().get(frozenset((a, b)), math.nan)

    def _better(self, pair: tuple[str, str]) -> str:
        each = self.differences[pair]
        if not self._p(*pair) < 1 - each.confidence:
            return ""
        return pair[0] if (each.value < 0) == each.lower_is_better else pair[1]

    def _wins(self, a: str, b: str) -> Wins:
        from mle_toolbox.statistics.over_tasks import Wins

        if (a, b) in self.found.wins:
            return self.found.wins[a, b]
        turned = self.found.wins[b, a]
        return Wins(won=turned.lost, tied=turned.tied, lost=turned.won, untested=turned.untested)

    def _needed(self, a: str, b: str) -> SeedsOverTasks:
        return self.found.seeds_needed(a, b)

    def _method(self) -> Iterator[str]:
        found = self.found
        side = "lower" if found.scale.lower_is_better else "higher"
        sure = percent(found.within.confidence)
        paired = {each.paired for each in self.differences.values()}
        words = {True: "paired by seed", False: "after Welch"}
        kinds = " or ".join(words[each] for each in sorted(paired, reverse=True))
        corrected = (
            f", p corrected after {self.found.correction} for all pairs of methods" if self.found.correction else ""
        )
        yield f"{found.scale.sentence}; {side} is better.".capitalize()
        yield f"a - b: difference of the means over the tasks with its {sure} interval and t test ({kinds}){corrected}."
        yield (
            "P(a better): the probability that a run of a beats one of b on the same task. Won, tied, lost: on how "
            "many tasks a is significantly better, neither is, or b is (Holm within each task)."
        )
        if any(not self._better(pair) and self._needed(*pair).each_task is not None for pair in self.pairs):
            yield (
                "Seeds needed: for each method on every task, so that the same test detects a true difference as large "
                "as this one in 80 % of all cases."
            )

    def _cautions(self) -> Iterator[str]:
        found = self.found
        yield from found.scale.cautions
        yield from found.seed_cautions
        for method, tasks in found.lacking.items():
            yield f"{method} is left out: it has no score on {listed(tasks)}."
        if len(self.pairs) < math.comb(len(found.methods), 2):
            yield "Other pairs of methods are not shown."
        yield from over_tasks_caution(self.found.within)
        yield from dict.fromkeys(each.caution for each in self.differences.values() if each.caution)
