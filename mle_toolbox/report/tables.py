"""Final values and settings as tables of the page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from mle_toolbox.report.numbers import AT, STATISTICS, Final, Metric, Numbers
from mle_toolbox.report.packing import pack
from mle_toolbox.report.wording import NO_BREAK, NOTHING, count, isolated
from mle_toolbox.results.differences import differing, short_names, value_text
from mle_toolbox.results.wording import best_by_ends, cautions_about
from mle_toolbox.statistics import Estimate

__all__ = ["difference_table", "final_cautions", "final_data", "final_first", "final_table"]

_DIFFERENCES_BESIDE_RESULTS = 4
_METRICS_IN_ONE_LINE = 3


def final_table(numbers: Numbers, contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table of the mean last values; the page changes the cells when something else is chosen."""
    differences = difference_table(contents)
    keys = differences["columns"][:_DIFFERENCES_BESIDE_RESULTS]
    values = {row["name"]: row["differing"][: len(keys)] for row in differences["rows"]}
    rows = []
    for index, name in enumerate(numbers.configurations):
        finals = {metric.name: numbers.finals[metric.name, "last"].get(name) for metric in numbers.metrics}
        cells = [
            _final_cell(numbers, final, is_best(numbers, metric, "last", name), f"{i}|{index}")
            for i, (metric, final) in enumerate(zip(numbers.metrics, finals.values(), strict=True))
        ]
        first = next((final for final in finals.values() if final is not None), None)
        rows.append(
            {"name": name, "differing": values.get(name, [NOTHING] * len(keys)), "cells": cells, **_seeds(first)}
        )
    more = len(differences["columns"]) - len(keys)
    return {
        "columns": [differences["short"][key] for key in keys],
        "more_columns": count(more, "further setting differs", "further settings differ") if more > 0 else "",
        "metrics": [{"name": metric.name, "direction": metric.direction} for metric in numbers.metrics],
        "rows": rows,
        "first": final_first(numbers)["last"],
        "cautions": final_cautions(numbers)["last|mean"],
    }


def final_first(numbers: Numbers) -> dict[str, str]:
    """Return for each place what has to be known of the bold cells before they are read."""
    found = {}
    for at in AT:
        best = {
            metric.name: {
                name: final.sample
                for name, final in numbers.finals[metric.name, at].items()
                if is_best(numbers, metric, at, name)
            }
            for metric in numbers.metrics
        }
        found[at] = " ".join(best_by_ends(best, isolated))
    return found


def final_cautions(numbers: Numbers) -> dict[str, str]:
    """Return for each ``at|statistic`` what to beware of in the table, and in which cells."""
    found = {}
    for at, statistic in product(AT, STATISTICS):
        by_metric = {
            metric.name: {
                name: final.estimates[statistic].caution for name, final in numbers.finals[metric.name, at].items()
            }
            for metric in numbers.metrics
        }
        found[f"{at}|{statistic}"] = " ".join(cautions_about(by_metric, isolated))
    return found


def final_data(numbers: Numbers) -> dict[str, list[dict[str, Any] | None]]:
    """Return for each ``metric|at`` what every configuration has reached: seeds, values, estimates."""
    return {
        f"{i}|{at}": [
            _final_entry(numbers, numbers.finals[metric.name, at].get(name), is_best(numbers, metric, at, name))
            for name in numbers.configurations
        ]
        for i, metric in enumerate(numbers.metrics)
        for at in AT
    }


def is_best(numbers: Numbers, metric: Metric, at: str, name: str) -> bool:
    """Tell whether a configuration has the best mean or cannot be told from the one that has."""
    pairs = numbers.pairs[metric.name, at]
    if pairs.best is None or not pairs.comparisons:
        return False
    return name == pairs.best or name in pairs.ties


def difference_table(contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what differs between the configurations: keys, and a row for each with its values as text."""
    apart = differing(contents)
    keys = list(dict.fromkeys(key for each in apart.values() for key in each))
    rows = [
        {"name": name, "differing": [value_text(each[key]) if key in each else NOTHING for key in keys]}
        for name, each in apart.items()
    ]
    return {"columns": keys, "short": short_names(keys), "rows": rows}


def _final_cell(numbers: Numbers, final: Final | None, best: bool, place: str) -> dict[str, Any]:
    if final is None:
        return {"text": NOTHING, "place": place, "best": False}
    return {"text": _in_parts(final.estimates["mean"], numbers), "place": place, "best": best}


def _in_parts(estimate: Estimate, numbers: Numbers) -> str:
    """Write an estimate so that it is broken before ``(n=5)`` or ``[0.1, 0.2]`` only, and is so in a wide table."""
    between = "\n" if len(numbers.metrics) > _METRICS_IN_ONE_LINE else " "
    text = str(estimate).replace(" ", NO_BREAK)
    return text.replace(f"{NO_BREAK}(n", f"{between}(n").replace(f"{NO_BREAK}[", f"{between}[")


def _final_entry(numbers: Numbers, final: Final | None, best: bool) -> dict[str, Any] | None:
    if final is None:
        return None
    estimates = {
        key: {
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "text": _in_parts(each, numbers),
            "method": each.method,
        }
        for key, each in final.estimates.items()
    }
    return {
        "seeds": list(map(int, final.sample.seeds)),
        "v": pack(final.sample.values, exact=True),
        "est": estimates,
        "best": best,
    }


def _seeds(final: Final | None) -> dict[str, str]:
    if final is None:
        return {"done": "0", "trouble": ""}
    sample = final.sample
    done, planned = len(sample.values), len(sample.values) + sample.missing
    trouble = ", ".join(f"{number} {reason}" for reason, number in sample.left_out.items())
    return {"done": f"{done} of {planned}" if sample.missing else str(done), "trouble": trouble}
