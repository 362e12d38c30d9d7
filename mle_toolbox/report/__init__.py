"""One HTML file with the results of an experiment, their uncertainty, and how every number was computed."""

from __future__ import annotations

from mle_toolbox.report.csv_tables import write_tables
from mle_toolbox.report.report_figures import write_figures
from mle_toolbox.report.search_files import write_search
from mle_toolbox.report.write import write_report

__all__ = ["write_figures", "write_report", "write_search", "write_tables"]
