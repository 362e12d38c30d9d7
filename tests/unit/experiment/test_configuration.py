"""Which configuration, seed and folder a run uses."""

from __future__ import annotations

import copy
import pickle
import re
import shutil
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox import MLExperiment
from mle_toolbox.errors import ExperimentFileError, UsageError
from mle_toolbox.experiment_file.json_file import content_digest, read_json
from tests.unit.experiment.conftest import Project

TRACKED = {"time_to_track": ["step"], "what_to_track": ["loss"]}
SHOW = """\
from mle_toolbox import MLExperiment
mle = MLExperiment(auto_setup=False{arguments})
print(mle.config_name, mle.seed, mle.train_config.get("lrate"), mle.experiment_dir.name, dict(mle.extra_config))
"""


def exact(message: str) -> str:
    return f"^{re.escape(message)}$"


@pytest.mark.slow
def test_command_line_goes_before_the_constructor(project: Project) -> None:
    project.write_configuration("other.json")
    project.write_script(SHOW.format(arguments=", config_fname='config.json', seed_id=1, experiment_dir='mine'"))

    without = project.by_hand()
    named = project.by_hand("-config", "other.json", "-seed", "2", "-exp_dir", "theirs", "-foo", "3")

    assert without.stdout == "config 1 0.1 mine {}\n"
    assert named.stdout == "other 2 0.1 theirs {'foo': 3}\n"


@pytest.mark.slow
def test_file_of_the_command_line_goes_before_sections_in_the_script(project: Project) -> None:
    project.write_script(SHOW.format(arguments=", config_fname='config.json', train_config={'lrate': 9}"))

    assert project.by_hand().stdout == "config 0 9 by_hand {}\n"
    assert project.by_hand("-config=config.json").stdout == "config 0 0.1 by_hand {}\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["-odd.json", "a b.json", "it's.json", "größe.json", "$(x).json", "{a}.json"])
def test_odd_names_are_data(project: Project, name: str) -> None:
    project.write_configuration(name)

    by_hand = project.by_hand("-config", name)
    launched = project.launched(f"--config={name}")

    assert (by_hand.returncode, launched.returncode) == (0, 0), launched.stderr
    assert project.seed("by_hand", Path(name).stem).log.exists()
    assert project.seed("results", Path(name).stem).log.exists()


def test_seed_of_the_configuration_goes_before_the_default(project: Project) -> None:
    train, log = {"seed_id": 5}, TRACKED

    assert MLExperiment(train_config=train, log_config=log, default_seed=3, auto_setup=False).seed == 5
    assert MLExperiment(train_config={}, log_config=log, default_seed=3, auto_setup=False).seed == 3
    assert MLExperiment(train_config=train, log_config=log, seed_id=4, auto_setup=False).seed == 4


def test_sections_are_attributes_of_the_experiment(project: Project) -> None:
    (project.path / "c.json").write_text(
        '{"train_config": {}, "model_config": {"width": 3}, "log_config": {"time_to_track": ["t"], "what_to_track": '
        '["m"]}, "data": {"path": "x"}, "comment": "hello", "seed": {"a": 1}}'
    )

    mle = MLExperiment("c.json", auto_setup=False, seed_id=2)

    assert mle.net_config is mle.model_config
    assert mle.net_config.width == 3
    assert mle.data.path == "x"
    assert mle.comment == "hello"
    assert dict(mle.device_config) == {}
    assert mle.seed == mle.seed_id == mle.train_config.seed_id == 2
    assert mle.config["seed"].a == 1


def test_train_config_holds_what_was_written_and_nothing_else(project: Project) -> None:
    mle = MLExperiment("config.json", auto_setup=False, seed_id=2)
    written = MLExperiment(train_config={"seed_id": 5}, log_config=TRACKED, auto_setup=False, seed_id=2).train_config

    assert dict(**mle.train_config) == mle.train_config.to_dict() == {"lrate": 0.1}
    assert "seed_id" not in mle.train_config
    # The original's scripts ask it for the seed.
    assert mle.train_config.seed_id == mle.train_config["seed_id"] == copy.deepcopy(mle.train_config).seed_id == 2
    assert pickle.loads(pickle.dumps(mle.train_config)).seed_id == 2
    assert dict(written) == {"seed_id": 2}
    assert mle.train_config.pop("seed_id", None) == 2
    assert not hasattr(mle.train_config, "seed_id")


