"""Arrays and texts come out of the page as they went in."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mle_toolbox.report.packing import pack, script_json

KINDS = {"f": "<f4", "d": "<f8"}


def unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text[1:]), KINDS[text[0]]).astype(np.float64)


@given(hnp.arrays(np.float64, st.integers(0, 20)))
def test_what_is_packed_exactly_comes_back_exactly(values: np.ndarray) -> None:
    assert unpack(pack(values, exact=True)).tobytes() == values.tobytes()


@given(
    hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e300, 1e300) | st.just(np.nan) | st.just(np.inf))
)
def test_rounding_moves_no_point_by_more_than_a_screen_shows(values: np.ndarray) -> None:
    back = unpack(pack(values))

    finite = np.isfinite(values)
    assert (np.isfinite(back) == finite).all()
    span = np.ptp(values[finite]) if finite.any() else 0.0
    np.testing.assert_allclose(back[finite], values[finite], rtol=1e-6 if span == 0 else 0, atol=1e-4 * span)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.0, 0.5, 1.0], "f"),
        ([np.nan, 1.0, np.inf], "f"),
        ([1.7e9, 1.7e9 + 1], "d"),
        ([0.0, 1e300], "d"),
        ([0.0, 1e-300], "d"),
        ([], "f"),
    ],
)
def test_double_precision_is_taken_only_where_single_would_show(values: list[float], kind: str) -> None:
    assert pack(values)[0] == kind


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=4))
def test_no_text_ends_the_script_element(content: dict[str, object]) -> None:
    text = script_json(content)

    assert json.loads(text) == content
    assert not set(text) & set("<>&")


def test_a_number_that_is_not_finite_becomes_null() -> None:
    assert json.loads(script_json({"a": [float("nan"), {"b": float("-inf")}, 1.5]})) == {"a": [None, {"b": None}, 1.5]}


def test_a_file_name_that_is_not_utf8_can_be_written() -> None:
    script_json({"name": "\udcff"}).encode("utf-8")
