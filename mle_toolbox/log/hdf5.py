"""``log.h5`` of a seed run: all ticks in one file, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.log.absence import empty_ticks, with_gaps, without_gaps
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.netcdf import (
    add_dimension,
    new_file,
    open_file,
    read_attributes,
    read_variables,
    write_attributes,
    write_variables,
)
from mle_toolbox.log.variable_names import own_names, safe_names

__all__ = ["LogData", "read_log", "write_log"]

_OURS = "mle_toolbox_"
_OWN_ATTRIBUTES = ("content", "time", "metrics", "damage", "remarks", "absent")


def write_log(path: Path, data: LogData) -> None:
    """Write the ticks of a seed run to ``path``, which is replaced. Not atomic: the caller renames.

    The file has one dimension ``tick`` with the coordinate 0 … T-1 (``tick_`` where a variable is called that). An
    array metric ``m`` has dimensions ``tick``, ``m_dim_0``, … A variable whose name a file cannot have gets a similar
    one and the attribute ``original_name``. Ticks at which a metric was not measured hold NaN, or the ``_FillValue`` of
    integers beyond 2**53; if NaN was logged as well, a second variable distinguishes the two.
    """
    columns, fill_values, absent, measured = dict(data.columns), {}, {}, {}
    for name, gaps in data.absent.items():
        columns[name], fill_value = with_gaps(data.columns[name], gaps)
        absent[name] = {"dtype": data.columns[name].dtype.name, "fill_value": fill_value}
        if fill_value is not None:
            fill_values[name] = fill_value
        # Only if NaN alone is ambiguous, so that the usual file contains the user's variables and no others.
        if not np.array_equal(empty_ticks(columns[name], fill_value, 1), gaps):
            measured[name] = ~gaps
    names = safe_names(data.names)
    dimension = own_names(names.values(), ["tick"])["tick"]
    with new_file(path) as file:
        add_dimension(file, dimension, data.n_ticks, np.arange(data.n_ticks))
        ordered = {name: columns[name] for name in data.names}
        masks = write_variables(file, (dimension,), ordered, names, fill_values, measured)
        ours: dict[str, Any] = {
            "content": "seed",
            "time": [names[name] for name in data.time_names],
            "metrics": [names[name] for name in data.metric_names],
            "damage": data.damage,
            "remarks": list(data.remarks),
        }
        if absent:
            ours["absent"] = {name: {**each, "mask": masks.get(name)} for name, each in absent.items()}
        write_attributes(file, {**data.attributes, **{_OURS + name: value for name, value in ours.items()}})


def read_log(path: Path) -> LogData:
    """Read what ``write_log`` has written.

    Raises
    ------
    ResultsError
        When the file is missing, damaged, no log of a seed run, or made by a newer version.
    """
    with open_file(path) as file:
        attributes = read_attributes(file)
        ours = {name: attributes.pop(_OURS + name, None) for name in _OWN_ATTRIBUTES}
        if ours["content"] != "seed":
            # Not ours to word: open_file turns whatever is raised in its block into a ResultsError with the path.
            raise ValueError(f"expected the log of a seed run, found that of a {ours['content']}")
        time, metrics = read_variables(file, ours["time"]), read_variables(file, ours["metrics"])
        columns, absent = {**time, **metrics}, {}
        for name, how in (ours["absent"] or {}).items():
            values, mask = columns[name], how["mask"]
            absent[name] = empty_ticks(values, how["fill_value"], 1) if mask is None else ~file[mask][()].astype(bool)
            columns[name] = without_gaps(values, absent[name], how["dtype"])
    return LogData(
        time_names=tuple(time),
        metric_names=tuple(metrics),
        columns=columns,
        attributes=attributes,
        damage=ours["damage"],
        remarks=tuple(ours["remarks"]),
        absent=absent,
    )
