"""Methods over tasks, as a section of the page: the table of methods and tasks for each metric, and its charts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mle_toolbox.render.task_table import AGGREGATE_TITLES, TaskTable
from mle_toolbox.report.numbers import Metric, Numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.over_tasks import OverTasks
from mle_toolbox.text import MINUS, p_text, percent

__all__ = ["task_choice", "task_data", "task_section", "task_tables"]

_PROFILE_POINTS = 121
_MOST_IMPROVEMENTS = 200
"""Pairs of methods: 20 methods have 190."""


def task_tables(results: Configurations, metrics: tuple[Metric, ...]) -> dict[str, TaskTable]:
    """Return the table of each metric; none where nobody has said that there are several tasks."""
    if results.tasks is None or results.tasks.guessed:
        return {}
    return {
        metric.name: results.task_table(metric.name, lower_is_better=None if metric.assumed else metric.lower_is_better)
        for metric in metrics
    }


def task_section(tables: Mapping[str, TaskTable]) -> list[dict[str, Any]]:
    """Return the tables as the template shows them."""
    found = []
    for metric, each in tables.items():
        table = each.table(compact=True)
        found.append(
            {
                "metric": metric,
                "title": table.title.partition(": ")[2],
                "columns": [column.title for column in table.columns],
                "rows": [[{"text": cell.text, "best": cell.best} for cell in row] for row in table.rows],
                "bold": f"Bold: {table.best}" if table.best else "",
                # Those about the runs stand above the results of the page.
                "notes": [*table.method, *table.cautions],
                "charted": bool(each.found.methods),
            }
        )
    return found


def task_choice(numbers: Numbers, chosen_at_first: int) -> dict[str, Any] | None:
    """Return which configuration is which method on which task, and the first ones of each task by their rank."""
    role = numbers.tasks
    if role is None:
        return None
    places = {name: index for index, name in enumerate(numbers.configurations)}
    ranking = numbers.answer(numbers.metrics[0]).ranking if numbers.metrics else ()
    first: dict[str, list[int]] = {task: [] for task in role.tasks}
    for name in dict.fromkeys([*ranking, *numbers.configurations]):
        first[role.of[name]].append(places[name])
    return {
        "names": list(role.tasks),
        "methods": list(role.names),
        "of": [role.tasks.index(role.of[name]) for name in numbers.configurations],
        "methodOf": [role.names.index(role.methods[name]) for name in numbers.configurations],
        "first": [each[:chosen_at_first] for each in first.values()],
    }


def task_data(tables: Mapping[str, TaskTable], store: Store) -> list[dict[str, Any] | None]:
    """Return what the charts over tasks show, for each metric; None where no methods can be compared."""
    return [_over(each.found, store) if each.found.methods else None for each in tables.values()]


def _charts(found: OverTasks) -> list[dict[str, str]]:
    """Return the charts that are possible."""
    charts = {"aggregates": "aggregates", "profile": "performance profiles"}
    if found.ranks is not None:
        charts |= {"ranks": "average ranks"}
        if _shows_pairs(found):
            charts |= {"improvement": "probability of improvement"}
    return [{"key": key, "label": label} for key, label in charts.items()]


def _over(found: OverTasks, store: Store) -> dict[str, Any]:
    methods = list(found.methods)
    over = f"over {found.tasks_words}"
    scale = f"{found.scale.sentence[0].upper()}{found.scale.sentence[1:]}, {over}."
    sure, side = percent(found.within.confidence), "below" if found.scale.lower_is_better else "above"
    return {
        "charts": _charts(found),
        "methods": [found.role.names.index(name) for name in methods],
        "lower": found.scale.lower_is_better,
        "score": "score" if found.scale.how == "as-is" else f"score ({found.scale.how})",
        "aggregates": [_aggregate(found, statistic, store) for statistic in found.statistics],
        "profile": _profile(found, store),
        "ranks": _ranks(found),
        "pairs": _pairs(found, store),
        "words": {
            "aggregates": f"{scale} Bars: {sure} intervals over the seeds of these tasks.",
            "profile": f"{scale} The share of the runs of a method that score {side} a threshold; every task weighs "
            f"the same. Bands of up to four methods, and brackets: {sure} intervals at each threshold.",
            "ranks": "" if found.ranks is None else " ".join(found.ranks.sentences),
            "improvement": "Probability that a run of the row is better than a run of the column on the same task, "
            f"{over}.",
        },
    }


def _aggregate(found: OverTasks, statistic: str, store: Store) -> dict[str, Any]:
    estimates, best = found.estimates(statistic), found.best(statistic)
    return {
        "title": AGGREGATE_TITLES[statistic],
        "lower": statistic == "optimality gap" or found.scale.lower_is_better,
        **{
            end: store.array([getattr(each, end) for each in estimates.values()], exact=True)
            for end in ("value", "low", "high")
        },
        "text": [store.text(each.numbers().replace("-", MINUS)) for each in estimates.values()],
        "best": [place for place, name in enumerate(estimates) if name in best],
    }


def _profile(found: OverTasks, store: Store) -> dict[str, Any]:
    from mle_toolbox.statistics.over_tasks.performance import profiles_over_tasks

    grid, profiles = profiles_over_tasks(
        found.cells, _PROFILE_POINTS, found.within.confidence, lower_is_better=found.scale.lower_is_better
    )
    return {
        "at": store.array(grid),
        "share": [store.array(share) for share, _, _ in profiles.values()],
        "low": [store.array(low) for _, low, _ in profiles.values()],
        "high": [store.array(high) for _, _, high in profiles.values()],
    }


def _ranks(found: OverTasks) -> dict[str, Any] | None:
    ranks, methods = found.ranks, list(found.methods)
    if ranks is None:
        return None
    return {
        "average": [ranks.average[name] for name in methods],
        "groups": [[methods.index(name) for name in group] for group in ranks.groups],
        "difference": ranks.critical_difference,
    }


def _pairs(found: OverTasks, store: Store) -> list[list[Any]]:
    """Return for each pair of methods their places, the probability of improvement, and what is said of the pair."""
    methods = list(found.methods)
    if not _shows_pairs(found):
        return []
    return [
        [
            methods.index(a),
            methods.index(b),
            each.probability_of_improvement,
            store.text(
                f"probability {each.probability_of_improvement:.2f} [{each.poi_low:.2f}, {each.poi_high:.2f}]; "
                f"difference of the means: {p_text(each.p)}{f' ({each.correction})' if each.correction else ''}"
            ),
        ]
        for (a, b), each in found.comparisons.items()
    ]


def _shows_pairs(found: OverTasks) -> bool:
    return 0 < math.comb(len(found.methods), 2) <= _MOST_IMPROVEMENTS
