"""``log.h5`` of a seed run: all its ticks in one file that is written once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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

__all__ = ["LogData", "read_log", "write_log"]

_OURS = "mle_toolbox_"
_OWN_ATTRIBUTES = ("content", "time", "metrics", "damage", "remarks")


def write_log(path: Path, data: LogData) -> None:
    """Write the ticks of a seed run to ``path``, which is replaced. Not atomic: the caller renames.

    The file has one dimension ``step`` with the coordinate 0 … T-1. An array metric ``m`` has dimensions ``step``,
    ``m_dim_0``, … A variable whose name a file cannot have gets a similar one and the attribute ``original_name``.
    """
    with new_file(path) as file:
        add_dimension(file, "step", data.n_ticks, np.arange(data.n_ticks))
        names = write_variables(file, ("step",), {name: data.columns[name] for name in data.names})
        ours = {
            "content": "seed",
            "time": [names[name] for name in data.time_names],
            "metrics": [names[name] for name in data.metric_names],
            "damage": data.damage,
            "remarks": list(data.remarks),
        }
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
            raise ValueError(f"the log of a seed run was expected, found that of a {ours['content']}")
        time, metrics = read_variables(file, ours["time"]), read_variables(file, ours["metrics"])
    return LogData(
        time_names=tuple(time),
        metric_names=tuple(metrics),
        columns={**time, **metrics},
        attributes=attributes,
        damage=ours["damage"],
        remarks=tuple(ours["remarks"]),
    )
