"""The files of a search: its trials as CSV, and the configuration of the best one with how sure that is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_text
from mle_toolbox.render.final_words import answer_words
from mle_toolbox.render.sentences import best_of_many, better_words, search_test_words
from mle_toolbox.results import ExperimentResults, RankedTrials, ScoredTrial
from mle_toolbox.results.differences import value_text
from mle_toolbox.results.final_answer import FinalAnswer, answer_key, read_answers
from mle_toolbox.results.ranking import best_is_maximum
from mle_toolbox.results.search_record import TrialRecord
from mle_toolbox.results.trial_scores import score_words
from mle_toolbox.search.placement import settings_of
from mle_toolbox.text import count, counted

__all__ = ["write_search"]


def write_search(results: ExperimentResults, folder: ExperimentFolder) -> None:
    """Write ``search.csv``, ``best.json`` and ``best.txt``, whatever has run so far.

    ``best.json`` is a configuration file and nothing else, so that it can be named in the next experiment as it is and
    any program reads it: comments would not be JSON, and a section of our own would be part of what its seed runs were
    made from. How sure the choice is stands beside it, in ``best.txt``. Without a ranked trial there is no
    ``best.json``.
    """
    table = results.trial_table()
    if table.final is not None:
        _write_final(table.final, results, folder)
    best = table.found.best
    _write(folder.trials, table.to_csv())
    content = results.contents.get(best.name) if best is not None else None
    if content:
        # In another results folder a trial of that number is another one.
        _write(folder.best, json.dumps(settings_of(content), indent=4, ensure_ascii=False) + "\n")
    else:
        # One of an earlier run would be taken for the best of this one.
        folder.best.unlink(missing_ok=True)
    _write(folder.best_words, "\n".join(_words(table.found, table.final)) + "\n")


def _write_final(answer: FinalAnswer, results: ExperimentResults, folder: ExperimentFolder) -> None:
    """Write ``winner.txt``, and note the answer: when the search goes on, it is known to have been seen."""
    _write(folder.winner_words, "\n".join(answer_words(answer)) + "\n")
    if answer.state != "done" or answer.estimate is None:
        return
    of, key = answer_key(results, answer.stage)
    noted = {
        "of": of,
        "key": key,
        "trials": answer.trials,
        "winner": answer.stage.winner,
        "value": answer.estimate.value,
        "seeds": len(answer.stage.final_seeds),
    }
    folder.driver.mkdir(parents=True, exist_ok=True)
    others = [each for each in read_answers(folder) if each.get("key") != key]
    _write(folder.answers, json.dumps([*others, noted], indent=2) + "\n")


def _words(found: RankedTrials, final: FinalAnswer | None) -> Iterator[str]:
    best = found.best
    if found.tasks is not None:
        tasks = f"{count(len(found.tasks.tasks), 'task')} ({found.tasks.key_words})"
        yield f"The trials are of {tasks}, whose scores are not compared, so none is the best."
        yield "`mle results` shows methods and tasks."
        return
    if best is None:
        yield "No trial has a score, so there is no best one."
        return
    base = f" of {best.record.base}" if best.record.base else ""
    again = f" ({best.record.original_id} in the original toolbox)" if best.record.original_id else ""
    yield f"best.json is the configuration of {best.name}{again}, a trial{base}:"
    yield ""
    width = max((len(each.name) for each in found.search.variables), default=0)
    yield from (
        f"  {each.name.ljust(width)}  {value_text(best.record.values[each.name])}"
        for each in found.search.variables
        if each.name in best.record.values
    )
    yield ""
    if (since := _had_others(best.record, found.search.trials)) is not None:
        yield f"It has these values only since it continued {since}, so best.json does not reproduce its score."
        yield ""
    yield from (_score(found, best, metric) for metric in found.metrics)
    rest = counted(best.others)
    yield f"Seed runs done: {best.done} of {best.planned}{f' ({rest})' if rest else ''}."
    yield f"First of {count(len(found.ranked), 'trial')} by {found.metrics[0]}."
    if found.tied:
        yield search_test_words(found)
    yield from best_of_many(found, has_final=final is not None)
    if final is not None:
        yield "winner.txt says which trial has won with fresh seeds, and its value to report."


def _had_others(trial: TrialRecord, trials: Mapping[str, TrialRecord]) -> str | None:
    """Return the nearest ancestor with other values: in a population they change while a member trains."""
    values = trial.values
    while trial.parent is not None and trial.parent in trials:
        trial = trials[trial.parent]
        if trial.values != values:
            return trial.name
    return None


def _score(found: RankedTrials, best: ScoredTrial, metric: str) -> str:
    lower = found.lower_is_better[metric]
    estimate = best.scores[metric].estimate
    made = score_words(found.search.problem_type, found.search.aggregate_seeds, best_is_maximum(found.search, lower))
    return f"{metric}: {estimate}; {made}; {estimate.method}; {better_words(lower, found.assumed[metric])}."


def _write(path: Path, text: str) -> None:
    # Names from file names may hold lone surrogates.
    replace_text(path, text, errors="replace")
