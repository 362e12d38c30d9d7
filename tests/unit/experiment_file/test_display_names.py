"""The section `display_names` of an experiment file: what tables and figures call configurations."""

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


def write_project(folder: Path, names: object) -> Path:
    """Write an experiment of two configurations, sgd and adam."""
    (folder / "train.py").write_text("from mle_toolbox import MLExperiment\nmle = MLExperiment()\n")
    for name in ("sgd", "adam"):
        log = {"time_to_track": ["step"], "what_to_track": ["loss"]}
        (folder / f"{name}.json").write_text(json.dumps({"train_config": {"name": name}, "log_config": log}))
    meta = {"project_name": "p", "base_train_fname": "train.py", "experiment_dir": "results"}
    meta |= {"job_type": "multiple-experiments"}
    several = {"config_fnames": ["sgd.json", "adam.json"], "num_seeds": 1}
    content = {"meta_job_args": meta, "multi_experiment_args": several, "display_names": names}
    (folder / "exp.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder / "exp.yaml"


def test_configurations_keep_their_own_name_where_no_other_is_given(tmp_path: Path) -> None:
    assert load_plan(write_project(tmp_path, {"adam": "Adam, 0.001"})).display_names == {"adam": "Adam, 0.001"}
    assert load_plan(write_project(tmp_path, None)).display_names == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"adm": "Adam"},
            "display_names: there is no configuration 'adm'; the names are 'sgd' and 'adam'. Did you mean 'adam'?",
        ),
        ({"adam": 3}, "'adam' in display_names must be text on one line, found 3."),
        (
            {"adam": "Ours", "sgd": "Ours"},
            "'sgd' in display_names is 'Ours', as is that of 'adam'. Every name must be different.",
        ),
        (
            {"adam": "sgd"},
            "'adam' in display_names is 'sgd', as is that of 'sgd'. Every name must be different.",
        ),
    ],
)
def test_a_mistake_in_it_is_one_line_at_its_place(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        load_plan(write_project(tmp_path, given))

    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.line > 0


def test_results_have_the_names_when_they_are_asked_for_and_each_run_is_found_in_its_folder(tmp_path: Path) -> None:
    plan = load_plan(write_project(tmp_path, {"adam": "Adam, 0.001"}))
    write_experiment_record(plan)
    for name in ("sgd", "adam"):
        ExperimentFolder(plan.experiment_path).seed_run(name, 0).path.mkdir(parents=True)

    own = load(plan.experiment_path)
    assert isinstance(own, ExperimentResults)
    shown = own.displayed()

    assert list(own) == ["sgd", "adam"]
    assert list(shown) == ["sgd", "Adam, 0.001"]
    assert shown["Adam, 0.001"].name == "Adam, 0.001"
    assert shown["Adam, 0.001"].path.name == "adam"
    assert list(shown.differences()) == list(shown)
    assert [shown.name_here("adam"), own.name_here("Adam, 0.001"), shown.name_here("x")] == ["Adam, 0.001", "adam", "x"]
