"""Logs of other tools: read as results, or written as a results folder of ours."""

from __future__ import annotations

from mle_toolbox.importers.kinds import KINDS
from mle_toolbox.importers.reading import import_logs
from mle_toolbox.importers.writing import write_results

__all__ = ["KINDS", "import_logs", "write_results"]
