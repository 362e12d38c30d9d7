"""Seeds as a short text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.errors import UsageError
from mle_toolbox.seed_ranges import format_seeds, parse_seeds


def test_neighbours_are_joined_to_ranges() -> None:
    assert format_seeds([7, 0, 1, 2]) == "0-2,7"


@given(st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_what_is_written_is_read_back(seeds: set[int]) -> None:
    assert parse_seeds(format_seeds(seeds)) == tuple(sorted(seeds))


@pytest.mark.parametrize("text", ["", "-", "3-", "-3", "a", "1,,2", "1-b"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a seed nor a range of seeds"):
        parse_seeds(text)