def test_folders_are_absolute_so_that_the_script_may_move(project: Project) -> None:
    mle = MLExperiment("config.json", experiment_dir="out", auto_setup=False)

    assert mle.experiment_dir == project.path / "out"
    assert mle.seed_dir == project.path / "out" / "config" / "seed_0"


def test_missing_attribute_suggests_the_nearest(project: Project) -> None:
    mle = MLExperiment("config.json", auto_setup=False)

    with pytest.raises(
        AttributeError, match=r"^MLExperiment has no 'train_confg'. Did you mean 'train_config'\?$"
    ) as caught:
        _ = mle.train_confg
    # Python would put a suggestion of its own behind this one.
    assert "".join(traceback.format_exception(caught.value)).count("Did you mean") == 1


def test_run_that_has_not_begun_says_so(project: Project) -> None:
    mle = MLExperiment("config.json", auto_setup=False)

    with pytest.raises(UsageError, match=r"auto_setup is False\. Call setup\(\)"):
        mle.update_log({"step": 1}, {"loss": 1})
    assert not mle.seed_dir.exists()


def test_configuration_of_the_run_is_kept_beside_its_log(project: Project) -> None:
    (project.path / "c.json").write_text(
        '{# why\n"train_config": {"size": "größe"}, "log_config": {"time_to_track": ["t"], "what_to_track": ["m"]}}'
    )

    with MLExperiment("c.json", net_config={"width": np.int64(3)}) as mle:
        mle.train_config.size = "changed"

    content = read_json(mle.seed_dir / "config.json")
    assert content["train_config"] == {"size": "größe"}
    assert content["net_config"] == {"width": 3}
    assert project.record(configuration="c").config_sha256 == content_digest(content)


def reference_project(folder: Path, repository: Path) -> None:
    shutil.copy(repository / "exp.yaml", folder)
    shutil.copytree(repository / "ode", folder / "ode")


@pytest.mark.slow
@pytest.mark.parametrize(("start", "script"), [(".", "ode/run_ode_int.py"), ("ode", "run_ode_int.py")])
def test_reference_script_runs_by_hand_without_arguments(
    project: Project, repository: Path, start: str, script: str
) -> None:
    reference_project(project.path, repository)

    finished = Project(project.path / start).by_hand(script=script)

    assert finished.returncode == 0, finished.stderr
    log = Project(project.path / start).log(configuration="ode_int_config_1")
    assert log.columns["timestamp1"].tolist() == list(range(1, 1000, 10))
    assert log.columns["metric1"].tolist() == [t * 3e-04 for t in range(0, 1000, 10)]
    folder = "by_hand/ode_int_config_1/seed_0"
    shown = "ode/ode_int_config_1.json" if start == "." else str(project.path / "ode" / "ode_int_config_1.json")
    shown = "ode_int_config_1.json" if start == "ode" else shown
    assert finished.stderr == f"mle-toolbox: configuration {shown}, seed 0, results in {folder}\n"


@pytest.mark.slow
def test_reference_script_takes_the_three_arguments(project: Project, repository: Path) -> None:
    reference_project(project.path, repository)

    arguments = ("-config", "ode/ode_int_config_2.json", "-seed", "3", "-exp_dir", "experiments/")
    finished = project.by_hand(*arguments, script="ode/run_ode_int.py")

    assert finished.returncode == 0, finished.stderr
    log = project.log("experiments", "ode_int_config_2", 3)
    assert log.columns["metric1"].tolist() == [t * 1e-03 for t in range(0, 1000, 10)]


@pytest.mark.slow
def test_experiment_file_of_another_name_is_found(project: Project, repository: Path) -> None:
    reference_project(project.path, repository)
    (project.path / "exp.yaml").rename(project.path / "study.yml")
    (project.path / "other.yaml").write_text("a: 1\n")

    finished = project.by_hand(script="ode/run_ode_int.py")

    assert "configuration ode/ode_int_config_1.json, seed 0" in finished.stderr


def test_experiment_file_of_another_script_is_no_help(project: Project, repository: Path) -> None:
    shutil.copy(repository / "exp.yaml", project.path)
    project.write_script(SHOW.format(arguments=""))

    assert project.by_hand().stdout == "config 0 0.1 by_hand {}\n"


