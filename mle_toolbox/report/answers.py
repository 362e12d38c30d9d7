"""Which configuration is best, as sentences and tables of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mle_toolbox.render.comparisons import comparison_cells
from mle_toolbox.render.sentences import ends_words, pair_cautions, search_caution
from mle_toolbox.report.numbers import AT, Metric, Numbers
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.task_answers import AnswerOfTasks
from mle_toolbox.statistics import Comparison
from mle_toolbox.text import MINUS, NOTHING, isolated, listed, p_text, percent

__all__ = ["answers", "comparison_data", "comparison_tables"]

_ALL_PAIRS_IN_TABLE_UP_TO = 6
_TASKS_IN_WORDS = 8
_NUMBERS = (
    *("n_a", "n_b", "mean_a", "mean_b", "difference", "difference_low", "difference_high"),
    *("ratio", "ratio_low", "ratio_high", "t_test_p", "adjusted_p", "permutation_p"),
    *("probability_of_improvement", "poi_low", "poi_high", "effect_size", "detectable", "seeds_needed"),
)


def answers(numbers: Numbers) -> list[dict[str, Any]]:
    """Return which configuration is best, with its uncertainty, for each metric and value of a run."""
    # All choices of the page are computed here: it computes no statistics itself.
    found = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            found.append({"key": f"{i}|{at}", "sentences": _sentences_of(numbers.answer(metric, at), metric, words)})
    return found


def comparison_tables(numbers: Numbers) -> list[dict[str, Any]]:
    """Return the comparisons for each metric and value of a run; with many configurations only those with the best."""
    tables = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            answer = numbers.answer(metric, at)
            shown = _in_table(answer, len(numbers.configurations))
            if not shown:
                continue
            methods = dict.fromkeys(each.method for each in answer.comparisons.values())
            correction = answer.correction
            corrected = [f"p corrected: {correction}, {correction.reason}."] if correction else []
            tables.append(
                {
                    "key": f"{i}|{at}",
                    "metric": metric.name,
                    "at": words,
                    "confidence": percent(numbers.confidence),
                    "p": f"p ({correction.method})" if correction else "p",
                    "rows": [_comparison_row(a, b, each) for (a, b), each in shown.items()],
                    "caption": f"Mean {words} over seeds, {metric.direction}. " + _which_pairs(answer, shown),
                    "notes": [
                        *(f"{method[0].upper()}{method[1:]}." for method in methods),
                        *corrected,
                        *pair_cautions(shown, isolated),
                    ],
                }
            )
    return tables


def comparison_data(numbers: Numbers) -> dict[str, dict[str, Any]]:
    """Return for each ``metric|at`` all pairs for the matrix and the CSV file."""
    places = {name: index for index, name in enumerate(numbers.configurations)}
    found = {}
    for i, metric in enumerate(numbers.metrics):
        for at in AT:
            answer = numbers.answer(metric, at)
            if not answer.comparisons:
                continue
            found[f"{i}|{at}"] = {
                "columns": list(_NUMBERS),
                "complete": answer.shows_all_pairs,
                "pairs": [
                    {
                        "a": places[a],
                        "b": places[b],
                        "improvement": each.probability_of_improvement,
                        "text": f"difference of the means {_cells(each)['difference']}, {p_text(each.p)}{_after(each)}",
                        "numbers": [getattr(each, name) for name in _NUMBERS],
                    }
                    for (a, b), each in answer.comparisons.items()
                ],
            }
    return found


def _sentences_of(answer: Answer, metric: Metric, at: str) -> list[str]:
    if isinstance(answer, AnswerOfTasks):
        if len(answer.parts) > _TASKS_IN_WORDS:
            return [f"The best on each of the {len(answer.parts)} tasks are bold in the tables."]
        parts = {task: _sentences_of(each, metric, at) for task, each in answer.parts.items()}
        return [f"On {isolated(task)}: {' '.join(sentences)}" for task, sentences in parts.items()]
    if answer.leader is None:
        return [f"No seed run has a finite {at} of {isolated(metric.name)} yet."]
    leader = isolated(answer.leader)
    numbers = f"{isolated(metric.name)} {answer.estimates[answer.leader]}, mean {at}"
    ends = ends_words(answer.samples[answer.leader])
    if not answer.comparisons:
        some = f" of the seeds that ended well ({ends})" if ends else ""
        return [f"{leader}{some}: {numbers}. There is nothing to compare it with."]
    among = f" among the seeds that ended well ({ends})" if ends else ""
    if answer.searched:
        return [f"{leader} is ahead{among}: {numbers}; {metric.direction}.", search_caution(answer.searched)]
    cautions = dict.fromkeys(each.caution for each in answer.with_leader.values() if each.caution)
    return [f"{leader} is ahead{among}: {numbers}; {metric.direction}.", *_verdict(answer), *cautions]


def _verdict(answer: Answer) -> list[str]:
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
            whom = _named(rivals)
        return [f"It is significantly better than {whom}: {p_text(largest.p)}{_after(largest)}."]
    others = [name for name in rivals if name not in ties]
    better = f" It is better than {_named(others)}." if others else ""
    return [f"It is not significantly different from {_named(ties)}.{better}", *_power(ties, rivals)]


def _power(ties: Sequence[str], rivals: Mapping[str, Comparison]) -> Iterator[str]:
    """Say how many seeds the nearest needs; equal results, as of a setting without effect, need none."""
    known = [name for name in ties if math.isfinite(rivals[name].detectable)]
    if known:
        # Holm's correction makes many p equal, so the nearest is the one with the smallest difference.
        nearest = min(known, key=lambda name: abs(rivals[name].difference))
        whom = "" if len(ties) == 1 else f"The nearest is {isolated(nearest)}. "
        yield whom + rivals[nearest].power_words()


def _named(names: Iterable[str]) -> str:
    return listed(map(isolated, names), 5)


def _after(each: Comparison) -> str:
    return f" ({each.correction})" if each.correction else ""


def _in_table(answer: Answer, n_configurations: int) -> Mapping[tuple[str, str], Comparison]:
    # 7 configurations have 21 pairs already.
    if n_configurations <= _ALL_PAIRS_IN_TABLE_UP_TO:
        return answer.comparisons
    return {pair: each for pair, each in answer.comparisons.items() if not set(answer.leaders).isdisjoint(pair)}


def _which_pairs(answer: Answer, shown: Mapping[tuple[str, str], Comparison]) -> str:
    on = " of each task" if isinstance(answer, AnswerOfTasks) else ""
    if not answer.shows_all_pairs:
        return f"All others are compared with the best one{on}."
    if len(shown) < len(answer.comparisons):
        return f"Shown are those with the best one{on}; the CSV file has all {len(answer.comparisons)} pairs."
    return f"All pairs{on}."


def _comparison_row(a: str, b: str, each: Comparison) -> dict[str, str]:
    verdict = {"a": "yes, better", "b": "yes, worse", None: "no"}[each.better()] if _is_tested(each) else NOTHING
    return {"a": a, "b": b, **_cells(each), "verdict": verdict}


def _is_tested(each: Comparison) -> bool:
    """Tell whether there was a test: not with one seed, and not when all seeds have the same value."""
    return not math.isnan(each.p)


def _cells(each: Comparison) -> dict[str, str]:
    # Typography of the page; files for programs keep the ASCII hyphen.
    return {name: text.replace("-", MINUS) for name, text in comparison_cells(each).items()}
