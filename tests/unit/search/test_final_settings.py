"""What ``search_final`` may say, what it means where it is not written, and the order of trials."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.search.choose import Candidate, choose_finalists, in_order
from mle_toolbox.search.final_settings import FinalSettings, read_final
from mle_toolbox.search.search_settings import read_search_settings
from tests.unit.search.test_search_mistakes import BLOCKS, FLAT

SCORES = st.none() | st.integers(-3, 3).map(float)
CANDIDATES = st.lists(st.tuples(SCORES, st.booleans(), st.booleans(), st.booleans()), max_size=8).map(
    lambda given: [Candidate(f"trial_{n:04d}", n, *each) for n, each in enumerate(given)]
)


def test_a_grid_or_random_search_has_a_final_only_where_it_asks_for_one() -> None:
    for search_type in ("grid", "random"):
        assert read_final(None, search_type) == (None, [])
        assert read_final(True, search_type) == (FinalSettings(5, 5, 20), [])


def test_a_search_that_learns_has_a_final_unless_it_says_no() -> None:
    assert read_final(None, "smbo") == (FinalSettings(5, 5, 20), [])
    assert read_final(False, "smbo") == (None, [])


def test_where_trials_go_on_from_others_a_final_is_asked_for_and_a_population_has_none() -> None:
    for search_type in ("halving", "hyperband"):
        assert read_final(None, search_type) == (None, [])
        assert read_final(True, search_type) == (FinalSettings(5, 5, 20), [])
    assert read_final(None, "pbt") == read_final(False, "pbt") == (None, [])

    _, [(path, said)] = read_final({"num_finalists": 3}, "pbt")

    assert path == ("search_final",)
    assert "a search of type PBT has no search_final: its members change their values" in said


def test_the_seeds_of_both_steps_are_disjoint_and_stay_so_when_there_are_more() -> None:
    few, many = FinalSettings(2, 3, 4), FinalSettings(2, 1000, 1000)

    assert few.finalist_seeds == (1000, 1001, 1002)
    assert few.final_seeds == (2000, 2001, 2002, 2003)
    assert {*many.finalist_seeds}.isdisjoint(many.final_seeds)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (3, "must be a section with keys, True or False, found 3"),
        ({"num_finalist": 3}, "unknown key 'num_finalist' in "),
        (
            {"num_finalists": 0},
            "'num_finalists' in param_search_args.search_final must be a whole number from 1 to 1000, found",
        ),
        (
            {"num_final_seeds": 1},
            "'num_final_seeds' in param_search_args.search_final must be a whole number from 2 to 1000, found",
        ),
        (
            {"num_finalist_seeds": True},
            "'num_finalist_seeds' in param_search_args.search_final must be a whole number from 1 to 1000, found",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(given: Any, sentence: str) -> None:
    final, [(path, said)] = read_final(given, "grid")

    assert final is None
    assert path[0] == "search_final"
    assert sentence in said


@pytest.mark.parametrize("form", [BLOCKS, FLAT], ids=["blocks", "flat"])
def test_both_forms_of_the_section_take_it(form: dict[str, Any]) -> None:
    settings, mistakes = read_search_settings({**copy.deepcopy(form), "search_final": {"num_final_seeds": 7}})

    assert mistakes == []
    assert settings is not None
    assert settings.final == FinalSettings(5, 5, 7)


def test_seeds_that_confirm_a_winner_cannot_be_seeds_of_the_search() -> None:
    section = copy.deepcopy(BLOCKS) | {"search_final": True}
    section["search_resources"] |= {"random_seeds": [0, 1000]}
    without = {name: block for name, block in section.items() if name != "search_final"}

    _, [(path, said)] = read_search_settings(section)

    assert path == ("search_resources", "random_seeds")
    assert "below 1000, and 1000 is not" in said
    assert read_search_settings(without)[1] == []


def test_a_search_that_ranks_nothing_has_no_winner_to_confirm() -> None:
    section = copy.deepcopy(BLOCKS) | {"search_final": True}
    section["search_logging"]["no_results_logging"] = True

    _, [(path, said)] = read_search_settings(section)

    assert path == ("search_final",)
    assert "ranks nothing" in said


@given(CANDIDATES, st.booleans())
def test_whole_trials_come_before_incomplete_ones_and_these_before_bad_ones(
    candidates: list[Candidate], lower: bool
) -> None:
    ordered = in_order(candidates, lower_is_better=lower)

    kinds = [(not each.inside, each.score is None, each.bad, each.missing and not each.bad) for each in ordered]
    assert kinds == sorted(kinds)
    assert sorted(each.name for each in ordered) == sorted(each.name for each in candidates)
    assert in_order(reversed(candidates), lower_is_better=lower) == ordered


@given(CANDIDATES, st.integers(1, 4), st.booleans())
def test_a_finalist_has_a_bad_seed_only_where_no_trial_is_whole(
    candidates: list[Candidate], number: int, lower: bool
) -> None:
    chosen = choose_finalists(candidates, number, lower_is_better=lower)
    whole = [each for each in candidates if each.inside and each.score is not None and not each.bad | each.missing]

    assert len(chosen) <= number
    assert all(each.inside and each.score is not None for each in chosen)
    if whole:
        assert all(each in whole for each in chosen)
        assert len(chosen) == min(number, len(whole))


def test_of_trials_with_the_same_values_and_more_or_fewer_steps_one_is_a_finalist() -> None:
    climbed = Candidate("trial_0004", 4, 0.1, standing=(-9,), point="lr 1")
    left_behind = [Candidate(f"trial_{n:04d}", n, n / 100, standing=(-3,), point=f"lr {n}") for n in (1, 2, 3)]

    chosen = choose_finalists([*left_behind, climbed], 3, lower_is_better=True)

    assert [each.name for each in chosen] == ["trial_0004", "trial_0002", "trial_0003"]
