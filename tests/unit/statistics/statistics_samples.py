"""Strategies and samples that several test files use."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

# Of one order of magnitude or zero, so that sums in another order agree to many digits.
VALUES = st.floats(-1000, 1000, allow_subnormal=False).map(lambda value: round(value, 3))


def samples(smallest: int = 2, largest: int = 12, unique: bool = False) -> st.SearchStrategy[Any]:
    """One number a seed."""
    return npst.arrays(np.float64, st.integers(smallest, largest), elements=VALUES, unique=unique)


def same(one: Any, other: Any) -> bool:
    """Whether numbers agree as far as floats of this size do; NaN equals NaN."""
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-6, equal_nan=True))
