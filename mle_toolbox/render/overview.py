"""The table at the end of `mle run`: the final values of the first metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import RenderableType
from rich.text import Text

from mle_toolbox.results import Configurations, ExperimentResults
from mle_toolbox.results.series import one_element_words
from mle_toolbox.text import listed

__all__ = ["metrics_to_show", "results_table", "words_on_others"]

_MAX_METRICS = 4
_TRIALS = 5


def results_table(results: Configurations) -> RenderableType:
    """Return the final value of each metric for each configuration, with its interval and n."""
    results = results.displayed()
    if not results.metrics:
        nothing = "No configuration has logged a metric with one number per tick, so there is no table."
        return Text(nothing + one_element_words(results))
    if results.tasks is not None and not results.tasks.guessed:
        return results.task_table().table().to_rich()
    if isinstance(results, ExperimentResults) and results.search is not None:
        return results.trial_table(top=_TRIALS).table().to_rich()
    metrics = metrics_to_show(results)
    table = results.summary(metrics).table()
    if words := one_element_words(results):
        table = replace(table, cautions=(*table.cautions, words.strip()))
    if others := words_on_others(results, metrics):
        table = replace(table, method=(*table.method, others))
    return table.to_rich()


def metrics_to_show(results: Configurations) -> tuple[str, ...]:
    """Return the metrics of a table in a terminal where none are requested: those that matter, else the first ones."""
    matter = tuple(name for name in results.metrics if name in results.metric_roles)
    return matter or results.metrics[:_MAX_METRICS]


def words_on_others(results: Configurations, shown: Sequence[str]) -> str:
    """Name the metrics that are not shown in a table; empty where all are."""
    others = [name for name in results.metrics if name not in shown]
    return f"Not shown: {listed(others)}. `mle results --metric NAME` shows them." if others else ""
