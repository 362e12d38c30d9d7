"""CSV and JSON lines: one row or object a tick, with time variables and metrics side by side."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.importers.imported_run import ImportedRun, Series, log_of_series
from mle_toolbox.results.differences import flatten
from mle_toolbox.text import listed

__all__ = ["read_csv", "read_json_lines"]

# Usual names of time variables, in order of preference (of those with equally many different values).
_TIME_NAMES = (
    "step",
    "global_step",
    "_step",
    "steps",
    "iteration",
    "iterations",
    "iter",
    "it",
    "timestep",
    "timesteps",
    "num_timesteps",
    "total_timesteps",
    "time/total_timesteps",
    "num_updates",
    "n_updates",
    "update",
    "updates",
    "batch",
    "epoch",
    "epochs",
    "num_epochs",
    "episode",
    "episodes",
    "frame",
    "frames",
    "time",
    "t",
    "seconds",
    "time_elapsed",
    "elapsed",
    "_runtime",
    "wall_time",
    "walltime",
    "timestamp",
    "_timestamp",
    "date",
)

_WORDS = {"nan": math.nan, "inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "true": 1.0, "false": 0.0}
_ROW = "row"

_Row = Mapping[str, float]
_Reader = Callable[[Path], tuple[list[_Row], list[str]]]


def read_csv(files: Sequence[Path], source: str, time: Sequence[str] = ()) -> ImportedRun:
    """Read tables with a header row, separated by commas, semicolons or tabs.

    An empty cell means that the value was not logged.

    Parameters
    ----------
    files
        The tables of one run; several must have different metrics.
    source
        Name of the run.
    time
        Columns that are time variables; the first one orders the ticks. By default they are recognised by their names.
    """
    return _read(files, source, time, _csv_rows)


def read_json_lines(files: Sequence[Path], source: str, time: Sequence[str] = ()) -> ImportedRun:
    """Read one JSON object a line; nested keys are joined with dots. See ``read_csv``."""
    return _read(files, source, time, _json_rows)


def _read(files: Sequence[Path], source: str, time: Sequence[str], read: _Reader) -> ImportedRun:
    metrics: dict[str, Series] = {}
    clocks: dict[str, Series] = {}
    owner: dict[str, Path] = {}
    remarks: list[str] = []
    step_name = ""
    for file in sorted(files):
        rows, said = read(file)
        remarks += said
        times = _time_names(file, rows, time)
        steps = _steps(rows, times)
        if step_name and times[0] != step_name:
            raise ResultsError(f"{source}: {file.name} has the time variable {times[0]!r}, another file {step_name!r}.")
        step_name = times[0]
        for name, series in _columns(rows, steps).items():
            if name in times:
                clocks.setdefault(name, series)
                continue
            if name in metrics:
                raise ResultsError(
                    f"{owner[name]} and {file} both have {name!r}, and the pattern takes them for the same run. Narrow "
                    "it, or mark what tells them apart, for example {run}."
                )
            metrics[name], owner[name] = series, file
    clocks.pop(step_name, None)
    return ImportedRun(source, log_of_series(step_name or _ROW, metrics, clocks), remarks=tuple(remarks))


def _csv_rows(file: Path) -> tuple[list[_Row], list[str]]:
    # utf-8-sig, because Excel puts a byte order mark first, which would become part of the first name.
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
        # The monitor files of stable-baselines start with a comment.
        lines = (line for number, line in enumerate(stream) if not (number == 0 and line.startswith("#")))
        heading = next(lines, "")
        delimiter = max(",;\t", key=heading.count)
        names = [name.strip() for name in next(csv.reader([heading], delimiter=delimiter), [])]
        rows: list[_Row] = []
        texts: dict[str, None] = {}
        torn = 0
        for cells in csv.reader(lines, delimiter=delimiter):
            if len(cells) != len(names):  # an empty line is not an error
                torn += bool(cells)
                continue
            row = {}
            for name, cell in zip(names, cells, strict=True):
                if cell := cell.strip():
                    value = _number(cell)
                    if value is None:
                        texts[name] = None
                    else:
                        row[name] = value
            rows.append(row)
    remarks = list(_about_heading(file, names))
    if torn:
        remarks.append(f"{file}: {torn} rows have another number of cells than the heading and are left out.")
    if texts:
        remarks.append(f"{file}: text in {listed(map(repr, texts), 5)} is left out.")
    return rows, remarks


def _about_heading(file: Path, names: Sequence[str]) -> Iterator[str]:
    if names and all(_number(name) is not None for name in names):
        yield f"{file}: there is no heading; the columns are called after the first row, {listed(map(repr, names), 5)}."
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        yield f"{file}: several columns are called {listed(map(repr, twice), 5)}; of each name the last one counts."


def _json_rows(file: Path) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    torn = 0
    for line in file.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            torn += 1
            continue
        numbers = ((name, _json_number(value)) for name, value in flatten(content, quoted=False).items())
        row = {name: number for name, number in numbers if number is not None}
        if row:
            rows.append(row)
    return rows, [f"{file}: {torn} lines are not JSON objects and are left out."] if torn else []


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return _WORDS.get(text.lower())


def _json_number(value: Any) -> float | None:
    if isinstance(value, str):
        # As strings, because JSON has no numbers for these.
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value)
    return float(value) if isinstance(value, int | float) else None


def _time_names(file: Path, rows: Sequence[_Row], given: Sequence[str]) -> list[str]:
    """Return the time variables, the one that orders the ticks first; ``row`` alone if there is none."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in given:
        if name not in names:
            raise UsageError(f"--time {name}: {file} has {listed(map(repr, names), 5)}.{did_you_mean(name, names)}")
    if given:
        return list(given)
    known = [name for wanted in _TIME_NAMES for name in names if name.lower() == wanted]
    rising = [name for name in known if _rises(rows, name)]
    # "epoch" may stay the same for many rows that "step" distinguishes.
    rising.sort(key=lambda name: -len({row[name] for row in rows if name in row}))
    return rising or [_ROW]


def _rises(rows: Sequence[_Row], name: str) -> bool:
    column = np.array([row[name] for row in rows if name in row])
    return bool(len(column)) and bool(np.isfinite(column).all()) and bool((np.diff(column) >= 0).all())


def _steps(rows: Sequence[_Row], times: Sequence[str]) -> list[float]:
    # A file may have a column called "row" of its own, and then that counts.
    if times[0] == _ROW and not any(_ROW in row for row in rows):
        return list(map(float, range(len(rows))))
    return [row.get(times[0], math.nan) for row in rows]


def _columns(rows: Sequence[_Row], steps: Sequence[float]) -> dict[str, Series]:
    points: dict[str, tuple[list[float], list[float]]] = {}
    for step, row in zip(steps, rows, strict=True):
        for name, value in row.items():
            at, values = points.setdefault(name, ([], []))
            at.append(step)
            values.append(value)
    return {name: Series.of(*each) for name, each in points.items()}