def test_base_config_is_the_last_resort(project: Project) -> None:
    project.write_script(SHOW.format(arguments=""))
    project.write_configuration("two.json")
    project.write_configuration("configs/base_config.json")

    assert project.by_hand().stdout == "base_config 0 0.1 by_hand {}\n"


def test_no_configuration_says_where_it_was_looked_for(project: Project) -> None:
    project.write_configuration("two.json")

    finished = project.by_hand()

    assert finished.returncode == 1
    folders = ", ".join(map(str, [project.path, project.path.parent, project.path.parent.parent]))
    assert finished.stderr.endswith(
        "UsageError: No configuration given. Looked for an experiment file whose base_train_fname is train.py "
        f"(in {folders}); one .json or .yaml with train_config and log_config next to the script (there are 2: "
        "config.json, two.json); configs/base_config.json or .yaml (there is none). Name one: "
        "python train.py -config FILE.json\n"
    )


def test_notebook_without_a_configuration_is_told_how_to_name_one(project: Project) -> None:
    with pytest.raises(UsageError, match=r"Name one: MLExperiment\('FILE.json'\)$"):
        MLExperiment()


LOG = '"time_to_track": ["step"], "what_to_track": ["loss"]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "c.json:1: a configuration must be an object { … } that contains sections."),
        (
            '{"train_confg": {}, "log_config": {' + LOG + "}}",
            "c.json: the section 'train_config' is missing. Found 'train_confg' instead. Did you mean 'train_config'?",
        ),
        ('{"train_config": {}}', "c.json: the section 'log_config' is missing."),
        (
            '{"lrate": 0.1, "training": {}}',
            "c.json: the file has no sections. Put its keys into a section 'train_config', and write a section "
            "'log_config' with time_to_track and what_to_track.",
        ),
        (
            '{"train_config": 3,\n"log_config": {' + LOG + "}}",
            "c.json:1: 'train_config' must be an object { … }, found 3.",
        ),
        (
            '{"train_config": {}, "log_config": {' + LOG + ',\n"time_to_prnt": []}}',
            "c.json:2: unknown key 'time_to_prnt' in log_config. Did you mean 'time_to_print'?",
        ),
        (
            '{"train_config": {},\n"log_config": {"time_to_track": ["step"]}}',
            "c.json:2: 'what_to_track' is missing in log_config. Expected a list of names.",
        ),
        (
            '{"train_config": {}, "log_config": {"time_to_track": ["step"],\n"what_to_track": "loss"}}',
            "c.json:2: 'what_to_track' must be a list of names, found 'loss'.",
        ),
        (
            '{"train_config": {}, "log_config": {' + LOG + ',\n"what_to_print": ["los"]}}',
            "c.json:2: 'what_to_print' names 'los', which is not in 'what_to_track': ['loss']. Did you mean 'loss'?",
        ),
        (
            '{"train_config": {}, "log_config": {' + LOG + ',\n"print_every_k_updates": 0}}',
            "c.json:2: 'print_every_k_updates' must be a whole number of at least 1, or null.",
        ),
        (
            '{"train_config": {}, "log_config": {' + LOG + ',\n"overwrite_experiment_dir": "yes"}}',
            "c.json:2: 'overwrite_experiment_dir' must be 0, 1, true or false.",
        ),
        (
            '{"train_config": {}, "log_config": {' + LOG + ',\n"tboard_fname": "../tb"}}',
            "c.json:2: 'tboard_fname' must be a plain name, without '/' and not beginning with '.', or null; "
            "found '../tb'.",
        ),
    ],
)
def test_wrong_configuration_is_refused_with_its_line(project: Project, text: str, message: str) -> None:
    (project.path / "c.json").write_text(text)

    with pytest.raises(ExperimentFileError, match=exact(message)):
        MLExperiment("c.json")
    assert not (project.path / "by_hand").exists()


@pytest.mark.parametrize(
    ("section", "reason"),
    [({"lrate": float("nan")}, "Out of range"), ({"model": object()}, "object is not a JSON type")],
)
def test_section_that_is_no_json_is_refused(project: Project, section: dict[str, Any], reason: str) -> None:
    with pytest.raises(
        UsageError, match=f"^train_config, passed to MLExperiment.., cannot be written as JSON: {reason}"
    ):
        MLExperiment(train_config=section, log_config=TRACKED)
