"""One metric of one run against its time variable, as numbers that can be computed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.lookup import unknown_name
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.seed_ranges import parse_seeds

__all__ = ["GAPS", "STEP", "array_words", "one_element_words", "scalar_metrics", "series", "time_variable"]

GAPS = "mle_toolbox_gaps"
"""Attribute of an imported run: metrics that were not logged at every tick. NaN means "not logged" in these, except at
the ticks that are listed (``0-4,9``): there NaN was logged."""

STEP = "step"
"""Stands for the number of the tick where there is no time variable."""

_SEED_AND_STEP = 2


def scalar_metrics(configurations: Mapping[str, ConfigurationResults]) -> tuple[str, ...]:
    """Return the metrics that are one number a tick, in the order in which they are tracked."""
    return tuple(
        dict.fromkeys(
            name
            for each in configurations.values()
            for name in each.metric_names
            if each.data.columns[name].ndim == _SEED_AND_STEP
        )
    )


def array_words(configurations: Mapping[str, ConfigurationResults], metric: str) -> str:
    """Return the sentence, with a leading blank, on a metric that is there but an array; nothing of any other."""
    columns = (each.data.columns[metric] for each in configurations.values() if metric in each.metric_names)
    shape = next((each.shape[_SEED_AND_STEP:] for each in columns if each.ndim > _SEED_AND_STEP), None)
    item = " Where it is one, the script logs it with .item()." if shape == (1,) else ""
    return f" {metric!r} is an array of shape {shape} at every tick, not one number.{item}" if shape else ""


def one_element_words(configurations: Mapping[str, ConfigurationResults]) -> str:
    """Return the sentence, with a leading blank, on metrics that are arrays of one element; nothing without any."""
    columns = {name: each.data.columns[name] for each in configurations.values() for name in each.metric_names}
    names = [name for name, column in columns.items() if column.shape[_SEED_AND_STEP:] == (1,)]
    if not names:
        return ""
    are = f"{names[0]!r} is an array" if len(names) == 1 else f"{', '.join(map(repr, names))} are arrays"
    return f" {are} of shape (1,) at every tick. Where that is one number, the script logs it with .item()."


def time_variable(configuration: ConfigurationResults, time: str | None = None) -> str:
    """Return the time variable that is asked for, or the first one, or ``step`` where there is none.

    Raises
    ------
    ResultsError
        When it has no such time variable.
    """
    names = configuration.time_names
    if time is None:
        return names[0] if names else STEP
    if time not in names and time != STEP:
        raise unknown_name(time, (*names, STEP), f"The time of configuration {configuration.name!r}")
    return time


def series(run: SeedResults, metric: str, time: str = STEP) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return time and values, each of shape (T,), of what the run has logged of a metric; None when it has nothing.

    A value that is not finite was logged so; ticks at which an imported run did not log this metric are not there.
    """
    if metric not in run.metrics or not len(run.metrics[metric]):
        return None
    values = _floats(run.metrics[metric], metric)
    ticks = _floats(run.time[time], time) if time in run.time else np.arange(len(values), dtype=np.float64)
    logged = run.attributes.get(GAPS, {}).get(metric)
    if logged is not None:
        there = ~np.isnan(values)
        there[list(parse_seeds(logged)) if logged else []] = True
        values, ticks = values[there], ticks[there]
    return (ticks, values) if len(values) else None


def _floats(column: NDArray[Any], name: str) -> NDArray[np.float64]:
    if column.ndim != 1:
        raise ResultsError(
            f"{name!r} is an array of shape {column.shape[1:]} at every tick. Summaries and curves are made of metrics "
            "that are one number a tick."
        )
    return column.astype(np.float64)
