"""The search, as a section of the page: what was searched, the best trials, its charts, and where seed runs failed.

Its numbers are those of the ranking; charts get the values of the variables and the scores, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from mle_toolbox.render.final_words import answer_words
from mle_toolbox.render.number_form import NumberForm
from mle_toolbox.render.sentences import best_of_many, left_out_words
from mle_toolbox.render.table import Column
from mle_toolbox.render.trial_table import TrialTable
from mle_toolbox.report.importance_part import first_pair, importance_of, importance_rows
from mle_toolbox.results import ConfigurationResults, ExperimentResults, RankedTrials, ScoredTrial
from mle_toolbox.results.differences import value_text
from mle_toolbox.results.final_answer import FinalAnswer
from mle_toolbox.results.importance import Importance
from mle_toolbox.results.search_record import SearchVariable
from mle_toolbox.results.trial_scores import score_words
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.text import NOTHING, count, isolated, listed, short, value_key

__all__ = ["SHOWN", "SearchView", "search_view"]

SHOWN = 20
"""Trials in the tables and curves of the page; `search.csv` has all."""

_IN_TABLE = 10
_MOST_CHOICES = 8
# Beyond so many values of a variable a heat map has cells that nobody can tell apart, and mostly empty ones.
_MOST_CELLS = 40
_REGIONS = 4
_FOR_REFERENCE = ("original id", "base")
_MOST_PAIRS = 28


@dataclass(frozen=True, eq=False)
class SearchView:
    """The section: ``page`` for the template, ``data`` for the charts, ``shown`` for all other parts of the page.

    ``fresh``: trials and base configurations with the seeds that they have in the final.
    """

    page: Mapping[str, Any]
    data: Mapping[str, Any]
    shown: tuple[str, ...]
    directions: Mapping[str, bool]
    fresh: Mapping[str, ConfigurationResults]


def search_view(results: ExperimentResults) -> SearchView | None:
    """Return the section of a search, None where the experiment is none."""
    if results.search is None:
        return None
    table = results.trial_table()
    found = table.found
    importance, why_none = importance_of(found)
    page = {
        "about": list(_about(results, found)),
        "space": [_space_row(each) for each in found.search.variables],
        "first": list(_before_the_trials(found, table.final)),
        "answer": list(answer_words(table.final, table.form)) if table.final is not None else [],
        "checklist": list(_checklist(results, found, table.final)),
        "table": _table(TrialTable(table.of, found, _IN_TABLE, final=table.final, form=table.form)),
        "failures": _failures(found),
        "failed": _failed_words(found),
        "metrics": list(map(table.form.label, found.metrics)),
        "pairs": len(found.search.variables) > 1,
        "has_scores": bool(found.ranked),
        "importance": importance_rows(importance),
        "about_importance": [why_none] if importance is None else importance.notes,
    }
    shown = tuple(each.name for each in found if each.name in results)[:SHOWN]
    return SearchView(
        page,
        _data(found, table.final, importance, table.form),
        shown,
        dict(found.lower_is_better),
        _fresh(results, table.final),
    )


def _fresh(results: ExperimentResults, final: FinalAnswer | None) -> dict[str, ConfigurationResults]:
    seeds: dict[str, list[int]] = {}
    for name, seed in final.stage.runs if final is not None else ():
        seeds.setdefault(name, []).append(seed)
    return {name: results.with_seeds(name, each) for name, each in seeds.items()}


def _about(results: ExperimentResults, found: RankedTrials) -> Iterator[str]:
    search = found.search
    inside = [each for each in found if each.record.inside]
    seeds = max((each.planned for each in inside), default=0)
    bases = f" from {listed(map(isolated, search.bases), 3)}" if search.bases else ""
    kind = "A grid" if search.type == "grid" else search.words[0].upper() + search.words[1:]
    of = f" of a budget of {search.budget:,}" if search.budget is not None and not search.left_out else ""
    variables = count(len(search.variables), "variable")
    yield f"{kind} over {variables}{bases}: {count(len(inside), 'trial')}{of}, {count(seeds, 'seed')} each."
    if search.left_out:
        yield left_out_words(search)
    if search.type != "grid" and search.seed is not None:
        yield f"The points were drawn with the seed {search.seed}."
    if outside := len(found) - len(inside):
        yield f"{count(outside, 'further trial lies', 'further trials lie')} outside the present space or budget."


def _before_the_trials(found: RankedTrials, final: FinalAnswer | None) -> Iterator[str]:
    if final is not None:
        yield f"Scores of the search's own seeds, which are optimistic: the best of {len(found.ranked):,}."
    yield from best_of_many(found, isolated, has_final=final is not None)


def _checklist(results: ExperimentResults, found: RankedTrials, final: FinalAnswer | None) -> Iterator[dict[str, str]]:
    """Yield what a reviewer asks of tuning (after Eimer, Lindauer & Raileanu, ICML 2023), and the answers."""
    search, seeds = found.search, results.record.get("seeds", ())
    runs = sum(each.done for each in found)
    yield {"name": "Budget", "value": f"{count(len(found), 'trial')}, {count(runs, 'finished seed run')} in the search"}
    yield {
        "name": "Space",
        "value": f"{count(len(search.variables), 'variable')}, in the table above",
    }
    yield {"name": "Seeds of the search", "value": format_seeds(seeds)}
    if final is None:
        way_out = "" if search.type == "pbt" else " (search_final: True runs others)"
        nothing = f"none: the values of the best trials are those that chose them{way_out}"
        yield {"name": "Seeds of the report", "value": nothing}
    else:
        stage = final.stage
        yield {
            "name": "Seeds that chose the winner",
            "value": f"{format_seeds(stage.finalist_seeds)}, of {count(len(stage.finalists or ()), 'finalist')}",
        }
        apart = {*seeds, *stage.finalist_seeds}.isdisjoint(stage.final_seeds)
        said = "disjoint from all others" if apart else "NOT disjoint from the others"
        yield {"name": "Seeds of the report", "value": f"{format_seeds(stage.final_seeds)}, {said}"}
        yield {"name": "Compared with", "value": f"the base configuration, {listed(stage.bases)}, with the same seeds"}
    value = score_words(search.problem_type, search.aggregate_seeds, bool(search.best_is_maximum))
    yield {
        "name": "Ranked by",
        "value": f"{listed(results.labels.get(name, name) for name in search.metrics[:1]) or 'nothing'}: {value}",
    }
    failed = sum(each.failed for each in found)
    yield {"name": "Failed seed runs", "value": f"{failed:,}; a trial with one comes after all others"}
    went_on = "yes, see above" if final is not None and final.earlier else "no, as far as this folder knows"
    yield {"name": "Extended after an answer was seen", "value": went_on}


def _space_row(variable: SearchVariable) -> dict[str, str]:
    if variable.choices is not None:
        values = listed(map(value_text, variable.choices), _MOST_CHOICES)
        size = count(len(variable.choices), "value")
    else:
        values = f"{short(variable.begin, 6)} to {short(variable.end, 6)}"
        size = variable.prior or NOTHING
    return {"name": variable.name, "kind": variable.kind, "range": values, "size": size, "key": variable.key}


def _table(table: TrialTable) -> dict[str, Any]:
    drawn = table.table()
    return {
        "columns": [{"title": each.title, "kind": _kind(each)} for each in drawn.columns],
        "rows": [[each.text for each in row] for row in drawn.rows],
        "notes": [*drawn.method, *drawn.cautions],
        "caption": f"The first {len(table)} of {len(table.found):,} trials; search.csv has all."
        if len(table) < len(table.found)
        else "",
    }


def _kind(column: Column) -> str:
    """Return the class of a column; a narrow page leaves out what is only for reference."""
    return "setting" if column.title in _FOR_REFERENCE else "number" if column.right else ""


def _failed_words(found: RankedTrials) -> str:
    failed, diverged = sum(each.failed for each in found), sum(each.diverged for each in found)
    runs = sum(each.planned for each in found)
    if not failed and not diverged:
        return ""
    return f"Of {count(runs, 'seed run')} {failed:,} failed and {diverged:,} diverged. By the values of each variable:"


def _failures(found: RankedTrials) -> list[dict[str, Any]]:
    """Return, for each variable, how many seed runs ended badly in each part of its range."""
    if not any(each.failed or each.diverged for each in found):
        return []
    rows = []
    for variable in found.search.variables:
        for words, trials in _regions(variable, [each for each in found if variable.name in each.record.values]):
            runs = sum(each.planned for each in trials)
            failed, diverged = sum(each.failed for each in trials), sum(each.diverged for each in trials)
            rows.append(
                {
                    "variable": variable.name,
                    "range": words,
                    "trials": f"{len(trials):,}",
                    "runs": f"{runs:,}",
                    "failed": f"{failed:,}" if failed else NOTHING,
                    "diverged": f"{diverged:,}" if diverged else NOTHING,
                    "share": f"{100 * (failed + diverged) / runs:.0f} %" if runs else NOTHING,
                    "bad": bool(failed or diverged),
                }
            )
    return rows


def _regions(variable: SearchVariable, trials: Sequence[ScoredTrial]) -> Iterator[tuple[str, list[ScoredTrial]]]:
    """Yield the trials of each value, or of each quarter of the trials where there are many values."""
    by_value: dict[str, list[ScoredTrial]] = {}
    for each in _sorted_by(variable, trials):
        by_value.setdefault(value_key(each.record.values[variable.name]), []).append(each)
    if len(by_value) <= _MOST_CHOICES:
        yield from ((value_text(each[0].record.values[variable.name]), each) for each in by_value.values())
        return
    groups = list(by_value.values())
    edges = [len(groups) * place // _REGIONS for place in range(_REGIONS + 1)]
    for begin, end in pairwise(edges):
        inside = [trial for group in groups[begin:end] for trial in group]
        ends = [value_text(each.record.values[variable.name]) for each in (inside[0], inside[-1])]
        yield " to ".join(ends), inside


def _history(found: RankedTrials, kept: Sequence[ScoredTrial], final: FinalAnswer | None) -> dict[str, Any]:
    """Return the order of the trials, the best so far of each metric, and what fresh seeds say of the winner."""
    from mle_toolbox.statistics import best_so_far

    order = sorted(range(len(kept)), key=lambda place: kept[place].record.number)
    best: list[list[float | None]] = []
    for metric in found.metrics:
        scores = [kept[place].scores[metric].estimate.value for place in order]
        # Infinite and not NaN: a trial without a score keeps the best so far.
        known = [score if score == score else float("inf") for score in scores]
        running = best_so_far(known, lower_is_better=found.lower_is_better[metric])
        best.append([value if value == value else None for value in running.tolist()])
    fresh = {} if final is None else {"winner": final.winner, "base": final.base}
    return {
        "order": order,
        "best": best,
        "fresh": {
            what: {
                "name": trial.name,
                "scores": [_score(trial, m) if m in trial.scores else None for m in found.metrics],
            }
            for what, trial in fresh.items()
            if trial is not None
        },
    }


def _data(
    found: RankedTrials, final: FinalAnswer | None, importance: Importance | None, form: NumberForm
) -> dict[str, Any]:
    variables = found.search.variables
    kept = [each for each in found if each.record.inside]
    axes = [_axis(each, kept) for each in variables]
    return {
        "history": _history(found, kept, final),
        "variables": axes,
        "first": first_pair(axes, importance, is_grid=found.search.type == "grid"),
        "metrics": [
            {"name": name, "label": form.label(name), "lower": found.lower_is_better[name]} for name in found.metrics
        ],
        "trials": [
            {
                "name": each.name,
                "rank": each.rank,
                "values": [each.record.values.get(variable.name) for variable in variables],
                "texts": [value_text(each.record.values.get(variable.name)) for variable in variables],
                "scores": [_score(each, metric) for metric in found.metrics],
                "bad": each.failed + each.diverged,
            }
            for each in kept
        ],
        "heat": {
            f"{i}|{j}|{m}": _cells(found, kept, variables[i], variables[j], metric)
            for i, j in list(combinations(range(len(variables)), 2))[:_MOST_PAIRS]
            for m, metric in enumerate(found.metrics)
        },
    }


def _axis(variable: SearchVariable, trials: Sequence[ScoredTrial]) -> dict[str, Any]:
    """Return the values of a variable that occur, in order, and how its axis runs."""
    values = _different(variable, trials)
    numbers = _are_numbers(values)
    return {
        "name": variable.name,
        "numbers": numbers,
        # Without a prior: values a factor of a hundred apart are chosen by their magnitude.
        "log": numbers and (_spans_magnitudes(values) if variable.prior is None else variable.prior == "log-uniform"),
        "values": values,
        "texts": [value_text(each) for each in values],
    }


def _spans_magnitudes(values: Sequence[Any]) -> bool:
    return len(values) > 2 and min(values) > 0 and max(values) / min(values) >= 100


def _score(trial: ScoredTrial, metric: str) -> dict[str, Any] | None:
    estimate = trial.scores[metric].estimate
    if not estimate.n:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "text": str(estimate)}


def _cells(
    found: RankedTrials, trials: Sequence[ScoredTrial], x: SearchVariable, y: SearchVariable, metric: str
) -> list[list[Any]] | None:
    """Return ``[column, row, mean, best, trials]`` for each pair of values, None where a heat map has no use."""
    columns, rows = ([value_key(value) for value in _different(each, trials)] for each in (x, y))
    if not columns or not rows or max(len(columns), len(rows)) > _MOST_CELLS:
        return None
    inside: dict[tuple[int, int], list[float]] = {}
    for each in trials:
        values, score = each.record.values, each.scores[metric]
        if score.known and x.name in values and y.name in values:
            place = columns.index(value_key(values[x.name])), rows.index(value_key(values[y.name]))
            inside.setdefault(place, []).append(score.estimate.value)
    best = min if found.lower_is_better[metric] else max
    return [[*place, sum(each) / len(each), best(each), len(each)] for place, each in inside.items()]


def _different(variable: SearchVariable, trials: Sequence[ScoredTrial]) -> list[Any]:
    there = [each for each in trials if variable.name in each.record.values]
    values = {value_key(each.record.values[variable.name]): each.record.values[variable.name] for each in there}
    if _are_numbers(list(values.values())):
        return sorted(values.values())
    order = {value_key(each): place for place, each in enumerate(variable.choices or ())}
    return sorted(values.values(), key=lambda value: order.get(value_key(value), len(order)))


def _sorted_by(variable: SearchVariable, trials: Sequence[ScoredTrial]) -> list[ScoredTrial]:
    order = [value_key(value) for value in _different(variable, trials)]
    return sorted(trials, key=lambda each: order.index(value_key(each.record.values[variable.name])))


def _are_numbers(values: Sequence[Any]) -> bool:
    # type() and not isinstance(): bool is an int.
    return bool(values) and all(type(value) in (int, float) for value in values)
