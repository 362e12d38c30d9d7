"""The points of a search against independent computations: numpy's linspace, itertools, and themselves."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.search.placement import place_of, value_at, with_values
from mle_toolbox.search.proposals import grid_points, random_point, random_points
from mle_toolbox.search.search_settings import SearchSettings, read_search_settings
from mle_toolbox.search.space import Space, point_of
from mle_toolbox.search.variables import read_space

BASE = {"train_config": {"lrate": 0.1, "units": 8}, "log_config": {}}
NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
CHOICES = st.lists(
    st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text("xyz"), min_size=1
)


def settings_for(params: dict[str, Any], search_type: str = "Grid", seed: int = 42) -> SearchSettings:
    settings, mistakes = read_search_settings(
        {
            "search_logging": {"eval_metrics": "loss", "max_objective": False},
            "search_resources": {"num_search_batches": 1, "num_evals_per_batch": 10},
            "search_config": {"search_type": search_type, "search_params": params, "search_seed": seed},
        }
    )
    assert mistakes == []
    assert settings is not None
    return settings


def space_of(params: dict[str, Any], search_type: str = "Grid", base: dict[str, Any] | None = None) -> Space:
    space, mistakes = read_space(settings_for(params, search_type), BASE if base is None else base)
    assert mistakes == []
    return space


def values_of(params: dict[str, Any]) -> list[Any]:
    return list(space_of(params).variables[0].choices or ())


# -- grids


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(1, 60))
def test_a_real_grid_is_numpys_linspace_bit_for_bit(one: float, other: float, bins: int) -> None:
    begin, end = sorted((one, other))

    values = values_of({"real": {"x": {"begin": begin, "end": end, "bins": bins}}})

    assert values == list(dict.fromkeys(np.linspace(begin, end, bins).tolist()))


@given(st.integers(-1000, 1000), st.integers(0, 1000), st.integers(1, 60))
def test_a_whole_grid_is_numpys_linspace_cut_to_integers_each_once(begin: int, width: int, bins: int) -> None:
    values = values_of({"integer": {"x": {"begin": begin, "end": begin + width, "bins": bins}}})

    assert values == list(dict.fromkeys(np.linspace(begin, begin + width, bins).astype(int).tolist()))
    assert all(type(value) is int for value in values)


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(1, 20))
def test_with_spacing_the_end_is_left_out_as_in_numpys_arange(begin: int, width: int, spacing: int) -> None:
    values = values_of({"integer": {"x": {"begin": begin, "end": begin + width, "spacing": spacing}}})

    assert values == np.arange(begin, begin + width, spacing).tolist()


def test_the_noise_of_linspace_stays() -> None:
    assert values_of({"real": {"x": {"begin": 0.1, "end": 0.5, "bins": 5}}})[2] == 0.30000000000000004


@given(st.dictionaries(NAMES, CHOICES, min_size=1, max_size=4))
def test_grid_order_is_by_name_and_the_last_name_varies_fastest(variables: dict[str, list[Any]]) -> None:
    space = space_of({"categorical": variables}, base={"train_config": {}})

    points = [tuple(map(repr, point.values())) for point in itertools.islice(grid_points(space), 200)]

    # Each value once, where 1, 1.0 and true are three.
    lists = [list(dict.fromkeys(map(repr, variables[name]))) for name in sorted(variables)]
    assert points == list(itertools.islice(itertools.product(*lists), 200))
    assert space.size == np.prod([len(each) for each in lists])


def test_a_value_that_stands_twice_counts_once_and_a_single_value_is_a_list_of_one() -> None:
    assert values_of({"categorical": {"x": [1, 2, 1, 1.0, True]}}) == [1, 2, 1.0, True]
    assert values_of({"categorical": {"env": "brax/reacher"}}) == ["brax/reacher"]


def test_every_point_of_a_grid_is_in_the_space_and_no_other() -> None:
    space = space_of({"categorical": {"b": [True, "x"]}, "real": {"a": {"begin": 0, "end": 1, "bins": 3}}})

    assert all(space.contains(point) for point in grid_points(space))
    for outside in ({"a": 0.25, "b": True}, {"a": 0.5, "b": 1}, {"a": 0.5}, {"a": 0.5, "b": "x", "c": 0}):
        assert not space.contains(outside)


# -- random


RANDOM = {
    "categorical": {"activation": ["relu", "tanh"]},
    "integer": {"units": {"begin": 1, "end": 64, "prior": "log-uniform"}},
    "real": {"lrate": {"begin": 1e-5, "end": 0.1, "prior": "log-uniform"}, "decay": {"begin": -1, "end": 1}},
}


@given(st.integers(0, 2**40), st.integers(0, 10_000))
def test_random_points_are_inside_the_space(seed: int, index: int) -> None:
    space = space_of(RANDOM, "Random")

    assert space.contains(random_point(space, seed, index))


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_further_variable_leaves_the_values_of_the_others(seed: int, index: int) -> None:
    fewer = space_of({"real": RANDOM["real"]}, "Random")
    space = space_of(RANDOM, "Random")

    assert random_point(fewer, seed, index).items() <= random_point(space, seed, index).items()


def test_the_points_are_the_same_on_every_machine() -> None:
    point = random_point(space_of(RANDOM, "Random"), 42, 7)

    assert point == {
        "activation": "tanh",
        "decay": -0.005167483447473975,
        "lrate": 0.00030909918132241765,
        "units": 6,
    }


def test_another_seed_gives_other_points() -> None:
    space = space_of(RANDOM, "Random")

    assert random_point(space, 1, 0) != random_point(space, 2, 0)


@pytest.mark.parametrize(("prior", "middle"), [("uniform", 0.05), ("log-uniform", 0.001), (None, 0.05)])
def test_a_prior_decides_where_half_of_the_points_are(prior: str | None, middle: float) -> None:
    space = space_of({"real": {"lrate": {"begin": 1e-5, "end": 0.1, "prior": prior}}}, "Random")
    drawn = [random_point(space, 42, index)["lrate"] for index in range(2000)]

    below = sum(value < middle for value in drawn) / len(drawn)

    assert abs(below - 0.5) < 0.05


def test_whole_numbers_are_drawn_evenly_with_both_ends() -> None:
    space = space_of({"integer": {"units": {"begin": -2, "end": 2, "prior": "uniform"}}}, "Random")

    drawn = Counter(random_point(space, 42, index)["units"] for index in range(5000))

    assert sorted(drawn) == [-2, -1, 0, 1, 2]
    assert max(drawn.values()) - min(drawn.values()) < 200


def test_points_of_a_small_space_are_never_proposed_twice_and_end_when_it_is_used_up() -> None:
    space = space_of({"categorical": {"units": [1, 2, 3]}, "integer": {"k": {"begin": 0, "end": 1}}}, "Random")

    points = list(random_points(space, 42))

    assert sorted(map(repr, points)) == sorted(repr({"k": k, "units": u}) for k in (0, 1) for u in (1, 2, 3))


@given(st.integers(0, 6), st.integers(0, 20))
def test_a_search_that_grows_proposes_the_points_it_would_have_proposed_at_once(done: int, seed: int) -> None:
    space = space_of({"categorical": {"units": [1, 2, 3]}, "integer": {"k": {"begin": 0, "end": 1}}}, "Random")
    at_once = list(random_points(space, seed))

    later = list(random_points(space, seed, first=done, taken=at_once[:done]))

    assert at_once[:done] + later == at_once


# -- placement


@given(
    st.sampled_from(["lrate", "train:lrate", "model:units", "a/b/c", "train:a/b", "model:a/b", "new"]),
    st.sampled_from(
        [{"train_config": {"a": {"x": 1}}}, {"lrate": 1}, {"train_config": {}, "net_config": {"units": 4}}]
    ),
    st.booleans() | st.integers() | st.lists(st.integers()),
)
def test_a_placed_value_is_read_back_and_all_others_stay(name: str, base: dict[str, Any], value: Any) -> None:
    before = repr(base)

    content = with_values(base, {name: value})

    placed = value_at(content, place_of(name, base))
    assert (placed, type(placed)) == (value, type(value))
    assert repr(base) == before
    for section, members in base.items():
        if isinstance(members, dict):
            assert members.keys() <= content[section].keys()


def test_values_stand_where_the_original_put_them() -> None:
    base = {
        "train_config": {"lrate": 0.1, "es_config": {"sigma": 1.0, "elite": 0.5}},
        "model_config": {"units": 8, "head": {"depth": 1, "bias": False}},
        "log_config": {"what_to_track": ("loss",)},
    }

    content = with_values(
        base, {"lrate": 0.2, "es_config/sigma": 0.3, "model:head/bias": True, "train:new/group/key": [1]}
    )

    assert content == {
        "train_config": {"lrate": 0.2, "es_config": {"sigma": 0.3, "elite": 0.5}, "new": {"group": {"key": [1]}}},
        "model_config": {"units": 8, "head": {"depth": 1, "bias": True}},
        "log_config": {"what_to_track": ["loss"]},
    }
    assert content["model_config"]["head"]["bias"] is True


def test_a_section_that_is_null_counts_as_one_that_is_missing() -> None:
    one_name = {"train_config": {}, "net_config": {"units": 8, "bias": True}, "model_config": None}
    no_name = {"train_config": {}, "model_config": None}

    for base, section in ((one_name, "net_config"), (no_name, "model_config")):
        assert space_of({"categorical": {"model:units": [8, 16]}}, base=base)
        kept = base[section] or {}
        assert with_values(base, {"model:units": 16}) == {**base, section: {**kept, "units": 16}}


def test_a_key_with_a_slash_in_the_configuration_is_meant_as_it_is_written() -> None:
    assert with_values({"train_config": {"a/b": 1}}, {"a/b": 2}) == {"train_config": {"a/b": 2}}


def test_an_earlier_trial_is_a_point_of_a_space_with_other_variables_if_the_base_has_their_values() -> None:
    space = space_of({"categorical": {"lrate": [0.1, 0.2], "units": [8, 16]}})

    assert point_of(space, BASE, {"lrate": 0.2}) == {"lrate": 0.2, "units": 8}
    assert point_of(space, BASE, {"lrate": 0.2, "units": 16}) == {"lrate": 0.2, "units": 16}
    assert point_of(space, BASE, {"lrate": 0.3}) is None
    assert point_of(space, BASE, {"lrate": 0.1, "gone": 1}) is None
    narrower = space_of({"categorical": {"lrate": [0.1, 0.2]}})
    assert point_of(narrower, BASE, {"lrate": 0.2, "units": 8}) == {"lrate": 0.2}
    assert point_of(narrower, BASE, {"lrate": 0.2, "units": 16}) is None


def test_reading_a_search_loads_no_numpy() -> None:
    heavy = "print([name for name in ('numpy', 'hashlib', 'decimal') if name in sys.modules])"
    code = f"import sys, mle_toolbox.search.proposals; {heavy}"

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert finished.stdout.strip() == "[]"
