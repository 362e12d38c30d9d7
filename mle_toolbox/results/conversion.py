"""Results as xarray and pandas objects. Both packages are extras, imported when they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import MissingExtraError
from mle_toolbox.log.variable_names import own_names, safe_names

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["dataset", "long_table", "tree"]


class Run(Protocol):
    """The part of ``SeedResults`` that a table needs; that class imports this module."""

    @property
    def configuration(self) -> str:
        """Which one, and its seed."""

    @property
    def seed(self) -> int: ...

    @property
    def status(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def n_ticks(self) -> int: ...

    def __getitem__(self, name: str, /) -> NDArray[Any]: ...


_FIXED = ("configuration", "seed", "status", "tick")


def dataset(
    dimensions: Sequence[str],
    columns: Mapping[str, NDArray[Any]],
    coordinates: Mapping[str, NDArray[Any]],
    attributes: Mapping[str, Any],
) -> xr.Dataset:
    """Return arrays whose leading axes are ``dimensions``; those of ``coordinates`` belong to the first one.

    The user's variables keep their names; ours get a ``_`` where they collide.
    """
    xarray = _extra("xarray", "to_xarray")
    names = safe_names(columns)
    # The same names as in the files, so that xarray shows the same dataset from either (`log/hdf5.py`).
    ours = own_names(names.values())
    dimensions = [ours[name] for name in dimensions]
    ticks = next((each.shape[len(dimensions) - 1] for each in columns.values()), 0)
    variables = {}
    for name, values in columns.items():
        own = [f"{names[name]}_dim_{axis}" for axis in range(values.ndim - len(dimensions))]
        # HDF5 reads "/" as a folder, so such a variable has another name in files, and here.
        kept = {} if names[name] == name else {"original_name": name}
        variables[names[name]] = ((*dimensions, *own), values, kept)
    result: xr.Dataset = xarray.Dataset(
        variables,
        coords={
            dimensions[-1]: np.arange(ticks),
            **{ours[name]: (dimensions[0], each) for name, each in coordinates.items()},
        },
        attrs=dict(attributes),
    )
    return result


def tree(datasets: Mapping[str, xr.Dataset]) -> xr.DataTree:
    """Return a tree with one child per dataset."""
    result: xr.DataTree = _extra("xarray", "to_xarray").DataTree.from_dict(dict(datasets))
    return result


def long_table(runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row per run and tick; see ``ExperimentResults.to_dataframe``."""
    pandas = _extra("pandas", "to_dataframe")
    # Collisions are resolved over all runs together, so that a column means the same in each.
    variables = [{label: each for name in run.names for label, each in _entries(name, run[name])} for run in runs]
    ours = own_names((label for each in variables for label in each), _FIXED)
    frames = [
        pandas.DataFrame({**_own_columns(run, ours), **{label: _for_pandas(each) for label, each in columns.items()}})
        for run, columns in zip(runs, variables, strict=True)
        # pandas warns about concatenating empty frames.
        if run.n_ticks
    ]
    frames = frames or [pandas.DataFrame({name: [] for name in _FIXED})]
    result: pd.DataFrame = pandas.concat(frames, ignore_index=True)
    return result


def _own_columns(run: Run, names: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    n_ticks = run.n_ticks
    return {
        names["configuration"]: np.full(n_ticks, run.configuration, dtype=object),
        names["seed"]: np.full(n_ticks, run.seed),
        names["status"]: np.full(n_ticks, run.status, dtype=object),
        names["tick"]: np.arange(n_ticks),
    }


def _entries(name: str, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    for index in np.ndindex(values.shape[1:]):
        entry = f"[{','.join(map(str, index))}]" if index else ""
        yield name + entry, values[(slice(None), *index)]


def _for_pandas(values: NDArray[Any]) -> Any:
    """Return a column; integers beyond 2**53 with gaps as pandas' nullable type, in which they are exact."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    pandas = _extra("pandas", "to_dataframe")
    return pandas.arrays.IntegerArray(values.data, np.ma.getmaskarray(values))


def _extra(package: str, needed_for: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(f"{needed_for}() needs {package}. Install it: pip install {package}") from None
