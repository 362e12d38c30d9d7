"""Arrays in HDF5 that follow netCDF-4, so that xarray and others read them without our package.

The only module that imports h5py. Knows arrays, dimensions and attributes; nothing of seeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# HDF5 locks a file when it opens it, and fails where the file system has no locks. Our files are written under a
# temporary name and then renamed, so these locks protect nothing. The variable is read when the library is loaded.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "BEST_EFFORT")

import h5py
import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import UPGRADE, ResultsError
from mle_toolbox.log.careful_file import CarefulFile
from mle_toolbox.log.checksum import add_checksum, verify_checksum

__all__ = [
    "FORMAT",
    "add_coordinate",
    "add_dimension",
    "new_file",
    "open_file",
    "read_attributes",
    "read_variables",
    "write_attributes",
    "write_variables",
]

# In format 1 (version 0.1) the dimension was called "step", which is also the most frequent time variable of users.
FORMAT = 2

_FORMAT_NAME = "mle_toolbox_format"
_JSON_NAMES = "mle_toolbox_json"
# The netCDF-4 library writes exactly this for a dimension without a coordinate, and looks for it.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable.%10d"
_INT64 = range(-(2**63), 2**63)


@contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """Create an HDF5 file of this format version, with a checksum at its end; an existing one is replaced.

    Raises
    ------
    OSError
        When it cannot be written (a full disk); its content is useless then.
    """
    with CarefulFile(path) as raw:
        with h5py.File(raw, "w") as file:
            file.attrs[_FORMAT_NAME] = FORMAT
            yield file
        # Before the checksum as well as after it: CarefulFile discards what is written after an error.
        raw.raise_error()
        add_checksum(raw)
        raw.raise_error()


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """Open a file of ours for reading; any error inside the block is reported as damage of the file.

    Raises
    ------
    ResultsError
        When there is no such file, it is damaged or not ours, or a newer version has made it.
    """
    try:
        # HDF5 must not see a damaged file: it may crash, hang or give wrong numbers.
        verify_checksum(path)
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            yield file
    except ResultsError:
        raise
    except FileNotFoundError:
        raise ResultsError(f"{path}: there is no such file.") from None
    # h5py passes errors of the library on as any of these.
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError) as error:
        raise ResultsError(
            f"{path} cannot be read ({error}). Remove it, and the next `mle run` makes it again."
        ) from error


def add_dimension(group: h5py.Group, name: str, size: int, values: NDArray[Any] | None = None) -> None:
    """Add a dimension, with or without coordinate ``values``."""
    if values is not None:
        group.create_dataset(name, data=values).make_scale(name)
    else:
        # Never written, so it takes no room; netCDF-4 makes it of this type.
        group.create_dataset(name, shape=(size,), dtype=">f4").make_scale(_NO_VARIABLE % size)


def add_coordinate(
    group: h5py.Group, name: str, dimension: str, values: NDArray[Any], attributes: Mapping[str, Any]
) -> None:
    """Add an array over one dimension that describes it, as xarray's coordinates do."""
    _add_variable(group, name, [group[dimension]], values, attributes)
    group.attrs["coordinates"] = name


