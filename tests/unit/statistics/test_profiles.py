"""Performance profiles and the optimality gap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from statistics_samples import samples

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics import optimality_gap, performance_profile, profile_interval


@given(scores=samples(smallest=1))
@settings(deadline=None, max_examples=30)
def test_a_profile_counts_what_is_above_and_falls(scores: Any) -> None:
    thresholds = np.sort(np.append(scores, [-2000, 0, 2000]))

    profile = performance_profile(scores, thresholds)

    np.testing.assert_allclose(profile, [(scores > threshold).mean() for threshold in thresholds])
    assert (np.diff(profile) <= 1e-12).all()
    assert (profile[0], profile[-1]) == (1, 0)


@given(scores=samples(smallest=1))
@settings(deadline=None, max_examples=30)
def test_the_profile_lies_in_its_interval_which_is_never_empty(scores: Any) -> None:
    thresholds = [-2000.0, 0.0, 2000.0]

    low, high = profile_interval(scores, thresholds)

    profile = performance_profile(scores, thresholds)
    assert (low <= profile + 1e-9).all()
    assert (profile <= high + 1e-9).all()
    assert (high - low > 0).all()


def test_scores_above_the_target_count_as_the_target() -> None:
    assert optimality_gap([[0.5, 3.0], [1.0, 0.9]]) == pytest.approx(0.15)
    assert optimality_gap([0.5, 3.0], target=4.0) == pytest.approx(2.25)


def test_no_scores_have_no_profile_and_no_gap() -> None:
    assert math.isnan(optimality_gap([]))
    assert np.isnan(performance_profile([], [0.0, 1.0])).all()
    assert np.isnan(profile_interval([], [0.0, 1.0])).all()


@pytest.mark.parametrize("of", [optimality_gap, lambda scores: performance_profile(scores, [0.5])])
def test_a_diverged_run_is_refused(of: Any) -> None:
    with pytest.raises(StatisticsError, match="1 of 2 values is not finite"):
        of([1.0, math.nan])
