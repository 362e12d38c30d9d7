"""``num_seeds: {min, max, until: decided}`` in an experiment file: what the plan makes of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.looks.look_files import Look

OPEN = {"min": 5, "max": 20, "until": "decided"}


def write_project(folder: Path, num_seeds: object = OPEN, names: str = "abc", **sections: Any) -> None:
    (folder / "train.py").write_text("from mle_toolbox import MLExperiment\nmle = MLExperiment()\n")
    for place, name in enumerate(names):
        write_configuration(folder, name, place)
    content = {
        "meta_job_args": {
            "project_name": "p",
            "job_type": "multiple-experiments",
            "base_train_fname": "train.py",
            "experiment_dir": "results",
        },
        "multi_experiment_args": {"config_fnames": [f"{name}.json" for name in names], "num_seeds": num_seeds},
        "metrics": {"loss": "lower"},
        **sections,
    }
    (folder / "exp.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def write_configuration(folder: Path, name: str, lr: float) -> None:
    log = {"time_to_track": ["step"], "what_to_track": ["loss", "accuracy"]}
    (folder / f"{name}.json").write_text(json.dumps({"train_config": {"lr": lr}, "log_config": log}))


def plan_of(folder: Path) -> Plan:
    return load_plan(folder / "exp.yaml")


def hold(folder: Path, number: int, n_seeds: int, compared: str, worse: dict[str, str], undecided: str) -> None:
    """Write a look as if it had been held."""
    plan = plan_of(folder)
    assert plan.looks is not None
    path = ExperimentFolder(plan.experiment_path).look(plan.looks.digest, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    look = Look(number, n_seeds, plan.looks.shares[number - 1], tuple(compared), worse, tuple(undecided))
    path.write_text(json.dumps(look.to_json()))


def seeds_by_name(plan: Plan) -> dict[str, int]:
    return {each.name: len(plan.seeds_of(each.name)) for each in plan.configurations}


def test_before_the_first_look_every_configuration_has_the_smallest_number_of_seeds(tmp_path: Path) -> None:
    write_project(tmp_path)

    plan = plan_of(tmp_path)

    assert seeds_by_name(plan) == {"a": 5, "b": 5, "c": 5}
    assert len(plan.seed_runs) == 15
    assert [each["seeds"] for each in plan.to_json()["configurations"]] == [[0, 1, 2, 3, 4]] * 3


def test_after_a_look_only_what_is_undecided_has_more_seeds(tmp_path: Path) -> None:
    write_project(tmp_path)
    hold(tmp_path, 1, 5, "abc", {"c": "a"}, "ab")

    assert seeds_by_name(plan_of(tmp_path)) == {"a": 10, "b": 10, "c": 5}

    hold(tmp_path, 2, 10, "ab", {"b": "a"}, "")
    plan = plan_of(tmp_path)

    assert seeds_by_name(plan) == {"a": 10, "b": 10, "c": 5}
    assert plan.looks is not None
    assert plan.looks.is_over


def test_a_raised_maximum_goes_on_where_the_looks_ended(tmp_path: Path) -> None:
    write_project(tmp_path, {**OPEN, "max": 10})
    hold(tmp_path, 1, 5, "abc", {"c": "a"}, "ab")
    hold(tmp_path, 2, 10, "ab", {}, "ab")
    assert seeds_by_name(plan_of(tmp_path)) == {"a": 10, "b": 10, "c": 5}

    write_project(tmp_path, {**OPEN, "max": 20})
    plan = plan_of(tmp_path)

    assert seeds_by_name(plan) == {"a": 15, "b": 15, "c": 5}
    assert plan.looks is not None
    # 5 % were used up by 10 seeds.
    assert plan.looks.shares == pytest.approx((0.5, 0.5, 0.25, 0.25))


@pytest.mark.parametrize("edit", ["a configuration", "another configuration", "min", "metric", "direction"])
def test_an_edit_of_what_is_compared_begins_the_looks_anew_and_undoing_it_brings_them_back(
    tmp_path: Path, edit: str
) -> None:
    write_project(tmp_path)
    hold(tmp_path, 1, 5, "abc", {"c": "a"}, "ab")
    before = (tmp_path / "exp.yaml").read_text(), (tmp_path / "b.json").read_text()

    if edit == "a configuration":
        write_configuration(tmp_path, "b", 0.7)
    elif edit == "another configuration":
        write_project(tmp_path, names="abcd")
    elif edit == "min":
        write_project(tmp_path, {**OPEN, "min": 6})
    else:
        write_project(tmp_path, metrics={"loss": "higher"} if edit == "direction" else {"accuracy": "higher"})
    plan = plan_of(tmp_path)

    assert plan.looks is not None
    assert (plan.looks.held, plan.looks.before) == ((), 1)
    assert set(seeds_by_name(plan).values()) == {6 if edit == "min" else 5}
    (tmp_path / "exp.yaml").write_text(before[0])
    (tmp_path / "b.json").write_text(before[1])
    assert seeds_by_name(plan_of(tmp_path)) == {"a": 10, "b": 10, "c": 5}


def test_a_damaged_look_counts_as_not_held(tmp_path: Path) -> None:
    write_project(tmp_path)
    hold(tmp_path, 1, 5, "abc", {"c": "a"}, "ab")
    [path] = (tmp_path / "results").glob(".looks/*/look_1.json")
    path.write_text(path.read_text()[:40])

    assert seeds_by_name(plan_of(tmp_path)) == {"a": 5, "b": 5, "c": 5}


def test_the_seeds_may_be_a_list_as_long_as_the_maximum(tmp_path: Path) -> None:
    multi = {"config_fnames": ["a.json", "b.json"], "num_seeds": {**OPEN, "min": 3, "max": 4}}
    write_project(tmp_path, multi_experiment_args={**multi, "random_seeds": [7, 1, 9, 4]})

    assert plan_of(tmp_path).seeds_of("a") == (7, 1, 9)

    write_project(tmp_path, multi_experiment_args={**multi, "random_seeds": [7, 1, 9]})
    assert mistakes(tmp_path) == ["max is 4, but random_seeds lists 3. Make them agree."]


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ExperimentFileError) as caught:
        load_plan(folder / "exp.yaml")
    return [each.message for each in caught.value.problems]


def test_it_is_refused_where_nobody_knows_which_metric_decides(tmp_path: Path) -> None:
    write_project(tmp_path, metrics=None)
    assert mistakes(tmp_path) == [
        "until: decided needs to know which metric decides, and which way is better. Say it in a section of its own, "
        "like metrics: {loss: lower}."
    ]

    write_project(tmp_path, metrics={"accuracy": None, "loss": "lower"})
    assert mistakes(tmp_path) == [
        "until: decided needs to know which metric decides, and which way is better. Write accuracy: higher or "
        "accuracy: lower in the section metrics."
    ]


def test_it_is_refused_for_one_configuration_alone(tmp_path: Path) -> None:
    write_project(tmp_path, names="a")

    assert mistakes(tmp_path) == [
        "until: decided compares configurations, and there is only one. Write num_seeds: 10, or list others."
    ]


def test_a_mistake_names_its_line(tmp_path: Path) -> None:
    write_project(tmp_path, {**OPEN, "max": 4})

    with pytest.raises(ExperimentFileError, match=r"exp.yaml:13: max is 4 and min is 5"):
        load_plan(tmp_path / "exp.yaml")


@pytest.mark.parametrize(("given", "shown"), [("many", "the text 'many'"), ([1, 2], "a list"), (0, "0")])
def test_anything_else_is_refused(tmp_path: Path, given: object, shown: str) -> None:
    write_project(tmp_path, given)

    form = "a whole number from 1 to 100000"
    assert mistakes(tmp_path) == [f"'num_seeds' in multi_experiment_args must be {form}, found {shown}."]
