"""TensorBoard event files: the scalars in them, as TensorFlow, tensorboardX, torch and jax write them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers.imported_run import ImportedRun, Series, log_of_series
from mle_toolbox.importers.wire import Fields, first_varint, message, tf_records, varint_to_int64

__all__ = ["read_tensorboard"]

# Field numbers of Event, of Summary and its Value, and of TensorProto, in the .proto files of TensorFlow.
_WALL_TIME, _STEP, _SUMMARY = 1, 2, 5
_VALUE, _TAG, _SIMPLE, _TENSOR = 1, 1, 2, 8
_DTYPE, _SHAPE, _CONTENT = 1, 2, 4
_TYPES = {1: ("<f4", 5), 2: ("<f8", 6), 3: ("<i4", 7), 9: ("<i8", 10)}
"""Number types of a tensor: their type in its content, and the field that may hold them instead."""


def read_tensorboard(files: Sequence[Path], source: str) -> ImportedRun:
    """Read the event files of one run; of a step that was logged twice, as after a restart, the newer file is used.

    Values have the precision of the file, usually float32. The time variables are ``step`` and ``seconds``, the time
    since the first event.
    """
    found: dict[str, list[tuple[int, float]]] = {}
    moments: list[tuple[int, float]] = []
    remarks = []
    # Names of event files start with their time, so a later file replaces what an earlier one has for the same step.
    for file in sorted(files, key=lambda path: path.name):
        try:
            for tag, step, wall_time, value in _scalars(file.read_bytes()):
                found.setdefault(tag, []).append((step, value))
                moments.append((step, wall_time))
        except ResultsError as error:
            # A file of a killed run is often damaged at its end; the values before it are intact.
            remarks.append(f"{file}: {error}; what comes before is used.")
    start = min((moment for _, moment in moments), default=0.0)
    metrics = {tag: Series.of(*zip(*points, strict=True)) for tag, points in found.items()}
    clock = Series.of([step for step, _ in moments], [moment - start for _, moment in moments])
    return ImportedRun(source, log_of_series("step", metrics, {"seconds": clock}), remarks=tuple(remarks))


def _scalars(data: bytes) -> Iterator[tuple[str, int, float, float]]:
    """Yield tag, step, wall time and value of every scalar."""
    for record in tf_records(data):
        event = message(record)
        for summary in event.get(_SUMMARY, ()):
            for value in message(_bytes(summary)).get(_VALUE, ()):
                fields = message(_bytes(value))
                number = _number(fields)
                if number is not None:
                    tag = _bytes(fields[_TAG][-1]).decode("utf-8", "replace")
                    yield (
                        tag,
                        _step(event),
                        struct.unpack("<d", _bytes(event.get(_WALL_TIME, [bytes(8)])[-1]))[0],
                        number,
                    )


def _number(fields: Fields) -> float | None:
    if _TAG not in fields:
        return None
    if _SIMPLE in fields:
        return float(struct.unpack("<f", _bytes(fields[_SIMPLE][-1]))[0])
    if _TENSOR not in fields:
        return None
    tensor = message(_bytes(fields[_TENSOR][-1]))
    shape = message(_bytes(tensor[_SHAPE][-1])) if _SHAPE in tensor else {}
    kind = tensor.get(_DTYPE, [0])[-1]
    if shape or not isinstance(kind, int) or kind not in _TYPES:
        return None  # an image, a histogram, a text
    dtype, place = _TYPES[kind]
    if _CONTENT in tensor:
        content = _bytes(tensor[_CONTENT][-1])
        return float(np.frombuffer(content, dtype)[0]) if len(content) == np.dtype(dtype).itemsize else None
    if place not in tensor:
        return 0.0  # protocol buffers do not store zeros
    single = tensor[place][-1]
    if np.dtype(dtype).kind == "i":
        return float(varint_to_int64(single if isinstance(single, int) else first_varint(single)))
    number = _bytes(single)
    return float(np.frombuffer(number, dtype)[0]) if len(number) == np.dtype(dtype).itemsize else None


def _step(event: Fields) -> int:
    step = event.get(_STEP, [0])[-1]
    return varint_to_int64(step) if isinstance(step, int) else 0


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ResultsError("it contains something that is not an event")
    return value
