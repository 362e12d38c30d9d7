"""Read a journal into arrays. The format is in journal_format.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.journal_format import BOOL, FLOAT, INT, UINT, Header, count_whole_rows, decode_header
from mle_toolbox.log.lock import is_locked, read_bytes
from mle_toolbox.log.log_data import LogData, is_exact_in_float

__all__ = ["read"]


def read(path: Path) -> LogData:
    """Read all whole ticks of a journal; see ``journal.read_journal``."""
    data = read_bytes(path)
    header = decode_header(data, path)
    if header is None:
        damage = f"{path}: the beginning of this file is damaged, so none of its ticks can be read." if data else None
        return LogData((), (), {}, damage=damage)
    n_ticks = count_whole_rows(data, header)
    columns, remarks = {}, []
    for name, tags, values in _raw_columns(data, header, n_ticks):
        columns[name], exact = _join(tags, values)
        if not exact:
            remarks.append(
                f"{name!r} mixes floats with integers beyond 2**53; those are rounded to the nearest float64."
            )
    return LogData(
        time_names=header.time_names,
        metric_names=header.metric_names,
        columns=columns,
        attributes=header.attributes,
        damage=_damage(data, header, n_ticks, path),
        remarks=tuple(remarks),
    )


def _damage(data: bytes, header: Header, n_ticks: int, path: Path) -> str | None:
    n_rows, n_torn_bytes = divmod(len(data) - header.size, header.row_size)
    if n_ticks < n_rows:
        left_out = n_rows - n_ticks
        return f"{path}: tick {n_ticks + 1} of {n_rows} does not match its checksum; " + (
            "it is left out." if left_out == 1 else f"it and the {left_out - 1} behind it are left out."
        )
    # The last row of a file that is being written may just be on its way.
    if n_torn_bytes and not is_locked(path):
        return f"{path}: the last tick is torn ({n_torn_bytes} of {header.row_size} bytes) and is left out."
    return None


def _raw_columns(
    data: bytes, header: Header, n_ticks: int
) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.uint64]]]:
    """Yield name, tags of shape (T,) and the 8-byte values of shape (T, ...) for each column."""
    n_columns, n_values = len(header.shapes), sum(header.counts)
    row = np.dtype([("tags", "u1", (n_columns,)), ("values", "<u8", (n_values,)), ("checksum", "<u4")])
    rows = np.frombuffer(data, dtype=row, count=n_ticks, offset=header.size) if n_ticks else np.empty(0, row)
    start = 0
    for index, (name, shape, count) in enumerate(zip(header.names, header.shapes, header.counts, strict=True)):
        values = np.ascontiguousarray(rows["values"][:, start : start + count])
        yield name, rows["tags"][:, index], values.reshape(n_ticks, *shape)
        start += count


def _join(tags: NDArray[np.uint8], values: NDArray[np.uint64]) -> tuple[NDArray[Any], bool]:
    """Give all ticks of a column one type; also tell whether every number stayed what it was."""
    kinds = {int(tags[0])} if len(tags) and (tags == tags[0]).all() else set(np.unique(tags).tolist())
    if kinds == {BOOL}:
        return values.view(np.int64) != 0, True
    if not kinds:
        return values.view(np.float64), True
    if kinds == {FLOAT}:
        return values.view(np.float64), True
    if kinds <= {INT, BOOL}:
        return values.view(np.int64), True
    signed = values.view(np.int64)
    if kinds <= {UINT, INT, BOOL} and not bool((signed[tags != UINT] < 0).any()):
        return values, True
    result = signed.astype(np.float64)
    result[tags == UINT] = values[tags == UINT].astype(np.float64)
    result[tags == FLOAT] = values.view(np.float64)[tags == FLOAT]
    exact = is_exact_in_float(signed[(tags == INT) | (tags == BOOL)]) and is_exact_in_float(values[tags == UINT])
    return result, exact
