"""A training script started by hand with a configuration in YAML."""

from __future__ import annotations

import json

import pytest

from tests.unit.experiment.conftest import ONE_TICK, Project

YAML = """\
train_config:
  lrate: 5e-04
log_config:
  time_to_track: [step]
  what_to_track: [loss]
"""
SHOW = """\
from mle_toolbox import MLExperiment

mle = MLExperiment({arguments})
print(mle.config_name, mle.train_config.lrate)
mle.update_log({{"step": 1}}, {{"loss": 0.5}})
"""
MODULES = """\
import sys

heavy = {"h5py", "jsonschema", "yaml", "rich", "scipy", "pandas", "xarray", "pyflakes", "snakemake"}
print(sorted(heavy.intersection(sys.modules)))
"""


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "C.YAML", "with space.yaml", "-odd.yaml", "größe.yml"])
def test_a_yaml_configuration_is_taken_by_hand(project: Project, name: str) -> None:
    (project.path / name).write_text(YAML)
    project.write_script(SHOW.format(arguments=""))

    finished = project.by_hand("-config", name)

    stem = name.rpartition(".")[0]
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == f"{stem} 0.0005\n"
    content = json.loads(project.seed(configuration=stem).config.read_text())
    assert content["train_config"] == {"lrate": 0.0005}


def test_the_same_content_in_json_and_yaml_is_the_same_run(project: Project) -> None:
    (project.path / "c.yaml").write_text(YAML)
    (project.path / "d.json").write_text(
        '{"log_config": {"what_to_track": ["loss"], "time_to_track": ["step"]},\n"train_config": {"lrate": 0.0005}}'
    )

    assert project.by_hand("-config", "c.yaml").returncode == 0
    assert project.by_hand("-config", "d.json").returncode == 0

    one, other = project.record(configuration="c"), project.record(configuration="d")
    assert (one.identity, one.config_sha256) == (other.identity, other.config_sha256)


def test_the_default_of_a_script_may_be_yaml(project: Project) -> None:
    (project.path / "configs").mkdir()
    (project.path / "configs" / "base.yaml").write_text(YAML)
    project.write_script(SHOW.format(arguments='config_fname="configs/base.yaml"'))

    assert project.by_hand().stdout == "base 0.0005\n"


def test_a_launched_run_takes_yaml(project: Project) -> None:
    (project.path / "c.yaml").write_text(YAML)

    finished = project.launched("--config=c.yaml")

    assert finished.returncode == 0, finished.stderr
    assert project.record("results", "c").status == "done"


def test_a_yaml_beside_the_script_is_found_and_other_yaml_files_are_not_in_the_way(project: Project) -> None:
    (project.path / "config.json").unlink()
    (project.path / "mine.yml").write_text(YAML)
    (project.path / "environment.yaml").write_text("dependencies:\n  - python=3.11\n")
    (project.path / "broken.yaml").write_text("train_config: [\nlog_config\n")
    project.write_script(SHOW.format(arguments=""))

    assert project.by_hand().stdout == "mine 0.0005\n"


def test_the_usual_base_configuration_may_be_yaml(project: Project) -> None:
    (project.path / "config.json").unlink()
    (project.path / "configs").mkdir()
    (project.path / "configs" / "base_config.yaml").write_text(YAML)
    project.write_script(SHOW.format(arguments=""))

    assert project.by_hand().stdout == "base_config 0.0005\n"


@pytest.mark.parametrize("folder", ["", "configs/"])
def test_a_json_and_a_yaml_of_one_name_are_one_configuration_if_their_content_is_the_same(
    project: Project, folder: str
) -> None:
    stem = f"{folder}base_config"
    (project.path / "config.json").unlink()
    project.write_configuration(f"{stem}.json")
    (project.path / f"{stem}.yaml").write_text(YAML.replace("5e-04", "0.1"))
    project.write_script(SHOW.format(arguments=""))
    same = project.by_hand()
    (project.path / f"{stem}.yaml").write_text(YAML)
    other = project.by_hand()

    assert same.stdout == "base_config 0.1\n"
    assert other.returncode == 1
    names = f"{stem}.json and {stem}.yaml" if folder else "there are 2: base_config.json, base_config.yaml"
    assert names in other.stderr


def test_the_configuration_of_the_experiment_file_wins_over_one_beside_it(project: Project) -> None:
    project.write_configuration("c.json")
    (project.path / "c.yaml").write_text(YAML)
    (project.path / "exp.yaml").write_text(
        "meta_job_args: {base_train_fname: train.py}\nmulti_experiment_args: {config_fnames: [c.yaml]}\n"
    )
    project.write_script(SHOW.format(arguments=""))

    assert project.by_hand().stdout == "c 0.0005\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "c.yaml",
            YAML.replace("5e-04", "5 e-4"),
            'c.yaml:2: 5 e-4 without quotes is text in YAML, because of the space in it. Write 5e-4, or "5 e-4" in '
            "quotes.",
        ),
        (
            "c.yaml",
            YAML.replace("  lrate", "\tlrate"),
            "c.yaml:2: this line is indented with a tab. YAML allows only spaces there.",
        ),
        (
            "c.yaml",
            YAML.replace("train_config", "train_confg"),
            "c.yaml:1: 'train_config' is missing, and 'train_confg' is not a known name. Did you mean 'train_config'?",
        ),
        (
            "c.yaml",
            YAML.replace("[loss]", "loss"),
            "c.yaml:5: 'what_to_track' in log_config must be a list of at least "
            "one name, found the text 'loss'. Write [\"loss\"].",
        ),
        (
            "c.yaml",
            YAML.replace("lrate: ", "lrate:"),
            "c.yaml:1: 'train_config' must be a section with keys, found the "
            "text 'lrate:5e-04'. Is a space missing after the ':'?",
        ),
        ("c.json", YAML, "c.json:1: this is YAML, not JSON. Rename the file to c.yaml."),
        ("c.txt", YAML, "c.txt: a configuration must be a .json, .yaml or .yml file."),
    ],
)
def test_a_mistake_is_reported_as_mle_run_does(project: Project, name: str, text: str, message: str) -> None:
    (project.path / name).write_text(text)

    finished = project.by_hand("-config", name)

    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1] == f"mle_toolbox.errors.ExperimentFileError: {message}"
    assert not (project.path / "by_hand").exists()


def test_json_under_another_suffix_is_still_read_by_hand(project: Project) -> None:
    project.write_configuration("c.conf")

    assert project.by_hand("-config", "c.conf").returncode == 0


def test_a_script_loads_yaml_only_for_a_configuration_in_yaml(project: Project) -> None:
    (project.path / "c.yaml").write_text(YAML)
    project.write_script(ONE_TICK + MODULES)

    with_json = project.by_hand("-config", "config.json")
    with_yaml = project.by_hand("-config", "c.yaml")

    assert with_json.stdout == "[]\n", with_json.stderr
    assert with_yaml.stdout == "['yaml']\n", with_yaml.stderr


@pytest.mark.parametrize("start", ["import yaml\nassert yaml.MINE\n", ""])
def test_a_yaml_module_beside_the_script_stays_that_of_the_script(project: Project, start: str) -> None:
    (project.path / "c.yaml").write_text(YAML)
    (project.path / "yaml.py").write_text("MINE = True\n")
    project.write_script(start + ONE_TICK + "import yaml\nassert yaml.MINE\n")

    finished = project.by_hand("-config", "c.yaml")

    assert finished.returncode == 0, finished.stderr
