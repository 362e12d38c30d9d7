"""Encodes a tick, two dictionaries, as the bytes of a journal row (without its checksum).

The types of the values decide how a row is packed, which is worked out once for each combination. Nearly every tick of
a run has the types of the first one: for these a function is generated with the names and types written out.
"""

from __future__ import annotations

import functools
import itertools
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from math import prod
from types import CodeType, NoneType
from typing import Any

from mle_toolbox.errors import LogError, did_you_mean
from mle_toolbox.log.journal_format import ABSENT
from mle_toolbox.log.values import STRUCT_CODES, EncodedValue, encode_value, tag_of_type

__all__ = ["TickEncoder", "check_names"]

_Tick = Mapping[str, Any]
_Shapes = tuple[tuple[int, ...], ...]
_TIME, _METRICS = "time_to_track", "what_to_track"
# Bounds for a script whose values change their types all the time, or that tracks thousands of variables: the table of
# packers is emptied, and no function with a statement for each variable is compiled.
_MAX_PACKERS = 1000
_MAX_WRITTEN_OUT = 100


class TickEncoder:
    """Encodes the ticks of one run; ``shapes`` is known from the first tick on.

    Parameters
    ----------
    time_names
        The exact keys of the time of every tick.
    metric_names
        Every tick has at least one of these keys. A metric that is missing, or None, was not measured.
    at_new_rows
        Called when the rows change after the first one: a metric that was never measured before is an array, or metrics
        are added. What it raises, ``encode`` and ``add_metrics`` raise; the rows are then unchanged.
    """

    def __init__(
        self,
        time_names: Sequence[str],
        metric_names: Sequence[str],
        at_new_rows: Callable[[], None] | None = None,
    ) -> None:
        self.shapes: _Shapes | None = None
        self._settled: list[bool] = []
        self._at_new_rows = at_new_rows
        self._packers: dict[tuple[type, ...], Callable[..., bytes]] = {}
        self._is_written_out = False
        self.encode: Callable[[_Tick, _Tick], bytes] = self._encode
        """Return the bytes of one tick. LogError if a key or a value does not fit; nothing is changed then."""
        self._expect_names(tuple(time_names), tuple(metric_names))

    def _expect_names(self, time_names: tuple[str, ...], metric_names: tuple[str, ...]) -> None:
        self.time_names, self.metric_names = time_names, metric_names
        self.names = time_names + metric_names
        self._time_of, self._metrics_of = _getter(time_names), _getter(metric_names)
        self._n_time, self._n_metrics = len(time_names), len(metric_names)
        few = len(self.names) <= _MAX_WRITTEN_OUT
        self._written_out = _written_out(time_names, metric_names) if few else None

    def _encode(self, time: _Tick, metrics: _Tick) -> bytes:
        try:
            # Equal lengths and no KeyError together mean equal keys, without building sets at every tick.
            complete = len(time) == self._n_time
            if not complete:
                values: tuple[Any, ...] = ()
            elif len(metrics) == self._n_metrics:
                values = self._time_of(time) + self._metrics_of(metrics)
            else:
                values = self._time_of(time) + tuple(map(metrics.get, self.metric_names))
                complete = sum(map(metrics.__contains__, self.metric_names)) == len(metrics) > 0
        except (KeyError, TypeError, AttributeError):
            complete = False
        if not complete:
            raise self._wrong_keys(time, metrics)
        try:
            return self._packers[tuple(map(type, values))](*values)
        except (KeyError, struct.error):  # new types, or an integer beyond 63 bits
            return self._encode_any(values)

    def start_with(self, shapes: _Shapes | None, settled: Sequence[bool] = ()) -> None:
        """Expect these shapes from now on; with None, those of the next tick.

        ``settled`` says for each variable whether an earlier tick has a value; one without may still turn out to be an
        array.
        """
        self._packers.clear()
        self._is_written_out = False
        self.encode = self._encode
        self.shapes, self._settled = shapes, list(settled)

    def expect(self, metric_names: tuple[str, ...], shapes: _Shapes, settled: Sequence[bool]) -> None:
        """Expect these metrics and shapes from now on; see ``start_with``. Columns without ``settled`` are new."""
        self._expect_names(self.time_names, metric_names)
        self.start_with(shapes, [*settled, *[False] * (len(shapes) - len(settled))])

    def add_metrics(self, names: Sequence[str]) -> None:
        """Accept further metrics from the next tick on; none of ``names`` is known yet."""
        before, shapes, settled = self.metric_names, self.shapes, self._settled
        if shapes is None:
            self._expect_names(self.time_names, (*before, *names))
            self.start_with(None)
            return
        try:
            self.expect((*before, *names), (*shapes, *((),) * len(names)), settled)
            if self._at_new_rows is not None:
                self._at_new_rows()
        except BaseException:  # a signal handler may raise here too
            self.expect(before, shapes, settled)
            raise

    def check_time(self, time: _Tick) -> None:
        """Raise LogError unless ``time`` has the names of the time of a tick."""
        if not isinstance(time, Mapping) or set(time) != set(self.time_names):
            raise self._wrong_keys(time, dict.fromkeys(self.metric_names))

    def _encode_any(self, values: tuple[Any, ...]) -> bytes:
        if self._n_metrics and all(value is None for value in values[self._n_time :]):
            raise LogError(
                f"This tick has no metric: all of {_METRICS}, {list(self.metric_names)}, is None. A tick has at "
                "least one metric; only those that were not measured are left out."
            )
        known = self.shapes or ((),) * len(self.names)
        encoded = [
            # None for a time variable is left to encode_value, which refuses it by name.
            encode_value(name, value)
            if value is not None or number < self._n_time
            else EncodedValue(ABSENT, known[number], bytes(8 * prod(known[number])))
            for number, (name, value) in enumerate(zip(self.names, values, strict=True))
        ]
        self._settle(tuple(each.shape for each in encoded), [each.tag != ABSENT for each in encoded])
        self._remember(values, encoded)
        return bytes(each.tag for each in encoded) + b"".join(each.payload for each in encoded)

    def _settle(self, shapes: _Shapes, measured: list[bool]) -> None:
        """Record the shapes of metrics that were not measured before."""
        before, settled_before = self.shapes, self._settled
        if shapes != before:
            self._check_shapes(shapes)
        settled = [a or b for a, b in zip(settled_before or measured, measured, strict=True)]
        self.shapes, self._settled = shapes, settled
        if before is not None and shapes != before:
            self._packers.clear()
            if self._at_new_rows is not None:
                try:
                    self._at_new_rows()
                except BaseException:  # a signal handler may raise here too
                    self.start_with(before, settled_before)
                    raise

    def _remember(self, values: tuple[Any, ...], encoded: list[EncodedValue]) -> None:
        kinds = tuple(map(type, values))
        # Not if the types alone do not decide the tags: arrays, or integers that are packed as unsigned.
        if [tag_of_type(kind) or ABSENT for kind in kinds] != [each.tag for each in encoded]:
            return
        if len(self._packers) >= _MAX_PACKERS:
            self._packers.clear()
        self._packers[kinds] = _packer(kinds, encoded)
        # Without None, whose ticks lack a key: the generated function looks up every name.
        if not self._is_written_out and self._written_out is not None and NoneType not in kinds:
            known: dict[str, Any] = {f"k{number}": kind for number, kind in enumerate(kinds)}
            known |= {"pack": self._packers[kinds], "otherwise": self._encode, "error": struct.error}
            exec(self._written_out, known)  # noqa: S102  (the user's names are in it as literals only)
            self.encode = known["encode"]
            self._is_written_out = True

    def _check_shapes(self, shapes: _Shapes) -> None:
        for name, shape in zip(self.time_names, shapes, strict=False):
            if shape != ():
                raise LogError(
                    f"{name!r} is a time variable and must be one number, found shape {shape}.{_as_number(shape)}"
                )
        settled = self._settled or [True] * len(shapes)
        for name, first, shape, known in zip(self.names, self.shapes or shapes, shapes, settled, strict=True):
            if known and shape != first:
                raise LogError(
                    f"{name!r} has shape {shape} at this tick and had {first} at the first one. "
                    f"A metric keeps its shape; log other shapes under another name.{_as_number(first, shape)}"
                )

    def _wrong_keys(self, time: Any, metrics: Any) -> LogError:
        for tick, what in ((time, "time"), (metrics, "metrics")):
            if not isinstance(tick, Mapping):
                return LogError(f"A tick is two dictionaries; found {type(tick).__name__} for the {what}.")
        return (
            _unknown_key(time, self.time_names, _TIME, self.metric_names, _METRICS)
            or _unknown_key(metrics, self.metric_names, _METRICS, self.time_names, _TIME)
            or _missing_time(time, self.time_names)
            or _nothing_measured(metrics, self.metric_names)
            or LogError("A tick changed while it was logged.")
        )


