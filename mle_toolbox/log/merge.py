"""Merges the logs of seeds into one file per configuration, and those into one file for the experiment.

Both are written in full under a temporary name and then renamed. Memory holds one configuration at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.absence import empty_ticks
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.merged_data import MergedData, stack
from mle_toolbox.log.netcdf import (
    add_coordinate,
    add_dimension,
    new_file,
    open_file,
    read_attributes,
    read_variables,
    write_attributes,
    write_variables,
)
from mle_toolbox.log.publish import bound_times_by_now
from mle_toolbox.log.results_csv import write_table
from mle_toolbox.log.variable_names import own_names, safe_names

if TYPE_CHECKING:
    import h5py

__all__ = [
    "content_of",
    "merge_configurations",
    "merge_seeds",
    "read_configuration",
    "read_configuration_names",
    "write_table",
]

_OURS = "mle_toolbox_"
_OWN_ATTRIBUTES = ("content", "time", "metrics", "fill_values", "seed_dtypes", "by_seed", "remarks", "absent", "names")
_CONFIGURATIONS = f"{_OURS}configurations"


def merge_seeds(logs: Mapping[int, Path], out: Path) -> None:
    """Merge the finished logs of a configuration's seeds.

    The file has dimensions ``seed`` and ``tick`` with coordinates, each variable has shape (S, T, ...), and ``length``,
    shape (S,), is the real number of ticks of each seed. ``stack`` documents the padding. If a variable of the user's
    has one of these names, ours gets a ``_``.

    Parameters
    ----------
    logs
        ``log.h5`` of each seed; their order makes no difference.
    out
        The merged log, replaced in one step.

    Raises
    ------
    ResultsError
        When ``logs`` is empty, or a log cannot be read.
    """
    if not logs:
        raise ResultsError(f"{out}: there is no finished seed run to merge.")
    # Before the merge, so that it is newer than its inputs even if another machine's clock is ahead.
    bound_times_by_now(logs.values())
    merged = stack({seed: read_log(path) for seed, path in logs.items()})

    def write(path: Path) -> None:
        with new_file(path) as file:
            _write_group(file, merged)

    replace_file(out, write)


def merge_configurations(merged: Mapping[str, Path], out: Path) -> None:
    """Put merged logs into one file, a group for each configuration.

    Parameters
    ----------
    merged
        The merged log of each configuration, by its name. A name that HDF5 does not allow for a group is replaced.
    out
        The file, replaced in one step.

    Raises
    ------
    ResultsError
        When one of the merged logs cannot be read.
    """
    bound_times_by_now(merged.values())
    # As pairs in an attribute, because the original name may be one that no group can have.
    names = safe_names(merged)

    def write(path: Path) -> None:
        with new_file(path) as file:
            write_attributes(
                file,
                {f"{_OURS}content": "experiment", _CONFIGURATIONS: [[names[each], each] for each in merged]},
            )
            for name, source in merged.items():
                _write_group(file.create_group(names[name]), read_configuration(source))

    replace_file(out, write)


def content_of(path: Path) -> str:
    """Return the kind of content of an HDF5 file of ours: ``seed``, ``configuration`` or ``experiment``.

    Raises
    ------
    ResultsError
        When it cannot be read.
    """
    with open_file(path) as file:
        return str(file.attrs[f"{_OURS}content"])


def read_configuration(path: Path, configuration: str | None = None) -> MergedData:
    """Read a merged log, or the group of one configuration from the experiment's file.

    Raises
    ------
    ResultsError
        When it cannot be read.
    """
    with open_file(path) as file:
        if configuration is None:
            return _read_group(file)
        groups = {name: group for group, name in read_attributes(file)[_CONFIGURATIONS]}
        return _read_group(file[groups[configuration]])


def read_configuration_names(path: Path) -> tuple[str, ...]:
    """Return the names of the configurations in the experiment's file.

    Raises
    ------
    ResultsError
        When it cannot be read.
    """
    with open_file(path) as file:
        return tuple(name for _, name in read_attributes(file)[_CONFIGURATIONS])


def _write_group(group: h5py.Group, data: MergedData) -> None:
    n_ticks = int(data.lengths.max(initial=0))
    names = safe_names(data.names)
    own = own_names(names.values())
    seed, tick = own["seed"], own["tick"]
    add_dimension(group, seed, len(data.seeds), data.seeds)
    add_dimension(group, tick, n_ticks, np.arange(n_ticks))
    add_coordinate(group, own["length"], seed, data.lengths, {"long_name": "number of ticks of each seed"})
    # A mask costs a variable that users see, so it is written only where NaN or the fill value alone is ambiguous.
    columns = {name: data.columns[name] for name in data.names}
    measured = {name: ~gaps for name, gaps in data.absent.items() if not np.array_equal(gaps, _empty(data, name))}
    masks = write_variables(group, (seed, tick), columns, names, data.fill_values, measured)
    ours: dict[str, Any] = {
        "content": "configuration",
        "time": [names[name] for name in data.time_names],
        "metrics": [names[name] for name in data.metric_names],
        "fill_values": dict(data.fill_values),
        "seed_dtypes": {name: _shorten(each) for name, each in data.seed_dtypes.items()},
        "by_seed": list(data.seed_attributes),
        "remarks": list(data.remarks),
    }
    if data.absent:
        ours["absent"] = {name: masks.get(name) for name in data.absent}
    if any(name != in_file for name, in_file in own.items()):
        ours["names"] = own
    provenance = {**data.attributes, **{name: list(each) for name, each in data.seed_attributes.items()}}
    write_attributes(group, {**provenance, **{_OURS + name: value for name, value in ours.items()}})


def _read_group(group: h5py.Group) -> MergedData:
    attributes = read_attributes(group)
    ours = {name: attributes.pop(_OURS + name, None) for name in _OWN_ATTRIBUTES}
    if ours["content"] != "configuration":
        raise ValueError(f"expected the merged log of a configuration, found that of a {ours['content']}")
    attributes.pop("coordinates", None)  # for xarray; add_coordinate wrote it
    own = ours["names"] or {}
    seeds = group[own.get("seed", "seed")][()]
    time, metrics = read_variables(group, ours["time"]), read_variables(group, ours["metrics"])
    data = MergedData(
        seeds=seeds,
        lengths=group[own.get("length", "length")][()],
        time_names=tuple(time),
        metric_names=tuple(metrics),
        columns={**time, **metrics},
        fill_values=ours["fill_values"],
        seed_dtypes={name: _lengthen(each, len(seeds)) for name, each in ours["seed_dtypes"].items()},
        attributes={name: value for name, value in attributes.items() if name not in ours["by_seed"]},
        seed_attributes={name: attributes[name] for name in ours["by_seed"]},
        remarks=tuple(ours["remarks"]),
    )
    absent = {
        name: _empty(data, name) if mask is None else ~group[mask][()].astype(bool)
        for name, mask in (ours["absent"] or {}).items()
    }
    return replace(data, absent=absent)


def _empty(data: MergedData, name: str) -> NDArray[np.bool_]:
    """Return, shape (S, T), where a seed that has a metric has no value at one of its own ticks."""
    # Padding behind a shorter seed, and a metric that a seed does not have at all, look the same but are no gaps.
    own = np.arange(data.columns[name].shape[1]) < data.lengths[:, None]
    own &= np.array([dtype is not None for dtype in data.seed_dtypes[name]])[:, None]
    return empty_ticks(data.columns[name], data.fill_values.get(name), 2) & own


def _shorten(dtypes: Any) -> Any:
    """Return one type if all seeds have the same, which is nearly always."""
    return dtypes[0] if len(set(dtypes)) == 1 else list(dtypes)


def _lengthen(dtypes: Any, n_seeds: int) -> list[str | None]:
    return list(dtypes) if isinstance(dtypes, list) else [dtypes] * n_seeds
