"""Final values and settings as tables of the page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from mle_toolbox.render.sentences import best_cautions, estimate_cautions, meaning_of_best
from mle_toolbox.report.numbers import AT, STATISTICS, Metric, Numbers
from mle_toolbox.report.packing import pack
from mle_toolbox.results.differences import differing, short_names, value_text
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
        "metrics": [{"name": metric.name, "direction": metric.direction} for metric in numbers.metrics],
        "rows": rows,
        **{part: words["last|mean"] for part, words in final_words(numbers).items()},
    }


def final_words(numbers: Numbers) -> dict[str, dict[str, str]]:
    """Return the texts above the table, on its bold cells, and the cautions; each for every ``at|statistic``."""
    words: dict[str, dict[str, str]] = {"first": {}, "bold": {}, "cautions": {}}
    for at, statistic in product(AT, STATISTICS):
        shown = [numbers.answer(metric, at, statistic) for metric in numbers.metrics]
        meaning = meaning_of_best(shown)
        words["first"][f"{at}|{statistic}"] = " ".join(best_cautions(shown, isolated))
        words["bold"][f"{at}|{statistic}"] = f"Bold: {meaning}" if meaning else ""
        words["cautions"][f"{at}|{statistic}"] = " ".join(estimate_cautions(shown, isolated))
    return words


def final_data(numbers: Numbers) -> dict[str, list[dict[str, Any] | None]]:
    """Return for each ``metric|at`` the seeds, values and estimates of every configuration."""
    return {
        f"{i}|{at}": [_final_entry(numbers, metric, at, name) for name in numbers.configurations]
        for i, metric in enumerate(numbers.metrics)
        for at in AT
    }


def difference_table(contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings that differ: the keys, and a row per configuration with its values as text."""
    apart = differing(contents)
    keys = list(dict.fromkeys(key for each in apart.values() for key in each))
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


def _final_entry(numbers: Numbers, metric: Metric, at: str, name: str) -> dict[str, Any] | None:
    sample = numbers.sample(metric, at, name)
    if sample is None:
        return None
    estimates = {}
    for statistic in STATISTICS:
        answer = numbers.answer(metric, at, statistic)
        each = answer.estimates[name]
        estimates[statistic] = {
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "text": _in_parts(each, numbers),
            "method": each.method,
            "best": name in answer.best,
        }
    # exact: the table, its CSV file and the dots of the chart show final values with all digits.
    return {"seeds": list(map(int, sample.seeds)), "v": pack(sample.values, exact=True), "est": estimates}


def _seeds(sample: SeedSample | None) -> dict[str, str]:
    if sample is None:
        return {"done": "0", "trouble": ""}
    done, planned = len(sample.values), len(sample.values) + sample.missing
    return {"done": f"{done} of {planned}" if sample.missing else str(done), "trouble": counted(sample.left_out)}
