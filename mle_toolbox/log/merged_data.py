"""The ticks of all seeds of a configuration as arrays of shape (S, T, ...), in memory.

Shorter runs are padded at the end. Stacking loses nothing: each seed's ticks can be taken out again unchanged, with
their types.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.absence import unused_value, without_gaps
from mle_toolbox.log.log_data import LogData, is_exact_in_float
from mle_toolbox.seed_ranges import seeds_in_words

__all__ = ["MergedData", "stack"]


@dataclass(frozen=True, eq=False)
class MergedData:
    """All seeds of one configuration.

    Attributes
    ----------
    seeds, lengths
        Shape (S,): the seeds in increasing order, and how many ticks each has.
    time_names, metric_names
        Those of all seeds together, in the order of the first seed that has them.
    columns
        Shape (S, T, ...), T the largest length. Missing values, including ticks at which a metric was not measured, are
        NaN, so integers become float64; integers beyond 2**53 stay integers, see ``fill_values``.
    fill_values
        For an integer column with gaps, the number that marks them; it is not among the values.
    seed_dtypes
        For each column its type in each seed, None if the seed has no such column.
    attributes, seed_attributes
        Provenance that all seeds share, and provenance by seed (one entry each, in the order of ``seeds``; None where
        a seed has none).
    remarks
        Sentences about differences between the seeds that affect the arrays.
    absent
        For each metric that a seed measured at some of its ticks only: shape (S, T), True where it was not.
    """

    seeds: NDArray[np.int64]
    lengths: NDArray[np.int64]
    time_names: tuple[str, ...]
    metric_names: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    fill_values: Mapping[str, int] = field(default_factory=dict)
    seed_dtypes: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    seed_attributes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    absent: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Time variables, then metrics."""
        return self.time_names + self.metric_names

    def seed_log(self, seed: int) -> LogData:
        """Return the ticks of one seed, with the types that they had in its own log."""
        row = self.seeds.tolist().index(seed)
        columns, absent = {}, {}
        for name, dtypes in self.seed_dtypes.items():
            dtype = dtypes[row]
            if dtype is not None:
                values = self.columns[name][row, : self.lengths[row]]
                gaps = self.absent[name][row, : self.lengths[row]] if name in self.absent else None
                if gaps is not None and gaps.any():
                    columns[name], absent[name] = without_gaps(values, gaps, dtype), gaps
                else:
                    columns[name] = values.astype(dtype, copy=False)
        return LogData(
            time_names=tuple(name for name in self.time_names if name in columns),
            metric_names=tuple(name for name in self.metric_names if name in columns),
            columns=columns,
            attributes=self.attributes_of(seed),
            absent=absent,
        )

    def attributes_of(self, seed: int) -> dict[str, Any]:
        """Return the provenance of one seed: the shared attributes and its own."""
        row = self.seeds.tolist().index(seed)
        # None by seed means that this seed had no such attribute, so it must not get one now.
        own = {name: each[row] for name, each in self.seed_attributes.items() if each[row] is not None}
        return {**self.attributes, **own}


def stack(logs: Mapping[int, LogData]) -> MergedData:
    """Put the ticks of several seeds side by side. The order of ``logs`` makes no difference.

    A metric that some seeds do not have is NaN for them. If seeds logged arrays of different shapes under one name, the
    most frequent shape is kept (in a tie, that of the lowest seed), and the other seeds are NaN. Remarks mention both.
    """
    seeds = sorted(logs)
    ordered = [logs[seed] for seed in seeds]
    time_names, metric_names = _names(ordered)
    lengths = [log.n_ticks for log in ordered]
    columns: dict[str, NDArray[Any]] = {}
    fill_values: dict[str, int] = {}
    seed_dtypes: dict[str, list[str | None]] = {}
    absent: dict[str, NDArray[np.bool_]] = {}
    remarks = list(_remarks_of_seeds(logs))
    for name in time_names + metric_names:
        present = [log.columns.get(name) for log in ordered]
        gaps = [log.absent.get(name) for log in ordered]
        fitting, shape = _of_one_shape(present, gaps)
        remarks += _remarks(name, logs, fitting)
        stacked = _stack_column(fitting, gaps, shape, max(lengths, default=0))
        if any(each is not None and has is not None for each, has in zip(fitting, gaps, strict=True)):
            absent[name] = _stack_gaps(fitting, gaps, max(lengths, default=0))
        columns[name] = stacked.values
        if stacked.fill_value is not None:
            fill_values[name] = stacked.fill_value
        if not stacked.exact:
            remarks.append(f"{name!r}: no type holds the numbers of all seeds; some integers are rounded to a float64.")
        seed_dtypes[name] = [
            # What was rounded must not come back as an integer that looks exact.
            None if each is None else (each.dtype.name if stacked.exact else "float64")
            for each in fitting
        ]
    shared, by_seed = _attributes(ordered)
    return MergedData(
        seeds=np.array(seeds, dtype=np.int64),
        lengths=np.array(lengths, dtype=np.int64),
        time_names=time_names,
        metric_names=metric_names,
        columns=columns,
        fill_values=fill_values,
        seed_dtypes=seed_dtypes,
        attributes=shared,
        seed_attributes=by_seed,
        remarks=tuple(remarks),
        absent=absent,
    )


@dataclass(frozen=True)
class _Stacked:
    values: NDArray[Any]
    fill_value: int | None = None
    exact: bool = True


