"""From a good experiment file to its plan."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mistakes import CONFIG_1, CONFIG_2, copy_reference_project

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.json_file import content_digest, read_json
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.planned_jobs import JobResources


def test_the_reference_experiment_is_planned_as_it_is_written(project: Path) -> None:
    plan = load_plan("exp.yaml")

    assert plan.experiment_file == project / "exp.yaml"
    assert plan.project_dir == project
    assert plan.project_name == "ode"
    assert plan.job_type == "multiple-experiments"
    assert plan.script == Path("ode/run_ode_int.py")
    assert plan.script_path == project / "ode/run_ode_int.py"
    assert plan.experiment_dir == Path("experiments")
    assert plan.experiment_path == project / "experiments"
    assert [entry.name for entry in plan.configurations] == ["ode_int_config_1", "ode_int_config_2"]
    assert [entry.path for entry in plan.configurations] == [Path(CONFIG_1), Path(CONFIG_2)]
    assert plan.seeds == tuple(range(10))
    assert plan.job == JobResources("ode", 2, 0, None, None, None, "l-ode", "e-ode", "mle-toolbox")
    assert plan.extra_arguments == ()
    assert plan.retries == 0


def test_the_repositorys_own_experiment_has_no_mistakes(repository: Path) -> None:
    plan = load_plan(repository / "exp.yaml")

    assert len(plan.seed_runs) == 20


def test_seed_runs_go_configuration_by_configuration(project: Path) -> None:
    write(multi_experiment_args={"config_fnames": [CONFIG_2, CONFIG_1], "num_seeds": 2})

    plan = load_plan("exp.yaml")

    assert plan.seed_runs == (
        ("ode_int_config_2", 0),
        ("ode_int_config_2", 1),
        ("ode_int_config_1", 0),
        ("ode_int_config_1", 1),
    )


@given(configurations=st.integers(1, 6), seeds=st.integers(1, 30))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_are_as_many_seed_runs_as_configurations_times_seeds(
    configurations: int, seeds: int, project: Path
) -> None:
    names = [f"ode/c{number}.json" for number in range(configurations)]
    for name in names:
        (project / name).write_bytes((project / CONFIG_1).read_bytes())
    write(multi_experiment_args={"config_fnames": names, "num_seeds": seeds})

    plan = load_plan("exp.yaml")

    assert len(plan.seed_runs) == len(set(plan.seed_runs)) == configurations * seeds


def test_more_seeds_only_add(project: Path) -> None:
    write(multi_experiment_args={"config_fnames": [CONFIG_1], "num_seeds": 3})
    few = load_plan("exp.yaml").seed_runs
    write(multi_experiment_args={"config_fnames": [CONFIG_1], "num_seeds": 5})

    more = load_plan("exp.yaml").seed_runs

    assert more[: len(few)] == few


def test_a_file_with_nothing_optional_gets_the_defaults_of_the_schema(project: Path) -> None:
    write(multi_experiment_args={"config_fnames": [CONFIG_1]}, single_job_args=None)

    plan = load_plan("exp.yaml")

    assert plan.seeds == (0,)
    assert plan.job == JobResources("mle", 1, 0, None, None, None, "log.txt", "err.txt", None)
    assert (plan.extra_arguments, plan.retries) == ((), 0)


def test_every_key_of_a_job_reaches_the_plan(project: Path) -> None:
    write(
        single_job_args={
            "job_name": "fit-größe",
            "num_logical_cores": 4,
            "num_gpus": 1,
            "memory_per_job": 4000,
            "time_per_job": "01:02:30",
            "partition": "long",
            "log_file": "out put.txt",
            "err_file": "-err $(y) 'z'",
            "env_name": "torch",
            "extra_cmd_line_input": {"lrate": 0.5, "depth": 3, "fast": True, "name": "a b", "empty": ""},
            "retries": 2,
        }
    )

    plan = load_plan("exp.yaml")

    assert plan.job == JobResources("fit-größe", 4, 1, 4000, 1590, "long", "out put.txt", "-err $(y) 'z'", "torch")
    arguments = ("-lrate", "0.5", "-depth", "3", "-fast", "true", "-name", "a b", "-empty=")
    assert plan.extra_arguments == arguments
    assert plan.retries == 2


def test_later_names_mean_the_same(project: Path) -> None:
    first = load_plan("exp.yaml")
    content = yaml.safe_load(Path("exp.yaml").read_text())
    content["multi_config_args"] = content.pop("multi_experiment_args")
    content["meta_job_args"]["experiment_type"] = content["meta_job_args"].pop("job_type")
    Path("exp.yaml").write_text(yaml.safe_dump(content))

    assert load_plan("exp.yaml") == first


@pytest.mark.parametrize("job_type", ["single-experiment", "single-config"])
def test_a_single_experiment_runs_its_base_configuration(job_type: str, project: Path) -> None:
    write(
        meta_job_args=META | {"job_type": job_type, "base_train_config": CONFIG_2},
        multi_experiment_args={"num_seeds": 2},
    )

    plan = load_plan("exp.yaml")

    assert plan.seed_runs == (("ode_int_config_2", 0), ("ode_int_config_2", 1))


def test_a_single_experiment_without_seeds_runs_once(project: Path) -> None:
    write(
        meta_job_args=META | {"job_type": "single-experiment", "base_train_config": CONFIG_2},
        multi_experiment_args=None,
    )

    assert load_plan("exp.yaml").seed_runs == (("ode_int_config_2", 0),)


@pytest.mark.parametrize("also", [{}, {"num_seeds": 3}])
def test_seeds_may_be_listed(also: dict[str, int], project: Path) -> None:
    write(multi_experiment_args={"config_fnames": [CONFIG_1], "random_seeds": [7, 2**32 - 1, 0]} | also)

    assert load_plan("exp.yaml").seeds == (7, 2**32 - 1, 0)


def test_odd_file_names_are_data(project: Path) -> None:
    names = [
        "a b.json",
        "-x.json",
        "$(touch y).json",
        "größe.json",
        "it's.json",
        'say "x".json',
        "a*?.json",
    ]
    for name in names:
        (project / name).write_bytes((project / CONFIG_1).read_bytes())
    write(multi_experiment_args={"config_fnames": names})

    plan = load_plan("exp.yaml")

    assert [entry.name for entry in plan.configurations] == [name.removesuffix(".json") for name in names]


def test_an_absolute_path_stays_as_it_is(project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write(meta_job_args=META | {"experiment_dir": str(tmp_path / "elsewhere")})

    plan = load_plan("exp.yaml")

    assert plan.experiment_dir == plan.experiment_path == tmp_path / "elsewhere"


def test_the_home_folder_may_be_written_as_a_tilde(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project.parent / "home"))
    write(meta_job_args=META | {"experiment_dir": "~/results"})

    assert load_plan("exp.yaml").experiment_path == project.parent / "home" / "results"


def test_sections_of_the_users_own_are_passed_through(project: Path) -> None:
    content = read_json(CONFIG_1) | {"test_config": {"n": 3}, "env_config": [1, {"x": 2}], "note": "mine"}
    (project / CONFIG_1).write_text(json.dumps(content))

    configuration = load_plan("exp.yaml").configuration("ode_int_config_1")

    assert configuration.content["test_config"]["n"] == 3
    assert configuration.content["env_config"] == (1, {"x": 2})
    assert configuration.digest == content_digest(content)


def test_a_plan_cannot_be_changed(project: Path) -> None:
    plan = load_plan("exp.yaml")

    with pytest.raises(dataclasses.FrozenInstanceError, match="seeds"):
        plan.seeds = ()  # type: ignore[misc]
    with pytest.raises(TypeError, match="assignment"):
        plan.configurations[0].content["train_config"]["num_steps"] = 1  # type: ignore[index]


def test_an_unknown_configuration_is_a_key_error(project: Path) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        load_plan("exp.yaml").configuration("nowhere")


def test_the_plan_as_json_is_plain_and_names_the_experiment_file_as_seen_from_the_results(project: Path) -> None:
    written = json.loads(json.dumps(load_plan("exp.yaml").to_json()))

    assert written["experiment_file"] == "../exp.yaml"
    assert written["script"] == "ode/run_ode_int.py"
    assert written["seeds"] == list(range(10))
    assert written["job"]["log_file"] == "l-ode"
    assert written["configurations"][0]["path"] == CONFIG_1
    assert written["configurations"][0]["content"] == read_json(CONFIG_1)


def test_the_plan_does_not_depend_on_where_it_is_loaded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = load_plan("exp.yaml")
    monkeypatch.chdir(project.parent)

    assert load_plan("project/exp.yaml") == here


def test_the_workflow_does_not_look_into_the_script(project: Path) -> None:
    Path("ode/run_ode_int.py").write_text("this is no python")

    assert isinstance(load_plan("exp.yaml", check_sources=False), Plan)
    with pytest.raises(ExperimentFileError, match="syntax error"):
        load_plan("exp.yaml")


def test_loading_in_a_job_imports_nothing_that_only_a_check_needs(tmp_path: Path) -> None:
    project = copy_reference_project(tmp_path)
    code = (
        "import sys; from mle_toolbox.experiment_file.loader import load_plan; "
        "load_plan('exp.yaml', check_sources=False); "
        "print([n for n in ('pyflakes', 'numpy', 'h5py', 'snakemake', 'rich', 'scipy') if n in sys.modules])"
    )

    finished = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)

    assert finished.stdout.strip() == "[]"


META = {
    "project_name": "ode",
    "job_type": "multiple-experiments",
    "base_train_fname": "ode/run_ode_int.py",
    "experiment_dir": "experiments/",
}


def write(**sections: Any) -> None:
    """Write exp.yaml of the current folder; None leaves a section out."""
    content = {
        "meta_job_args": META,
        "multi_experiment_args": {"config_fnames": [CONFIG_1]},
        "single_job_args": {"job_name": "ode"},
    } | sections
    kept = {name: section for name, section in content.items() if section is not None}
    Path("exp.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_settings_of_wandb_that_are_no_section_are_a_mistake_and_nothing_worse(project: Path) -> None:
    log = {"time_to_track": ["t"], "what_to_track": ["l"], "use_wandb": True, "wandb_config": 1}
    Path("a.json").write_text(json.dumps({"train_config": {}, "log_config": log}))
    write(multi_experiment_args={"config_fnames": ["a.json"]})

    with pytest.raises(
        ExperimentFileError, match=r"^a\.json:1: 'wandb_config' in log_config must be a section with keys, found 1"
    ):
        load_plan("exp.yaml")


def test_an_api_key_that_gets_into_the_results_is_mentioned(project: Path) -> None:
    content = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["l"]}}
    content["log_config"] |= {"wandb_config": {"key": "secret"}}
    Path("a.json").write_text(json.dumps(content))
    write(multi_experiment_args={"config_fnames": ["a.json"]})

    assert load_plan("exp.yaml", check_sources=False).notices == (
        "a.json: the API key in wandb_config is stored with the code of each start, in experiments/.code. "
        "WANDB_API_KEY or `wandb login` keep it out.",
    )
    write(multi_experiment_args={"config_fnames": ["a.json"]}, single_job_args={"frozen_code": False})
    assert load_plan("exp.yaml", check_sources=False).notices == ()
