"""HDF5 logs of mle-logging, which the original mle-toolbox writes: of one seed, several seeds or configurations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers.imported_run import ImportedRun
from mle_toolbox.log.log_data import LogData
from mle_toolbox.text import listed

__all__ = ["read_mle_logging"]

_SEED = re.compile(r"(?:(?P<group>.*)_)?seed_(?P<seed>\d+)")
_PARTS = ("stats", "time")


def read_mle_logging(file: Path, source: str) -> list[ImportedRun]:
    """Read every seed in a file, whether it is ``log_seed_0.hdf5``, a merged ``log.hdf5`` or a ``meta_log.hdf5``.

    Numbers have the precision of the file, float32. The time stamps in ``time/time`` are text and are ignored.

    Raises
    ------
    ResultsError
        When it is not such a file.
    """
    # Not by log/netcdf.py: these files have no checksum and no format of ours.
    import h5py

    try:
        with h5py.File(file, "r") as content:
            runs = [_run(group, source, name, seed) for group, name, seed in _seeds(content, file)]
    except OSError as error:
        raise ResultsError(f"{file} cannot be read as HDF5: {error}") from error
    if not runs:
        hint = " It is a log of mle-toolbox itself: `mle results` reads it." if _is_ours(file) else ""
        raise ResultsError(f"{file} is not a log of mle-logging: it has no group with 'stats' and 'time'.{hint}")
    return runs


def _seeds(content: Any, file: Path) -> Iterator[tuple[Any, str | None, int | None]]:
    """Yield the group of each seed run, the name of its configuration, and its seed."""
    for name, group in content.items():
        if not hasattr(group, "items"):
            continue
        match = _SEED.fullmatch(name)
        if all(part in group for part in _PARTS):
            yield group, match["group"] if match else name, int(match["seed"]) if match else None
            continue
        for inner, seed_group in group.items():
            match = _SEED.fullmatch(inner)
            if match and hasattr(seed_group, "items") and all(part in seed_group for part in _PARTS):
                yield seed_group, name, int(match["seed"])


def _run(group: Any, source: str, name: str | None, seed: int | None) -> ImportedRun:
    time = {each: data[()] for each, data in group["time"].items() if data.dtype.kind in "iuf" and data.ndim == 1}
    stats = {each: data[()] for each, data in group["stats"].items() if data.dtype.kind in "biuf"}
    # A crash during a save leaves datasets of unequal length. Ticks that some of them lack are incomplete.
    n_ticks = min((len(each) for each in (*time.values(), *stats.values())), default=0)
    torn = [each for each, values in {**time, **stats}.items() if len(values) != n_ticks]
    columns = {each: _widened(values[:n_ticks]) for each, values in {**time, **stats}.items()}
    # The logger itself adds time_elapsed; the user's own variables come first.
    times = sorted(time, key=lambda each: each == "time_elapsed")
    remarks = (
        (f"{source}: {listed(map(repr, torn), 5)} have more ticks than the rest, as after a crash; they are cut off.",)
        if torn
        else ()
    )
    settings, own_name = _meta(group.get("meta", {}))
    log = LogData(tuple(times), tuple(stats), {each: columns[each] for each in (*times, *stats)})
    return ImportedRun(source, log, settings, group=name or own_name, seed=seed, remarks=remarks)


def _widened(values: NDArray[Any]) -> NDArray[Any]:
    """Return floats as float64, or as integers if all are whole."""
    # mle-logging keeps float32, in which integers are exact below 2**24 only.
    if values.dtype.kind != "f":
        return values
    wide = values.astype(np.float64)
    whole = bool(len(wide)) and wide.ndim == 1 and bool((np.isfinite(wide) & (wide == np.rint(wide))).all())
    return wide.astype(np.int64) if whole and np.abs(wide).max() < 2**24 else wide


def _meta(group: Any) -> tuple[dict[str, Any], str | None]:
    """Return the configuration of the run and the stem of its file."""
    settings: dict[str, Any] = {}
    # It is stored as the repr of a dictionary, not as JSON.
    try:
        content = ast.literal_eval(_text(group["config_dict"]))
        settings = content if isinstance(content, dict) else {}
    except (KeyError, ValueError, SyntaxError, MemoryError, RecursionError):
        pass  # mle-logging truncates long configurations
    name = Path(_text(group["config_fname"])).stem if "config_fname" in group else None
    return settings, name or None


def _text(dataset: Any) -> str:
    value = np.asarray(dataset[()]).ravel()[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_ours(file: Path) -> bool:
    import h5py

    with h5py.File(file, "r") as content:
        return any(name.startswith("mle_toolbox") for name in content.attrs)