def _stack_column(
    columns: Sequence[NDArray[Any] | None],
    absent: Sequence[NDArray[np.bool_] | None],
    shape: tuple[int, ...],
    n_ticks: int,
) -> _Stacked:
    """Stack one column of the seeds, shapes (T_s, ...), to (S, T, ...); ``absent`` as in ``LogData``."""
    there = [None if gaps is None else ~gaps for gaps in absent]
    # A seed without a single measurement says nothing about the type.
    parts = [
        each if mask is None else each[mask]
        for each, mask in zip(columns, there, strict=True)
        if each is not None and len(each) and (mask is None or mask.any())
    ]
    gaps = any(
        each is None or len(each) < n_ticks or mask is not None for each, mask in zip(columns, there, strict=True)
    )
    dtype = _common_type(parts)
    exact = dtype.kind != "f" or all(map(is_exact_in_float, parts))
    fill_value: int | None = None
    if gaps and dtype.kind == "b":
        dtype = np.dtype(np.float64)
    elif gaps and dtype.kind in "iu":
        if all(map(is_exact_in_float, parts)):
            dtype = np.dtype(np.float64)
        else:
            fill_value = unused_value(parts, dtype)
    empty: float | int = fill_value if fill_value is not None else np.nan if dtype.kind == "f" else 0
    # Filling only where there are gaps: without any, every element is assigned below.
    size = (len(columns), n_ticks, *shape)
    values = np.full(size, empty, dtype=dtype) if gaps else np.empty(size, dtype=dtype)
    for row, (each, mask) in enumerate(zip(columns, there, strict=True)):
        if each is not None and mask is None:
            values[row, : len(each)] = each
        elif each is not None and mask is not None:
            values[row, : len(each)][mask] = each[mask]
    return _Stacked(values, fill_value, exact)


def _stack_gaps(
    columns: Sequence[NDArray[Any] | None], absent: Sequence[NDArray[np.bool_] | None], n_ticks: int
) -> NDArray[np.bool_]:
    stacked = np.zeros((len(columns), n_ticks), dtype=bool)
    for row, each in enumerate(absent):
        if each is not None and columns[row] is not None:
            stacked[row, : len(each)] = each
    return stacked


def _common_type(parts: Iterable[NDArray[Any]]) -> np.dtype[Any]:
    """Return the narrowest of bool, int64, uint64 and float64 that holds all parts."""
    parts = tuple(parts)
    kinds = {each.dtype.kind for each in parts}
    if not kinds or "f" in kinds:
        return np.dtype(np.float64)
    if kinds == {"b"}:
        return np.dtype(np.bool_)
    if "u" not in kinds:
        return np.dtype(np.int64)
    negative = any(each.dtype.kind == "i" and int(each.min(initial=0)) < 0 for each in parts)
    return np.dtype(np.float64 if negative else np.uint64)


def _of_one_shape(
    columns: Sequence[NDArray[Any] | None], absent: Sequence[NDArray[np.bool_] | None]
) -> tuple[list[NDArray[Any] | None], tuple[int, ...]]:
    # A run without a value says nothing about shapes: it gets zeros of the chosen one. In a tie, most_common keeps the
    # shape that was counted first, which is that of the lowest seed.
    empty = [
        each is not None and (len(each) == 0 or (gaps is not None and bool(gaps.all())))
        for each, gaps in zip(columns, absent, strict=True)
    ]
    counts = Counter(
        each.shape[1:] for each, nothing in zip(columns, empty, strict=True) if each is not None and not nothing
    )
    counts = counts or Counter(each.shape[1:] for each in columns if each is not None)
    shape = counts.most_common(1)[0][0]
    return [
        np.zeros((len(each), *shape), dtype=each.dtype)
        if each is not None and nothing
        else each
        if each is not None and each.shape[1:] == shape
        else None
        for each, nothing in zip(columns, empty, strict=True)
    ], shape


def _remarks_of_seeds(logs: Mapping[int, LogData]) -> Iterator[str]:
    """Yield the remarks of all seeds, each once, with the seeds that have it."""
    seeds_with: dict[str, list[int]] = {}
    for seed in sorted(logs):
        for remark in logs[seed].remarks:
            seeds_with.setdefault(remark, []).append(seed)
    for remark, seeds in seeds_with.items():
        yield f"{seeds_in_words(seeds)}: {remark}"


def _remarks(name: str, logs: Mapping[int, LogData], fitting: Sequence[NDArray[Any] | None]) -> list[str]:
    # A run that ended before its first tick has no names at all; its length already says so.
    missing = [seed for seed in sorted(logs) if logs[seed].columns and name not in logs[seed].columns]
    remarks = [f"{name!r} was not logged by {seeds_in_words(missing)}."] if missing else []
    for seed, fits in zip(sorted(logs), fitting, strict=True):
        has = logs[seed].columns.get(name)
        if has is not None and fits is None:
            remarks.append(f"{name!r} of seed {seed} is left out: it has another shape, {has.shape[1:]}.")
    return remarks


def _names(logs: Sequence[LogData]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    role: dict[str, str] = {}
    for log in logs:
        for name in log.names:
            role.setdefault(name, "time" if name in log.time_names else "metric")
    return tuple(n for n, r in role.items() if r == "time"), tuple(n for n, r in role.items() if r == "metric")


def _attributes(logs: Sequence[LogData]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Divide provenance into attributes that all seeds share and those that differ."""
    shared: dict[str, Any] = {}
    by_seed: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for log in logs for name in log.attributes):
        values = [log.attributes.get(name) for log in logs]
        # Compared as text, because True == 1 and nan != nan.
        if len({json.dumps(value, sort_keys=True) for value in values}) == 1:
            shared[name] = values[0]
        else:
            by_seed[name] = values
    return shared, by_seed
