"""The table at the end of `mle run`: the final values of the first metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import RenderableType
from rich.text import Text

from mle_toolbox.results import Configurations, ExperimentResults
from mle_toolbox.results.series import one_element_words
from mle_toolbox.text import listed

__all__ = ["MAX_METRICS", "results_table", "too_many_metrics"]

MAX_METRICS = 4
"""Most metrics in a table in a terminal, unless more are requested."""
_TRIALS = 5


def results_table(results: Configurations) -> RenderableType:
    """Return the final value of each metric for each configuration, with its interval and n."""
    if not results.metrics:
        nothing = "No configuration has logged a metric with one number per tick, so there is no table."
        return Text(nothing + one_element_words(results))
    if results.tasks is not None and not results.tasks.guessed:
        return results.task_table().table().to_rich()
    if isinstance(results, ExperimentResults) and results.search is not None:
        return results.trial_table(top=_TRIALS).table().to_rich()
    table = results.summary(results.metrics[:MAX_METRICS]).table()
    if words := one_element_words(results):
        table = replace(table, cautions=(*table.cautions, words.strip()))
    if len(results.metrics) > MAX_METRICS:
        table = replace(table, cautions=(*table.cautions, too_many_metrics(results.metrics)))
    return table.to_rich()


def too_many_metrics(names: Sequence[str]) -> str:
    """Name the metrics that are not shown in a table of the first ones."""
    return f"Not shown: {listed(names[MAX_METRICS:])}. `mle results --metric NAME` shows them."
