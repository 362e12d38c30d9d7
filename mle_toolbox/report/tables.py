"""Final values and settings as tables of the page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from mle_toolbox.render.sentences import best_cautions, estimate_cautions, meaning_of_best
from mle_toolbox.report.numbers import AT, STATISTICS, Metric, Numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.differences import differing, differing_keys, short_names, value_text
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.statistics import Estimate
from mle_toolbox.text import NO_BREAK, NOTHING, count, counted, isolated

__all__ = ["difference_table", "final_data", "final_table", "final_words"]

_DIFFERENCES_BESIDE_RESULTS = 4
_METRICS_IN_ONE_LINE = 3


def final_table(numbers: Numbers, contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table of the mean last values; the page replaces the cells when the user selects something else."""
    differences = difference_table(contents)
    keys = differences["columns"][:_DIFFERENCES_BESIDE_RESULTS]
    values = {row["name"]: row["differing"][: len(keys)] for row in differences["rows"]}
    rows = []
    for index, name in enumerate(numbers.configurations):
        cells = [_final_cell(numbers, metric, name, f"{i}|{index}") for i, metric in enumerate(numbers.metrics)]
        samples = [numbers.sample(metric, "last", name) for metric in numbers.metrics]
        # The number of seeds is that of the first metric; the cells have the n of each.
        first = next((sample for sample in samples if sample is not None), None)
        rows.append(
            {"name": name, "differing": values.get(name, [NOTHING] * len(keys)), "cells": cells, **_seeds(first)}
        )
    more = len(differences["columns"]) - len(keys)
    return {
        "columns": [differences["short"][key] for key in keys],
        "more_columns": count(more, "further setting differs", "further settings differ") if more > 0 else "",
        "metrics": [{"name": metric.label, "direction": metric.direction} for metric in numbers.metrics],
        "rows": rows,
        **{part: words["last|mean"] for part, words in final_words(numbers).items()},
    }


def final_words(numbers: Numbers) -> dict[str, dict[str, str]]:
    """Return the texts above the table, on its bold cells, and the cautions; each for every ``at|statistic``."""
    words: dict[str, dict[str, str]] = {"first": {}, "bold": {}, "cautions": {}}

    def named(name: str) -> str:
        return isolated(numbers.shown(name))

    for at, statistic in product(AT, STATISTICS):
        shown = [numbers.answer(metric, at, statistic) for metric in numbers.metrics]
        meaning = meaning_of_best(shown)
        words["first"][f"{at}|{statistic}"] = " ".join(best_cautions(shown, named))
        words["bold"][f"{at}|{statistic}"] = f"Bold: {meaning}" if meaning else ""
        words["cautions"][f"{at}|{statistic}"] = " ".join(estimate_cautions(shown, named))
    return words


def final_data(numbers: Numbers, store: Store) -> dict[str, dict[str, Any]]:
    """Return for each ``metric|at`` the seeds, values and estimates of every configuration, as columns."""
    return {f"{i}|{at}": _finals(numbers, metric, at, store) for i, metric in enumerate(numbers.metrics) for at in AT}


def difference_table(contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings that differ: the keys, and a row per configuration with its values as text."""
    apart = differing(contents)
    keys = differing_keys(apart)
    rows = [
        {"name": name, "differing": [value_text(each[key]) if key in each else NOTHING for key in keys]}
        for name, each in apart.items()
    ]
    return {"columns": keys, "short": short_names(keys), "rows": rows}


def _final_cell(numbers: Numbers, metric: Metric, name: str, place: str) -> dict[str, Any]:
    if numbers.sample(metric, "last", name) is None:
        return {"text": NOTHING, "place": place, "best": False}
    answer = numbers.answer(metric)
    return {"text": _in_parts(answer.estimates[name], numbers), "place": place, "best": name in answer.best}


def _in_parts(estimate: Estimate, numbers: Numbers) -> str:
    """Format an estimate that is wrapped only before ``(n=5)`` or ``[0.1, 0.2]``, and always there in a wide table."""
    between = "\n" if len(numbers.metrics) > _METRICS_IN_ONE_LINE else " "
    text = str(estimate).replace(" ", NO_BREAK)
    return text.replace(f"{NO_BREAK}(n", f"{between}(n").replace(f"{NO_BREAK}[", f"{between}[")


def _finals(numbers: Numbers, metric: Metric, at: str, store: Store) -> dict[str, Any]:
    samples = [numbers.sample(metric, at, name) for name in numbers.configurations]
    return {
        "seeds": [None if each is None else store.array(each.seeds, exact=True) for each in samples],
        # exact: the table, its CSV file and the dots of the chart show final values with all digits.
        "v": [None if each is None else store.array(each.values, exact=True) for each in samples],
        "est": {
            statistic: _estimates(numbers, numbers.answer(metric, at, statistic), store) for statistic in STATISTICS
        },
    }


def _estimates(numbers: Numbers, answer: Answer, store: Store) -> dict[str, Any]:
    found = [answer.estimates[name] for name in numbers.configurations]
    best = set(answer.best)
    return {
        **{end: store.array([getattr(each, end) for each in found]) for end in ("value", "low", "high")},
        "text": [store.text(_in_parts(each, numbers)) for each in found],
        "method": [store.text(each.method) for each in found],
        "best": [index for index, name in enumerate(numbers.configurations) if name in best],
    }


def _seeds(sample: SeedSample | None) -> dict[str, str]:
    if sample is None:
        return {"done": "0", "trouble": ""}
    done, planned = len(sample.values), len(sample.values) + sample.missing
    return {"done": f"{done} of {planned}" if sample.missing else str(done), "trouble": counted(sample.left_out)}