def check_names(time_names: Sequence[str], metric_names: Sequence[str]) -> None:
    """Refuse names that no log can have.

    Raises
    ------
    LogError
        When a name is not a string, occurs twice, or cannot be written to a file.
    """
    seen: dict[str, str] = {}
    for list_name, names in ((_TIME, time_names), (_METRICS, metric_names)):
        if isinstance(names, str):
            raise LogError(f"{list_name} must be a list of names, found the text {names!r}. Write [{names!r}].")
        for name in names:
            if not isinstance(name, str):
                raise LogError(f"{list_name} must list names, found {name!r} of type {type(name).__name__}.")
            if not name or "\0" in name or not _is_utf8(name):
                raise LogError(f"{name!r} in {list_name} cannot be the name of a variable.")
            if name in seen:
                raise LogError(
                    f"{name!r} is in {list_name} twice."
                    if seen[name] == list_name
                    else f"{name!r} is in {_TIME} and in {_METRICS}; it can be only one of them."
                )
            seen[name] = list_name


def _as_number(*shapes: tuple[int, ...]) -> str:
    one = {(), (1,), (1, 1)}
    return " An array or tensor with one number in it becomes that number by .item()." if one.issuperset(shapes) else ""


def _packer(kinds: tuple[type, ...], encoded: Sequence[EncodedValue]) -> Callable[..., bytes]:
    """Return the function that packs values of these types; missing values become zeros."""
    codes = "".join(STRUCT_CODES.get(each.tag) or f"{len(each.payload)}x" for each in encoded)
    pack = functools.partial(struct.Struct(f"<{len(kinds)}s{codes}").pack, bytes(each.tag for each in encoded))
    there = [kind is not NoneType for kind in kinds]
    return pack if all(there) else lambda *values: pack(*itertools.compress(values, there))


