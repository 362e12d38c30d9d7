"""The section `metrics` of an experiment file: which metrics matter, and which way is better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ExperimentResults, load

_SCRIPT = "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"


def write_project(folder: Path, metrics: object, *, script: str = _SCRIPT, **search: Any) -> None:
    """Write an experiment of one configuration that tracks loss and accuracy, or a search from it."""
    (folder / "train.py").write_text(script)
    log = {"time_to_track": ["step"], "what_to_track": ["loss", "accuracy"]}
    (folder / "a.json").write_text(json.dumps({"train_config": {"lr": 0.1}, "log_config": log}))
    meta = {"project_name": "p", "base_train_fname": "train.py", "experiment_dir": "results"}
    meta |= {"base_train_config": "a.json", "job_type": "single-experiment"}
    sections: dict[str, Any] = {"meta_job_args": meta, "metrics": metrics}
    if search:
        meta["job_type"] = "hyperparameter-search"
        sections["param_search_args"] = {
            "search_logging": {"eval_metrics": "loss", **search},
            "search_resources": {"num_search_batches": 1, "num_evals_per_batch": 2, "num_seeds_per_eval": 2},
            "search_config": {"search_type": "grid", "search_params": {"categorical": {"lr": [0.1, 0.2]}}},
        }
    (folder / "exp.yaml").write_text(yaml.safe_dump(sections, sort_keys=False))


def mistakes(folder: Path) -> list[str]:
    """Return the messages, without the file."""
    with pytest.raises(ExperimentFileError) as caught:
        load_plan(folder / "exp.yaml")
    return [each.message for each in caught.value.problems]


@pytest.mark.parametrize("nothing", [None, {}, False])
def test_without_the_section_nothing_is_said_of_any_metric(tmp_path: Path, nothing: object) -> None:
    write_project(tmp_path, nothing)
    assert load_plan(tmp_path / "exp.yaml").metrics == {}


def test_a_metric_may_be_given_with_a_word_with_a_section_or_with_its_name_alone(tmp_path: Path) -> None:
    write_project(tmp_path, {"accuracy": {"better": "higher", "name": "test accuracy"}, "loss": "lower"})
    plan = load_plan(tmp_path / "exp.yaml")
    assert list(plan.metrics.items()) == [
        ("accuracy", {"better": "higher", "name": "test accuracy"}),
        ("loss", {"better": "lower"}),
    ]
    write_project(tmp_path, {"accuracy": None})
    assert load_plan(tmp_path / "exp.yaml").metrics == {"accuracy": {}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"acuracy": "higher"},
            "the metric 'acuracy' is not tracked: what_to_track lists 'loss' and 'accuracy'. Did you mean 'accuracy'?",
        ),
        ({"loss": "lowr"}, "'loss' in metrics must be higher or lower, found the text 'lowr'. Did you mean 'lower'?"),
        ({"loss": True}, "'loss' in metrics must be higher, lower, or {better: higher, name: accuracy}, found true."),
        ({"loss": {"better": 1}}, "'better' in metrics.loss must be higher or lower, found 1."),
        ({"loss": {"beter": "lower"}}, "unknown key 'beter' in metrics.loss. Did you mean 'better'?"),
        (
            {"loss": {"name": "x"}, "accuracy": {"name": "x"}},
            "'name' in metrics.accuracy is 'x', as is that of 'loss'. Every name must be different.",
        ),
        (
            {"loss": {"name": "accuracy"}},
            "'name' in metrics.loss is 'accuracy', as is that of 'accuracy'. Every name must be different.",
        ),
        ({"loss": {"name": "a\nb"}}, "'name' in metrics.loss must be text on one line, found the text 'a\\nb'."),
    ],
)
def test_a_mistake_in_it_is_one_line_with_the_nearest_right_spelling(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    write_project(tmp_path, given)
    assert mistakes(tmp_path) == [message]


def test_a_metric_that_the_script_may_add_is_no_mistake(tmp_path: Path) -> None:
    write_project(tmp_path, {"extra": "higher"}, script=_SCRIPT + "mle.log.extend_tracking(['extra'])\n")
    assert load_plan(tmp_path / "exp.yaml").metrics == {"extra": {"better": "higher"}}


def test_it_cannot_contradict_a_search(tmp_path: Path) -> None:
    write_project(tmp_path, {"loss": "lower"}, max_objective=True)
    [message] = mistakes(tmp_path)
    assert message == "'loss' in metrics is 'lower', but the search ranks by higher loss. Set max_objective: false."
    write_project(tmp_path, {"loss": "lower", "accuracy": "higher"}, max_objective=False)
    assert list(load_plan(tmp_path / "exp.yaml").metrics) == ["loss", "accuracy"]


def test_results_know_the_direction_and_begin_with_the_most_important_metric(tmp_path: Path) -> None:
    write_project(tmp_path, {"accuracy": {"better": "lower", "name": "error"}})
    plan = load_plan(tmp_path / "exp.yaml")
    write_experiment_record(plan)
    results = load(ExperimentFolder(plan.experiment_path).path)
    assert isinstance(results, ExperimentResults)
    assert results.direction("accuracy") == (True, False)
    assert results.direction("loss") == (True, True)
    # What the command says counts more.
    assert results.direction("accuracy", lower_is_better=False) == (False, False)
    assert results.metric_roles["accuracy"].label == "error"


def test_experiments_that_contradict_each_other_say_nothing(tmp_path: Path) -> None:
    folders = []
    for name, better in (("one", "higher"), ("two", "lower")):
        (tmp_path / name).mkdir()
        write_project(tmp_path / name, {"accuracy": better, "loss": "lower"})
        plan = load_plan(tmp_path / name / "exp.yaml")
        write_experiment_record(plan)
        folders.append(plan.experiment_path)
    results = load(folders)
    assert results.direction("accuracy") == (False, True)
    assert results.direction("loss") == (True, False)
