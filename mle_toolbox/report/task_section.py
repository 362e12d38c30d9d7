"""Methods over tasks, as a section of the page: the table of methods and tasks for each metric, and what it says."""

from __future__ import annotations

from typing import Any

from mle_toolbox.report.numbers import Metric
from mle_toolbox.results.analysis import Configurations

__all__ = ["task_tables"]


def task_tables(results: Configurations, metrics: tuple[Metric, ...]) -> list[dict[str, Any]]:
    """Return one table a metric; none where nobody has said that there are several tasks, or no seed run has ended."""
    if results.tasks is None or results.tasks.guessed:
        return []
    found = []
    for metric in metrics:
        lower = None if metric.assumed else metric.lower_is_better
        table = results.task_table(metric.name, lower_is_better=lower).table(compact=True)
        found.append(
            {
                "metric": metric.name,
                "title": table.title.partition(": ")[2],
                "columns": [each.title for each in table.columns],
                "rows": [[{"text": each.text, "best": each.best} for each in row] for row in table.rows],
                "bold": f"Bold: {table.best}" if table.best else "",
                # Those about the runs stand above the results of the page.
                "notes": [*table.method, *table.cautions],
            }
        )
    return found