def _getter(names: tuple[str, ...]) -> Callable[[_Tick], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.itemgetter(*names)
    if not names:
        return lambda _: ()
    name = names[0]
    return lambda tick: (tick[name],)


def _written_out(time_names: tuple[str, ...], metric_names: tuple[str, ...]) -> CodeType:
    """Return the code of an ``encode`` for these names, with one statement for each.

    Its globals are ``k0``, ``k1``, … (the types of the values), ``pack``, ``otherwise`` and ``error``.
    """
    # Generated code is worth it here: encoding a tick of three values takes 0.28 us with it and 0.71 in the fastest way
    # found without; `update_log` as a whole 3.5 us instead of 4.2 (Python 3.11).
    #
    # `type(v) is k`, not isinstance: a bool is an int, and a subclass may convert to another number.
    looked_up = [f"time[{name!r}]" for name in time_names] + [f"metrics[{name!r}]" for name in metric_names]
    numbers = range(len(looked_up))
    lines = [
        "def encode(time, metrics):",
        "    try:",
        f"        if len(time) == {len(time_names)} and len(metrics) == {len(metric_names)}:",
        *(f"            v{number} = {look_up}" for number, look_up in enumerate(looked_up)),
        f"            if {' and '.join(f'type(v{number}) is k{number}' for number in numbers) or True}:",
        f"                return pack({', '.join(f'v{number}' for number in numbers)})",
        "    except (KeyError, TypeError, error):",
        "        pass",
        "    return otherwise(time, metrics)",
    ]
    return compile("\n".join(lines), "<encode of a tick>", "exec")


def _unknown_key(
    tick: _Tick, tracked: tuple[str, ...], list_name: str, others: tuple[str, ...], other_list: str
) -> LogError | None:
    for key in tick:
        if key in others and key not in tracked:
            return LogError(f"{key!r} is in {other_list}, not in {list_name}: it belongs in the other dictionary.")
        if key not in tracked:
            hint = did_you_mean(key, tracked) if isinstance(key, str) else ""
            error = LogError(f"{key!r} is not tracked: {list_name} is {list(tracked)}.{hint}")
            if list_name == _METRICS and not hint:
                error.new_metric = key
            return error
    return None


def _missing_time(time: _Tick, tracked: tuple[str, ...]) -> LogError | None:
    for name in tracked:
        if name not in time:
            return LogError(
                f"{name!r} is missing from this tick, which has {list(time)}. Every tick gives every name in {_TIME}; "
                f"only names in {_METRICS} may be left out, where they were not measured."
            )
    return None


def _nothing_measured(metrics: _Tick, tracked: tuple[str, ...]) -> LogError | None:
    if metrics or not tracked:
        return None
    return LogError(
        f"This tick has no metric: {_METRICS} is {list(tracked)}, and none of them is given. A tick has at least one "
        "metric; only those that were not measured are left out."
    )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
