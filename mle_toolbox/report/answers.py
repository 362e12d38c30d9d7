"""Which configuration is best, as sentences and tables of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mle_toolbox.render.comparisons import comparison_cells
from mle_toolbox.render.look_words import look_cautions, look_sentences
from mle_toolbox.render.sentences import ends_words, pair_cautions, search_caution
from mle_toolbox.report.numbers import AT, Metric, Numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.task_answers import AnswerOfTasks
from mle_toolbox.statistics import Comparison
from mle_toolbox.text import MINUS, NOTHING, isolated, listed, p_text, percent

__all__ = ["answers", "comparison_data", "comparison_tables"]

_ALL_PAIRS_IN_TABLE_UP_TO = 6
_TASKS_IN_WORDS = 8
_EXACT_UP_TO = 600
_NUMBERS = (
    *("n_a", "n_b", "mean_a", "mean_b", "difference", "difference_low", "difference_high"),
    *("ratio", "ratio_low", "ratio_high", "t_test_p", "adjusted_p", "permutation_p"),
    *("probability_of_improvement", "poi_low", "poi_high", "effect_size", "detectable", "seeds_needed"),
)


def answers(numbers: Numbers) -> list[dict[str, Any]]:
    """Return which configuration is best, with its uncertainty, for each metric and value of a run.

    Of several tasks a sentence is of one task, whose index it has, and stands there when this task is chosen;
    ``always`` says whether it does so when all are.
    """
    # All choices of the page are computed here: it computes no statistics itself.
    found = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            found.append({"key": f"{i}|{at}", "sentences": _sentences(numbers.answer(metric, at), metric, words)})
    return found


def comparison_tables(numbers: Numbers) -> list[dict[str, Any]]:
    """Return the comparisons for each metric and value of a run; with many configurations only those with the best.

    Only the first table has its rows: the page makes those of the others from `comparison_data`.
    """
    tables: list[dict[str, Any]] = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            answer = numbers.answer(metric, at)
            shown = _in_table(answer)
            if not shown:
                continue
            methods = dict.fromkeys(each.method for each in answer.comparisons.values())
            correction = answer.correction
            corrected = [f"p corrected: {correction}, {correction.reason}."] if correction else []
            tables.append(
                {
                    "key": f"{i}|{at}",
                    "metric": metric.label,
                    "at": words,
                    "confidence": percent(numbers.confidence),
                    "p": f"p ({correction.method})" if correction else "p",
                    "rows": [_row(numbers, pair, each) for pair, each in shown.items()] if not tables else [],
                    "caption": f"Mean {words} over seeds, {metric.direction}. " + _which_pairs(answer, shown),
                    "notes": [
                        *(f"{method[0].upper()}{method[1:]}." for method in methods),
                        *corrected,
                        *pair_cautions(shown, lambda name: isolated(numbers.shown(name))),
                    ],
                }
            )
    return tables


def comparison_data(numbers: Numbers, store: Store) -> dict[str, dict[str, Any]]:
    """Return for each ``metric|at`` all pairs for the matrix and the CSV file, and the cells of those in the table."""
    places = {name: index for index, name in enumerate(numbers.configurations)}
    found = {}
    for i, metric in enumerate(numbers.metrics):
        for at in AT:
            answer = numbers.answer(metric, at)
            if not (pairs := answer.comparisons):
                continue
            in_table = _in_table(answer)
            # comparisons.csv has all digits; of hundreds of pairs the CSV file of the page has seven.
            exact, made = len(pairs) <= _EXACT_UP_TO, list(pairs.values())
            rows = {pair: list(map(store.text, _texts(each).values())) for pair, each in in_table.items()}
            found[f"{i}|{at}"] = {
                "complete": answer.shows_all_pairs,
                "a": store.array([places[a] for a, _ in pairs], exact=True),
                "b": store.array([places[b] for _, b in pairs], exact=True),
                "columns": {
                    name: store.array([getattr(each, name) for each in made], exact=exact) for name in _NUMBERS
                },
                "difference": [store.text(_texts(each)["difference"]) for each in made],
                "p": [store.text(f"{p_text(each.p)}{_after(each)}") for each in made],
                "rows": [rows.get(pair) for pair in pairs],
            }
    return found


def _sentences(answer: Answer, metric: Metric, at: str) -> list[dict[str, Any]]:
    if not isinstance(answer, AnswerOfTasks):
        return [{"text": text, "task": None, "always": True} for text in _sentences_of(answer, metric, at, str)]
    few = len(answer.parts) <= _TASKS_IN_WORDS
    role, found = answer.role, []
    for task, part in answer.parts.items():
        sentences = " ".join(_sentences_of(part, metric, at, role.methods.__getitem__))
        found.append({"text": f"On {isolated(task)}: {sentences}", "task": role.tasks.index(task), "always": few})
    if few:
        return found
    best = f"The best on each of the {len(answer.parts)} tasks are bold in the tables; choose a task to read about it."
    return [{"text": best, "task": None, "always": True}, *found]


def _sentences_of(answer: Answer, metric: Metric, at: str, shown: Callable[[str], str]) -> list[str]:
    """Return the sentences about comparable configurations; ``shown`` is what they are called."""
    if answer.leader is None:
        return [f"No seed run has a finite {at} of {isolated(metric.label)} yet."]
    leader = isolated(shown(answer.leader))
    numbers = f"{isolated(metric.label)} {answer.estimates[answer.leader]}, mean {at}"
    ends = ends_words(answer.samples[answer.leader])
    if not answer.comparisons:
        some = f" of the seeds that ended well ({ends})" if ends else ""
        return [f"{leader}{some}: {numbers}. There is nothing to compare it with."]
    among = f" among the seeds that ended well ({ends})" if ends else ""
    if answer.searched:
        return [f"{leader} is ahead{among}: {numbers}; {metric.direction}.", search_caution(answer.searched)]
    cautions = dict.fromkeys(each.caution for each in answer.with_leader.values() if each.caution)
    verdict = [f"{leader} is ahead{among}: {numbers}; {metric.direction}.", *_verdict(answer, shown)]
    looked = look_sentences([answer], lambda name: isolated(shown(name)))
    return [*verdict, *looked, *look_cautions([answer]), *cautions]


def _verdict(answer: Answer, shown: Callable[[str], str]) -> list[str]:
    """Say how the leader compares with the configurations that can be tested."""
    rivals = {name: each for name, each in answer.with_leader.items() if _is_tested(each)}
    if not rivals:
        return []
    ties = [name for name in rivals if name in answer.best]
    if not ties:
        # The weakest of the results holds for all of them.
        largest = max(rivals.values(), key=lambda each: each.p)
        whom = "the other" if len(rivals) == 1 else f"each of the {len(rivals)} others"
        # Those with one seed were not tested, so "each of the others" would claim too much.
        if len(rivals) < len(answer.with_leader):
            whom = _named(rivals, shown)
        return [f"It is significantly better than {whom}: {p_text(largest.p)}{_after(largest)}."]
    others = [name for name in rivals if name not in ties]
    better = f" It is better than {_named(others, shown)}." if others else ""
    return [f"It is not significantly different from {_named(ties, shown)}.{better}", *_power(ties, rivals, shown)]


def _power(ties: Sequence[str], rivals: Mapping[str, Comparison], shown: Callable[[str], str]) -> Iterator[str]:
    """Say how many seeds the nearest needs; equal results, as of a setting without effect, need none."""
    known = [name for name in ties if math.isfinite(rivals[name].detectable)]
    if known:
        # Holm's correction makes many p equal, so the nearest is the one with the smallest difference.
        nearest = min(known, key=lambda name: abs(rivals[name].difference))
        whom = "" if len(ties) == 1 else f"The nearest is {isolated(shown(nearest))}. "
        yield whom + rivals[nearest].power_words()


def _named(names: Iterable[str], shown: Callable[[str], str]) -> str:
    return listed((isolated(shown(name)) for name in names), 5)


def _after(each: Comparison) -> str:
    return f" ({each.correction})" if each.correction else ""


def _in_table(answer: Answer) -> Mapping[tuple[str, str], Comparison]:
    if isinstance(answer, AnswerOfTasks):
        return {pair: each for part in answer.parts.values() for pair, each in _in_table(part).items()}
    # 7 configurations have 21 pairs already.
    if len(answer.samples) <= _ALL_PAIRS_IN_TABLE_UP_TO:
        return answer.comparisons
    return {pair: each for pair, each in answer.comparisons.items() if answer.leader in pair}


def _which_pairs(answer: Answer, shown: Mapping[tuple[str, str], Comparison]) -> str:
    on = " of each task" if isinstance(answer, AnswerOfTasks) else ""
    if not answer.shows_all_pairs:
        return f"All others are compared with the best one{on}."
    if len(shown) < len(answer.comparisons):
        return f"Only pairs with the best one{on} are shown; the CSV file has all {len(answer.comparisons)} pairs."
    return f"All pairs{on}."


def _row(numbers: Numbers, pair: tuple[str, str], each: Comparison) -> dict[str, Any]:
    task = None if numbers.tasks is None else numbers.tasks.of[pair[0]]
    return {"task": task, "names": list(map(numbers.shown_on_task, pair)), "texts": list(_texts(each).values())}


def _is_tested(each: Comparison) -> bool:
    """Tell whether there was a test: not with one seed, and not when all seeds have the same value."""
    return not math.isnan(each.p)


def _texts(each: Comparison) -> dict[str, str]:
    """Return the cells of the table behind the two names."""
    cells = comparison_cells(each)
    # Typography of the page; files for programs keep the ASCII hyphen.
    texts = {name: cells[name].replace("-", MINUS) for name in ("difference", "ratio", "p", "improvement", "effect")}
    verdict = {"a": "yes, better", "b": "yes, worse", None: "no"}[each.better()] if _is_tested(each) else NOTHING
    return {**texts, "verdict": verdict, "needed": cells["needed"]}
