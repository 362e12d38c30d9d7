"""``HyperLog``: one row for each run of a search or of several configurations, as notebooks of the original use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.original.selection import checked_column, rows_with

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HyperLog"]


class HyperLog:
    """A table, ``hyper_log.hyper_log``, with a column for each variable, each metric and the provenance of a run.

    Parameters
    ----------
    table
        One row for each run.
    search_vars, search_metrics
        Which columns are settings, and which are scores.
    """

    def __init__(self, table: pd.DataFrame, search_vars: Sequence[str], search_metrics: Sequence[str]) -> None:
        self.hyper_log = table
        self.search_vars, self.search_metrics = list(search_vars), list(search_metrics)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.hyper_log.columns)

    @property
    def eval_ids(self) -> list[str]:
        """The names of the runs."""
        return [str(each) for each in self.hyper_log["run_id"]]

    def filter(
        self,
        param_dict: Mapping[str, Any] | str | None = None,
        metric_name: str | int | None = None,
        top_k: int = 5,
        maximize_metric: bool = False,
    ) -> HyperLog:
        """Return the runs with these values, and of those the best ones.

        Parameters
        ----------
        param_dict
            Values by variable: a number selects the runs with the nearest one, anything else those that equal it. A
            text is taken for ``metric_name``, and what follows it for ``top_k``.
        metric_name, top_k, maximize_metric
            Keep the ``top_k`` runs with the lowest score, or the highest one.

        Raises
        ------
        UsageError
            When there is no such column.
        """
        if isinstance(param_dict, str):
            top_k = metric_name if isinstance(metric_name, int) else top_k
            param_dict, metric_name = None, param_dict
        table = rows_with(self.hyper_log, param_dict or {})
        if metric_name is not None:
            table = table.sort_values(self._column(str(metric_name)), ascending=not maximize_metric, kind="stable")
            table = table.head(top_k)
        return HyperLog(table, self.search_vars, self.search_metrics)

    def unique(self, var_name: str | Sequence[str] | None = None) -> Any:
        """Return the different values of a variable; of several or of all of them a dictionary."""
        if isinstance(var_name, str):
            return self.hyper_log[self._column(var_name)].unique()
        return {name: self.unique(name) for name in (self.search_vars if var_name is None else var_name)}

    def plot_1D_bar(  # noqa: N802  (the name in the original)
        self, var_name: str, metric_name: str, fixed_params: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Any, Any]:
        """Draw a metric over one variable as bars; return figure and axes. Options as for ``visualize_1D_bar``."""
        from mle_toolbox.original.charts import visualize_1D_bar

        return visualize_1D_bar(self, fixed_params, self._column(var_name), self._column(metric_name), **options)

    def plot_2D_heat(  # noqa: N802
        self, var_names: Sequence[str], metric_name: str, fixed_params: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Any, Any]:
        """Draw a metric over two variables as a heat map; return figure and axes.

        Options as for ``visualize_2D_grid``.
        """
        from mle_toolbox.original.charts import visualize_2D_grid

        names = [self._column(each) for each in var_names]
        given = {"plot_title": metric_name, "xy_labels": names, "variable_name": metric_name, "text_in_cell": False}
        drawn: tuple[Any, Any] = visualize_2D_grid(
            self, fixed_params, names, self._column(metric_name), **{**given, **options}
        )
        return drawn

    def __getitem__(self, name: Any) -> Any:
        return self.hyper_log[self._column(name) if isinstance(name, str) else name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "hyper_log":
            raise AttributeError(name)
        if name in self.hyper_log.columns:
            return self.hyper_log[name]
        raise AttributeError(f"HyperLog has no {name!r}.{did_you_mean(name, (*self.columns, *dir(type(self))))}")

    def __len__(self) -> int:
        return len(self.hyper_log)

    def __repr__(self) -> str:
        return str(self.hyper_log)

    def _repr_html_(self) -> str:
        return str(self.hyper_log.to_html())

    def _column(self, name: str) -> str:
        return checked_column(self.hyper_log, name)
