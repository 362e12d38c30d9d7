"""At how many seeds there is a look, and which part of the error rate each look may use."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.looks.look_schedule import Schedule, read_schedule, shares_of, sizes_of


def sizes(minimum: int, maximum: int, step: int) -> tuple[int, ...]:
    return sizes_of(Schedule(minimum, maximum, step), ())


def test_without_a_step_the_first_look_says_how_many_seeds_are_added() -> None:
    schedule, mistakes = read_schedule({"min": 5, "max": 20, "until": "decided"}, ("num_seeds",))

    assert mistakes == []
    assert schedule == Schedule(5, 20, 5)
    assert schedule.sizes == (5, 10, 15, 20)


def test_the_last_step_is_as_short_as_the_maximum_makes_it() -> None:
    assert sizes(5, 18, 6) == (5, 11, 17, 18)


def test_looks_that_were_held_stay_when_the_maximum_is_raised_or_lowered() -> None:
    assert sizes_of(Schedule(5, 30, 5), (5, 10, 12)) == (5, 10, 12, 17, 22, 27, 30)
    assert sizes_of(Schedule(5, 10, 5), (5, 10, 15)) == (5, 10, 15)


@given(st.integers(3, 40), st.integers(1, 60), st.integers(1, 30))
def test_the_shares_of_all_looks_are_one_together(minimum: int, more: int, step: int) -> None:
    schedule = Schedule(minimum, minimum + more, step)

    shares = shares_of(schedule, schedule.sizes, ())

    assert sum(shares) == pytest.approx(1)
    # In proportion to the new seeds: the linear spending function.
    assert shares[0] == pytest.approx(minimum / schedule.maximum)


@given(st.integers(1, 3), st.integers(1, 60))
def test_a_maximum_that_is_raised_in_time_leaves_the_error_rate_as_it_is(held: int, more: int) -> None:
    before = Schedule(5, 20, 5)
    used = shares_of(before, before.sizes, ())[:held]
    raised = Schedule(5, 20 + more, 5)

    shares = shares_of(raised, sizes_of(raised, before.sizes[:held]), used)

    assert shares[:held] == used
    assert sum(shares) == pytest.approx(1)


def test_a_maximum_that_is_raised_after_the_last_look_makes_the_error_rate_larger() -> None:
    shares = shares_of(Schedule(5, 40, 10), (5, 10, 20, 30, 40), (0.25, 0.25, 0.5))

    assert shares == pytest.approx((0.25, 0.25, 0.5, 0.25, 0.25))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"min": 2}, "'min' in num_seeds must be a whole number from 3 to 100000, found 2."),
        ({"min": True}, "'min' in num_seeds must be a whole number from 3 to 100000, found true."),
        (
            {"max": 5},
            "max is 5 and min is 5: max must be larger. For always the same number of seeds, write num_seeds: 5.",
        ),
        (
            {"until": "decide"},
            "'until' in num_seeds must be 'decided', found the text 'decide'. Did you mean 'decided'?",
        ),
        ({"steps": 5}, "unknown key 'steps' in num_seeds. Did you mean 'step'?"),
        (
            {"max": 1000},
            "'num_seeds' makes 200 looks, and each of them costs power. Set a larger step, for at most 20.",
        ),
    ],
)
def test_a_mistake_in_it_is_said_in_one_sentence(change: dict[str, Any], said: str) -> None:
    schedule, mistakes = read_schedule({"min": 5, "max": 20, "until": "decided", **change}, ("num_seeds",))

    assert schedule is None
    assert [sentence for _, sentence in mistakes] == [said]


def test_what_is_missing_is_said_with_the_whole_form() -> None:
    _, mistakes = read_schedule({"min": 5}, ("num_seeds",))

    assert [sentence for _, sentence in mistakes] == [
        "'max' and 'until' missing in 'num_seeds'. Expected {min: 5, max: 20, until: decided}."
    ]
