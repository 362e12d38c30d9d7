"""Weights & Biases, offline: the ``run-….wandb`` file of a run, uploaded later or not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers.imported_run import ImportedRun, Series, log_of_series
from mle_toolbox.importers.wire import Fields, leveldb_records, message, varint_to_int64
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.results.differences import flatten

__all__ = ["read_wandb"]

# Field numbers of wandb_internal.proto, unchanged since its first version.
_HISTORY, _CONFIG, _RUN, _EXIT = 2, 5, 17, 18
_ITEM, _HISTORY_STEP = 1, 2
_KEY, _NESTED, _VALUE_JSON = 1, 2, 16
_UPDATE, _RUN_CONFIG, _EXIT_CODE = 1, 4, 1


def read_wandb(files: Sequence[Path], source: str) -> ImportedRun:
    """Read the file of one run: its history, its configuration, and how it ended.

    The time variables are ``step`` and ``seconds``; keys that start with "_" are wandb's own.
    """
    if len(files) > 1:
        names = ", ".join(path.name for path in files)
        raise ResultsError(
            f"{source}: {names} are {len(files)} runs of Weights & Biases; the pattern merges them into one."
        )
    points: dict[str, tuple[list[float], list[float]]] = {}
    settings: dict[str, Any] = {}
    # Until its last record, the exit code: without one the run was killed, or is still going.
    status: RunStatus = "died"
    remarks = []
    try:
        for step, record in enumerate(map(message, leveldb_records(files[0].read_bytes()))):
            if _HISTORY in record:
                _add(points, _last(record, _HISTORY), step)
            settings |= _settings(record)
            if _EXIT in record:
                code = _last(record, _EXIT).get(_EXIT_CODE, [0])[-1]
                status = "failed" if code else "done"
    except ResultsError as error:
        remarks.append(f"{files[0]}: {error}; what comes before is used.")
    metrics = {name: Series.of(*each) for name, each in points.items()}
    clock = metrics.get("_runtime")
    ours = {name: each for name, each in metrics.items() if not name.startswith("_")}
    log = log_of_series("step", ours, {} if clock is None else {"seconds": clock})
    settings.pop("_wandb", None)  # wandb's own bookkeeping
    reason = {
        "failed": "Weights & Biases recorded an exit code that is not 0",
        "died": "the log has no final record",
    }.get(status)
    return ImportedRun(source, log, settings, status, reason, remarks=tuple(remarks))


def _last(fields: Fields, number: int) -> Fields:
    value = fields[number][-1]
    if isinstance(value, int):
        raise ResultsError("it contains something that is not a record of Weights & Biases")
    return message(value)


def _add(points: dict[str, tuple[list[float], list[float]]], history: Fields, order: int) -> None:
    """Add the numbers of one call of ``wandb.log``."""
    # The step is in a field of its own or among the values as "_step".
    row = flatten(dict(_items(history, _ITEM)), quoted=False)
    step = row.get("_step", order)
    if _HISTORY_STEP in history:
        own = _last(history, _HISTORY_STEP).get(1, [0])[-1]
        step = varint_to_int64(own) if isinstance(own, int) else step
    for name, value in row.items():
        number = _number(value)
        if number is not None:
            steps, values = points.setdefault(name, ([], []))
            steps.append(float(step))
            values.append(number)


def _settings(record: Fields) -> dict[str, Any]:
    if _CONFIG in record:
        return dict(_items(_last(record, _CONFIG), _UPDATE))
    if _RUN in record:
        run = _last(record, _RUN)
        return dict(_items(_last(run, _RUN_CONFIG), _UPDATE)) if _RUN_CONFIG in run else {}
    return {}


def _items(fields: Fields, number: int) -> Iterator[tuple[str, Any]]:
    """Yield keys and values; nested keys are joined with dots."""
    for each in fields.get(number, ()):
        item = message(each) if isinstance(each, bytes) else {}
        # A key with dots in it is written as a key; a path of keys as nested ones.
        keys = [
            key.decode("utf-8", "replace") for key in item.get(_NESTED, item.get(_KEY, [])) if isinstance(key, bytes)
        ]
        text = item.get(_VALUE_JSON, [b"null"])[-1]
        try:
            yield ".".join(keys), json.loads(text) if isinstance(text, bytes) else None
        except ValueError:
            continue


def _number(value: Any) -> float | None:
    """Return a number, or None for any other value."""
    # wandb writes "NaN" and infinities as strings, because JSON has no numbers for them.
    if value is None or isinstance(value, bool | Mapping | list):
        return None
    if isinstance(value, str):
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value)
    return float(value)
