"""Checks logged values and encodes them for a journal.

Accepts numbers of Python, numpy, torch and jax, and arrays of them. Nothing is rounded: a value that fits neither
float64 nor int64 nor uint64 is refused. numpy is imported only for a value that is not a plain number.
"""

from __future__ import annotations

import math
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import LogError
from mle_toolbox.log.journal_format import BOOL, FLOAT, INT, UINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STRUCT_CODES", "EncodedValue", "encode_value", "tag_of_type"]

STRUCT_CODES = {FLOAT: "d", INT: "q", UINT: "Q", BOOL: "?7x"}
"""How a scalar of each tag is packed into 8 bytes."""

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_EXACT_IN_FLOAT = 2**53

_ADVICE = {
    "complex": " Log its real and its imaginary part under two names.",
    "str": " Print text, or store it with save_extra.",
    "Decimal": " Log float(value).",
    "Fraction": " Log float(value).",
}


@dataclass(frozen=True)
class EncodedValue:
    """One value as it is stored in a row."""

    tag: int
    shape: tuple[int, ...]
    payload: bytes


def tag_of_type(kind: type) -> int | None:
    """Return the tag for scalars of this type, or None if the type alone does not decide it."""
    # bool before int, whose subclass it is.
    if issubclass(kind, bool):
        return BOOL
    if issubclass(kind, int):
        return INT
    if issubclass(kind, float):
        return FLOAT
    # A value can be one of numpy's only if the script has imported numpy; importing it here would cost 0.2 s.
    numpy = sys.modules.get("numpy")
    if numpy is None or not issubclass(kind, numpy.generic):
        return None
    if issubclass(kind, numpy.bool_):
        return BOOL
    if issubclass(kind, numpy.integer):
        # A duration is an integer to numpy, but in a unit that would be lost.
        return None if issubclass(kind, numpy.timedelta64) else INT
    # float64 is a float already; longdouble may not fit.
    return FLOAT if issubclass(kind, (numpy.float16, numpy.float32)) else None


def encode_value(name: str, value: Any) -> EncodedValue:
    """Return a value's bytes.

    Raises
    ------
    LogError
        When it is not a number or an array of numbers, or does not fit into any type of the log.
    """
    tag = tag_of_type(type(value))
    if tag is None:
        return _encode_array(name, _as_array(name, value))
    if tag == INT:
        value = int(value)
        if value not in _INT64:
            tag = UINT
        if tag == UINT and value not in _UINT64:
            raise LogError(f"{name!r} is {_short(value)}, an integer that does not fit into 64 bits. {_AS_FLOAT}")
    return EncodedValue(tag, (), struct.pack(f"<{STRUCT_CODES[tag]}", value))


_AS_FLOAT = "Log it as a float."


def _encode_array(name: str, array: NDArray[Any]) -> EncodedValue:
    kind = array.dtype.kind
    if kind == "u" and (array.size == 0 or int(array.max()) in _INT64):
        kind = "i"
    tag, dtype = {"b": (BOOL, "<i8"), "i": (INT, "<i8"), "u": (UINT, "<u8"), "f": (FLOAT, "<f8")}[kind]
    return EncodedValue(tag, array.shape, array.astype(dtype).tobytes())


def _as_array(name: str, value: Any) -> NDArray[Any]:
    """Convert anything that holds numbers to an array of type bool, int, uint or float64."""
    # numpy would make an array of any object.
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__array__") and not hasattr(value, "detach"):
        raise _refusal(name, value)
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        raise LogError(f"{name!r} is a masked array. Fill the gaps: log value.filled(...).")
    try:
        array = np.asarray(_on_host(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise LogError(f"{_expectation(name)}, found a {_type_name(value)} that is none: {error}") from None
    if array.dtype.kind == "V" and array.dtype.names is None and "float" in array.dtype.name:
        array = array.astype(np.float64)  # bfloat16 and the 8-bit floats of ml_dtypes, kind V in numpy
    if array.dtype.kind not in "biuf":
        raise _refusal(name, value, f" of {array.dtype}" if array.ndim or array.dtype.kind != "O" else "")
    if array.dtype.kind == "f":
        array = _as_float64(name, array)
    if isinstance(value, (list, tuple)) and array.dtype.kind == "f":
        _check_integers_among_floats(name, value)
    return array


def _on_host(value: Any) -> Any:
    """Return torch tensors detached from their graph, in host memory and in a type that numpy has."""
    # Known by their methods, because torch may not be installed. A list of them is converted one by one.
    import numpy as np

    if isinstance(value, (list, tuple)):
        return [_on_host(each) for each in value]
    if not (hasattr(value, "detach") and hasattr(value, "cpu")):
        return value
    tensor = value.detach().cpu()
    return np.asarray(tensor.double() if "bfloat16" in str(getattr(tensor, "dtype", "")) else tensor)


def _as_float64(name: str, array: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    # An overflow is checked below; numpy's warning about it would come first.
    with np.errstate(over="ignore"):
        result = array.astype(np.float64)
    if bool((np.isinf(result) & ~np.isinf(array)).any()):
        raise LogError(f"{name!r} holds a {array.dtype} that is too large for a float64.")
    return result


def _check_integers_among_floats(name: str, value: Any) -> None:
    """Refuse a list whose integers numpy has rounded because there are floats in it too."""
    if isinstance(value, (list, tuple)):
        for each in value:
            _check_integers_among_floats(name, each)
    elif isinstance(value, int) and abs(value) > _EXACT_IN_FLOAT and not _is_float_integer(value):
        raise LogError(f"{name!r} holds {_short(value)} beside floats, and no float64 is exactly that. {_AS_FLOAT}")


def _is_float_integer(value: int) -> bool:
    try:
        return math.isfinite(float(value)) and int(float(value)) == value
    except OverflowError:
        return False


def _refusal(name: str, value: Any, detail: str = "") -> LogError:
    kind = type(value).__name__
    return LogError(f"{_expectation(name)}, found {_type_name(value)}{detail}.{_ADVICE.get(kind, '')}")


def _expectation(name: str) -> str:
    return f"{name!r} must be a number or an array of numbers"


def _type_name(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _short(value: int) -> str:
    # Python refuses to print integers of more than 4,300 digits.
    return str(value) if value.bit_length() < 200 else f"an integer of {value.bit_length()} bits"
