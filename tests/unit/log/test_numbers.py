"""Every kind of number of Python, numpy, torch and jax is logged as exactly that number, or refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import LogError
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.journal import JournalWriter, read_journal

INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.intc, np.intp, np.longlong]
NATURALS = [np.uint8, np.uint16, np.uint32, np.uint64, np.uintc, np.uintp, np.ulonglong]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
SPECIAL = [math.nan, math.inf, -math.inf, -0.0]


@pytest.fixture(autouse=True)
def _libraries_may_warn_at_import(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """Leave the warnings of other packages to them."""
    yield
    recwarn.clear()


def logged(journal: Path, value: Any) -> np.ndarray:
    """Log a value at two ticks; return what is read of it from the journal, and see that log.h5 says the same."""
    writer = JournalWriter(journal, ["t"], ["x"])
    for number in range(2):
        writer.append({"t": number}, {"x": value}, True)
    writer.close()
    data = read_journal(journal)
    assert (data.damage, data.remarks) == (None, ())
    write_log(journal.with_name("log.h5"), data)
    again = read_log(journal.with_name("log.h5")).columns["x"]
    assert (again.dtype, again.tobytes()) == (data.columns["x"].dtype, data.columns["x"].tobytes())
    column: np.ndarray = data.columns["x"][1]
    return column


def assert_same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)
    if np.asarray(expected).dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("value", [*SPECIAL, 0.1, 5e-324, 1.7976931348623157e308])
@pytest.mark.parametrize(
    "wrap", [float, np.float64, np.array, lambda value: [value]], ids=["float", "64", "0-d", "list"]
)
def test_floats_are_kept_bit_by_bit(journal: Path, value: float, wrap: Any) -> None:
    found = logged(journal, wrap(value))

    assert found.dtype == np.float64
    assert_same(found, np.array(wrap(value)))


@pytest.mark.parametrize("kind", [*INTEGERS, *NATURALS])
def test_every_integer_type_of_numpy_is_kept_to_its_ends(journal: Path, kind: Any) -> None:
    for value in (np.iinfo(kind).min, np.iinfo(kind).max):
        for each in (kind(value), np.array(value, dtype=kind)):
            found = logged(journal, each)

            assert found.dtype.kind in "iu"
            assert int(found) == value


@pytest.mark.parametrize("kind", FLOATS)
def test_every_float_type_of_numpy_is_kept(journal: Path, kind: Any) -> None:
    for value in (*SPECIAL, 0.1, 1 / 3):
        for each in (kind(value), np.array(value, dtype=kind)):
            if kind is not np.longdouble or np.float64(each) == each or value != value:
                assert_same(logged(journal, each), np.float64(kind(value)))


@pytest.mark.parametrize("value", [True, False, np.bool_(True), np.array(False)])
def test_truth_values_are_kept(journal: Path, value: Any) -> None:
    found = logged(journal, value)

    assert found.dtype == np.bool_
    assert bool(found) == bool(value)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1])
def test_integers_beyond_the_exact_floats_are_kept(journal: Path, value: int) -> None:
    assert int(logged(journal, value)) == value


@pytest.mark.parametrize("value", ["0.5", np.str_("0.5"), b"0.5", np.bytes_(b"1"), np.array("0.5"), ["0.5"], ""])
def test_text_is_refused_in_a_sentence(journal: Path, value: Any) -> None:
    writer = JournalWriter(journal, ["t"], ["x"])

    with pytest.raises(LogError, match=r"^'x' must be a number or an array of numbers, found \w+( of \S+)?\."):
        writer.append({"t": 0}, {"x": value}, True)

    writer.release()
    assert read_journal(journal).n_ticks == 0


@pytest.mark.parametrize("kind", sorted(set(np.sctypeDict.values()), key=lambda kind: kind.__name__))
def test_every_scalar_type_of_numpy_is_kept_exactly_or_refused_in_a_sentence(journal: Path, kind: Any) -> None:
    more = {np.void: (b"1",), np.datetime64: (1, "s"), np.timedelta64: (1, "s")}
    value = kind(*more.get(kind, (1,)))
    if isinstance(value, (np.bool_, np.integer, np.floating)) and not isinstance(value, np.timedelta64):
        assert logged(journal, value) == 1
        return
    writer = JournalWriter(journal, ["t"], ["x"])

    if type(value) is int:  # np.object_ makes none of its own
        writer.append({"t": 0}, {"x": value}, True)
    else:
        with pytest.raises(LogError, match=r"^'x' must be a number or an array of numbers, found \w+"):
            writer.append({"t": 0}, {"x": value}, True)

    writer.release()


TORCH = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]
JAX = ["float16", "bfloat16", "float32", "uint8", "uint16", "uint32", "int8", "int16", "int32", "bool_"]


def assert_logged_like_numpy(journal: Path, value: Any, kind: str) -> None:
    found = logged(journal, value)

    expected = np.array(value.tolist())
    assert found.shape == value.shape
    assert found.dtype.kind == {"b": "b" if "bool" in kind else "f", "f": "f"}.get(kind[0], "i")
    assert_same(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TORCH)
def test_every_type_of_torch_is_kept(journal: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    dtype = getattr(torch, kind)

    for values in (1, [0, 1], [[1], [0]]):
        assert_logged_like_numpy(journal, torch.tensor(values, dtype=dtype), kind)
    if dtype.is_floating_point:
        for value in (0.1, *SPECIAL):
            assert_logged_like_numpy(journal, torch.tensor(value, dtype=dtype, requires_grad=True), kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", JAX)
def test_every_type_of_jax_is_kept(journal: Path, kind: str) -> None:
    jnp = pytest.importorskip("jax.numpy")
    dtype = getattr(jnp, kind)

    for values in (1, [0, 1], [[1], [0]]):
        assert_logged_like_numpy(journal, jnp.array(values, dtype=dtype), kind)
    if "float" in kind:
        for value in (0.1, *SPECIAL):
            assert_logged_like_numpy(journal, jnp.array(value, dtype=dtype), kind)


@pytest.mark.slow
def test_what_jax_computes_is_kept(journal: Path) -> None:
    jax = pytest.importorskip("jax")

    value, gradient = jax.jit(jax.value_and_grad(lambda x: x**2))(3.0)

    assert (float(logged(journal, value)), float(logged(journal, gradient))) == (9.0, 6.0)


@pytest.mark.slow
def test_what_torch_computes_is_kept(journal: Path) -> None:
    torch = pytest.importorskip("torch")

    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    loss = (weight**2).sum()
    loss.backward()

    assert float(logged(journal, loss)) == 5.0
    assert logged(journal, weight).tolist() == [1.0, 2.0]
    assert logged(journal, weight.grad).tolist() == [2.0, 4.0]


@pytest.mark.slow
@pytest.mark.parametrize("library", ["numpy", "torch", "jax.numpy"])
def test_another_shape_is_refused_with_both_shapes(journal: Path, library: str) -> None:
    module = pytest.importorskip(library)
    writer = JournalWriter(journal, ["t"], ["x"])
    writer.append({"t": 0}, {"x": module.ones((2, 3))}, True)

    with pytest.raises(LogError, match=r"'x' has shape \(3, 2\) at this tick and had \(2, 3\) at the first one"):
        writer.append({"t": 1}, {"x": module.ones((3, 2))}, True)

    writer.append({"t": 1}, {"x": module.zeros((2, 3))}, True)
    writer.close()
    assert read_journal(journal).n_ticks == 2


@pytest.mark.slow
@pytest.mark.parametrize("library", ["numpy", "torch", "jax.numpy"])
def test_complex_numbers_are_refused_in_a_sentence(journal: Path, library: str) -> None:
    module = pytest.importorskip(library)
    writer = JournalWriter(journal, ["t"], ["x"])

    with pytest.raises(LogError, match=r"^'x' must be a number or an array of numbers, found .*complex"):
        writer.append({"t": 0}, {"x": module.ones(2) * 1j}, True)

    writer.release()
