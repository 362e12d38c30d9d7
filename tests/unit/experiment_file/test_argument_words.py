from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.experiment_file.argument_words import values_of, words_of

NAMES = st.sampled_from(["inf", "nan", "Infinity"]) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]*", fullmatch=True)
LOOKS_LIKE_ANOTHER = [
    "1.10",
    "007",
    "1e3",
    "true",
    "False",
    "inf",
    "-nan",
    "+5",
    "-0",
    "",
    " 1",
    "a=b",
    "-x",
    "1_0",
    "٣",
]
VALUES = st.integers() | st.floats(allow_nan=False) | st.booleans() | st.text() | st.sampled_from(LOOKS_LIKE_ANOTHER)


@given(extra=st.dictionaries(NAMES, VALUES))
def test_values_arrive_as_they_were_written(extra: dict[str, Any]) -> None:
    arrived = values_of(list(words_of(extra)))

    assert arrived == extra
    assert [type(value) for value in (arrived or {}).values()] == [type(value) for value in extra.values()]


def test_nan_arrives() -> None:
    arrived = values_of(list(words_of({"nan": math.nan, "other": "nan"})))

    assert arrived is not None
    assert math.isnan(arrived["nan"])
    assert arrived["other"] == "nan"


@pytest.mark.parametrize("words", [["-flag"], ["-a", "1", "2"], ["stray"], ["-a", "-b"], ["-5", "1"]])
def test_words_of_somebody_else_are_left_to_others(words: list[str]) -> None:
    assert values_of(words) is None