def write_variables(
    group: h5py.Group,
    dimensions: Sequence[str],
    columns: Mapping[str, NDArray[Any]],
    names: Mapping[str, str],
    fill_values: Mapping[str, int] | None = None,
    measured: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, str]:
    """Add arrays.

    Parameters
    ----------
    group
        Has the ``dimensions`` already.
    dimensions
        Names of the leading axes, which all arrays share. Each array gets names of its own for the others.
    columns
        The arrays by name.
    names
        Their names in the file. If the two differ, the variable gets the attribute ``original_name``.
    fill_values
        For integer arrays with gaps, the number that marks them.
    measured
        For some of them a mask over ``dimensions``, True where there are values.

    Returns
    -------
    dict
        For each name in ``measured`` the name of its mask in the file. The variable refers to it by the attribute
        ``ancillary_variables``, as in the CF conventions.
    """
    taken = {*names.values(), *group}
    shared = [group[dimension] for dimension in dimensions]
    for name, values in columns.items():
        own = _add_own_dimensions(group, names[name], values.shape[len(dimensions) :], taken)
        attributes = {"original_name": name} if name != names[name] else {}
        _add_variable(group, names[name], [*shared, *own], values, attributes)
        if fill_values and name in fill_values:
            fill_value = np.array([fill_values[name]], dtype=values.dtype)
            group[names[name]].attrs.create("_FillValue", fill_value)
    masks = {}
    for name, mask in (measured or {}).items():
        masks[name] = f"{names[name]}_measured"
        while masks[name] in taken:
            masks[name] += "_"
        taken.add(masks[name])
        _add_variable(group, masks[name], shared, mask, {})
        group[names[name]].attrs["ancillary_variables"] = masks[name]
    return masks


def read_variables(group: h5py.Group, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return arrays as they were given to ``write_variables``; ``names`` are those in the file."""
    columns = {}
    for name in names:
        dataset = group[name]
        values, attributes = dataset[()], dataset.attrs
        # `in` is much faster than a `get` that finds nothing.
        original = attributes["original_name"] if "original_name" in attributes else name  # noqa: SIM401
        is_bool = "dtype" in attributes and attributes["dtype"] == "bool"
        columns[original] = values.astype(bool) if is_bool else values
    return columns


def _add_own_dimensions(group: h5py.Group, name: str, shape: tuple[int, ...], taken: set[str]) -> list[h5py.Dataset]:
    own = []
    for axis, size in enumerate(shape):
        dimension = f"{name}_dim_{axis}"
        while dimension in taken:
            dimension += "_"
        taken.add(dimension)
        add_dimension(group, dimension, size)
        own.append(group[dimension])
    return own


def _add_variable(
    group: h5py.Group,
    name: str,
    dimensions: Sequence[h5py.Dataset],
    values: NDArray[Any],
    attributes: Mapping[str, Any],
) -> None:
    is_bool = values.dtype.kind == "b"
    dataset = group.create_dataset(name, data=values.astype(np.int8) if is_bool else values)
    for axis, dimension in enumerate(dimensions):
        h5py.h5ds.attach_scale(dataset.id, dimension.id, axis)
    # netCDF has no booleans; this attribute is how xarray marks them.
    write_attributes(dataset, {**attributes, "dtype": "bool"} if is_bool else attributes)


def write_attributes(target: h5py.Group | h5py.Dataset, attributes: Mapping[str, Any]) -> None:
    """Add attributes: text and numbers as they are, everything else as JSON."""
    as_json = []
    for name, value in attributes.items():
        if _is_plain(value):
            target.attrs[name] = value
        else:
            target.attrs[name] = json.dumps(value)
            as_json.append(name)
    if as_json:
        target.attrs[_JSON_NAMES] = json.dumps(as_json)


def read_attributes(target: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Return the attributes, those from ``write_attributes`` as they were given."""
    attributes = dict(target.attrs.items())
    attributes |= {name: value.item() for name, value in attributes.items() if isinstance(value, np.generic)}
    attributes.pop(_FORMAT_NAME, None)
    for name in json.loads(attributes.pop(_JSON_NAMES, "[]")):
        attributes[name] = json.loads(attributes[name])
    return attributes


def _check_format(file: h5py.File, path: Path) -> None:
    version = file.attrs.get(_FORMAT_NAME)
    if version is None:
        raise ResultsError(f"{path} was not made by mle-toolbox: it has no attribute {_FORMAT_NAME!r}.")
    if int(version) > FORMAT:
        raise ResultsError(
            f"{path} was made by a newer version of mle-toolbox (format {version}, known is {FORMAT}). {UPGRADE}"
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        # HDF5 ends a text at the first NUL and wants UTF-8; JSON escapes both.
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, bool):
        return False  # h5py would write an enum
    return isinstance(value, float) or (isinstance(value, int) and value in _INT64)
