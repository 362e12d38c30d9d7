"""Population-based training: who is replaced by whom, and how values change."""

from __future__ import annotations

from typing import Any

import pytest

from mle_toolbox.search.pbt import next_member
from mle_toolbox.search.population import Population
from mle_toolbox.search.space import Space, Variable

SPACE = Space(
    (
        Variable("act", "categorical", ("train_config", "act"), ("relu", "tanh")),
        Variable("lrate", "real", ("train_config", "lrate"), begin=0.001, end=0.1, prior="log-uniform"),
        Variable("units", "integer", ("train_config", "units"), begin=8, end=64, prior="uniform"),
    )
)
VALUES = [{"act": "relu", "lrate": 0.01 * (member + 1), "units": 10 * (member + 1)} for member in range(5)]
SCORES = [0.5, 0.1, None, 0.9, 0.7]


def members(maximize: bool = True, scores: list[float | None] | None = None, **settings: Any) -> list[Any]:
    population = Population(num_workers=5, generations=3, steps_until_ready=10, **settings)
    before = list(zip(VALUES, scores or SCORES, strict=True))
    return [next_member(population, SPACE, before, index, seed=1, maximize=maximize) for index in range(5, 10)]


def test_the_worst_fifth_goes_on_from_the_best_and_all_others_from_themselves() -> None:
    found = members()

    assert [member.parent for member in found] == [0, 1, 3, 3, 4]
    assert [member.copied for member in found] == [False, False, True, False, False]
    assert [member.values for member in found if not member.copied] == [VALUES[0], VALUES[1], VALUES[3], VALUES[4]]


def test_where_lower_is_better_the_direction_is_honoured() -> None:
    found = members(maximize=False)

    assert [member.parent for member in found] == [0, 1, 1, 3, 4]


def test_a_perturbed_number_is_the_copied_one_times_a_coefficient() -> None:
    found = members()[2].values

    assert found["lrate"] in (0.04 * 0.8, 0.04 * 1.2)
    assert found["units"] in (32, 48)
    assert found["act"] in ("relu", "tanh")


@pytest.mark.parametrize("explore", ["perturbation", "resampling", "additive-noise"])
def test_changed_values_stay_in_the_space_and_are_the_same_every_time(explore: str) -> None:
    found = members(explore=explore, selection_percent=0.4, noise_scale=50.0, perturb_coeffs=(0.01, 100.0))

    assert found == members(explore=explore, selection_percent=0.4, noise_scale=50.0, perturb_coeffs=(0.01, 100.0))
    assert sum(member.copied for member in found) == 2
    assert all(SPACE.contains(member.values) for member in found)
    assert all(type(member.values["units"]) is int for member in found)


def test_in_a_tournament_only_a_better_rival_is_copied() -> None:
    found = members(exploit="binary_tournament")

    rank = {3: 0, 4: 1, 0: 2, 1: 3, 2: 4}
    for number, member in enumerate(found):
        assert member.parent == number or rank[member.parent] < rank[number]
        assert member.copied == (member.parent != number)
    assert found[2].copied  # the failed one loses against everybody
    assert not found[3].copied  # the best one against nobody


def test_a_population_of_equal_scores_stays_as_it_is_in_a_tournament() -> None:
    found = members(scores=[0.5] * 5, exploit="binary_tournament")

    assert not any(member.copied for member in found)
