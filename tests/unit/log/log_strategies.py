"""Logs of every kind for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.variable_names import OWN_NAMES

DTYPES = st.sampled_from([np.bool_, np.int64, np.uint64, np.float64])
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def logs(draw: st.DrawFn, names: list[str] | None = None) -> LogData:
    """Any log of up to 6 ticks."""
    if names is None:
        awkward = st.sampled_from([*OWN_NAMES, "step", "tick_", "a/b", "a_b", "."])
        names = draw(st.lists(NAMES | awkward, min_size=1, max_size=4, unique=True))
    n_time, n_ticks = draw(st.integers(0, len(names))), draw(st.integers(0, 6))
    columns, absent = {}, {}
    for number, name in enumerate(names):
        shape = () if number < n_time else draw(npst.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
        columns[name] = draw(npst.arrays(draw(DTYPES), (n_ticks, *shape)))
        gaps = draw(npst.arrays(bool, n_ticks)) if number >= n_time and draw(st.booleans()) else np.zeros(n_ticks, bool)
        if gaps.any():
            columns[name][gaps] = np.nan if columns[name].dtype.kind == "f" else 0
            absent[name] = gaps
    attributes = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    return LogData(tuple(names[:n_time]), tuple(names[n_time:]), columns, attributes, absent=absent)


def assert_same(left: LogData, right: LogData) -> None:
    assert (left.time_names, left.metric_names) == (right.time_names, right.metric_names)
    assert (left.attributes, left.damage, left.remarks) == (right.attributes, right.damage, right.remarks)
    assert left.absent.keys() == right.absent.keys()
    for name, gaps in left.absent.items():
        np.testing.assert_array_equal(gaps, right.absent[name])
    for name in left.names:
        assert left.columns[name].dtype == right.columns[name].dtype
        np.testing.assert_array_equal(left.columns[name], right.columns[name])
