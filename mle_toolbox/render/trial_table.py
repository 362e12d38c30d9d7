"""One row per trial of a search: its values, its seeds and its score, the best first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mle_toolbox.render.final_words import answer_data, answer_words, role_of
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm, std_over_seeds
from mle_toolbox.render.rendered import Rendered
from mle_toolbox.render.sentences import best_of_many, better_words, cautions_about, left_out_words, search_test_words
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.code_states import code_record
from mle_toolbox.results.differences import value_text
from mle_toolbox.results.final_answer import FinalAnswer
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial, best_is_maximum
from mle_toolbox.results.trial_scores import score_words
from mle_toolbox.text import count, counted, listed, value_key

if TYPE_CHECKING:
    from mle_toolbox.statistics import Estimate

__all__ = ["NOT_DIFFERENT", "TrialTable"]

NOT_DIFFERENT = "≈"
"""The sign of a trial that is not significantly different from the best one."""

# What a narrow terminal leaves out first has the highest rank; the place, the trial and its score always stay.
_SEEDS, _BASE, _VARIABLES, _MORE_METRICS, _PARENT, _FIXED, _ORIGINAL = 1, 2, 3, 4, 5, 6, 7


@dataclass(frozen=True, repr=False)
class TrialTable(Rendered):
    """The trials ``of`` a search with their scores: the first ``top`` of them, or all."""

    of: str
    found: RankedTrials
    top: int | None = None
    first: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    final: FinalAnswer | None = None
    form: NumberForm = AS_LOGGED

    @property
    def shown(self) -> tuple[ScoredTrial, ...]:
        """The trials of the table."""
        return self.found.trials if self.top is None else self.found.trials[: self.top]

    @property
    def title(self) -> str:
        """What the table shows."""
        all_of_them = count(len(self.found), "trial")
        shown = all_of_them if len(self.shown) == len(self.found) else f"the first {len(self.shown)} of {all_of_them}"
        # Where fresh seeds tell the value of the winner, nobody may take this one for it.
        by = f" by the search's own seeds (optimistic: best of {len(self.found.ranked):,})" if self.final else ""
        return f"{self.of}: {shown} of {self.found.search.words}, ranked{by}"

    @property
    def cautions(self) -> tuple[str, ...]:
        """Cautions, one sentence each: first those about the runs, then those about the numbers."""
        return (*self._first(), *self._cautions())

    def __iter__(self) -> Iterator[ScoredTrial]:
        return iter(self.shown)

    def __len__(self) -> int:
        return len(self.shown)

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people."""
        found = self.found
        marks, shared_n = found.separates, self._shared_n()
        names = _short_titles(found, map(self.form.label, found.metrics))
        columns = [Column("#", right=True), *([Column(NOT_DIFFERENT)] if marks else []), Column("trial")]
        columns += [Column("base", rank=_BASE)] if len(found.search.bases) > 1 else []
        columns += [
            Column(
                names[each.name],
                right=self._has_numbers(each.name),
                rank=_VARIABLES if self._varies(each.name) else _FIXED,
            )
            for each in found.search.variables
        ]
        columns += [Column("final")] if self._any_in_the_final() else []
        columns += [Column("steps", right=True, rank=_SEEDS)] if self._has_steps() else []
        columns += [Column("parent", rank=_PARENT)] if self._has_parents() else []
        columns += [Column("seeds done", right=True, rank=_SEEDS)] if shared_n is None else []
        columns += [
            Column(self.form.label(metric), right=True, rank=_MORE_METRICS if place else 0)
            for place, metric in enumerate(found.metrics)
        ]
        columns += [Column("original id", rank=_ORIGINAL)]
        rows = tuple(tuple(self._cells(trial, marks, shared_n)) for trial in self.shown)
        return Table(
            self.title,
            tuple(columns),
            rows,
            tuple(self._method(shared_n)),
            tuple(self._cautions()),
            "",
            tuple(self._first()),
            answer=tuple(answer_words(self.final, self.form)) if self.final is not None else (),
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row per trial, with all digits."""
        names = _titles(self.found)
        return [self._record(trial, names) for trial in self.shown]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        search = self.found.search
        return {
            "title": self.title,
            "search": {
                "type": search.type,
                "problem_type": search.problem_type,
                "aggregate_seeds": search.aggregate_seeds,
                "budget": search.budget,
                "grid_size": search.grid_size,
                "left_out": search.left_out,
            },
            "metrics": [
                {
                    "metric": metric,
                    "lower_is_better": self.found.lower_is_better[metric],
                    "direction_assumed": self.found.assumed[metric],
                }
                for metric in self.found.metrics
            ],
            **({} if self.final is None else {"final": answer_data(self.final)}),
            "best": self.found.best.name if self.found.best is not None else None,
            "test": self.found.answer.test if self.found.answer is not None else None,
            "cautions": list(self.cautions),
            "method": list(self._method(None)),
            "trials": [self._nested(trial) for trial in self.shown],
        }

    def _record(self, trial: ScoredTrial, names: Mapping[str, str]) -> dict[str, Any]:
        own = trial.record
        record: dict[str, Any] = {
            "rank": trial.rank,
            "trial": own.name,
            "number": own.number,
            "original_id": own.original_id,
        }
        if len(self.found.search.bases) > 1:
            record["base"] = own.base
        record |= {names[each.name]: own.values.get(each.name) for each in self.found.search.variables}
        if self._has_steps():
            record["steps"] = own.steps
        if self._has_parents():
            record["parent"] = own.parent
        for metric in self.found.metrics:
            estimate, title = trial.scores[metric].estimate, names[f"metric {metric}"]
            record |= {
                title: estimate.value,
                f"{title}_low": estimate.low,
                f"{title}_high": estimate.high,
                **({f"{title}_std": std_over_seeds(trial.scores[metric].sample)} if self.form.std else {}),
                f"{title}_n": estimate.n,
                f"{title}_diverged": estimate.diverged,
            }
        if self.final is not None:
            record |= self._fresh(own.name)
        return {
            **record,
            "not_different_from_best": self.found.is_tied(trial),
            "seeds_done": trial.done,
            "seeds_planned": trial.planned,
            "failed": trial.failed,
            "diverged": trial.diverged,
            "status": trial.status,
            "inside": own.inside,
            "code": trial.code.word if trial.code is not None else None,
        }

    def _fresh(self, name: str) -> dict[str, Any]:
        """Return the value with the fresh seeds: of the winner those that are reported, else those that chose it."""
        final = self.final
        role = role_of(final, name) if final is not None else ""
        trial = final.winner if final is not None and role == "winner" else None
        if final is not None and role == "finalist" and final.finalists is not None:
            trial = next((each for each in final.finalists if each.name == name), None)
        estimate = trial.scores[final.metric].estimate if trial is not None and final is not None else None
        numbers = {f"fresh_{key}": getattr(estimate, key, None) for key in ("value", "low", "high", "n")}
        return {"final": role, **numbers}

    def _any_in_the_final(self) -> bool:
        return self.final is not None and any(role_of(self.final, each.name) for each in self.shown)

    def _nested(self, trial: ScoredTrial) -> dict[str, Any]:
        return {
            "rank": trial.rank,
            "trial": trial.name,
            "number": trial.record.number,
            "original_id": trial.record.original_id,
            "base": trial.record.base,
            "values": dict(trial.record.values),
            **({} if trial.record.steps is None else {"steps": trial.record.steps, "parent": trial.record.parent}),
            "scores": {
                metric: {
                    **{
                        key: getattr(score.estimate, key)
                        for key in ("value", "low", "high", "n", "diverged", "missing")
                    },
                    **({"std": std_over_seeds(score.sample)} if self.form.std else {}),
                    "by_seed": dict(zip(map(str, score.sample.seeds), score.sample.values.tolist(), strict=True)),
                }
                for metric, score in trial.scores.items()
            },
            "not_different_from_best": self.found.is_tied(trial),
            "seeds_done": trial.done,
            "seeds_planned": trial.planned,
            "others": dict(trial.others),
            "status": trial.status,
            "inside": trial.record.inside,
            **code_record(trial.code),
        }

    def _shared_n(self) -> int | None:
        """Return n if it is the same in the whole table and no seed is left out; then it is said once, below."""
        numbers = {
            score.estimate.n if trial.complete else -1 for trial in self.shown for score in trial.scores.values()
        }
        n = numbers.pop() if len(numbers) == 1 else -1
        return n if n > 1 else None

    def _cells(self, trial: ScoredTrial, marks: bool, shared_n: int | None) -> Iterator[Cell]:
        yield Cell(str(trial.rank) if trial.rank is not None else "" if trial.record.inside else "out")
        if marks:
            yield Cell(NOT_DIFFERENT if trial.name in self.found.tied and trial.rank != 1 else "")
        yield Cell(trial.name)
        if len(self.found.search.bases) > 1:
            yield Cell(trial.record.base)
        for each in self.found.search.variables:
            yield Cell(value_text(trial.record.values[each.name]) if each.name in trial.record.values else "")
        if self.final is not None and self._any_in_the_final():
            yield Cell(role_of(self.final, trial.name))
        if self._has_steps():
            yield Cell("" if trial.record.steps is None else str(trial.record.steps))
        if self._has_parents():
            yield Cell(trial.record.parent or "")
        if shared_n is None:
            rest = counted(trial.others)
            yield Cell(f"{trial.done}/{trial.planned}" + (f" ({rest})" if rest else ""))
        for metric in self.found.metrics:
            score = trial.scores[metric]
            shown = self.form.shown(score.estimate, metric, score.sample)
            yield Cell(_score_text(shown, trial.done) if shared_n is None else shown.numbers())
        yield Cell(trial.record.original_id)

    def _has_steps(self) -> bool:
        return any(each.record.steps is not None for each in self.found)

    def _has_parents(self) -> bool:
        return any(each.record.parent is not None for each in self.found)

    def _varies(self, variable: str) -> bool:
        return len({value_key(trial.record.values.get(variable)) for trial in self.found}) > 1

    def _has_numbers(self, variable: str) -> bool:
        values = [trial.record.values.get(variable) for trial in self.found]
        # bool is an int in Python.
        return all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None
        )

    def _first(self) -> Iterator[str]:
        yield from self.first
        yield from best_of_many(self.found, has_final=self.final is not None)

    def _method(self, shared_n: int | None) -> Iterator[str]:
        found, search = self.found, self.found.search
        seeds = "" if shared_n is None else f", n = {shared_n} seeds"
        for metric in found.metrics:
            lower = found.lower_is_better[metric]
            made = score_words(search.problem_type, search.aggregate_seeds, best_is_maximum(search, lower))
            methods = [each.scores[metric].estimate for each in found if each.scores[metric].estimate.n > 1]
            # The longest one also says what was done with diverged seeds.
            how = max((each.method for each in methods), key=len, default="no interval")
            if methods:
                how = self.form.method(how, "score")
            better = better_words(lower, found.assumed[metric])
            yield f"Score, {self.form.named(metric)}: {made}; {how}{seeds}; {better}."
        if any(each.rank is not None for each in found) and any(not each.complete for each in found.ranked):
            yield (
                "Order: trials whose seeds all ended well, then those that are incomplete, then those with a seed that "
                "failed or diverged."
            )
        whole = [each for each in found.ranked if each.complete]
        more = ["steps"] if len({each.record.steps for each in whole}) > 1 else []
        more += ["seeds"] if len({each.planned for each in whole}) > 1 else []
        if more:
            words = listed(more)
            yield (
                f"Trials with more {words} come first, because their scores with fewer earned them; tests compare only "
                f"trials with equally many {words}."
            )
        if found.tied:
            words = search_test_words(found)
            yield f"{NOT_DIFFERENT} {words}" if found.separates else words
        if found.tasks is not None:
            yield f"Not ranked: {found.tasks.key_words} is a task, and scores of unlike tasks are not compared."
        if search.left_out:
            yield left_out_words(search)

    def _cautions(self) -> Iterator[str]:
        found, search = self.found, self.found.search
        if not search.metrics and not found.metrics:
            yield "This search scores nothing (eval_metrics). `mle results --metric NAME` ranks the trials."
        elif not found.metrics:
            yield f"No trial has logged {listed(search.metrics)} yet."
        if missing := [name for name in search.metrics if name not in found.metrics and found.metrics]:
            yield f"Not logged yet: {listed(missing)}."
        if outside := [each for each in found if not each.record.inside]:
            lie = count(len(outside), "trial lies", "trials lie")
            yield f"{lie} outside the present space or budget (out): kept, not ranked ({_named(outside)})."
        yield from _failures(found)
        running = sum(each.others.get("running", 0) for each in found)
        if running:
            yield f"{count(running, 'seed run is', 'seed runs are')} still running; the ranking may change."
        # About the trials that are shown: those of 390 others would hide them.
        cautions = {
            metric: {each.name: each.scores[metric].estimate.caution for each in self.shown} for metric in found.metrics
        }
        yield from filter(self.form.applies, cautions_about(cautions))
        yield from self.remarks


def _failures(found: RankedTrials) -> Iterator[str]:
    failed = [each for each in found if each.failed]
    diverged = [each for each in found if each.diverged and not each.failed]
    if failed:
        yield f"{count(len(failed), 'trial has', 'trials have')} failed seed runs: {_named(failed)}."
    if diverged:
        yield f"{count(len(diverged), 'trial has', 'trials have')} seeds that diverged: {_named(diverged)}."


def _named(trials: list[ScoredTrial]) -> str:
    return listed((each.name for each in trials), 3)


def _score_text(estimate: Estimate, done: int) -> str:
    """Return the score without the number of missing seeds, which stands beside it by their status."""
    return replace(estimate, missing=0).beside(done) if estimate.n else ""


def _short_titles(found: RankedTrials, others: Iterable[str]) -> dict[str, str]:
    """Return the headings of the variables: the last part of a name such as "es_config/sigma" where it is unique.

    ``others``: those of the metrics.
    """
    ends = {each.name: re.split("[/:]", each.name)[-1] or each.name for each in found.search.variables}
    often = Counter([*ends.values(), *others])
    return {name: end if often[end] == 1 else name for name, end in ends.items()}


def _titles(found: RankedTrials) -> dict[str, str]:
    """Return the columns of the variables, by name, and of the metrics, by ``metric NAME``; ours keep their names."""
    taken = {"rank", "trial", "number", "original_id", "base", "not_different_from_best", "seeds_done", "seeds_planned"}
    taken |= {"failed", "diverged", "status", "inside", "code", "final"}
    taken |= {f"fresh_{each}" for each in ("value", "low", "high", "n")}
    if any(each.record.steps is not None for each in found):
        taken |= {"steps", "parent"}
    titles = {}
    wanted = [(f"metric {name}", name) for name in found.metrics] + [
        (each.name, each.name) for each in found.search.variables
    ]
    for key, title in wanted:
        while title in taken:
            title += "_"
        taken.add(title)
        titles[key] = title
    return titles
