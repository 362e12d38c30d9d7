"""One HTML file that says what was run, what came out, how sure that is, and how every number was made."""

from __future__ import annotations

from mle_toolbox.report.csv_tables import write_tables
from mle_toolbox.report.figures import write_figures
from mle_toolbox.report.write import write_report

__all__ = ["write_figures", "write_report", "write_tables"]
