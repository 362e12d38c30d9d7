"""One row for each value of a setting, averaged over the configurations that have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mle_toolbox.render.number_form import AS_LOGGED, NumberForm
from mle_toolbox.render.rendered import Rendered
from mle_toolbox.render.sentences import at_words, better_words, cautions_about
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.differences import value_text
from mle_toolbox.results.groups import Group
from mle_toolbox.text import listed

__all__ = ["GroupTable"]


@dataclass(frozen=True, repr=False)
class GroupTable(Rendered):
    """The groups of the configurations ``of`` an experiment by the setting ``key``.

    ``unlike``: settings whose values differ from group to group. No group is marked as the best: which setting matters
    is a question about configurations, which the table of results compares.
    """

    of: str
    key: str
    answers: tuple[Answer, ...]
    groups: tuple[Group, ...]
    unlike: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    form: NumberForm = AS_LOGGED

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people."""
        columns = [Column("configurations", right=True), Column("seeds done", right=True)]
        columns += [Column(self.form.label(each.metric), right=True, rank=1) for each in self.answers]
        short = self.key.rpartition(".")[2]
        columns.insert(0, Column(self.key if any(each.title == short for each in columns) else short))
        rows = tuple(tuple(self._cells(group)) for group in self.groups)
        cautions = tuple(self._cautions())
        return Table(self.title, tuple(columns), rows, tuple(self._method()), cautions, first=self.first)

    @property
    def title(self) -> str:
        """What the table shows."""
        return f"{self.of}: {at_words(self.answers[0].at)} by {self.key}"

    def records(self) -> list[dict[str, Any]]:
        """Return one row per group and metric, with all digits."""
        return [
            {
                self.key: group.value,
                "configurations": len(group.configurations),
                "seeds_done": group.done,
                "seeds_planned": group.planned,
                "metric": answer.metric,
                "at": answer.at,
                "value": estimate.value if (estimate := group.estimates[answer.metric]) is not None else None,
                "low": estimate.low if estimate is not None else None,
                "high": estimate.high if estimate is not None else None,
                "n": estimate.n if estimate is not None else 0,
            }
            for group in self.groups
            for answer in self.answers
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        return {
            "title": self.title,
            "key": self.key,
            "groups": [
                {
                    "value": group.value,
                    "configurations": list(group.configurations),
                    "seeds_done": group.done,
                    "seeds_planned": group.planned,
                    "estimates": {name: asdict(each) if each else None for name, each in group.estimates.items()},
                }
                for group in self.groups
            ],
            "method": list(self._method()),
            "cautions": [*self.first, *self._cautions()],
        }

    def _cells(self, group: Group) -> Iterator[Cell]:
        yield Cell(value_text(group.value))
        yield Cell(str(len(group.configurations)))
        yield Cell(f"{group.done}/{group.planned}")
        for answer in self.answers:
            estimate = group.estimates[answer.metric]
            shown = self.form.shown(estimate, answer.metric) if estimate is not None else None
            yield Cell(shown.beside(group.done) if shown is not None else "")

    def _method(self) -> Iterator[str]:
        directions: dict[str, list[str]] = {}
        for answer in self.answers:
            better = better_words(answer.lower_is_better, answer.assumed)
            directions.setdefault(better, []).append(self.form.named(answer.metric))
        yield f"{'; '.join(f'{listed(names)}: {better}' for better, names in directions.items())}."
        estimates = [each for group in self.groups for each in group.estimates.values() if each is not None]
        # Of an import, some groups may be of runs that have no seed in common.
        how = " or ".join(dict.fromkeys(each.method for each in estimates)) or "no interval"
        yield f"Mean of the configurations of each group, all weighted equally; {how}."

    def _cautions(self) -> Iterator[str]:
        if self.unlike:
            yield f"The groups do not have the same values of {listed(self.unlike)}: a difference may be due to these."
        empty = [value_text(each.value) for each in self.groups if None in each.estimates.values()]
        if empty:
            yield f"No mean if a configuration of the group has no finished seed with a finite value: {listed(empty)}."
        cautions = {
            answer.metric: {
                value_text(each.value): found.caution if (found := each.estimates[answer.metric]) is not None else None
                for each in self.groups
            }
            for answer in self.answers
        }
        yield from cautions_about(cautions)
