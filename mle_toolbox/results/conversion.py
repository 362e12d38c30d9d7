"""Results as xarray and pandas objects. Both packages are extras, imported when they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import MissingExtraError
from mle_toolbox.log.names import RESERVED, safe_names
from mle_toolbox.results.seed import SeedResults

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["dataset", "long_table", "tree"]

_FIXED = ("configuration", "seed", "status", "step")


def dataset(
    dimensions: Sequence[str],
    columns: Mapping[str, NDArray[Any]],
    coordinates: Mapping[str, NDArray[Any]],
    attributes: Mapping[str, Any],
) -> xr.Dataset:
    """Return arrays whose leading axes are ``dimensions``; those of ``coordinates`` belong to the first one."""
    xarray = _extra("xarray", "to_xarray")
    names = safe_names(columns, RESERVED)
    steps = next((each.shape[len(dimensions) - 1] for each in columns.values()), 0)
    variables = {}
    for name, values in columns.items():
        own = [f"{names[name]}_dim_{axis}" for axis in range(values.ndim - len(dimensions))]
        kept = {} if names[name] == name else {"original_name": name}
        variables[names[name]] = ((*dimensions, *own), values, kept)
    result: xr.Dataset = xarray.Dataset(
        variables,
        coords={"step": np.arange(steps), **{name: (dimensions[0], each) for name, each in coordinates.items()}},
        attrs=dict(attributes),
    )
    return result


def tree(datasets: Mapping[str, xr.Dataset]) -> xr.DataTree:
    """Return a tree with one child per dataset."""
    result: xr.DataTree = _extra("xarray", "to_xarray").DataTree.from_dict(dict(datasets))
    return result


def long_table(runs: Sequence[SeedResults]) -> pd.DataFrame:
    """Return one row per run and tick; see ``ExperimentResults.to_dataframe``."""
    pandas = _extra("pandas", "to_dataframe")
    frames = [pandas.DataFrame(_long_columns(run)) for run in runs if run.n_ticks]
    frames = frames or [pandas.DataFrame({name: [] for name in _FIXED})]
    result: pd.DataFrame = pandas.concat(frames, ignore_index=True)
    return result


def _long_columns(run: SeedResults) -> dict[str, NDArray[Any]]:
    n_ticks = run.n_ticks
    columns: dict[str, NDArray[Any]] = {
        "configuration": np.full(n_ticks, run.configuration, dtype=object),
        "seed": np.full(n_ticks, run.seed),
        "status": np.full(n_ticks, run.status, dtype=object),
        "step": np.arange(n_ticks),
    }
    for name, values in {**run.time, **run.metrics}.items():
        label = f"{name}_" if name in _FIXED else name
        for index in np.ndindex(values.shape[1:]):
            entry = f"[{','.join(map(str, index))}]" if index else ""
            columns[label + entry] = values[(slice(None), *index)]
    return columns


def _extra(package: str, needed_for: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(
            f"{needed_for}() needs {package}. Install it: pip install 'mle-toolbox[{package}]'"
        ) from None
