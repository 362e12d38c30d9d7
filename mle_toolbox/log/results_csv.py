"""``results.csv``: the final values of every seed run, for spreadsheets."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.measured import was_measured
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.seed_log import SeedLog, read_seed_log

__all__ = ["write_table"]

_FIXED = ("configuration", "seed", "status", "ticks", "code")


def write_table(
    folder: ExperimentFolder, configurations: Sequence[str], seeds: Sequence[int] | Mapping[str, Sequence[int]]
) -> None:
    """Write one row per configuration and seed: status, ticks, code, and the last value of every scalar variable.

    ``seeds`` are those of all configurations, or of each by its name.

    ``code`` is a short hash of the code: runs with the same one had the same files with the same content. A cell
    without a value is empty. A variable with the name of one of the first columns gets a ``_`` after its own. The last
    value is the last one measured (``was_measured``).
    """
    pairs = [(name, seed) for name in configurations for seed in (seeds[name] if isinstance(seeds, Mapping) else seeds)]
    runs = [(name, seed, read_seed_log(folder.seed_run(name, seed))) for name, seed in pairs]
    names = _scalar_names(run.data for _, _, run in runs if run.data is not None)
    header = [*_FIXED, *(f"{name}_" if name in _FIXED else name for name in names)]

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows([name, seed, *_cells(run, names)] for name, seed, run in runs)

    replace_file(folder.table, write)


def _cells(run: SeedLog, names: Sequence[str]) -> list[Any]:
    if run.data is None:
        return [run.status, 0, _code(run.record), *("" for _ in names)]
    return [run.status, run.data.n_ticks, _code(run.record), *(_last(run.data, name) for name in names)]


def _code(record: RunRecord | None) -> str:
    """Return a short hash of the code of a run, empty if none is on record."""
    if record is None or not (record.code or record.script_sha256):
        return ""
    # Records of earlier versions know the script only.
    files: Mapping[str, str | None] = record.code or {"": record.script_sha256}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:10]


def _last(data: LogData, name: str) -> Any:
    column = data.columns.get(name)
    if column is None or column.ndim != 1:
        return ""
    values = column[data.measured(name)]
    if values.dtype.kind == "f":
        values = values[was_measured(values)]
    return values[-1].item() if len(values) else ""


def _scalar_names(logs: Iterable[LogData]) -> list[str]:
    """Return time variables, then metrics, each in the order in which they are tracked."""
    # Of all runs: a failed one may lack a metric, or have one that the others do not.
    time: dict[str, None] = {}
    metrics: dict[str, None] = {}
    for log in logs:
        time |= dict.fromkeys(name for name in log.time_names if log.columns[name].ndim == 1)
        metrics |= dict.fromkeys(name for name in log.metric_names if log.columns[name].ndim == 1)
    return [*time, *(name for name in metrics if name not in time)]
