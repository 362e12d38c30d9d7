"""One metric of one run over time, as float arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.measured import was_measured
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.lookup import unknown_name
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.text import listed

__all__ = [
    "TICK",
    "array_words",
    "measured_by_tick",
    "one_element_words",
    "scalar_metrics",
    "series",
    "time_variable",
]

TICK = "tick"
"""The time variable where none was logged: the index of the tick."""

_SEED_AND_TICK = 2


def scalar_metrics(configurations: Mapping[str, ConfigurationResults]) -> tuple[str, ...]:
    """Return the metrics with one number per tick, in the order in which they are tracked."""
    return tuple(
        dict.fromkeys(
            name
            for each in configurations.values()
            for name in each.metric_names
            if each.data.columns[name].ndim == _SEED_AND_TICK
        )
    )


def array_words(configurations: Mapping[str, ConfigurationResults], metric: str) -> str:
    """Return a sentence, with a leading blank, if the metric exists but is an array, else an empty string."""
    columns = (each.data.columns[metric] for each in configurations.values() if metric in each.metric_names)
    shape = next((each.shape[_SEED_AND_TICK:] for each in columns if each.ndim > _SEED_AND_TICK), None)
    item = " Where it is one, the script logs it with .item()." if shape == (1,) else ""
    return f" {metric!r} is an array of shape {shape} at every tick, not one number.{item}" if shape else ""


def one_element_words(configurations: Mapping[str, ConfigurationResults]) -> str:
    """Return a sentence, with a leading blank, on metrics that are arrays of one element, else an empty string."""
    columns = {name: each.data.columns[name] for each in configurations.values() for name in each.metric_names}
    names = [name for name, column in columns.items() if column.shape[_SEED_AND_TICK:] == (1,)]
    if not names:
        return ""
    are = "is an array" if len(names) == 1 else "are arrays"
    begin = f" {listed(map(repr, names))} {are} of shape (1,) at every tick."
    return f"{begin} Where that is one number, the script logs it with .item()."


def time_variable(configuration: ConfigurationResults, time: str | None = None) -> str:
    """Return the requested time variable, or the first one, or ``tick`` where there is none.

    ``step``, which version 0.1 called the number of the tick, means that where no time variable has the name.

    Raises
    ------
    ResultsError
        When the configuration has no such time variable.
    """
    names = configuration.time_names
    if time is None:
        return names[0] if names else TICK
    if time not in names and time not in (TICK, "step"):
        raise unknown_name(time, (*names, TICK), f"The time of configuration {configuration.name!r}")
    return time if time in names else TICK


def series(run: SeedResults, metric: str, time: str = TICK) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return time and values, each of shape (T,), of a metric of a run; None when it was never logged.

    A value that is not finite means that the run diverged there. Ticks at which the metric was not measured are left
    out: those without the metric, and those with a NaN that means the same (``was_measured``).
    """
    found = measured_by_tick(run, metric)
    if found is None:
        return None
    ticks, values = found
    times = _floats(run.time[time], time)[ticks] if time in run.time else ticks.astype(np.float64)
    return times, values


def measured_by_tick(run: SeedResults, metric: str) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Return the ticks at which a metric was measured, from 0, and its values there; None when it was never logged."""
    if metric not in run.metrics or not len(run.metrics[metric]):
        return None
    values = _floats(run.metrics[metric], metric)
    ticks = np.flatnonzero(run.measured(metric))
    values = values[ticks]
    # Scripts may also log NaN at ticks without a measurement.
    there = was_measured(values)
    return (ticks[there], values[there]) if len(values) else None


def _floats(column: NDArray[Any], name: str) -> NDArray[np.float64]:
    if column.ndim != 1:
        raise ResultsError(
            f"{name!r} is an array of shape {column.shape[1:]} at every tick. Summaries and curves are made of metrics "
            "with one number per tick."
        )
    # Masked ticks were not measured; `series` leaves them out.
    return np.ma.getdata(column).astype(np.float64)
