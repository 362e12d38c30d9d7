"""Rungs of halving and Hyperband: how many trials with how many steps, and which of them climb."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.search.rungs import best_first, halving_rungs, hyperband_rungs, rung_sizes


def test_each_rung_has_a_third_of_the_trials_and_three_times_the_steps() -> None:
    rungs = halving_rungs(min_budget=2, num_arms=10, halving_coeff=3)

    assert [(rung.size, rung.steps, rung.more_steps) for rung in rungs] == [(10, 2, 2), (3, 6, 4), (1, 18, 12)]
    assert [rung.indices for rung in rungs] == [range(10), range(10, 13), range(13, 14)]


def test_the_last_rung_is_not_lost_to_a_rounded_logarithm() -> None:
    # math.log(243) / math.log(3) is 4.999999999999999, by which the original has one rung less.
    assert rung_sizes(243, 3) == [243, 81, 27, 9, 3, 1]


def test_with_a_limit_the_first_rung_that_reaches_it_is_the_last() -> None:
    rungs = halving_rungs(min_budget=1, num_arms=16, halving_coeff=2, max_budget=3)

    assert [(rung.size, rung.steps) for rung in rungs] == [(16, 1), (8, 2), (4, 3)]


def test_hyperband_has_the_brackets_of_the_original() -> None:
    rungs = hyperband_rungs(max_resource=4, eta=2)

    brackets = {each: [(rung.size, rung.steps) for rung in rungs if rung.bracket == each] for each in range(3)}
    # The original's third bracket goes on with one trial of 8 steps, beyond max_resource.
    assert brackets == {0: [(4, 1), (2, 2), (1, 4)], 1: [(2, 2), (1, 4)], 2: [(3, 4)]}


def test_what_waits_for_nothing_comes_first_and_every_rung_lies_behind_the_one_below() -> None:
    rungs = hyperband_rungs(max_resource=27, eta=3)

    assert [rung.level for rung in rungs] == sorted(rung.level for rung in rungs)
    assert [index for rung in rungs for index in rung.indices] == list(range(sum(rung.size for rung in rungs)))


@given(st.integers(1, 2000), st.integers(2, 7))
def test_no_trial_of_hyperband_trains_for_longer_than_the_limit(most: int, eta: int) -> None:
    for rung in hyperband_rungs(most, eta):
        assert 1 <= rung.steps <= most
        assert 1 <= rung.more_steps <= rung.steps


@given(st.lists(st.none() | st.floats(-9, 9), min_size=1), st.booleans(), st.integers(0, 50))
def test_a_failed_trial_is_the_worst_and_ties_keep_their_order(
    scores: list[float | None], maximize: bool, first: int
) -> None:
    ranked = best_first(range(first, first + len(scores)), scores, maximize=maximize)

    found = [scores[index - first] for index in ranked]
    good = [score for score in found if score is not None]
    assert found == good + [None] * (len(found) - len(good))
    assert good == sorted(good, reverse=maximize)
    for one, other in itertools.pairwise(ranked):
        assert scores[one - first] != scores[other - first] or one < other


@pytest.mark.parametrize(("maximize", "best"), [(True, 2), (False, 0)])
def test_the_direction_is_honoured(maximize: bool, best: int) -> None:
    assert best_first(range(3), [0.1, 0.2, 0.3], maximize=maximize)[0] == best
