"""Which configurations are the same method on another task, said or guessed, and that unlike tasks are not compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.results import ExperimentCollection, ExperimentResults
from mle_toolbox.results.differences import differing
from mle_toolbox.results.task_role import TaskRole, task_role
from tests.made_results import made_results

GRID = {
    f"{algo}_{env}": {"train_config": {"algo": algo, "env_name": env}}
    for algo in ("ppo", "dqn")
    for env in ("CartPole-v1", "Acrobot-v1")
}


def results_of(contents: dict[str, Any], path: Path, n: int = 4) -> ExperimentResults:
    draw = np.random.default_rng(1).normal
    values = {name: draw(10 * place, 0.1, (n, 1)) for place, name in enumerate(contents)}
    configurations = [{"name": name, "content": content} for name, content in contents.items()]
    return made_results(path, values, metric="return", record={"configurations": configurations})


def role_of(contents: dict[str, Any], *said: str) -> TaskRole:
    found = task_role(contents, differing(contents), said or None)
    assert found is not None
    return found


def methods_of(contents: dict[str, Any], *said: str) -> dict[str, str]:
    return dict(role_of(contents, *said).methods)


def test_names_of_the_form_method_task_keep_the_method_as_a_short_name() -> None:
    assert methods_of(GRID) == {name: name.partition("_")[0] for name in GRID}


def test_an_imported_name_that_lists_settings_keeps_the_value_that_tells_methods_apart() -> None:
    contents = {f"env={env},algo={algo}": {"env": env, "algo": algo} for env in ("A", "B") for algo in ("x", "y")}

    assert set(methods_of(contents).values()) == {"x", "y"}


def test_other_names_give_way_to_the_settings_that_differ_within_a_task() -> None:
    contents = {
        f"run{place}": {"env": env, "lrate": lrate, "units": units, "steps": {"A": 10, "B": 20}[env]}
        for place, (env, lrate, units) in enumerate(
            (env, lrate, units) for env in ("A", "B") for lrate, units in ((0.1, 8), (0.1, 16), (0.2, 8))
        )
    }

    # Steps depend on the task alone.
    assert role_of(contents).names == ("lrate=0.1, units=8", "lrate=0.1, units=16", "lrate=0.2, units=8")


def test_numbers_and_keys_of_other_names_are_not_taken_for_a_task() -> None:
    for contents in (
        {"a": {"level": 1}, "b": {"level": 2}},
        {"a": {"optimizer": "sgd"}, "b": {"optimizer": "adam"}},
        {"a": {"env": "same"}, "b": {"env": "same"}},
    ):
        assert task_role(contents, differing(contents), None) is None


def test_a_task_may_be_several_keys_and_be_said_by_the_end_of_a_key(tmp_path: Path) -> None:
    contents = {
        f"c{place}": {"train_config": {"size": size, "kind": kind}}
        for place, (size, kind) in enumerate([(1, "x"), (1, "y"), (2, "x"), (2, "x")])
    }

    found = results_of(contents, tmp_path).with_task(["size", "train_config/kind"]).tasks

    assert found is not None
    assert not found.guessed
    assert found.tasks == ("1, x", "1, y", "2, x")
    # Two configurations of the same task with the same settings are still two methods.
    assert len({(found.of[name], found.methods[name]) for name in contents}) == 4


def test_a_misspelt_task_is_refused_with_the_nearest_key(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"task 'env_nam': no configuration has this key.*Did you mean 'env_name'"):
        results_of(GRID, tmp_path).with_task("env_nam")


def test_none_says_that_there_is_no_task(tmp_path: Path) -> None:
    results = results_of(GRID, tmp_path)
    assert results.tasks is not None
    assert results.tasks.guessed
    assert results.answer("return").leader is None

    told = results.with_task("none")

    assert told.tasks is None
    assert told.answer("return").best == ("dqn_Acrobot-v1",)


def test_a_selection_of_configurations_without_the_key_is_of_one_task(tmp_path: Path) -> None:
    contents = {**GRID, "plain": {"train_config": {"lrate": 1}}, "fancy": {"train_config": {"lrate": 2}}}

    chosen = results_of(contents, tmp_path).with_task("env_name").select(["plain", "fancy"])

    assert chosen.answer("return").leader == "fancy"


def test_nothing_is_best_over_unlike_tasks_and_they_refuse_to_be_compared(tmp_path: Path) -> None:
    results = results_of(GRID, tmp_path)
    found = results.answer("return")

    # The best on each task, and no leader of all.
    assert (found.leader, found.best) == (None, ("dqn_CartPole-v1", "dqn_Acrobot-v1"))
    with pytest.raises(ResultsError, match="of different tasks"):
        found.compare([("ppo_CartPole-v1", "ppo_Acrobot-v1")])
    with pytest.raises(ResultsError, match="of different tasks"):
        results.compare("ppo_CartPole-v1", "ppo_Acrobot-v1")


def test_comparisons_stay_within_a_task(tmp_path: Path) -> None:
    results = results_of(GRID, tmp_path)
    pairs = {("ppo_CartPole-v1", "dqn_CartPole-v1"), ("ppo_Acrobot-v1", "dqn_Acrobot-v1")}

    assert set(results.compare()) == pairs
    assert {frozenset(pair) for pair in results.compare(baseline="best")} == set(map(frozenset, pairs))
    assert set(results.compare(baseline="ppo_Acrobot-v1")) == {("dqn_Acrobot-v1", "ppo_Acrobot-v1")}
    assert set(results.compare(baseline="ppo")) == {(b, a) for a, b in pairs}


def test_experiments_can_be_the_tasks_of_a_collection(tmp_path: Path) -> None:
    both = [results_of({"ppo": {"a": 1}, "dqn": {"a": 2}}, tmp_path / task) for task in ("CartPole", "Acrobot")]

    found = ExperimentCollection(both).with_task("experiment").tasks

    assert found is not None
    assert found.tasks == ("CartPole", "Acrobot")
    assert found.names == ("ppo", "dqn")
