"""Curves to draw."""

from __future__ import annotations

import pytest
from drawn import make_curve

from mle_toolbox.statistics import Curve


@pytest.fixture
def two_curves() -> dict[str, Curve]:
    """Two configurations of five seeds and twenty ticks."""
    return {"a": make_curve("a"), "b": make_curve("b", level=2.0)}
