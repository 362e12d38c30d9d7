"""The importance of a search's variables: what it is made from, and what it does not claim."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.results import ExperimentResults
from mle_toolbox.results.importance import STEERED, Importance
from tests.made_search import made_search

VARIABLES = [
    {
        "name": "lrate",
        "kind": "real",
        "place": ["train_config", "lrate"],
        "begin": 1e-5,
        "end": 0.1,
        "prior": "log-uniform",
    },
    {"name": "nothing", "kind": "real", "place": ["train_config", "nothing"], "begin": 0.0, "end": 1.0},
    {"name": "act", "kind": "categorical", "place": ["train_config", "act"], "choices": ["relu", "tanh"]},
    {"name": "fixed", "kind": "categorical", "place": ["train_config", "fixed"], "choices": [1]},
]


def points(number: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    return [
        {
            "lrate": float(10 ** rng.uniform(-5, -1)),
            "nothing": float(rng.uniform()),
            "act": ("relu", "tanh")[int(rng.integers(2))],
            "fixed": 1,
        }
        for _ in range(number)
    ]


def loss(values: Mapping[str, Any]) -> float:
    return (math.log10(values["lrate"]) + 2) ** 2


def a_search(
    path: Path,
    number: int = 40,
    *,
    level: Callable[[Mapping[str, Any]], float] = loss,
    drawn: Sequence[int] = (),
    broken: Sequence[int] = (),
    **search: Any,
) -> ExperimentResults:
    """Return a search; ``drawn`` are the trials of the random start of SMBO, the ``broken`` ones have diverged."""
    made = points(number)
    losses = {
        f"trial_{k:04d}": np.full((2, 3), np.nan if k in broken else level(values)) for k, values in enumerate(made)
    }
    search = {"type": "random", "variables": VARIABLES, "grid_size": None, **search}
    results = made_search(path, made, losses=losses, n_seeds=2, n_ticks=3, **search)
    for k in drawn:
        results.record["configurations"][k]["trial"]["asked"] = {"sampler": "random"}
    return results


def shares(found: Importance) -> dict[str, float]:
    return {each.name: each.share for each in found.variables}


def test_what_matters_comes_first_and_what_does_not_is_no_more_than_chance(tmp_path: Path) -> None:
    found = a_search(tmp_path).importance()

    first, *others = found.variables
    assert first.name == "lrate"
    assert first.low <= first.share <= first.high
    assert first.p is not None
    assert first.p < 0.05
    assert [each.is_chance for each in found.variables] == [False, True, True]
    assert sum(shares(found).values()) == pytest.approx(1)
    assert "no more than chance" in str(others[0])
    assert not found.is_steered
    assert (found.n, found.of, found.worst) == (40, 40, 0)


def test_a_variable_of_one_value_has_no_importance(tmp_path: Path) -> None:
    assert "fixed" not in shares(a_search(tmp_path).importance())


def test_only_the_order_of_the_scores_counts(tmp_path: Path) -> None:
    as_they_are = a_search(tmp_path / "a").importance()
    stretched = a_search(tmp_path / "b", level=lambda values: math.exp(loss(values))).importance()
    turned = a_search(tmp_path / "c", level=lambda values: -loss(values), maximize=True).importance()

    assert as_they_are.variables == stretched.variables == turned.variables


def test_where_nothing_matters_every_share_is_no_more_than_chance_and_the_words_say_so(tmp_path: Path) -> None:
    noise = iter(np.random.default_rng(3).normal(size=100))

    found = a_search(tmp_path, level=lambda values: float(next(noise))).importance()

    assert all(each.is_chance for each in found.variables)
    assert "Shares add up to 100 % also where nothing matters." in str(found)


def test_of_a_search_that_learns_only_the_random_start_counts(tmp_path: Path) -> None:
    found = a_search(tmp_path, 60, type="smbo", drawn=range(30)).importance()

    assert (found.n, found.of, found.is_steered) == (30, 60, False)
    assert "From 30 trials of 60: the others were chosen by results." in found.notes


def test_with_a_short_random_start_all_trials_count_without_a_test_and_it_is_said_first(tmp_path: Path) -> None:
    found = a_search(tmp_path, 40, type="smbo", drawn=range(10)).importance()

    assert (found.n, found.is_steered) == (40, True)
    assert [each.p for each in found.variables] == [None] * 3
    assert not any(each.is_chance for each in found.variables)
    assert found.notes[0] == STEERED


def test_of_rungs_only_the_lowest_ones_count_because_the_others_were_chosen(tmp_path: Path) -> None:
    results = a_search(tmp_path, 32, type="halving")
    for k, entry in enumerate(results.record["configurations"]):
        entry["trial"]["asked"] = {"steps": 10} if k < 24 else {"steps": 20, "parent": k - 24}

    found = results.importance()

    assert (found.n, found.of, found.is_steered) == (24, 32, False)


def test_diverged_trials_count_as_the_worst(tmp_path: Path) -> None:
    places = [k for k, values in enumerate(points(40)) if values["nothing"] > 0.3]

    found = a_search(tmp_path, level=lambda values: values["lrate"] * 1e-9, broken=places).importance()

    assert found.worst == len(places)
    assert found.variables[0].name == "nothing"
    assert f"{len(places)} trials with a failed or diverged seed count as the worst." in found.notes


def test_trials_of_another_base_configuration_are_ranked_among_their_like(tmp_path: Path) -> None:
    # Of every second trial the loss is higher by far, because of its base configuration and no variable.
    levels = {values["lrate"]: loss(values) + 100 * (k % 2) for k, values in enumerate(points(60))}

    found = a_search(tmp_path, 60, level=lambda values: levels[values["lrate"]], bases=("a", "b")).importance()

    assert found.variables[0].name == "lrate"
    assert not found.variables[0].is_chance


def test_too_few_trials_are_refused_with_what_shows_them(tmp_path: Path) -> None:
    with pytest.raises(
        ResultsError, match=r"needs 20 trials that have ended, and there are 19\. `mle plot --kind slices`"
    ):
        a_search(tmp_path, 19).importance()


def test_equal_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="needs trials with different scores, and all have the same"):
        a_search(tmp_path, level=lambda values: 1.0).importance()


def test_a_space_of_one_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="needs a variable with several values, and there is none"):
        a_search(tmp_path, variables=VARIABLES[-1:]).importance()


def test_shares_are_those_of_optuna(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    space = {
        "lrate": optuna.distributions.FloatDistribution(1e-5, 0.1, log=True),
        "nothing": optuna.distributions.FloatDistribution(0, 1),
        "act": optuna.distributions.CategoricalDistribution(["relu", "tanh"]),
        "units": optuna.distributions.IntDistribution(4, 400, log=True),
        "layers": optuna.distributions.IntDistribution(1, 5),
    }
    whole_numbers = [
        {"name": "units", "kind": "integer", "place": ["train_config", "units"], "begin": 4, "end": 400},
        {"name": "layers", "kind": "integer", "place": ["train_config", "layers"], "begin": 1, "end": 5},
    ]
    whole_numbers[0]["prior"] = "log-uniform"
    rng = np.random.default_rng(2)
    made = [
        {**each, "units": int(4 * 10 ** rng.uniform(0, 2)), "layers": int(rng.integers(1, 6))} for each in points(60)
    ]
    losses = [loss(each) + each["layers"] / 5 for each in made]
    curves = {f"trial_{k:04d}": np.full((2, 3), each) for k, each in enumerate(losses)}
    variables = [*VARIABLES, *whole_numbers]
    results = made_search(
        tmp_path, made, losses=curves, n_seeds=2, n_ticks=3, type="random", variables=variables, grid_size=None
    )

    found = results.importance()

    study = optuna.create_study()
    for each, value in zip(made, losses, strict=True):
        params = {name: each[name] for name in space}
        study.add_trial(optuna.create_trial(params=params, distributions=space, value=value))
    expected = optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    assert shares(found) == pytest.approx(expected)
    assert list(shares(found)) == list(expected)


def test_it_needs_no_optuna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    assert a_search(tmp_path).importance().n == 40
