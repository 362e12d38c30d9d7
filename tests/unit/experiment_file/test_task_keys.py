"""The key `task` of an experiment file: which settings of its configurations are the task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ExperimentResults, load


def write_project(folder: Path, task: object, **search: object) -> None:
    """Write an experiment of two methods on two tasks, or a search over both."""
    meta = {"project_name": "p", "base_train_fname": "train.py", "experiment_dir": "results", "task": task}
    (folder / "train.py").write_text("from mle_toolbox import MLExperiment\nmle = MLExperiment()\n")
    names = []
    for algorithm in ("ppo", "dqn"):
        for env in ("CartPole", "Pong"):
            names.append(f"{algorithm}_{env}.json")
            content = {
                "train_config": {"algorithm": algorithm, "env": {"name": env}, "net": {"name": "mlp"}},
                "log_config": {"time_to_track": ["step"], "what_to_track": ["return"]},
            }
            (folder / names[-1]).write_text(json.dumps(content))
    if search:
        meta |= {"job_type": "hyperparameter-search", "base_train_config": names[0]}
        sections = {
            "param_search_args": {
                "search_logging": {"max_objective": True, "eval_metrics": "return"},
                "search_resources": {"num_search_batches": 1, "num_evals_per_batch": 4, "num_seeds_per_eval": 2},
                "search_config": {
                    "search_type": "grid",
                    "search_schedule": "sync",
                    "search_params": {"categorical": search},
                },
            }
        }
    else:
        meta |= {"job_type": "multiple-experiments"}
        sections = {"multi_experiment_args": {"config_fnames": names, "num_seeds": 2}}
    (folder / "exp.yaml").write_text(yaml.safe_dump({"meta_job_args": meta, **sections}))


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        (None, None),
        ([], None),
        ("none", ()),
        ("train_config.env.name", ("train_config.env.name",)),
        ("env.name", ("train_config.env.name",)),
        ("env/name", ("train_config.env.name",)),
        (["algorithm", "env.name"], ("train_config.algorithm", "train_config.env.name")),
    ],
)
def test_the_task_is_a_key_or_several_of_the_configurations(
    task: object, keys: tuple[str, ...] | None, tmp_path: Path
) -> None:
    write_project(tmp_path, task)

    plan = load_plan(tmp_path / "exp.yaml")

    assert plan.task == keys
    assert plan.to_json().get("task") == (None if keys is None else list(keys))


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("env.nam", "the task 'env.nam': no configuration has this key"),
        ("algoritm", "Did you mean 'algorithm'?"),
        ("name", "it may be train_config.env.name and train_config.net.name"),
        (3, "must be a key of the configurations, or a list of such keys"),
    ],
)
def test_a_task_that_no_configuration_has_is_a_mistake_in_its_line(task: object, sentence: str, tmp_path: Path) -> None:
    write_project(tmp_path, task)

    with pytest.raises(ExperimentFileError, match=r".") as caught:
        load_plan(tmp_path / "exp.yaml")

    (problem,) = caught.value.problems
    assert sentence in problem.message
    lines = (tmp_path / "exp.yaml").read_text().splitlines()
    assert "task" in lines[problem.line - 1]


@pytest.mark.parametrize("task", ["env/name", "train_config.env.name"])
def test_a_name_that_is_searched_can_be_the_task_and_readers_of_results_know_it(task: str, tmp_path: Path) -> None:
    search = {"env/name": ["CartPole", "Pong"], "lrate": [0.1, 0.2]}
    write_project(tmp_path, task, **search)

    plan = load_plan(tmp_path / "exp.yaml")
    write_experiment_record(plan)

    assert plan.task == ("train_config.env.name",)
    results = load(ExperimentFolder(plan.experiment_path).path)
    assert isinstance(results, ExperimentResults)
    assert results.tasks is not None
    assert not results.tasks.guessed
    assert results.tasks.tasks == ("CartPole", "Pong")
    assert results.tasks.names == ("lrate=0.1", "lrate=0.2")


def test_a_search_over_a_key_that_its_base_lacks_can_be_the_task_too(tmp_path: Path) -> None:
    write_project(tmp_path, "level", level=["easy", "hard"])

    assert load_plan(tmp_path / "exp.yaml").task == ("train_config.level",)
