"""Read a journal into arrays. The format is in journal_format.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.held_file import is_locked, read_bytes
from mle_toolbox.log.journal_format import (
    ABSENT,
    BOOL,
    FLOAT,
    INT,
    MAGIC,
    UINT,
    Segment,
    decode_header,
    read_segments,
)
from mle_toolbox.log.log_data import LogData, is_exact_in_float

__all__ = ["numbers_of", "read"]


def read(path: Path) -> LogData:
    """Read all whole ticks of a journal; see ``journal.read_journal``."""
    data = read_bytes(path)
    segments = read_segments(data, path)
    if not segments:
        damage = f"{path}: the start of this file is damaged, so none of its ticks can be read." if data else None
        return LogData((), (), {}, damage=damage)
    header = segments[-1].header
    columns, absent, remarks = {}, {}, [remark for each in segments for remark in each.header.remarks]
    for name, (tags, values) in _raw_columns(data, segments).items():
        columns[name], exact = _join(tags, values)
        if not exact:
            remarks.append(
                f"{name!r} mixes floats with integers beyond 2**53; those are rounded to the nearest float64."
            )
        if (tags == ABSENT).any():
            absent[name] = tags == ABSENT
            if absent[name].all():
                remarks.append(f"{name!r} was not measured at any tick.")
    return LogData(
        time_names=header.time_names,
        metric_names=header.metric_names,
        columns=columns,
        attributes=header.attributes,
        damage=_damage(data, segments, path),
        remarks=tuple(remarks),
        absent=absent,
    )


def numbers_of(data: bytes, segment: Segment) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.bool_]]]:
    """Return the variables that are one number a tick, each of shape (T,), and where some were not measured."""
    columns, absent = {}, {}
    for name, (tags, values) in _of_segment(data, segment).items():
        if values.ndim == 1:
            columns[name] = _join(tags, values)[0].astype(np.float64)
            if (tags == ABSENT).any():
                absent[name] = tags == ABSENT
    return columns, absent


def _damage(data: bytes, segments: Sequence[Segment], path: Path) -> str | None:
    n_ticks, end = sum(each.n_rows for each in segments), segments[-1].end
    if len(data) > end and data[end : end + len(MAGIC)] == MAGIC[: len(data) - end]:
        # The start of a header at the end of a file that is locked: somebody may be writing it at this moment.
        return None if is_locked(path) else f"{path}: everything after tick {n_ticks} is damaged and left out."
    # Ticks can only be counted where a later header says how wide rows are; the damage may lie in an earlier segment.
    header = segments[-1].header
    while (end := data.find(MAGIC, end)) >= 0:
        header, end = decode_header(data, path, end) or header, end + 1
    n_rows, n_torn_bytes = divmod(len(data) - header.size, header.row_size)
    n_rows += header.first_tick
    if n_ticks < n_rows:
        left_out = n_rows - n_ticks
        return f"{path}: tick {n_ticks + 1} of {n_rows} does not match its checksum; " + (
            "it is left out." if left_out == 1 else f"it and the {left_out - 1} after it are left out."
        )
    # As above: in a locked file the last row may be half written at this moment.
    if n_torn_bytes and not is_locked(path):
        return f"{path}: the last tick is torn ({n_torn_bytes} of {header.row_size} bytes) and is left out."
    return None


_Raw = tuple[NDArray[np.uint8], NDArray[np.uint64]]


def _raw_columns(data: bytes, segments: Sequence[Segment]) -> dict[str, _Raw]:
    """Return tags of shape (T,) and the 8-byte values of shape (T, ...) for each column."""
    # A segment without rows says nothing, except the last one: its header has the shapes if there are no ticks at all.
    parts = [_of_segment(data, each) for each in segments if each.n_rows or each is segments[-1]]
    if len(parts) == 1:
        return parts[0]
    return {name: _joined([part.get(name) or _absent(part) for part in parts]) for name in parts[-1]}


def _absent(part: Mapping[str, _Raw]) -> _Raw:
    """Return the column of a metric that was added after this segment."""
    n_ticks = next((len(tags) for tags, _ in part.values()), 0)
    return np.full(n_ticks, ABSENT, np.uint8), np.zeros(n_ticks, np.uint64)


def _of_segment(data: bytes, segment: Segment) -> dict[str, _Raw]:
    header, n_ticks = segment.header, segment.n_rows
    n_columns, n_values = len(header.shapes), sum(header.counts)
    row = np.dtype([("tags", "u1", (n_columns,)), ("values", "<u8", (n_values,)), ("checksum", "<u4")])
    rows = np.frombuffer(data, dtype=row, count=n_ticks, offset=header.size) if n_ticks else np.empty(0, row)
    start = 0
    columns = {}
    for index, (name, shape, count) in enumerate(zip(header.names, header.shapes, header.counts, strict=True)):
        values = np.ascontiguousarray(rows["values"][:, start : start + count])
        columns[name] = rows["tags"][:, index], values.reshape(n_ticks, *shape)
        start += count
    return columns


def _joined(parts: Sequence[_Raw]) -> _Raw:
    """Return one column from those of the segments."""
    # Until it was first measured, a metric that is an array was recorded with the shape of a number.
    shape = next((values.shape[1:] for tags, values in parts if (tags != ABSENT).any()), parts[-1][1].shape[1:])
    fitting = [
        values if values.shape[1:] == shape else np.zeros((len(values), *shape), values.dtype) for _, values in parts
    ]
    return np.concatenate([tags for tags, _ in parts]), np.concatenate(fitting)


def _join(tags: NDArray[np.uint8], values: NDArray[np.uint64]) -> tuple[NDArray[Any], bool]:
    """Give all ticks of a column one type; also return whether every number is still exact.

    Where a metric was not measured there is NaN, or zero in a column of integers or truth values.
    """
    # The usual column has one tag throughout, and comparing is quicker than sorting for the unique ones.
    kinds = {int(tags[0])} if len(tags) and (tags == tags[0]).all() else set(np.unique(tags).tolist())
    if ABSENT in kinds:
        there = tags != ABSENT
        measured, exact = _join(tags[there], values[there])
        column = np.full(values.shape, np.nan if measured.dtype.kind == "f" else 0, dtype=measured.dtype)
        column[there] = measured
        return column, exact
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
    # No type holds floats beside large integers. Rounded, with a remark: refusing it at the end of a long run would
    # cost the run.
    result = signed.astype(np.float64)
    result[tags == UINT] = values[tags == UINT].astype(np.float64)
    result[tags == FLOAT] = values.view(np.float64)[tags == FLOAT]
    exact = is_exact_in_float(signed[(tags == INT) | (tags == BOOL)]) and is_exact_in_float(values[tags == UINT])
    return result, exact
