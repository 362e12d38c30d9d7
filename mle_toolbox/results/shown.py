"""The only place in ``results/`` that names ``render/``, which is one layer above it.

Methods such as ``results.summary()`` and ``_repr_html_`` return rendered text, so these classes are loaded on first
use: no import circle, and ``load`` alone does not load the code for tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mle_toolbox.render.comparisons import Comparisons
    from mle_toolbox.render.group_table import GroupTable
    from mle_toolbox.render.method_comparisons import MethodComparisons
    from mle_toolbox.render.notebook import html_of
    from mle_toolbox.render.number_form import NumberForm
    from mle_toolbox.render.summary import Summary, SummaryRow
    from mle_toolbox.render.table import Table
    from mle_toolbox.render.task_table import TaskTable
    from mle_toolbox.render.trial_table import TrialTable

__all__ = [
    "Comparisons",
    "GroupTable",
    "MethodComparisons",
    "NumberForm",
    "Summary",
    "SummaryRow",
    "Table",
    "TaskTable",
    "TrialTable",
    "html_of",
]

_PLACES = {"Comparisons": "comparisons", "Summary": "summary", "SummaryRow": "summary", "Table": "table"}
_PLACES |= {"TrialTable": "trial_table", "html_of": "notebook", "TaskTable": "task_table"}
_PLACES |= {"MethodComparisons": "method_comparisons", "GroupTable": "group_table", "NumberForm": "number_form"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"mle_toolbox.render.{_PLACES[name]}"), name)
