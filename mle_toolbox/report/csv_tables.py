"""The tables of the report as CSV files, for programs and for Snakemake's own report."""

from __future__ import annotations

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_text
from mle_toolbox.render.records import csv_text
from mle_toolbox.results.analysis import Configurations

__all__ = ["write_tables"]


def write_tables(results: Configurations, folder: ExperimentFolder) -> None:
    """Write ``summary.csv`` and ``comparisons.csv``: mean last values with intervals, and comparisons."""
    metrics = results.metrics
    summary = results.summary(metrics).to_csv() if metrics else "configuration\n"
    replace_text(folder.summary, summary, errors="replace")
    is_anything_done = any("done" in each.statuses for each in results.values())
    compared = metrics if len(results) > 1 and is_anything_done else ()
    # As in every other output: with many configurations only the comparisons with the best are made.
    baselines = {name: None if results.answer(name).shows_all_pairs else "best" for name in compared}
    rows = [row for name, each in baselines.items() for row in results.compare(metric=name, baseline=each).records()]
    replace_text(folder.comparisons, csv_text(rows) if rows else "a,b,metric\n", errors="replace")
