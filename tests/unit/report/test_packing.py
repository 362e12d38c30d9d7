"""Arrays and texts come out of the page as they went in."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mle_toolbox.report.packing import Store, pack, script_json

KINDS = {"f": "<f4", "d": "<f8"}


def unpack(text: str) -> np.ndarray:
    raw = base64.b64decode(text[1:])
    if text[0] == "h":
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        raw = np.concatenate([np.zeros((len(parts), 1), np.uint8), parts], axis=1).tobytes()
    return np.frombuffer(raw, KINDS.get(text[0], "<f4")).astype(np.float64)


@given(hnp.arrays(np.float64, st.integers(0, 20)))
def test_what_is_packed_exactly_comes_back_exactly(values: np.ndarray) -> None:
    back = unpack(pack(values, exact=True))

    # Which of the many NaN it was is no information.
    assert np.where(np.isnan(back), np.nan, back).tobytes() == np.where(np.isnan(values), np.nan, values).tobytes()


@pytest.mark.parametrize("short", [False, True])
@given(
    values=hnp.arrays(
        np.float64, st.integers(1, 20), elements=st.floats(-1e300, 1e300) | st.just(np.nan) | st.just(np.inf)
    )
)
def test_rounding_moves_no_point_by_more_than_a_screen_shows(values: np.ndarray, short: bool) -> None:
    back = unpack(pack(values, short=short))

    finite = np.isfinite(values)
    assert (np.isfinite(back) == finite).all()
    span = np.ptp(values[finite]) if finite.any() else 0.0
    np.testing.assert_allclose(back[finite], values[finite], rtol=2e-5 if span == 0 else 0, atol=1e-4 * span)


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


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(0.5, 100)))
def test_short_numbers_keep_nearly_five_digits_in_four_letters_each(values: np.ndarray) -> None:
    values = np.append(values, 0.0)

    text = pack(values, short=True)

    assert text[0] == "h"
    assert len(text) - 1 == 4 * len(values)
    np.testing.assert_allclose(unpack(text), values, rtol=2e-5)


def test_what_repeats_is_stored_once() -> None:
    store = Store()

    places = [store.array([1.0, 2.0]), store.array([3.0]), store.array([1.0, 2.0]), store.text("a"), store.text("a")]

    assert places == [0, 1, 0, 0, 0]
    assert [unpack(text).tolist() for text in store.content["arrays"]] == [[1.0, 2.0], [3.0]]


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=4))
def test_no_text_ends_the_script_element(content: dict[str, object]) -> None:
    text = script_json(content)

    assert json.loads(text) == content
    assert not set(text) & set("<>&")


def test_a_number_that_is_not_finite_becomes_null() -> None:
    assert json.loads(script_json({"a": [float("nan"), {"b": float("-inf")}, 1.5]})) == {"a": [None, {"b": None}, 1.5]}


def test_a_file_name_that_is_not_utf8_can_be_written() -> None:
    script_json({"name": "\udcff"}).encode("utf-8")
